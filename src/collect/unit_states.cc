#include "collect/unit_states.h"

#include <systemd/sd-bus.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "base/file.h"
#include "collect/parse.h"

namespace driftcast {
namespace {

constexpr size_t kUnitsMax = 20000;

struct BusClose {
  void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
};
struct MessageUnref {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};

// sd-bus returns negative error numbers.
Status BusStatus(int result, const char* what) {
  if (result == -ETIMEDOUT) return DeadlineExceeded("{}: systemd does not answer in time", what);
  if (result == -EACCES || result == -EPERM) return PermissionDenied("{}: not allowed", what);
  return Unavailable("{}: {}", what, Message(ErrnoStatus(-result, "systemd's bus")));
}

StatusOr<std::unique_ptr<sd_bus, BusClose>> Connect(const std::string& address,
                                                    std::chrono::milliseconds patience) {
  sd_bus* made = nullptr;
  int result = sd_bus_new(&made);
  if (result < 0) return BusStatus(result, "connecting");
  std::unique_ptr<sd_bus, BusClose> bus(made);
  sd_bus_set_method_call_timeout(
      bus.get(), static_cast<uint64_t>(std::chrono::microseconds(patience).count()));
  result = sd_bus_set_address(bus.get(), address.c_str());
  if (result >= 0) result = sd_bus_set_bus_client(bus.get(), 1);
  if (result >= 0) result = sd_bus_start(bus.get());
  if (result < 0) return BusStatus(result, "connecting");
  return bus;
}

}  // namespace

StatusOr<std::map<std::string, UnitState>> ReadUnitStates(const std::string& bus_address,
                                                          std::chrono::milliseconds patience) {
  DRIFTCAST_ASSIGN_OR_RETURN(const auto bus, Connect(bus_address, patience));
  sd_bus_message* made = nullptr;
  int result =
      sd_bus_call_method(bus.get(), "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                         "org.freedesktop.systemd1.Manager", "ListUnits", nullptr, &made, "");
  const std::unique_ptr<sd_bus_message, MessageUnref> reply(made);
  if (result < 0) return BusStatus(result, "asking for the units");
  result = sd_bus_message_enter_container(reply.get(), 'a', "(ssssssouso)");
  if (result < 0) return BusStatus(result, "reading the units");
  std::map<std::string, UnitState> states;
  while (states.size() < kUnitsMax) {
    const char *name = nullptr, *text = nullptr, *load = nullptr, *active = nullptr, *sub = nullptr,
               *follows = nullptr, *path = nullptr, *job = nullptr, *job_path = nullptr;
    uint32_t job_id = 0;
    result = sd_bus_message_read(reply.get(), "(ssssssouso)", &name, &text, &load, &active, &sub,
                                 &follows, &path, &job_id, &job, &job_path);
    if (result < 0) return BusStatus(result, "reading the units");
    if (result == 0) break;
    states[CleanText(name, 256)] = {CleanText(load, 64), CleanText(active, 64), CleanText(sub, 64)};
  }
  return states;
}

}  // namespace driftcast
