// The service manager of the host, over D-Bus: what units are, and jobs on them.
#ifndef DRIFTCAST_APPLY_UNITS_H_
#define DRIFTCAST_APPLY_UNITS_H_

#include <memory>
#include <string>

#include "base/status.h"
#include "base/time.h"

struct sd_bus;

namespace driftcast {

struct UnitState {
  bool known = false;      // the manager has loaded it
  std::string active;      // "active", "inactive", "failed", "activating", ...
  std::string file_state;  // "enabled", "disabled", "masked", "static", ...; empty = none
  bool SameAs(const UnitState& other) const;  // running or not, and the file's state
};

// "ssh.service", "data@1.mount": InvalidArgument for anything that is no unit's name.
Status ValidateUnitName(const std::string& name);

// Not thread-safe. Connects when it is first used.
class Units {
 public:
  // `address`: of the bus, "unix:path=..."; empty = the system's, and only where `root` is "/":
  // another root's units are not this manager's, and are refused with FailedPrecondition.
  Units(std::string root, std::string address);
  ~Units();
  Units(const Units&) = delete;

  StatusOr<UnitState> Read(const std::string& unit);

  enum class Job { kStart, kStop, kRestart, kReload };
  // Waits until the job has ended; FailedPrecondition when its result is not "done",
  // DeadlineExceeded.
  Status Run(Job job, const std::string& unit, Duration timeout);

  enum class FileChange { kEnable, kDisable, kMask, kUnmask };
  // Changes the links and has the manager read them.
  Status Change(FileChange change, const std::string& unit);

  // Runs and links as before. OK also when it is so already.
  Status GoBack(const std::string& unit, const UnitState& before, Duration timeout);

 private:
  Status Connect();

  const std::string root_, address_;
  sd_bus* bus_ = nullptr;
};

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_UNITS_H_
