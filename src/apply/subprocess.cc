#include "apply/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <thread>

#include "base/file.h"

namespace driftcast {
namespace {

constexpr size_t kOutputBytesMax = 64 << 10;
using SteadyTime = std::chrono::steady_clock::time_point;

struct Pipe {
  FileDescriptor read, write;
};

StatusOr<Pipe> MakePipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe");
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void Become(const Subprocess& process, char* const* arguments,
                         char* const* environment, int input, int output) {
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 ||
      chdir(process.folder.c_str()) != 0)
    _exit(126);
  execve(arguments[0], arguments, environment);
  _exit(127);
}

void Keep(std::string& output, std::string_view more) {
  output += more;
  if (output.size() > kOutputBytesMax) output.erase(0, output.size() - kOutputBytesMax);
}

// Reads until the end of the output or the deadline. False: the deadline came first.
bool ReadUntil(int fd, SteadyTime deadline, std::string& output) {
  std::array<char, 4096> buffer;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd entry{fd, POLLIN, 0};
    const int ready = poll(&entry, 1, static_cast<int>(std::min<int64_t>(left.count(), 1000)));
    if (ready < 0 && errno != EINTR) return true;
    if (ready <= 0) continue;
    const ssize_t n = read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return true;
    Keep(output, {buffer.data(), static_cast<size_t>(n)});
  }
}

bool WaitUntil(pid_t child, SteadyTime deadline, int& status) {
  for (;;) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child || (ended < 0 && errno != EINTR)) return true;
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void EndGroup(pid_t child, int& status) {
  kill(-child, SIGTERM);
  if (WaitUntil(child, std::chrono::steady_clock::now() + std::chrono::seconds(5), status)) return;
  kill(-child, SIGKILL);
  waitpid(child, &status, 0);
}

}  // namespace

StatusOr<SubprocessResult> Run(const Subprocess& process) {
  if (process.arguments.empty() || access(process.arguments[0].c_str(), X_OK) != 0)
    return NotFound("there is no program {}",
                    process.arguments.empty() ? "" : process.arguments[0]);
  DRIFTCAST_ASSIGN_OR_RETURN(Pipe in, MakePipe());
  DRIFTCAST_ASSIGN_OR_RETURN(Pipe out, MakePipe());
  // The input fits into the pipe's own buffer, so writing it first cannot block.
  if (process.input.size() > 60'000) return InvalidArgument("too much input for a subprocess");
  if (!process.input.empty() &&
      write(in.write.get(), process.input.data(), process.input.size()) < 0)
    return ErrnoStatus(errno, "pipe");
  in.write = FileDescriptor();
  std::vector<std::string> environment = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
      "HOME=/root"};
  environment.insert(environment.end(), process.environment.begin(), process.environment.end());
  const auto arguments = Pointers(process.arguments);
  const auto variables = Pointers(environment);
  const pid_t child = fork();
  if (child < 0) return ErrnoStatus(errno, "fork");
  if (child == 0)
    Become(process, arguments.data(), variables.data(), in.read.get(), out.write.get());
  setpgid(child, child);
  out.write = FileDescriptor();
  SubprocessResult result;
  int status = 0;
  const auto deadline = std::chrono::steady_clock::now() + process.timeout;
  if (!ReadUntil(out.read.get(), deadline, result.output) || !WaitUntil(child, deadline, status)) {
    EndGroup(child, status);
    return DeadlineExceeded("{} took longer than {:.0f} s", process.arguments[0],
                            Seconds(process.timeout));
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

std::string TailOf(const std::string& output) {
  std::string tail = output.size() > 400 ? output.substr(output.size() - 400) : output;
  for (char& c : tail)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  while (!tail.empty() && tail.back() == ' ') tail.pop_back();
  return tail;
}

}  // namespace driftcast
