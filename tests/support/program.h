// For end to end tests: a program of ours as a child process, ended with its object.
#ifndef DRIFTCAST_TESTS_SUPPORT_PROGRAM_H_
#define DRIFTCAST_TESTS_SUPPORT_PROGRAM_H_

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"

namespace driftcast {

class Program {
 public:
  // Its output is appended to `log`. `prepare` runs in the child before the program; false: it does
  // not start (exit code 126).
  Program(std::vector<std::string> command, const std::filesystem::path& log,
          const std::function<bool()>& prepare = nullptr) {
    pid_ = fork();
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // whatever ends the test ends it too
    const FileDescriptor out(open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600));
    dup2(out.get(), STDOUT_FILENO);
    dup2(out.get(), STDERR_FILENO);
    if (prepare && !prepare()) _exit(126);
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  ~Program() { End(SIGTERM); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Sends the signal (0: none) and waits. The exit code, or -1 when a signal ended it.
  int End(int signal) {
    if (pid_ <= 0) return 0;
    if (signal != 0) kill(pid_, signal);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int Stop() { return End(SIGTERM); }

  bool Running() {
    if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) != 0) pid_ = -1;
    return pid_ > 0;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

// Waits until `condition` holds, at most two minutes: a bound for what hangs, not for what is slow.
template <typename Condition>
bool Eventually(const Condition& condition) {
  for (int i = 0; i < 2400; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

}  // namespace driftcast

#endif  // DRIFTCAST_TESTS_SUPPORT_PROGRAM_H_
