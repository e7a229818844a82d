// Runs a program of the system with a bounded time and a bounded output. No shell is involved.
#ifndef DRIFTCAST_APPLY_SUBPROCESS_H_
#define DRIFTCAST_APPLY_SUBPROCESS_H_

#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace driftcast {

struct Subprocess {
  std::vector<std::string> arguments;    // the first is the program's absolute path
  std::vector<std::string> environment;  // "NAME=value", beside PATH, LC_ALL and HOME
  std::string input;                     // at most 64 KiB
  std::string folder = "/";              // where it runs
  Duration timeout = kMinute;            // then its process group gets SIGTERM, 5 s later SIGKILL
};

struct SubprocessResult {
  int exit_code = -1;  // -1 when a signal ended it
  std::string output;  // both streams, the last 64 KiB
};

// Errors: NotFound when the program is not there, DeadlineExceeded, Internal.
StatusOr<SubprocessResult> Run(const Subprocess& process);

// The last lines of an output, for people: control characters out, at most 400 bytes.
std::string TailOf(const std::string& output);

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_SUBPROCESS_H_
