// A raw socket for tests: sends bytes as they are, reads until the server closes or time is up.
#ifndef DRIFTCAST_HTTP_TESTING_SOCKET_H_
#define DRIFTCAST_HTTP_TESTING_SOCKET_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace driftcast {

class TestingSocket {
 public:
  explicit TestingSocket(uint16_t port, int receive_buffer = 0)
      : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0) {
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~TestingSocket() { close(fd_); }
  TestingSocket(const TestingSocket&) = delete;
  TestingSocket& operator=(const TestingSocket&) = delete;

  bool connected() const { return connected_; }
  bool ended() const { return ended_; }  // the server closed
  void EndSending() { shutdown(fd_, SHUT_WR); }

  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // Reads until `until` has come (if given), the server closes, or time is up.
  std::string Receive(std::string_view until = {}, int timeout_ms = 5000) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    while (until.empty() || received_.find(until) == std::string::npos) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                            deadline - std::chrono::steady_clock::now())
                            .count();
      pollfd wait{fd_, POLLIN, 0};
      if (left <= 0 || poll(&wait, 1, static_cast<int>(left)) <= 0) break;
      char bytes[4096];
      const ssize_t count = recv(fd_, bytes, sizeof bytes, 0);
      if (count <= 0) {
        ended_ = true;
        break;
      }
      received_.append(bytes, static_cast<size_t>(count));
    }
    return std::exchange(received_, {});
  }

 private:
  int fd_;
  bool connected_ = false, ended_ = false;
  std::string received_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_HTTP_TESTING_SOCKET_H_
