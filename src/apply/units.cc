#include "apply/units.h"

#include <systemd/sd-bus.h>

#include <algorithm>
#include <map>
#include <memory>

namespace driftcast {
namespace {

constexpr char kService[] = "org.freedesktop.systemd1";
constexpr char kManagerPath[] = "/org/freedesktop/systemd1";
constexpr char kManager[] = "org.freedesktop.systemd1.Manager";
constexpr char kUnit[] = "org.freedesktop.systemd1.Unit";
constexpr uint64_t kCallMicros = 30'000'000;

struct MessageEnd {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using BusMessage = std::unique_ptr<sd_bus_message, MessageEnd>;
struct SlotEnd {
  void operator()(sd_bus_slot* slot) const { sd_bus_slot_unref(slot); }
};

// An error of a call, with the manager's own words.
class BusError {
 public:
  BusError() = default;
  ~BusError() { sd_bus_error_free(&error_); }
  BusError(const BusError&) = delete;
  sd_bus_error* get() { return &error_; }
  bool Is(const char* name) const { return sd_bus_error_has_name(&error_, name) > 0; }
  Status ToStatus(const std::string& what) const {
    const std::string text = error_.message ? error_.message : "no answer";
    if (Is("org.freedesktop.DBus.Error.AccessDenied") ||
        Is("org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"))
      return PermissionDenied("{}: {}", what, text);
    if (Is("org.freedesktop.systemd1.NoSuchUnit") || Is("org.freedesktop.DBus.Error.FileNotFound"))
      return NotFound("{}: {}", what, text);
    return FailedPrecondition("{}: {}", what, text);
  }

 private:
  sd_bus_error error_ = SD_BUS_ERROR_NULL;
};

// Results of jobs that ended while one was waited for, by object path.
struct EndedJobs {
  std::map<std::string, std::string> results;
};

int OnJobRemoved(sd_bus_message* message, void* context, sd_bus_error*) {
  uint32_t id = 0;
  const char *job = nullptr, *unit = nullptr, *result = nullptr;
  if (sd_bus_message_read(message, "uoss", &id, &job, &unit, &result) >= 0)
    static_cast<EndedJobs*>(context)->results[job] = result;
  return 0;
}

const char* MethodOf(Units::Job job) {
  switch (job) {
    case Units::Job::kStart:
      return "StartUnit";
    case Units::Job::kStop:
      return "StopUnit";
    case Units::Job::kRestart:
      return "RestartUnit";
    case Units::Job::kReload:
      return "ReloadUnit";
  }
  return "";
}

const char* MethodOf(Units::FileChange change) {
  switch (change) {
    case Units::FileChange::kEnable:
      return "EnableUnitFiles";
    case Units::FileChange::kDisable:
      return "DisableUnitFiles";
    case Units::FileChange::kMask:
      return "MaskUnitFiles";
    case Units::FileChange::kUnmask:
      return "UnmaskUnitFiles";
  }
  return "";
}

bool Runs(const std::string& active) {
  return active == "active" || active == "reloading" || active == "activating";
}

}  // namespace

bool UnitState::SameAs(const UnitState& other) const {
  return Runs(active) == Runs(other.active) && file_state == other.file_state;
}

Status ValidateUnitName(const std::string& name) {
  static constexpr const char* kSuffixes[] = {".service", ".socket", ".timer", ".path",
                                              ".mount",   ".target", ".slice", ".swap"};
  const bool known = std::ranges::any_of(
      kSuffixes, [&](const char* suffix) { return name.ends_with(suffix) && name[0] != '.'; });
  const bool plain = std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-' || c == '@' || c == ':' ||
           c == '\\';
  });
  if (!known || !plain || name.size() > 255)
    return InvalidArgument("'{}' is no unit", name.substr(0, 80));
  return Ok();
}

Units::Units(std::string root, std::string address)
    : root_(std::move(root)), address_(std::move(address)) {}

Units::~Units() { sd_bus_flush_close_unref(bus_); }

Status Units::Connect() {
  if (bus_ != nullptr) return Ok();
  if (address_.empty() && root_ != "/")
    return FailedPrecondition("units below {} have no service manager that could be asked", root_);
  sd_bus* bus = nullptr;
  int result = 0;
  if (address_.empty()) {
    result = sd_bus_open_system(&bus);
  } else {
    result = sd_bus_new(&bus);
    if (result >= 0) result = sd_bus_set_address(bus, address_.c_str());
    if (result >= 0) result = sd_bus_set_bus_client(bus, 1);
    if (result >= 0) result = sd_bus_start(bus);
  }
  if (result < 0) {
    sd_bus_unref(bus);
    return Unavailable("the service manager cannot be asked: {}", strerror(-result));
  }
  sd_bus_set_method_call_timeout(bus, kCallMicros);
  bus_ = bus;
  return Ok();
}

