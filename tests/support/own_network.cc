#include "support/own_network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace driftcast {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

Status BringUpLoopback(int socket) {
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(socket, SIOCSIFFLAGS, &request) != 0) return ErrnoStatus(errno, "loopback");
  return Ok();
}

// Passes on what is there; false at the end.
bool Pump(int from, int to) {
  std::array<char, 65536> buffer;
  const ssize_t n = read(from, buffer.data(), buffer.size());
  for (ssize_t done = 0; done < n;) {
    const ssize_t written =
        send(to, buffer.data() + done, static_cast<size_t>(n - done), MSG_NOSIGNAL);
    if (written <= 0) return false;
    done += written;
  }
  return n > 0;
}

}  // namespace

StatusOr<std::unique_ptr<OwnNetwork>> OwnNetwork::Make(int port) {
  std::unique_ptr<OwnNetwork> network(new OwnNetwork());
  network->port_ = port;
  Status made = Ok();
  std::thread([&] { made = network->MakeNamespace(); }).join();
  DRIFTCAST_RETURN_IF_ERROR(made);
  network->thread_ = std::thread([raw = network.get()] { raw->Carry(); });
  return network;
}

OwnNetwork::~OwnNetwork() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

// A socket stays in the namespace of the thread that made it, wherever it is used.
Status OwnNetwork::MakeNamespace() {
  if (unshare(CLONE_NEWNET) != 0) return ErrnoStatus(errno, "a network namespace");
  namespace_ = FileDescriptor(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  door_ = FileDescriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!namespace_ || !door_) return ErrnoStatus(errno, "a network namespace");
  DRIFTCAST_RETURN_IF_ERROR(BringUpLoopback(door_.get()));
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  if (bind(door_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(door_.get(), 16) != 0 ||
      getsockname(door_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return ErrnoStatus(errno, "a port in a network namespace");
  door_port_ = ntohs(address.sin_port);
  return Ok();
}

bool OwnNetwork::Enter(const std::filesystem::path& mounted_at) const {
  return setns(namespace_.get(), CLONE_NEWNET) == 0 && unshare(CLONE_NEWNS) == 0 &&
         mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("/proc/sys/net", mounted_at.c_str(), nullptr, MS_BIND, nullptr) == 0;
}

void OwnNetwork::Accept(int port) {
  Pair pair;
  pair.inside = FileDescriptor(accept4(door_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  pair.outside = FileDescriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  if (!pair.inside ||
      connect(pair.outside.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return;
  ++connections_;
  pairs_.push_back(std::move(pair));
}

void OwnNetwork::Carry() {
  while (!stopping_) {
    std::vector<pollfd> entries = {{door_.get(), POLLIN, 0}};
    for (const Pair& pair : pairs_) {
      entries.push_back({pair.inside.get(), POLLIN, 0});
      entries.push_back({pair.outside.get(), POLLIN, 0});
    }
    if (poll(entries.data(), entries.size(), 50) <= 0) continue;
    for (size_t i = pairs_.size(); i-- > 0;) {
      Pair& pair = pairs_[i];
      const bool up = entries[1 + 2 * i].revents != 0, down = entries[2 + 2 * i].revents != 0;
      if ((up && !Pump(pair.inside.get(), pair.outside.get())) ||
          (down && !Pump(pair.outside.get(), pair.inside.get())))
        pairs_.erase(pairs_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (entries[0].revents != 0) Accept(port_);
  }
}

}  // namespace driftcast
