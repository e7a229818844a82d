// A month of ordinary life on one host, and what Driftcast and AIDE say about it.
//
//   host_month [--from /] [--folder DIR] [--days 30] [--aide /usr/bin/aide] [--list]
//
// Copies what a host is made of (/etc, dpkg's state, units) into a scratch root, adds 100 packages
// of its own with the real dpkg, and then lives through the days: leases, rewrites of files with
// the same content, timestamps, machine id, log rotation, caches, backups, logins
// and sudo, weekly upgrades, one upgrade of 100 packages, a new kernel with a reboot, and a few
// edits that are real drift. The agent's own collectors read after every event and the engine's own
// shard judges; time is simulated, so a month takes minutes. Nobody is named as the author of a
// change (fanotify), which is the harder case. Each evening what drifted is accepted, as by an
// operator who has read the list, so that everything new is news again. AIDE looks once a day, with
// Debian's usual attributes, and its database is brought up to date each time, for the same reason.
//
// Prints one figure a line. Needs root for dpkg --root; reads the machine, writes only below DIR.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "collect/account_collector.h"
#include "collect/certificate_collector.h"
#include "collect/cron_collector.h"
#include "collect/file_collector.h"
#include "collect/foreign_package_collector.h"
#include "collect/kernel_collector.h"
#include "collect/lens_client.h"
#include "collect/package_collector.h"
#include "collect/package_history.h"
#include "collect/process_table.h"
#include "collect/session_history.h"
#include "collect/setting_collector.h"
#include "collect/sysctl_collector.h"
#include "collect/unit_collector.h"
#include "engine/records.h"
#include "engine/shard.h"
#include "store/memory_store.h"

