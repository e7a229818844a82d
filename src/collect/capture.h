// The output of a program of the host that reads and reports, such as "nft -j list ruleset".
#ifndef DRIFTCAST_COLLECT_CAPTURE_H_
#define DRIFTCAST_COLLECT_CAPTURE_H_

#include <chrono>
#include <string>
#include <vector>

#include "base/status.h"

namespace driftcast {

struct Captured {
  std::string output;  // of standard output
  int exit_code = -1;  // -1: a signal ended it
  double cpu_ms = 0;   // of the program
};

// Runs `arguments` (the first is the program's absolute path) without a shell, without input and
// with an environment of PATH and LC_ALL alone, and waits for its end. It has no descriptors of
// ours, and is killed when it writes more than `bytes_max` or runs for longer than `patience`.
// Errors: NotFound (no such program), PermissionDenied, ResourceExhausted, DeadlineExceeded.
StatusOr<Captured> Capture(const std::vector<std::string>& arguments, size_t bytes_max,
                           std::chrono::milliseconds patience);

// The first of these programs that can be started; empty when none can.
std::string FirstProgram(const std::vector<std::string>& paths);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_CAPTURE_H_