StatusOr<UnitState> Units::Read(const std::string& unit) {
  DRIFTCAST_RETURN_IF_ERROR(ValidateUnitName(unit));
  DRIFTCAST_RETURN_IF_ERROR(Connect());
  BusError error;
  sd_bus_message* raw = nullptr;
  int result = sd_bus_call_method(bus_, kService, kManagerPath, kManager, "LoadUnit", error.get(),
                                  &raw, "s", unit.c_str());
  BusMessage reply(raw);
  if (result < 0) return error.ToStatus("unit " + unit);
  const char* path = nullptr;
  if (sd_bus_message_read(reply.get(), "o", &path) < 0)
    return Internal("unit {}: an answer that is no path", unit);
  const auto property = [&](const char* name) -> StatusOr<std::string> {
    BusError failed;
    char* text = nullptr;
    if (sd_bus_get_property_string(bus_, kService, path, kUnit, name, failed.get(), &text) < 0)
      return failed.ToStatus("unit " + unit);
    std::string out = text;
    free(text);
    return out;
  };
  UnitState state;
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string load, property("LoadState"));
  DRIFTCAST_ASSIGN_OR_RETURN(state.active, property("ActiveState"));
  DRIFTCAST_ASSIGN_OR_RETURN(state.file_state, property("UnitFileState"));
  state.known = load == "loaded" || load == "masked";
  return state;
}

Status Units::Run(Job job, const std::string& unit, Duration timeout) {
  DRIFTCAST_RETURN_IF_ERROR(ValidateUnitName(unit));
  DRIFTCAST_RETURN_IF_ERROR(Connect());
  EndedJobs ended;
  sd_bus_slot* raw_slot = nullptr;
  if (sd_bus_match_signal(bus_, &raw_slot, kService, kManagerPath, kManager, "JobRemoved",
                          OnJobRemoved, &ended) < 0)
    return Unavailable("the service manager's jobs cannot be followed");
  const std::unique_ptr<sd_bus_slot, SlotEnd> slot(raw_slot);
  // The manager sends its signals only to those who asked for them.
  BusError subscribed;
  sd_bus_call_method(bus_, kService, kManagerPath, kManager, "Subscribe", subscribed.get(), nullptr,
                     "");
  BusError error;
  sd_bus_message* raw = nullptr;
  if (sd_bus_call_method(bus_, kService, kManagerPath, kManager, MethodOf(job), error.get(), &raw,
                         "ss", unit.c_str(), "replace") < 0)
    return error.ToStatus(fmt::format("{} {}", MethodOf(job), unit));
  const BusMessage reply(raw);
  const char* path = nullptr;
  if (sd_bus_message_read(reply.get(), "o", &path) < 0)
    return Internal("{} {}: an answer that is no job", MethodOf(job), unit);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!ended.results.contains(path)) {
    const auto left =
        std::chrono::duration_cast<Duration>(deadline - std::chrono::steady_clock::now());
    if (left <= Duration(0))
      return DeadlineExceeded("{} {} took longer than {:.0f} s", MethodOf(job), unit,
                              Seconds(timeout));
    const int handled = sd_bus_process(bus_, nullptr);
    if (handled < 0) return Unavailable("the service manager went away: {}", strerror(-handled));
    if (handled == 0) sd_bus_wait(bus_, static_cast<uint64_t>(left.count()));
  }
  const std::string& how = ended.results[path];
  if (how != "done") return FailedPrecondition("{} {}: {}", MethodOf(job), unit, how);
  return Ok();
}

Status Units::Change(FileChange change, const std::string& unit) {
  DRIFTCAST_RETURN_IF_ERROR(ValidateUnitName(unit));
  DRIFTCAST_RETURN_IF_ERROR(Connect());
  BusError error;
  const bool links = change == FileChange::kEnable || change == FileChange::kMask;
  const int result =
      links ? sd_bus_call_method(bus_, kService, kManagerPath, kManager, MethodOf(change),
                                 error.get(), nullptr, "asbb", 1, unit.c_str(), 0, 0)
            : sd_bus_call_method(bus_, kService, kManagerPath, kManager, MethodOf(change),
                                 error.get(), nullptr, "asb", 1, unit.c_str(), 0);
  if (result < 0) return error.ToStatus(fmt::format("{} {}", MethodOf(change), unit));
  BusError reload;
  if (sd_bus_call_method(bus_, kService, kManagerPath, kManager, "Reload", reload.get(), nullptr,
                         "") < 0)
    return reload.ToStatus("daemon reload");
  return Ok();
}

Status Units::GoBack(const std::string& unit, const UnitState& before, Duration timeout) {
  DRIFTCAST_ASSIGN_OR_RETURN(UnitState now, Read(unit));
  if (now.file_state != before.file_state) {
    if (now.file_state == "masked") DRIFTCAST_RETURN_IF_ERROR(Change(FileChange::kUnmask, unit));
    if (before.file_state == "masked") DRIFTCAST_RETURN_IF_ERROR(Change(FileChange::kMask, unit));
    if (before.file_state == "enabled")
      DRIFTCAST_RETURN_IF_ERROR(Change(FileChange::kEnable, unit));
    if (before.file_state == "disabled")
      DRIFTCAST_RETURN_IF_ERROR(Change(FileChange::kDisable, unit));
  }
  if (Runs(now.active) == Runs(before.active)) return Ok();
  return Run(Runs(before.active) ? Job::kStart : Job::kStop, unit, timeout);
}

}  // namespace driftcast
