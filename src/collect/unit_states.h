// What systemd itself says about its units, over its bus.
#ifndef DRIFTCAST_COLLECT_UNIT_STATES_H_
#define DRIFTCAST_COLLECT_UNIT_STATES_H_

#include <chrono>
#include <map>
#include <string>

#include "base/status.h"

namespace driftcast {

struct UnitState {
  std::string load;    // "loaded", "not-found", "bad-setting", "error", "masked"
  std::string active;  // "active", "inactive", "failed", "activating", ...
  std::string sub;     // "running", "dead", "exited", ...
};

// Asks ListUnits once, over a connection of its own: about 10 ms for 300 units. Any user may ask.
// `bus_address`: D-Bus address, "unix:path=/run/dbus/system_bus_socket". At most 20,000 units.
// Errors: Unavailable (no bus, nobody answers as systemd), DeadlineExceeded, PermissionDenied.
StatusOr<std::map<std::string, UnitState>> ReadUnitStates(const std::string& bus_address,
                                                          std::chrono::milliseconds patience);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_UNIT_STATES_H_
