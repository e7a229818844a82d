// How far a command has come, on one line of stderr that is written over.
#ifndef DRIFTCAST_APPS_PROGRESS_LINE_H_
#define DRIFTCAST_APPS_PROGRESS_LINE_H_

#include <chrono>
#include <string>

namespace driftcast {

// Shows at most five times a second; clears its line at the end. Silent when off.
class ProgressLine {
 public:
  explicit ProgressLine(bool on) : on_(on) {}
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // `done` in [0, 1] of the step `what`; the time left is that of the step. `detail` follows.
  void Show(double done, const std::string& what, const std::string& detail = "");

 private:
  const bool on_;
  std::string what_;
  std::chrono::steady_clock::time_point start_, last_;
  bool shown_ = false;
};

// "2 h 05 min", "3 min 20 s", "12 s".
std::string SpokenSeconds(double seconds);

}  // namespace driftcast

#endif  // DRIFTCAST_APPS_PROGRESS_LINE_H_
