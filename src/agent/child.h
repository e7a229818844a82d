// A program that is given its input at once and whose output is read line by line.
#ifndef DRIFTCAST_AGENT_CHILD_H_
#define DRIFTCAST_AGENT_CHILD_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace driftcast {

struct ChildEnd {
  int exit_code = -1;      // -1: ended by a signal
  bool timed_out = false;  // it was asked to end (SIGTERM), and killed two minutes later
};

// Runs `program` and waits for its end; once `stop_fd` (-1 = none) is readable, the program is asked
// to end (SIGTERM, once) and has the rest of its time to do so. Its error output goes to ours; its environment is PATH and
// LC_ALL alone. Lines longer than 64 KiB are dropped. Unavailable when it cannot be started.
StatusOr<ChildEnd> RunChild(const std::string& program, const std::vector<std::string>& arguments,
                            std::string_view input, Duration patience,
                            const std::function<void(std::string_view line)>& on_line,
                            int stop_fd = -1);

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_CHILD_H_
