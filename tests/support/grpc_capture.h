// For end to end tests: what a gRPC client sent, before it was encrypted.
//
// gRPC itself writes down what it hands to TLS when the program runs with
// GRPC_TRACE=secure_endpoint and GRPC_VERBOSITY=INFO. This takes the bytes out of such a log, and
// the HTTP/2 framing (RFC 9113, section 4.1) and gRPC's length prefixes out of the bytes.
#ifndef DRIFTCAST_TESTS_SUPPORT_GRPC_CAPTURE_H_
#define DRIFTCAST_TESTS_SUPPORT_GRPC_CAPTURE_H_

#include <cctype>
#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace driftcast {

inline uint32_t BigEndian(std::string_view bytes, size_t at, size_t count) {
  uint32_t out = 0;
  for (size_t i = 0; i < count; ++i) out = out << 8 | static_cast<unsigned char>(bytes[at + i]);
  return out;
}

// "50 52 49" -> "PRI"; ends at the first word that is no pair of digits.
inline std::string FromHexWords(std::string_view text) {
  std::string out;
  const auto digit = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
  for (size_t at = 0; at + 1 < text.size() && digit(text[at]) && digit(text[at + 1]); at += 3)
    out += static_cast<char>(std::stoi(std::string(text.substr(at, 2)), nullptr, 16));
  return out;
}

// Everything that was written, by connection.
inline std::vector<std::string> SentBytes(const std::string& log) {
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  std::vector<std::string> connections;
  std::map<std::string, size_t> open;  // endpoint -> connection
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    const size_t at = line.find(" WRITE 0x");
    const size_t colon = line.find(": ", at == line.npos ? line.size() : at);
    if (colon == line.npos) continue;
    const std::string endpoint = line.substr(at, colon - at);
    const std::string bytes = FromHexWords(std::string_view(line).substr(colon + 2));
    if (!open.contains(endpoint) || bytes.starts_with(preface)) {
      open[endpoint] = connections.size();
      connections.emplace_back();
    }
    connections[open[endpoint]] += bytes;
  }
  for (std::string& bytes : connections)
    if (bytes.starts_with(preface)) bytes.erase(0, preface.size());
  return connections;
}

// The messages of one connection, whole, in the order of their ends' frames.
inline std::vector<std::string> SentMessages(std::string_view bytes) {
  constexpr size_t kFrameHeader = 9, kMessageHeader = 5;
  constexpr char kData = 0;
  std::map<uint32_t, std::string> streams;
  std::vector<std::string> messages;
  while (bytes.size() >= kFrameHeader) {
    const size_t size = BigEndian(bytes, 0, 3);
    if (bytes.size() < kFrameHeader + size) break;
    if (bytes[3] == kData) {
      std::string& stream = streams[BigEndian(bytes, 5, 4)];
      stream += bytes.substr(kFrameHeader, size);
      while (stream.size() >= kMessageHeader &&
             stream.size() >= kMessageHeader + BigEndian(stream, 1, 4)) {
        messages.push_back(stream.substr(kMessageHeader, BigEndian(stream, 1, 4)));
        stream.erase(0, kMessageHeader + messages.back().size());
      }
    }
    bytes.remove_prefix(kFrameHeader + size);
  }
  return messages;
}

}  // namespace driftcast

#endif  // DRIFTCAST_TESTS_SUPPORT_GRPC_CAPTURE_H_
