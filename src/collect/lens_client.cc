#include "collect/lens_client.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "collect/lens_protocol.h"

namespace driftcast {
namespace {

// Waits until `fd` is ready for `events`; false when the deadline passed.
bool WaitFor(int fd, short events, std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd entry{fd, events, 0};
    const int n = poll(&entry, 1, static_cast<int>(left.count()) + 1);
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return true;  // the following call will say what is wrong
  }
}

Status Died() { return Aborted("the parser process ended unexpectedly"); }

double Milliseconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) * 1e-3;
}

}  // namespace

LensClient::LensClient(std::string program, std::chrono::milliseconds patience)
    : program_(std::move(program)), patience_(patience) {}

LensClient::~LensClient() { Stop(); }

Status LensClient::Start() {
  if (program_.empty()) return Unavailable("there is no parser program");
  // A socket pair, because writing to one whose reader is gone can be told not to raise SIGPIPE.
  std::array<int, 2> pair;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0)
    return ErrnoStatus(errno, "starting the parser");
  FileDescriptor ours(pair[0]), theirs(pair[1]);
  fcntl(ours.get(), F_SETFL, O_NONBLOCK);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::string name = program_;
  std::array<char*, 2> arguments = {name.data(), nullptr};
  std::string path = "PATH=/usr/bin:/bin", locale = "LC_ALL=C.UTF-8";
  std::array<char*, 3> environment = {path.data(), locale.data(), nullptr};
  const int error = posix_spawn(&child_, program_.c_str(), &actions, nullptr, arguments.data(),
                                environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    child_ = -1;
    return Unavailable("the parser program {} cannot be started", program_);
  }
  to_child_ = std::move(ours);
  return Ok();
}

void LensClient::Stop() {
  if (child_ < 0) return;
  to_child_ = {};
  kill(child_, SIGKILL);
  int state = 0;
  rusage usage{};
  while (wait4(child_, &state, 0, &usage) < 0 && errno == EINTR) {
  }
  cpu_ms_ += Milliseconds(usage.ru_utime) + Milliseconds(usage.ru_stime);
  child_ = -1;
}

double LensClient::TakeCpuMs() { return std::exchange(cpu_ms_, 0); }

Status LensClient::Send(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    if (!WaitFor(to_child_.get(), POLLOUT, deadline))
      return DeadlineExceeded("the parser took too long");
    const ssize_t n = send(to_child_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return Died();
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return Ok();
}

StatusOr<std::vector<KeyValue>> LensClient::Receive(Deadline deadline) {
  std::string reply;
  std::array<char, 16384> buffer;
  for (;;) {
    if (!WaitFor(to_child_.get(), POLLIN, deadline))
      return DeadlineExceeded("the parser took too long");
    const ssize_t n = recv(to_child_.get(), buffer.data(), buffer.size(), 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) return Died();
    reply.append(buffer.data(), static_cast<size_t>(n));
    if (reply.size() > 2 * kLensReplyBytesMax) return Aborted("the parser's reply is too long");
    // Decoding from the start each time is quadratic only in the number of reads, which is small.
    bool complete = false;
    auto keys = DecodeLensReply(reply, complete);
    if (complete || !keys.ok()) return keys;
  }
}

StatusOr<std::vector<KeyValue>> LensClient::Parse(std::string_view lens, std::string_view content) {
  if (content.size() > kLensContentBytesMax)
    return ResourceExhausted("larger than {} KiB", kLensContentBytesMax >> 10);
  if (child_ < 0) DRIFTCAST_RETURN_IF_ERROR(Start());
  const Deadline deadline = std::chrono::steady_clock::now() + patience_;
  Status sent = Send(EncodeLensRequest(lens, content), deadline);
  StatusOr<std::vector<KeyValue>> keys = sent.ok() ? Receive(deadline) : sent;
  // Only a refusal leaves the conversation in order.
  if (!keys.ok() && keys.status().code() != StatusCode::kFailedPrecondition) Stop();
  return keys;
}

}  // namespace driftcast
