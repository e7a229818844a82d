// For end to end tests: a network namespace with nothing in it but loopback and one door, a port
// whose connections are carried to a port of this process's own network. What starts in there can
// talk to nobody else, and cannot change this machine's network settings.
#ifndef DRIFTCAST_TESTS_SUPPORT_OWN_NETWORK_H_
#define DRIFTCAST_TESTS_SUPPORT_OWN_NETWORK_H_

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/status.h"

namespace driftcast {

class OwnNetwork {
 public:
  // Connections to the door are carried to 127.0.0.1:`port`. The error says why this machine does
  // not let us make a namespace.
  static StatusOr<std::unique_ptr<OwnNetwork>> Make(int port);
  ~OwnNetwork();

  std::string door() const { return "127.0.0.1:" + std::to_string(door_port_); }  // in there
  uint64_t connections() const { return connections_; }

  // In a child process: moves it into the namespace, with a mount namespace of its own in which
  // `mounted_at` shows the namespace's own /proc/sys/net. False: see errno.
  bool Enter(const std::filesystem::path& mounted_at) const;

 private:
  OwnNetwork() = default;
  Status MakeNamespace();  // on a thread of its own, which stays behind
  void Carry();
  void Accept(int port);

  struct Pair {
    FileDescriptor inside, outside;
  };

  FileDescriptor namespace_, door_;
  int door_port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<uint64_t> connections_ = 0;
  std::vector<Pair> pairs_;  // of the carrying thread
  int port_ = 0;
  std::thread thread_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_TESTS_SUPPORT_OWN_NETWORK_H_
