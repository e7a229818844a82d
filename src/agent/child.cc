#include "agent/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>

#include "base/file.h"

namespace driftcast {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr size_t kLineBytesMax = 64 << 10;
constexpr auto kGrace = std::chrono::minutes(2);

// Both ends of a pipe, or of a socket pair for writing without SIGPIPE.
struct Ends {
  FileDescriptor ours, theirs;
};

StatusOr<Ends> MakeEnds() {
  std::array<int, 2> pair;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0)
    return ErrnoStatus(errno, "socketpair");
  Ends ends{FileDescriptor(pair[0]), FileDescriptor(pair[1])};
  fcntl(ends.ours.get(), F_SETFL, O_NONBLOCK);
  return ends;
}

StatusOr<pid_t> Spawn(const std::string& program, const std::vector<std::string>& arguments,
                      int input, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  std::vector<std::string> texts = {program};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);
  std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale = "LC_ALL=C.UTF-8";
  std::array<char*, 3> environment = {path.data(), locale.data(), nullptr};
  // Our threads block signals that the program must be able to receive.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, pipe;
  sigemptyset(&none);
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &pipe);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t child = -1;
  const int error =
      posix_spawn(&child, program.c_str(), &actions, &attributes, argv.data(), environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return Unavailable("{} cannot be started", program);
  return child;
}

// Calls `on_line` for whole lines in `held`, and keeps the rest.
void TakeLines(std::string& held, const std::function<void(std::string_view)>& on_line) {
  size_t start = 0, end;
  while ((end = held.find('\n', start)) != std::string::npos) {
    on_line(std::string_view(held).substr(start, end - start));
    start = end + 1;
  }
  held.erase(0, start);
  if (held.size() > kLineBytesMax) held.clear();
}

int Reap(pid_t child) {
  int state = 0;
  while (waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

}  // namespace

StatusOr<ChildEnd> RunChild(const std::string& program, const std::vector<std::string>& arguments,
                            std::string_view input, Duration patience,
                            const std::function<void(std::string_view line)>& on_line,
                            int stop_fd) {
  DRIFTCAST_ASSIGN_OR_RETURN(Ends to_child, MakeEnds());
  DRIFTCAST_ASSIGN_OR_RETURN(Ends from_child, MakeEnds());
  DRIFTCAST_ASSIGN_OR_RETURN(
      const pid_t child, Spawn(program, arguments, to_child.theirs.get(), from_child.theirs.get()));
  to_child.theirs = {};
  from_child.theirs = {};
  ChildEnd end;
  auto deadline = SteadyClock::now() + patience;
  std::string held;
  std::array<char, 8192> buffer;
  for (;;) {
    if (input.empty()) to_child.ours = {};
    std::array<pollfd, 3> entries = {pollfd{from_child.ours.get(), POLLIN, 0},
                                     pollfd{to_child.ours ? to_child.ours.get() : -1, POLLOUT, 0},
                                     pollfd{stop_fd, POLLIN, 0}};
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now())
            .count();
    if (left <= 0) {
      kill(child, end.timed_out ? SIGKILL : SIGTERM);
      if (end.timed_out) break;
      end.timed_out = true;
      deadline = SteadyClock::now() + kGrace;
      continue;
    }
    if (poll(entries.data(), entries.size(), static_cast<int>(std::min<int64_t>(left, 60'000))) < 0)
      continue;
    if (entries[2].revents != 0) {
      kill(child, SIGTERM);
      stop_fd = -1;
    }
    if (entries[1].revents != 0) {
      const ssize_t n = send(to_child.ours.get(), input.data(), input.size(), MSG_NOSIGNAL);
      if (n > 0) input.remove_prefix(static_cast<size_t>(n));
      if (n < 0 && errno != EAGAIN && errno != EINTR) input = {};  // it does not want more
    }
    if (entries[0].revents != 0) {
      const ssize_t n = recv(from_child.ours.get(), buffer.data(), buffer.size(), 0);
      if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (n <= 0) break;
      held.append(buffer.data(), static_cast<size_t>(n));
      TakeLines(held, on_line);
    }
  }
  if (!held.empty()) on_line(held);
  end.exit_code = Reap(child);
  return end;
}

}  // namespace driftcast
