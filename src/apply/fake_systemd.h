// For tests: systemd's interface on a bus of its own, with units in memory.
#ifndef DRIFTCAST_APPLY_FAKE_SYSTEMD_H_
#define DRIFTCAST_APPLY_FAKE_SYSTEMD_H_

#include <systemd/sd-bus.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

namespace driftcast {

class FakeSystemd {
 public:
  struct Unit {
    std::string active = "active";
    std::string file_state = "enabled";
    bool refuses_start = false;  // jobs that would run it fail
  };

  explicit FakeSystemd(const std::filesystem::path& folder) : folder_(folder) {
    StartBus();
    thread_ = std::thread([this] { Serve(); });
    while (!ready_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ~FakeSystemd() {
    stop_ = true;
    thread_.join();
    kill(daemon_, SIGTERM);
    waitpid(daemon_, nullptr, 0);
  }
  FakeSystemd(const FakeSystemd&) = delete;

  std::string address() const { return "unix:path=" + (folder_ / "bus").string(); }

  void Set(const std::string& name, Unit unit) {
    const std::lock_guard lock(mutex_);
    units_[name] = std::move(unit);
  }
  Unit Get(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return units_[name];
  }
  // From now on nobody may change anything.
  void Deny() { denies_ = true; }
  std::vector<std::string> Calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  void StartBus() {
    std::ofstream(folder_ / "bus.conf")
        << "<!DOCTYPE busconfig PUBLIC '-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN' "
           "'http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd'>\n<busconfig>"
           "<listen>" +
               address() +
               "</listen><policy context='default'><allow send_destination='*' "
               "eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>\n";
    daemon_ = fork();
    ASSERT_GE(daemon_, 0);
    if (daemon_ == 0) {
      const std::string config = "--config-file=" + (folder_ / "bus.conf").string();
      execl("/usr/bin/dbus-daemon", "dbus-daemon", config.c_str(), "--nofork", "--nopidfile",
            "--nosyslog", nullptr);
      _exit(127);
    }
    for (int i = 0; i < 5000 && !std::filesystem::exists(folder_ / "bus"); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  // The path of a unit's object, and back: "/u/" and the hexadecimal name.
  static std::string PathOf(const std::string& name) {
    std::string path = "/org/freedesktop/systemd1/unit/";
    for (const unsigned char c : name) {
      path += "0123456789abcdef"[c >> 4];
      path += "0123456789abcdef"[c & 15];
    }
    return path;
  }
  static std::string NameOf(const std::string& path) {
    std::string name;
    const std::string hex = path.substr(path.rfind('/') + 1);
    for (size_t i = 0; i + 1 < hex.size(); i += 2)
      name += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return name;
  }

  static int OnCall(sd_bus_message* call, void* context, sd_bus_error*) {
    return static_cast<FakeSystemd*>(context)->Answer(call);
  }

  int Answer(sd_bus_message* call) {
    const std::lock_guard lock(mutex_);
    const std::string member =
        sd_bus_message_get_member(call) ? sd_bus_message_get_member(call) : "";
    if (sd_bus_message_is_method_call(call, "org.freedesktop.DBus.Properties", "Get"))
      return AnswerProperty(call);
    if (!sd_bus_message_is_method_call(call, "org.freedesktop.systemd1.Manager", nullptr)) return 0;
    const char *name = nullptr, *mode = nullptr;
    if (member == "LoadUnit") {
      sd_bus_message_read(call, "s", &name);
      return sd_bus_reply_method_return(call, "o", PathOf(name).c_str());
    }
    if (denies_ && member != "Subscribe")
      return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_ACCESS_DENIED, "Access denied");
    if (member == "Subscribe" || member == "Reload") return sd_bus_reply_method_return(call, "");
    if (member.ends_with("UnitFiles")) return AnswerFiles(call, member);
    if (member.ends_with("Unit")) {
      sd_bus_message_read(call, "ss", &name, &mode);
      return AnswerJob(call, member, name);
    }
    return 0;
  }

  int AnswerProperty(sd_bus_message* call) {
    const char *interface = nullptr, *property = nullptr;
    sd_bus_message_read(call, "ss", &interface, &property);
    const std::string name = NameOf(sd_bus_message_get_path(call));
    const auto unit = units_.find(name);
    const std::string wanted = property;
    std::string value;
    if (wanted == "LoadState") value = unit == units_.end() ? "not-found" : "loaded";
    if (wanted == "ActiveState") value = unit == units_.end() ? "inactive" : unit->second.active;
    if (wanted == "UnitFileState") value = unit == units_.end() ? "" : unit->second.file_state;
    return sd_bus_reply_method_return(call, "v", "s", value.c_str());
  }

  int AnswerFiles(sd_bus_message* call, const std::string& member) {
    const char* name = nullptr;
    sd_bus_message_enter_container(call, 'a', "s");
    sd_bus_message_read(call, "s", &name);
    calls_.push_back(member + " " + name);
    units_[name].file_state = member == "EnableUnitFiles" ? "enabled"
                              : member == "MaskUnitFiles" ? "masked"
                                                          : "disabled";
    return sd_bus_reply_method_return(call, "a(sss)", 0);
  }

  int AnswerJob(sd_bus_message* call, const std::string& member, const std::string& name) {
    calls_.push_back(member + " " + name);
    Unit& unit = units_[name];
    std::string result = "done";
    if (member == "StopUnit") {
      unit.active = "inactive";
    } else if (unit.refuses_start) {
      unit.active = "failed";
      result = "failed";
    } else {
      unit.active = "active";
    }
    const std::string job = "/org/freedesktop/systemd1/job/" + std::to_string(++jobs_);
    sd_bus_reply_method_return(call, "o", job.c_str());
    return sd_bus_emit_signal(bus_, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
                              "JobRemoved", "uoss", jobs_, job.c_str(), name.c_str(),
                              result.c_str());
  }

  bool Join() {
    bus_ = sd_bus_unref(bus_);
    sd_bus_new(&bus_);
    sd_bus_set_address(bus_, address().c_str());
    sd_bus_set_bus_client(bus_, 1);
    return sd_bus_start(bus_) >= 0 && sd_bus_request_name(bus_, "org.freedesktop.systemd1", 0) >= 0;
  }

  void Serve() {
    bool good = Join();
    // The daemon's socket may be there a moment before the daemon answers.
    for (int tries = 0; !good && tries < 100; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      good = Join();
    }
    good = good && sd_bus_add_filter(bus_, nullptr, OnCall, this) >= 0;
    EXPECT_TRUE(good) << "the mock of the service manager does not run";
    ready_ = true;
    while (good && !stop_) {
      const int handled = sd_bus_process(bus_, nullptr);
      if (handled < 0) break;
      if (handled == 0) sd_bus_wait(bus_, 20'000);
    }
    sd_bus_flush_close_unref(bus_);
  }

  const std::filesystem::path folder_;
  pid_t daemon_ = -1;
  sd_bus* bus_ = nullptr;
  std::atomic<bool> ready_{false}, stop_{false}, denies_{false};
  std::mutex mutex_;
  std::map<std::string, Unit> units_;
  std::vector<std::string> calls_;
  uint32_t jobs_ = 0;
  std::thread thread_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_FAKE_SYSTEMD_H_
