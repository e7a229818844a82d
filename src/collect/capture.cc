#include "collect/capture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/file.h"

namespace driftcast {
namespace {

double Milliseconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) * 1e-3;
}

StatusOr<pid_t> Spawn(const std::vector<std::string>& arguments, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  // A group of its own, so that what it started is killed with it; and no blocked signals.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  std::vector<std::string> copies = arguments;
  std::vector<char*> pointers;
  for (std::string& argument : copies) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale = "LC_ALL=C.UTF-8";
  std::array<char*, 3> environment = {path.data(), locale.data(), nullptr};
  pid_t child = -1;
  const int error = posix_spawn(&child, arguments[0].c_str(), &actions, &attributes,
                                pointers.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return ErrnoStatus(error, arguments[0]);
  return child;
}

// Reads until the end, the limit or the deadline.
Status ReadOutput(int fd, size_t bytes_max, std::chrono::steady_clock::time_point deadline,
                  std::string& out) {
  std::array<char, 16384> buffer;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return DeadlineExceeded("it takes too long");
    pollfd entry{fd, POLLIN, 0};
    if (poll(&entry, 1, static_cast<int>(left.count()) + 1) <= 0) continue;
    const ssize_t n = read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "reading its output");
    if (n == 0) return Ok();
    out.append(buffer.data(), static_cast<size_t>(n));
    if (out.size() > bytes_max) return ResourceExhausted("it writes more than {} bytes", bytes_max);
  }
}

}  // namespace

StatusOr<Captured> Capture(const std::vector<std::string>& arguments, size_t bytes_max,
                           std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return ErrnoStatus(errno, arguments[0]);
  const FileDescriptor ours(ends[0]);
  FileDescriptor theirs(ends[1]);
  DRIFTCAST_ASSIGN_OR_RETURN(const pid_t child, Spawn(arguments, theirs.get()));
  theirs = {};
  Captured captured;
  const Status read = ReadOutput(ours.get(), bytes_max, deadline, captured.output);
  // At its output's end it is about to exit; one that does not is not waited for either.
  int state = 0;
  rusage usage{};
  pid_t ended = 0;
  while (read.ok() && std::chrono::steady_clock::now() < deadline) {
    ended = wait4(child, &state, WNOHANG, &usage);
    if (ended != 0) break;
    usleep(500);
  }
  if (ended == 0) {
    kill(-child, SIGKILL);
    while (wait4(child, &state, 0, &usage) < 0 && errno == EINTR) {
    }
  }
  if (!read.ok()) return Annotate(read, arguments[0]);
  if (ended == 0) return DeadlineExceeded("{}: it takes too long", arguments[0]);
  captured.exit_code = WIFEXITED(state) ? WEXITSTATUS(state) : -1;
  captured.cpu_ms = Milliseconds(usage.ru_utime) + Milliseconds(usage.ru_stime);
  return captured;
}

std::string FirstProgram(const std::vector<std::string>& paths) {
  for (const std::string& path : paths)
    if (access(path.c_str(), X_OK) == 0) return path;
  return "";
}

}  // namespace driftcast
