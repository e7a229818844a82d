// Keeps the forecast's model learning from the site's own past: exports it, refits in the
// background (learn/refit.h), and hands the refitted model to the engine when it was better on
// later days.
#ifndef DRIFTCAST_TEACH_TEACHER_H_
#define DRIFTCAST_TEACH_TEACHER_H_

#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"
#include "engine/engine.h"

namespace driftcast::teach {

struct TeacherOptions {
  std::filesystem::path scratch;  // a folder of its own; emptied before and after each refit
  Duration every = 7 * kDay;      // between refits; a model that has drifted is refitted at once
  // Stacks are drawn until they hold this many resources: a refit of a large fleet learns from a
  // part of it. Memory and time grow with it.
  uint64_t resources_max = 20000;
};

struct TeacherState {
  bool running = false;
  double done = 0;   // of the refit that runs, in [0, 1]
  Instant last_at;   // when the last one ended; epoch = there was none
  std::string last;  // what came of it, in words
  Instant next_at;   // when the next one begins by itself
};

// One thread, at the lowest priority. Public functions are thread-safe. `engine` and `clock`
// outlive it. What came of the last refit is kept in the engine's settings.
class Teacher {
 public:
  Teacher(TeacherOptions options, Engine& engine, const Clock* clock);
  ~Teacher();  // waits for a refit that runs to come to its next step
  Teacher(const Teacher&) = delete;
  Teacher& operator=(const Teacher&) = delete;

  // Begins a refit now. FailedPrecondition while one runs.
  Status Refit(const Principal& by, const std::string& reason);
  TeacherState State() const;

 private:
  void Run();
  bool WaitForTurn();
  Instant DriftedAt() const;
  std::string RefitOnce();

  const TeacherOptions options_;
  Engine& engine_;
  const Clock* const clock_;
  mutable Mutex mutex_;
  CondVar wake_;
  TeacherState state_ DRIFTCAST_GUARDED_BY(mutex_);
  bool asked_ DRIFTCAST_GUARDED_BY(mutex_) = false;
  bool stopping_ DRIFTCAST_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// Writes the past of the engine's stacks into `folder` as histories, at most `resources_max`
// resources; the paths written. Stacks without changes are left out.
StatusOr<std::vector<std::filesystem::path>> ExportPast(const Engine& engine,
                                                        const std::filesystem::path& folder,
                                                        uint64_t resources_max);

}  // namespace driftcast::teach

#endif  // DRIFTCAST_TEACH_TEACHER_H_