namespace driftcast {
namespace {

namespace fs = std::filesystem;

struct Settings {
  fs::path from = "/", folder;
  int days = 30;
  std::string aide = "/usr/bin/aide", lens;
  bool list = false;
};

void Print(const char* name, double value, const char* unit) {
  std::printf("%-44s %12.2f %s\n", name, value, unit);
  std::fflush(stdout);
}

struct Spent {
  double cpu_ms = 0;
  uint64_t read_bytes = 0;
  int exit_code = -1;
  std::string output;
};

// Runs a program and measures it: its CPU time, and what it read, from the kernel's accounts of the
// process before it is waited for.
Spent RunMeasured(const std::vector<std::string>& arguments, const fs::path& output) {
  const pid_t child = fork();
  if (child == 0) {
    const int fd = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(fd, 1);
    dup2(fd, 2);
    std::vector<char*> pointers;
    for (const std::string& a : arguments) pointers.push_back(const_cast<char*>(a.c_str()));
    pointers.push_back(nullptr);
    setenv("TZ", "UTC", 1);
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  Spent spent;
  std::ifstream io(fmt::format("/proc/{}/io", child));
  std::string word;
  io >> word >> spent.read_bytes;
  int state = 0;
  rusage usage{};
  wait4(child, &state, 0, &usage);
  spent.exit_code = WIFEXITED(state) ? WEXITSTATUS(state) : -1;
  spent.cpu_ms = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
                 static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-3;
  std::ifstream in(output);
  spent.output.assign(std::istreambuf_iterator<char>(in), {});
  return spent;
}

void Must(const std::vector<std::string>& arguments, const fs::path& output) {
  const Spent ran = RunMeasured(arguments, output);
  DRIFTCAST_CHECK(ran.exit_code == 0, "{} ended with {}: {}", arguments[0], ran.exit_code,
                  ran.output);
}

// The host: a folder, and what happens in it.
class Host {
 public:
  Host(const Settings& settings, ManualClock& clock)
      : root_(settings.folder / "root"), work_(settings.folder), clock_(clock) {
    fs::create_directories(root_ / "usr/lib/systemd");
    fs::create_directories(root_ / "var/lib/dpkg");
    fs::create_directories(root_ / "var/log/apt");
    const std::string from = settings.from == "/" ? "" : settings.from.string();
    for (const auto& [source, target] : {std::pair<const char*, const char*>{"/etc", ""},
                                         {"/usr/lib/systemd/system", "usr/lib/systemd/"},
                                         {"/var/lib/dpkg/status", "var/lib/dpkg/"},
                                         {"/var/lib/dpkg/info", "var/lib/dpkg/"}})
      Must({"/bin/cp", "-a", from + source, (root_ / target).string()}, work_ / "cp.log");
    fs::create_directories(root_ / "var/lib/dpkg/updates");
    Write("/var/lib/dpkg/available", "");
    Write("/var/log/apt/history.log", "");
    Write("/proc/cmdline", "root=/dev/vda1 ro quiet");
    SetKernel("6.1.0-18-amd64");
    Sockets({22, 25, 443});
    Write("/etc/resolv.conf", "nameserver 10.0.0.2\nsearch example.net\n");
  }

  void Write(const std::string& path, std::string_view text) const {
    const fs::path real = root_ / path.substr(1);
    fs::create_directories(real.parent_path());
    if (fs::is_symlink(real)) fs::remove(real);
    std::ofstream(real, std::ios::binary) << text;
  }
  std::string Read(const std::string& path) const {
    std::ifstream in(root_ / path.substr(1), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void Append(const std::string& path, const std::string& text) const {
    Write(path, Read(path) + text);
  }
  // As editors and daemons save: a new file in the old one's place.
  void Rewrite(const std::string& path) const {
    const std::string text = Read(path);
    Write(path + ".tmp", text);
    fs::rename(root_ / (path.substr(1) + ".tmp"), root_ / path.substr(1));
  }
  void Touch(const std::string& path) const {
    utimensat(AT_FDCWD, (root_ / path.substr(1)).c_str(), nullptr, 0);
  }
  void Remove(const std::string& path) const { fs::remove_all(root_ / path.substr(1)); }

  void SetKernel(const std::string& release) const {
    Write("/proc/sys/kernel/osrelease", release + "\n");
    Write("/proc/sys/kernel/random/boot_id",
          std::to_string(clock_.Now().time_since_epoch().count()));
    Write("/proc/sys/vm/swappiness", "60\n");
    Write("/proc/sys/net/ipv4/ip_forward", "0\n");
    Write("/proc/modules", "ext4 1 0 - Live 0x0\nvirtio_net 1 0 - Live 0x0\n");
    Write("/proc/mounts", "/dev/vda1 / ext4 rw,relatime 0 0\ntmpfs /run tmpfs rw 0 0\n");
  }
  void Sockets(const std::vector<int>& ports) const {
    std::string text = "  sl  local_address rem_address\n";
    for (size_t i = 0; i < ports.size(); ++i)
      text += fmt::format("   {}: 00000000:{:04X} 00000000:0000 0A 0:0 0:0 0 0 0 {} 1\n", i,
                          ports[i], 1000 + i);
    Write("/proc/net/tcp", text);
  }

  // A record of wtmp: somebody logs in (USER_PROCESS) or out (DEAD_PROCESS), the host starts
  // (BOOT_TIME).
  void Record(int type, const std::string& user, const std::string& line,
              const std::string& from) const {
    utmp record{};
    record.ut_type = static_cast<short>(type);
    memcpy(record.ut_user, user.data(), std::min(user.size(), sizeof record.ut_user - 1));
    memcpy(record.ut_line, line.data(), std::min(line.size(), sizeof record.ut_line - 1));
    memcpy(record.ut_host, from.data(), std::min(from.size(), sizeof record.ut_host - 1));
    record.ut_tv.tv_sec = static_cast<int32_t>(ToUnixSeconds(clock_.Now()));
    Append("/var/log/wtmp", {reinterpret_cast<const char*>(&record), sizeof record});
  }
  void Sudo(const std::string& user, const std::string& command) const {
    Append("/var/log/auth.log",
           fmt::format("{} web sudo: {} : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND={}\n",
                       FormatInstant(clock_.Now()), user, command));
  }

  // Packages month-000 ..., each with a configuration file and a unit now and then.
  void Upgrade(int first, int count, int version, const std::string& command) {
    const Instant start = clock_.Now();
    std::vector<std::string> dpkg = {"/usr/bin/dpkg", "--root=" + root_.string(), "--force-all",
                                     "--no-triggers", "-i"};
    std::string touched;
    for (int i = first; i < first + count; ++i) {
      dpkg.push_back(MakeDeb(i, version));
      touched += fmt::format("{}month-{:03}:all ({}, {})", touched.empty() ? "" : ", ", i,
                             version - 1, version);
    }
    const std::string head = fmt::format("\nStart-Date: {}\nCommandline: {}\nUpgrade: {}\n",
                                         LocalTime(start), command, touched);
    Append("/var/log/apt/history.log", head);
    Must(dpkg, work_ / "dpkg.log");
    // What scripts of packages and triggers write besides.
    Write("/etc/ld.so.cache", std::to_string(start.time_since_epoch().count()));
    Remove("/etc/alternatives/month-editor");
    fs::create_symlink(fmt::format("/usr/bin/editor-{}", version),
                       root_ / "etc/alternatives/month-editor");
    clock_.Advance(40 * kSecond);
    Append("/var/log/apt/history.log", fmt::format("End-Date: {}\n", LocalTime(clock_.Now())));
  }

  const fs::path& root() const { return root_; }

 private:
  static std::string LocalTime(Instant at) {
    const std::time_t seconds = static_cast<std::time_t>(ToUnixSeconds(at));
    std::tm t{};
    gmtime_r(&seconds, &t);
    char text[32];
    strftime(text, sizeof text, "%Y-%m-%d  %H:%M:%S", &t);
    return text;
  }
  std::string MakeDeb(int number, int version) {
    const std::string name = fmt::format("month-{:03}", number);
    const fs::path tree = work_ / "deb" / name;
    fs::remove_all(tree);
    const auto put = [&](const std::string& path, const std::string& text) {
      fs::create_directories((tree / path).parent_path());
      std::ofstream(tree / path) << text;
    };
    put("DEBIAN/control",
        fmt::format("Package: {}\nVersion: {}\nArchitecture: all\nMaintainer: Nobody <n@example>\n"
                    "Description: part of a measurement\n",
                    name, version));
    put("DEBIAN/conffiles", fmt::format("/etc/month/{}.conf\n", name));
    put(fmt::format("etc/month/{}.conf", name), fmt::format("[main]\nlevel = {}\n", version));
    put(fmt::format("usr/share/doc/{}/copyright", name), "text\n");
    if (number % 5 == 0)
      put(fmt::format("usr/lib/systemd/system/{}.service", name),
          fmt::format(
              "[Service]\nExecStart=/usr/bin/{} --v{}\n[Install]\nWantedBy=multi-user.target\n",
              name, version));
    const std::string deb = (work_ / "deb" / (name + ".deb")).string();
    Must({"/usr/bin/dpkg-deb", "-Znone", "--root-owner-group", "-b", tree.string(), deb},
         work_ / "deb.log");
    return deb;
  }

  const fs::path root_, work_;
  ManualClock& clock_;
};

// The agent's reading and the engine's judging, in one thread and simulated time.
class Driftcast : public Sink {
 public:
  Driftcast(const Settings& settings, const fs::path& root, ManualClock& clock)
      : clock_(clock),
        root_(root.string()),
        guard_(std::string(32, 'k')),
        lenses_(settings.lens),
        processes_(root_),
        sessions_(root_, guard_, People::kPseudonyms) {
    auto packages = std::make_unique<PackageCollector>(root_, [] { return std::nullopt; });
    packages_ = packages.get();
    history_ = std::make_unique<PackageHistory>(
        root_, guard_, [this](const std::string& p) { return packages_->owners().FilesOf(p); });
    const auto owner = [this](const std::string& path) {
      return packages_->owners().OwnerOf(path);
    };
    FileOptions files;
    files.clock = &clock_;
    collectors_.push_back(std::move(packages));
    collectors_.push_back(std::make_unique<FileCollector>(root_, guard_, lenses_, files, owner));
    collectors_.push_back(std::make_unique<SysctlCollector>(root_, guard_));
    collectors_.push_back(std::make_unique<UnitCollector>(root_, guard_, clock_, owner));
    collectors_.push_back(std::make_unique<CertificateCollector>(root_));
    collectors_.push_back(std::make_unique<AccountCollector>(root_, guard_));
    collectors_.push_back(std::make_unique<CronCollector>(root_, guard_, clock_));
    collectors_.push_back(std::make_unique<LanguagePackageCollector>(root_));
    collectors_.push_back(std::make_unique<KernelCollector>(root_, guard_));
    collectors_.push_back(std::make_unique<SettingCollector>(root_, processes_));
    shard_ = *Shard::Restore(store_, {});
    Apply(StackEnrolled{RoleName("web"), {{"os", "Debian 12"}}, {}});
    Look(Depth::kAll);
  }

  // Reads what changed (or everything) and lets the shard judge.
  void Look(Depth depth) {
    history_->SetNativeArchitecture(packages_->native_architecture());
    for (ActivityReported& run : history_->NewRuns(clock_.Now())) Apply(std::move(run));
    for (ActivityReported& activity : sessions_.News(clock_.Now())) {
      ++activities_[activity.kind];
      Apply(std::move(activity));
    }
    for (const auto& collector : collectors_) {
      const Instant started_at = clock_.Now();
      seen_.clear();
      means_ = depth == Depth::kAll ? Means::kSnapshot : Means::kEvent;
      const Status collected = collector->Collect(depth, *this);
      DRIFTCAST_CHECK(collected.ok(), "{}: {}", collector->name(), Message(collected));
      VanishUnseen(*collector);
      if (depth == Depth::kAll) Apply(SnapshotCompleted{collector->kinds(), started_at, false});
    }
  }
  void Tick() { Apply(TimeAdvanced{}, /*from_agent=*/false); }

  // As an operator who has read the list.
  void AcceptAll() {
    std::vector<ResourceId> open;
    for (const auto& [id, drift] : shard_->state().drifts)
      if (drift.closed_at == Instant()) open.push_back(drift.resource);
    for (const ResourceId& id : open) {
      ExpectationSet accept;
      accept.resource = id;
      accept.origin = Origin::kAccepted;
      accept.by = Principal("operator");
      Apply(std::move(accept), /*from_agent=*/false);
    }
  }

  std::vector<OutboxEffect> Alerts() const {
    std::vector<OutboxEffect> alerts;
    (void)store_.Scan(Table::kOutbox, "", "\xFF", [&](std::string_view, std::string_view bytes) {
      if (auto effect = DecodeOutboxEffect(bytes); effect.ok())
        alerts.push_back(*std::move(effect));
      return true;
    });
    return alerts;
  }
  size_t resources() const { return known_.size(); }
  size_t open_drifts() const {
    size_t open = 0;
    for (const auto& [id, drift] : shard_->state().drifts) open += drift.closed_at == Instant();
    return open;
  }
  // Takes the drifts that are open and were not counted yet.
  void Count() {
    for (const auto& [id, drift] : shard_->state().drifts) {
      if (!counted_drifts_.insert(id).second) continue;
      const bool alone = !drift.cause.known() || drift.cause.id.empty();
      counted_items_.insert(alone ? id : drift.cause.id);
    }
  }
  size_t counted_drifts() const { return counted_drifts_.size(); }
  size_t counted_items() const { return counted_items_.size(); }
  const std::map<std::string, Drift>& drifts() const { return shard_->state().drifts; }
  uint64_t changes() const { return changes_; }
  size_t told(const std::string& kind) { return activities_[kind]; }
  // Causes of the drifts that are open: what a person sees as items.
  size_t open_items() const {
    std::set<std::string> causes;
    size_t alone = 0;
    for (const auto& [id, drift] : shard_->state().drifts) {
      if (drift.closed_at != Instant()) continue;
      if (drift.cause.known() && !drift.cause.id.empty()) {
        causes.insert(drift.cause.id);
      } else {
        ++alone;
      }
    }
    return causes.size() + alone;
  }
  double cpu_ms() const {
    double sum = 0;
    for (const auto& collector : collectors_) sum += collector->cost().cpu_ms;
    return sum;
  }
  uint64_t read_bytes() const {
    uint64_t sum = 0;
    for (const auto& collector : collectors_) sum += collector->cost().bytes_read;
    return sum;
  }

  void Observed(ResourceObserved observed) override {
    const std::string name = observed.resource.kind + "/" + observed.resource.name;
    seen_.insert(name);
    std::string state = observed.resource.kind;
    for (const auto* keys : {&observed.keys, &observed.context})
      for (const KeyValue& key : *keys) state += '\n' + key.path + '=' + key.value.Display();
    for (const UncomparedKey& key : observed.uncompared) state += '\n' + key.path + key.reason;
    std::string& known = known_[name];
    if (known == state && means_ != Means::kSnapshot) return;
    if (!known.empty() && known != state) ++changes_;
    known = std::move(state);
    observed.resource.stack = stack_;
    observed.means = means_;
    std::string package = observed.resource.kind == "package" ? observed.resource.name : "";
    if (observed.resource.kind == "file")
      package = packages_->owners().OwnerOf(PathOfResourceName(observed.resource.name));
    if (!package.empty()) observed.cause = history_->CauseOf(package, clock_.Now());
    Apply(std::move(observed));
  }
  void Unchanged(std::string_view kind, std::string_view name) override {
    seen_.insert(std::string(kind) + "/" + std::string(name));
  }

 private:
  void VanishUnseen(const Collector& collector) {
    std::vector<std::string> gone;
    for (const auto& [name, state] : known_)
      for (const std::string& kind : collector.kinds())
        if (name.starts_with(kind + "/") && !seen_.contains(name)) gone.push_back(name);
    for (const std::string& name : gone) {
      known_.erase(name);
      ++changes_;
      const size_t slash = name.find('/');
      Apply(ResourceVanished{{stack_, name.substr(0, slash), name.substr(slash + 1)}, means_, {}});
    }
  }
  void Apply(FactBody body, bool from_agent = true) {
    Fact fact;
    fact.at = clock_.Now();
    if (from_agent) {
      fact.stack = stack_;
      fact.agent = AgentId("agent");
      fact.sequence = ++sequence_;
    } else if (!std::holds_alternative<TimeAdvanced>(body)) {
      fact.stack = stack_;
    }
    fact.body = std::move(body);
    const Status fits = shard_->Check({&fact, 1});
    DRIFTCAST_CHECK(fits.ok(), "{}", Message(fits));
    shard_->Apply(fact);
    WriteBatch writes;
    std::vector<LiveEvent> events;
    shard_->Collect(writes, events);
    DRIFTCAST_CHECK(store_.Commit(writes).ok(), "the store in memory failed");
  }

  const StackId stack_{"host"};
  ManualClock& clock_;
  const HostRoot root_;
  const SecretGuard guard_;
  LensClient lenses_;
  ProcessTable processes_;
  SessionHistory sessions_;
  std::map<std::string, size_t> activities_;  // by kind, that were told
  PackageCollector* packages_ = nullptr;
  std::unique_ptr<PackageHistory> history_;
  std::vector<std::unique_ptr<Collector>> collectors_;
  MemoryStore store_;
  std::unique_ptr<Shard> shard_;
  uint64_t sequence_ = 0, changes_ = 0;
  std::map<std::string, std::string> known_;
  std::set<std::string> seen_, counted_drifts_, counted_items_;
  Means means_ = Means::kSnapshot;
};

// AIDE over the same folders, once a day.
class Aide {
 public:
  Aide(const Settings& settings, const fs::path& root)
      : program_(settings.aide), work_(settings.folder) {
    if (!fs::exists(program_)) return;
    std::ofstream(work_ / "aide.conf")
        << "database_in=file:" << (work_ / "aide.in").string()
        << "\ndatabase_out=file:" << (work_ / "aide.out").string() << "\nreport_url=stdout\n"
        << "Full = ftype+p+l+u+g+s+m+c+i+n+sha256\n"
        << root.string() << "/etc Full\n"
        << root.string() << "/usr/lib/systemd Full\n"
        << root.string() << "/var/lib/dpkg/status Full\n";
    Must({program_, "-c", (work_ / "aide.conf").string(), "--init"}, work_ / "aide.log");
    fs::rename(work_ / "aide.out", work_ / "aide.in");
  }
  void Day() {
    if (!fs::exists(program_)) return;
    const Spent spent = RunMeasured({program_, "-c", (work_ / "aide.conf").string(), "--update"},
                                    work_ / "aide.log");
    cpu_ms += spent.cpu_ms;
    read_bytes += spent.read_bytes;
    ++runs;
    size_t today = 0;
    for (const char* what : {"Added entries:", "Removed entries:", "Changed entries:"})
      if (const size_t at = spent.output.find(what); at != std::string::npos)
        today +=
            strtoul(spent.output.c_str() + at + std::char_traits<char>::length(what), nullptr, 10);
    reported += today;
    days_with_reports += today > 0;
    if (fs::exists(work_ / "aide.out")) fs::rename(work_ / "aide.out", work_ / "aide.in");
  }
  double cpu_ms = 0;
  uint64_t read_bytes = 0;
  size_t reported = 0;
  int runs = 0, days_with_reports = 0;

 private:
  const std::string program_;
  const fs::path work_;
};

// What happens on a day, at an hour. The edits at the end are real drift; all else is ordinary
// life.
class Month {
 public:
  Month(Host& host, ManualClock& clock) : host_(host), clock_(clock) {}

  // True when something happened that is worth a look.
  bool Hour(int day, int hour) {
    bool happened = false;
    if (hour % 6 == 0) happened |= Lease(day, hour);
    if (hour == 3) happened |= Nightly(day);
    if (hour == 9 || hour == 17) happened |= People(day, hour);
    if (hour == 6 && day % 7 == 2) happened |= Weekly(day / 7);
    if (hour == 22) happened |= Once(day);
    return happened | Edit(day, hour);
  }
  int edits = 0, reboots = 0;

 private:
  bool Lease(int day, int hour) {
    // The DHCP client writes the same again; once the provider's second server changes its place.
    const char* second = day >= 12 && day < 14 ? "10.0.0.4" : "10.0.0.3";
    host_.Write("/etc/resolv.conf.dhclient-new.1",
                fmt::format("search example.net\nnameserver 10.0.0.2\n{}",
                            day >= 12 && day < 14 ? fmt::format("nameserver {}\n", second) : ""));
    fs::rename(host_.root() / "etc/resolv.conf.dhclient-new.1", host_.root() / "etc/resolv.conf");
    host_.Write("/var/lib/dhcp/dhclient.leases", fmt::format("lease {} {}\n", day, hour));
    return true;
  }
  bool Nightly(int day) {
    host_.Write("/var/lib/logrotate/status", std::to_string(day));
    host_.Write("/var/log/syslog.1", std::to_string(day));
    host_.Write("/var/cache/man/index.db", std::to_string(day));
    host_.Write("/etc/ld.so.cache", std::to_string(day));
    host_.Write("/etc/lvm/archive/vg_" + std::to_string(day) + ".vg", "# copy\n");
    host_.Write("/etc/passwd-", host_.Read("/etc/passwd"));
    host_.Write("/etc/shadow-", host_.Read("/etc/shadow"));
    host_.Write("/etc/.pwd.lock", "");
    host_.Rewrite("/etc/group");
    host_.Touch("/etc/cron.daily");
    host_.Write("/etc/cups/subscriptions.conf",
                fmt::format("# written by cupsd\nNextSubscriptionId {}\n", 100 + day));
    return true;
  }
  bool People(int day, int hour) {
    // Somebody comes and goes, and becomes root: session mounts and files of the editor, nothing
    // saved.
    const std::string who = day % 7 < 5 ? "alice" : "bob";
    host_.Record(hour == 9 ? USER_PROCESS : DEAD_PROCESS, who, "pts/0", "10.0.0.99");
    if (hour == 9) host_.Sudo(who, "/usr/bin/apt list --upgradable");
    host_.Append("/proc/mounts", "tmpfs /run/user/1000 tmpfs rw 0 0\n");
    host_.Write("/etc/.hosts.swp", "b0VIM");
    host_.Write("/etc/4913", "");
    host_.Remove("/etc/4913");
    host_.Remove("/etc/.hosts.swp");
    host_.Write("/run/motd.dynamic", fmt::format("{} {}", day, hour));
    host_.Touch("/etc/hosts");
    return true;
  }
  bool Weekly(int week) {
    host_.Upgrade(week * 7, 12, week + 2, "/usr/bin/unattended-upgrade");
    return true;
  }
  bool Once(int day) {
    if (day == 5) host_.Write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    if (day == 8) host_.Write("/etc/adjtime", "0.0 1700000000 0.0\n1700000000\nUTC\n");
    if (day == 15) host_.Upgrade(0, 100, 10, "apt-get dist-upgrade");
    if (day == 16) {  // the new kernel, after a reboot
      host_.SetKernel("6.1.0-21-amd64");
      host_.Record(BOOT_TIME, "reboot", "~", "");
      ++reboots;
      host_.Write("/etc/adjtime", "0.0 1700600000 0.0\n1700600000\nUTC\n");
    }
    if (day == 20)
      host_.Write("/etc/cups/printers.conf",
                  "# written by cupsd on day 20\n<Printer a>\n</Printer>\n");
    if (day == 24) host_.Write("/etc/mtab", host_.Read("/proc/mounts"));
    return day == 5 || day == 8 || day == 15 || day == 16 || day == 20 || day == 24;
  }
  bool Edit(int day, int hour) {
    if (hour != 11) return false;
    const int before = edits;
    if (day == 4 && ++edits) host_.Append("/etc/ssh/sshd_config", "\nX11Forwarding yes\n");
    if (day == 10 && ++edits) host_.Append("/etc/sysctl.d/90-month.conf", "vm.swappiness = 5\n");
    if (day == 13 && ++edits)
      host_.Append("/etc/passwd", "mallory:x:1666:1666::/home/mallory:/bin/bash\n");
    if (day == 18 && ++edits) host_.Write("/etc/cron.d/extra", "5 4 * * * root /usr/local/bin/x\n");
    if (day == 21 && ++edits) host_.Sockets({22, 25, 443, 4444});
    if (day == 25 && ++edits) host_.Append("/etc/hosts", "10.9.9.9 mirror.example\n");
    if (edits != before) host_.Sudo("alice", "/usr/bin/vim");
    return edits != before;
  }

  Host& host_;
  ManualClock& clock_;
};

int Run(const Settings& settings) {
  setenv("TZ", "UTC", 1);
  tzset();
  ManualClock clock(*ParseInstant("2026-05-01T00:00:00Z"));
  Host host(settings, clock);
  host.Write("/etc/ssh/sshd_config", "Port 22\nPermitRootLogin no\n");
  host.Write("/etc/sysctl.d/90-month.conf", "vm.dirty_ratio = 20\n");
  host.Upgrade(0, 100, 1, "apt-get install everything");
  clock.Advance(10 * kHour);
  Driftcast driftcast(settings, host.root(), clock);
  Aide aide(settings, host.root());
  const double resources = static_cast<double>(driftcast.resources());
  Print("resources watched", resources, "");
  clock.Advance(14 * kHour - 50 * kSecond);
  Month month(host, clock);
  size_t upgrade_drifts = 0, upgrade_items = 0, upgrade_alerts = 0;
  for (int day = 0; day < settings.days; ++day) {
    for (int hour = 0; hour < 24; ++hour) {
      const size_t alerts = driftcast.Alerts().size();
      const size_t items_before = driftcast.open_items(), drifts_before = driftcast.open_drifts();
      if (month.Hour(day, hour)) driftcast.Look(Depth::kChanged);
      if (day == 15 && hour == 22) {
        upgrade_drifts = driftcast.open_drifts() - drifts_before;
        upgrade_items = driftcast.open_items() - items_before;
        upgrade_alerts = driftcast.Alerts().size() - alerts;
      }
      clock.Advance(kHour);
      driftcast.Tick();
      driftcast.Count();
    }
    driftcast.AcceptAll();
    aide.Day();
  }
  const auto alerts = driftcast.Alerts();
  if (settings.list)
    for (const OutboxEffect& alert : alerts)
      std::printf("  %s %s: %s\n", FormatInstant(alert.at).c_str(), alert.kind.c_str(),
                  alert.text.c_str());
  if (settings.list)
    for (const auto& [id, drift] : driftcast.drifts())
      if (drift.closed_at == Instant())
        std::printf("  still open: %s\n", drift.resource.ToText().c_str());
  const double weeks = settings.days / 7.0;
  Print("logins told (begun and ended)", static_cast<double>(driftcast.told("login")), "");
  Print("uses of sudo told", static_cast<double>(driftcast.told("sudo")), "");
  Print("reboots", month.reboots, "");
  Print("changes seen", static_cast<double>(driftcast.changes()), "");
  Print("resources that drifted", static_cast<double>(driftcast.counted_drifts()), "");
  Print("items (one cause, one item)", static_cast<double>(driftcast.counted_items()), "");
  Print("alerts", static_cast<double>(alerts.size()), "");
  Print("of these for real edits, at most", month.edits, "");
  Print("alerts per 100 resources and week",
        static_cast<double>(alerts.size()) / weeks / resources * 100, "");
  Print("upgrade of 100 packages: resources drifted", static_cast<double>(upgrade_drifts), "");
  Print("upgrade of 100 packages: items", static_cast<double>(upgrade_items), "");
  Print("upgrade of 100 packages: alerts", static_cast<double>(upgrade_alerts), "");
  Print("collectors: CPU", driftcast.cpu_ms() / 1e3, "s");
  Print("collectors: read", static_cast<double>(driftcast.read_bytes()) / (1 << 20), "MiB");
  if (aide.runs > 0) {
    Print("AIDE: reported changes", static_cast<double>(aide.reported), "");
    Print("AIDE: days with a report", aide.days_with_reports, "");
    Print("AIDE: reports per 100 resources and week",
          static_cast<double>(aide.reported) / weeks / resources * 100, "");
    Print("AIDE: CPU, one check a day", aide.cpu_ms / 1e3, "s");
    Print("AIDE: read", static_cast<double>(aide.read_bytes) / (1 << 20), "MiB");
  }
  return 0;
}

}  // namespace
}  // namespace driftcast

int main(int argc, char** argv) {
  driftcast::Settings settings;
  std::error_code error;
  settings.lens =
      (std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "driftcast-lens")
          .string();
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    if (name == "--list") settings.list = true;
    if (name == "--from") settings.from = value;
    if (name == "--folder") settings.folder = value;
    if (name == "--aide") settings.aide = value;
    if (name == "--days") settings.days = std::atoi(value.c_str());
  }
  const bool own = settings.folder.empty();
  if (own) {
    std::string name = (std::filesystem::temp_directory_path() / "driftcast-month-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) return 1;
    settings.folder = name;
  }
  const int result = driftcast::Run(settings);
  if (own) std::filesystem::remove_all(settings.folder);
  return result;
}
