#include "http/uri.h"

#include <algorithm>
#include <cstdint>

namespace driftcast {
namespace {

constexpr size_t kParametersMax = 64;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// Length of the sequence that `lead` opens and the least code point it may encode; 0 = none.
struct Sequence {
  size_t length;
  uint32_t bits, least;
};

Sequence SequenceOf(unsigned char lead) {
  if (lead < 0x80) return {1, lead, 0};
  if (lead >= 0xc2 && lead <= 0xdf) return {2, lead & 0x1fu, 0x80};
  if (lead >= 0xe0 && lead <= 0xef) return {3, lead & 0x0fu, 0x800};
  if (lead >= 0xf0 && lead <= 0xf4) return {4, lead & 0x07u, 0x10000};
  return {0, 0, 0};
}

StatusOr<std::string> DecodeText(std::string_view text, const char* what) {
  DRIFTCAST_ASSIGN_OR_RETURN(std::string decoded, PercentDecode(text));
  if (HasControl(decoded)) return InvalidArgument("the {} holds a control character", what);
  if (!IsUtf8(decoded)) return InvalidArgument("the {} is not UTF-8", what);
  return decoded;
}

StatusOr<std::string> DecodeParameter(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return DecodeText(spaced, "query");
}

Status ParsePath(std::string_view path, Target& target) {
  DRIFTCAST_ASSIGN_OR_RETURN(target.path, DecodeText(path, "path"));
  std::string_view rest = path.substr(1);
  while (path.size() > 1) {
    const size_t slash = rest.find('/');
    const auto segment = PercentDecode(rest.substr(0, slash));
    if (!segment.ok()) return segment.status();
    if (*segment == "." || *segment == "..") {
      return InvalidArgument("the path holds \"{}\"", *segment);
    }
    target.segments.push_back(*segment);
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  return Ok();
}

Status ParseQuery(std::string_view query, Target& target) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    if (target.query.size() == kParametersMax) {
      return InvalidArgument("the query has more than {} parameters", kParametersMax);
    }
    const size_t equals = std::min(pair.find('='), pair.size());
    DRIFTCAST_ASSIGN_OR_RETURN(std::string name, DecodeParameter(pair.substr(0, equals)));
    DRIFTCAST_ASSIGN_OR_RETURN(std::string value,
                               DecodeParameter(pair.substr(std::min(equals + 1, pair.size()))));
    target.query.emplace_back(std::move(name), std::move(value));
  }
  return Ok();
}

}  // namespace

StatusOr<Target> ParseTarget(std::string_view text) {
  if (text.empty() || text.front() != '/') {
    return InvalidArgument("the request target must start with '/'");
  }
  text = text.substr(0, text.find('#'));
  const size_t mark = text.find('?');
  Target target;
  DRIFTCAST_RETURN_IF_ERROR(ParsePath(text.substr(0, mark), target));
  if (mark != std::string_view::npos) {
    DRIFTCAST_RETURN_IF_ERROR(ParseQuery(text.substr(mark + 1), target));
  }
  return target;
}

StatusOr<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
    if (low < 0) return InvalidArgument("\"%\" must be followed by two hex digits");
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

std::string PercentEncode(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (IsUnreserved(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return encoded;
}

bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const Sequence sequence = SequenceOf(static_cast<unsigned char>(text[i]));
    if (sequence.length == 0 || i + sequence.length > text.size()) return false;
    uint32_t code = sequence.bits;
    for (size_t k = 1; k < sequence.length; ++k) {
      const auto byte = static_cast<unsigned char>(text[i + k]);
      if ((byte & 0xc0) != 0x80) return false;
      code = code << 6 | (byte & 0x3f);
    }
    if (code < sequence.least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      return false;
    }
    i += sequence.length;
  }
  return true;
}

}  // namespace driftcast
