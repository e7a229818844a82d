// Somebody's change of files, as a program that watches the kernel wrote it down.
#ifndef DRIFTCAST_COLLECT_FILE_TOUCH_H_
#define DRIFTCAST_COLLECT_FILE_TOUCH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace driftcast {

struct FileTouch {
  Instant at;
  std::vector<std::string> paths;  // absolute, at most 16
  uint32_t pid = 0, parent = 0;    // 0 = not told
  int64_t uid = -1;                // who it runs as; -1 = not told
  int64_t login_uid = -1;          // who logged in; -1 = nobody
  int64_t session = -1;            // the kernel's audit session; -1 = none
  std::string terminal;            // "pts0"; empty = none
  std::string command;             // as in /proc/PID/comm
  std::string parent_command;      // of the one above it; empty = not told
  std::string arguments;           // the command line, with secrets; empty = not told
  bool exact = true;               // false: it opened the file, whether it wrote is not told
};

inline constexpr size_t kTouchPathsMax = 16;

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_FILE_TOUCH_H_
