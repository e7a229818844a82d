#include "agent/agent.h"

#include <malloc.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <thread>

#include "agent/host_facts.h"
#include "base/crypto.h"
#include "base/log.h"
#include "collect/account_collector.h"
#include "collect/certificate_collector.h"
#include "collect/container_collector.h"
#include "collect/cron_collector.h"
#include "collect/firewall_collector.h"
#include "collect/foreign_package_collector.h"
#include "collect/kernel_collector.h"
#include "collect/setting_collector.h"
#include "collect/sysctl_collector.h"
#include "collect/unit_collector.h"
#include "model/guard.h"

namespace driftcast {
namespace {

class Ignored : public Sink {
 public:
  void Observed(ResourceObserved) override {}
  void Unchanged(std::string_view, std::string_view) override {}
};

constexpr size_t kHostKeyBytes = 32;
constexpr size_t kPastEventsPerFact = 1000;
constexpr Duration kSettle = std::chrono::milliseconds(30);  // of a burst of file events
constexpr Duration kHintGap = kSecond;                       // between scans that were hinted at
constexpr size_t kReadAtOnceMax = 256;  // paths of one burst; beyond, a scan reads what changed
constexpr Duration kBudgetEvery = 5 * kSecond;
constexpr Duration kLotPerPace = kSecond;  // how much longer file events gather, by pace above 1
constexpr Duration kDebtEvery = 5 * kSecond;

}  // namespace

Agent::Agent(AgentOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      root_(options_.root),
      inbox_(
          [this](const v1::SignedPlan& order) {
            if (orders_) orders_->Submit(order);
          },
          [this](const v1::OrderWithdrawn& withdrawn) {
            if (orders_) orders_->Withdraw(PlanId(withdrawn.plan()), withdrawn.by());
          }),
      budget_guard_(options_.budget) {}

Agent::~Agent() = default;

Status Agent::LoadHostKey() {
  const auto file = options_.data / "host.key";
  auto key = ReadFile(file, 4096);
  if (!key.ok() && key.status().code() == StatusCode::kNotFound) {
    key = RandomBytes(kHostKeyBytes);
    DRIFTCAST_RETURN_IF_ERROR(WriteFileAtomically(file, *key, 0600));
  }
  if (!key.ok()) return key.status();
  if (key->size() != kHostKeyBytes)
    return DataLoss("{} is damaged: without it every secret would seem changed", file.string());
  guard_ = std::make_unique<SecretGuard>(*std::move(key));
  return Ok();
}

Status Agent::Prepare() {
  std::error_code error;
  const bool made = std::filesystem::create_directories(options_.data, error);
  if (error) return ErrnoStatus(error.value(), options_.data.string());
  if (made) chmod(options_.data.c_str(), 0700);
  DRIFTCAST_RETURN_IF_ERROR(LoadHostKey());
  DRIFTCAST_ASSIGN_OR_RETURN(spool_, Spool::Open({.folder = options_.data / "spool",
                                                  .bytes_max = options_.spool_bytes_max}));
  reporter_ = std::make_unique<Reporter>(
      StackId(options_.stack), *spool_, clock_,
      [this](const ResourceObserved& o, Instant now) { return CauseOf(o, now); });
  reporter_->StopWhen([this] { return inbox_.stop_asked(); });
  MakeCollectors();
  return Ok();
}

Status Agent::Preview(Sink& sink) {
  // With the host's own key when there is one: the fingerprints are then those that are sent.
  auto key = ReadFile(options_.data / "host.key", 4096);
  guard_ = std::make_unique<SecretGuard>(
      key.ok() && key->size() == kHostKeyBytes ? *key : RandomBytes(kHostKeyBytes));
  MakeCollectors();
  for (Source& source : sources_)
    DRIFTCAST_RETURN_IF_ERROR(source.collector->Collect(Depth::kAll, sink));
  return Ok();
}

void Agent::MakeCollectors() {
  lenses_ = std::make_unique<LensClient>(options_.lens_program);
  auto packages = std::make_unique<PackageCollector>(
      root_, [this] { return UnitCollector::NextUnattendedUpgrade(root_, clock_.Now()); });
  packages_ = packages.get();
  history_ = std::make_unique<PackageHistory>(root_, *guard_, [this](const std::string& package) {
    return packages_->owners().FilesOf(package);
  });
  sessions_ = std::make_unique<SessionHistory>(root_, *guard_, options_.people, options_.teams);
  metrics_ = std::make_unique<HostMetrics>(root_);
  const auto add = [&](std::unique_ptr<Collector> collector, Duration every, Risk risk) {
    sources_.push_back({std::move(collector), Cadence(every, risk), {}, {}, {}, false, {}});
  };
  // Packages first: they know whose the files are.
  add(std::move(packages), options_.packages_every, Risk::kLow);
  add(std::make_unique<FileCollector>(
          root_, *guard_, *lenses_, options_.files,
          [this](const std::string& path) { return packages_->owners().OwnerOf(path); }),
      options_.files_every, Risk::kUsual);
  add(std::make_unique<SysctlCollector>(root_, *guard_), options_.sysctl_every, Risk::kHigh);
  add(std::make_unique<UnitCollector>(
          root_, *guard_, clock_,
          [this](const std::string& path) { return packages_->owners().OwnerOf(path); },
          UnitCollector::BusOf(root_)),
      options_.sysctl_every, Risk::kUsual);
  add(std::make_unique<CertificateCollector>(root_), options_.packages_every, Risk::kLow);
  add(std::make_unique<AccountCollector>(root_, *guard_), options_.files_every, Risk::kHigh);
  add(std::make_unique<CronCollector>(root_, *guard_, clock_), options_.files_every, Risk::kHigh);
  add(std::make_unique<RpmCollector>(root_, RpmCollector::ProgramFor(root_)),
      options_.packages_every, Risk::kLow);
  add(std::make_unique<LanguagePackageCollector>(root_), options_.packages_every, Risk::kLow);
  MakeLiveCollectors(add);
}

void Agent::MakeLiveCollectors(
    const std::function<void(std::unique_ptr<Collector>, Duration, Risk)>& add) {
  processes_ = std::make_unique<ProcessTable>(root_);
  program_owners_ = std::make_unique<ProgramOwners>(root_);
  add(std::make_unique<KernelCollector>(root_, *guard_,
                                        [this](const std::set<std::string>& programs) {
                                          return program_owners_->OwnersOf(
                                              programs, packages_->native_architecture());
                                        }),
      options_.sysctl_every, Risk::kHigh);
  add(std::make_unique<SettingCollector>(root_, *processes_), options_.packages_every,
      Risk::kUsual);
  if (root_.is_machine())
    add(std::make_unique<FirewallCollector>(MachineFirewall()), options_.sysctl_every, Risk::kHigh);
  if (options_.containers)
    add(std::make_unique<ContainerCollector>(root_), options_.sysctl_every, Risk::kUsual);
  if (!options_.tls_ports.empty())
    add(std::make_unique<TlsCollector>(root_, TlsOptions{.ports = options_.tls_ports}),
        options_.packages_every, Risk::kLow);
}

Cause Agent::CauseOf(const ResourceObserved& observation, Instant now) const {
  const ResourceId& id = observation.resource;
  std::string package;
  if (id.kind == "package") package = id.name;
  // What a run of packages left to be restarted is its doing, whichever package it was.
  if (id.kind == "setting" && id.name == "restart") return history_->RunAround(now);
  if (id.kind == "file") package = packages_->owners().OwnerOf(PathOfResourceName(id.name));
  // A package run names itself in its log, with the packages that it touched. Else the process that
  // wrote the file is asked for.
  const Cause run = package.empty() ? Cause{} : history_->CauseOf(package, now);
  if (!writers_) return run;
  for (const Source& source : sources_) {
    const auto& kinds = source.collector->kinds();
    if (std::find(kinds.begin(), kinds.end(), id.kind) == kinds.end()) continue;
    for (const std::string& path : source.collector->FilesOf(observation)) {
      Cause seen = writers_->Of(path);
      if (seen.text.empty()) continue;
      if (seen.kind != CauseKind::kPackageRun) return seen.known() || !run.known() ? seen : run;
      // The log says which run, the kernel that it really was one.
      Cause both = run.known() ? run : history_->RunAround(now);
      both.confidence = seen.confidence;
      return both.known() ? both : seen;
    }
  }
  return run;
}

Collector* Agent::CollectorFor(const std::string& kind) {
  for (Source& source : sources_) {
    const auto& kinds = source.collector->kinds();
    if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) return source.collector.get();
  }
  return nullptr;
}

void Agent::ReportEnrolled() {
  StackEnrolled enrolled;
  enrolled.role = RoleName(options_.role);
  enrolled.labels = ReadHostLabels(root_);
  enrolled.labels["who"] = writers_ ? "fanotify" : "not seen: " + writers_missing_;
  for (const auto& [name, value] : options_.labels) enrolled.labels[name] = value;
  enrolled.allowed_kinds = ReadAllowedKinds(order_options_);
  // Whoever may change files, kernel settings or users here may have them guarded.
  if (std::ranges::any_of(enrolled.allowed_kinds, [](const std::string& kind) {
        return kind == "file" || kind == "sysctl" || kind == "user";
      }))
    enrolled.labels[kGuardsLabel] = "yes";
  const Status reported = reporter_->Report(std::move(enrolled), SpoolLane::kEssential);
  if (!reported.ok()) Log("agent").warn("report.postponed reason='{}'", Message(reported));
}

void Agent::ReportPast() {
  const auto marker = options_.data / "past-reported";
  if (ReadFile(marker, 4096).ok()) return;
  // The packages are read for their architecture, and reported afterwards.
  Ignored ignored;
  (void)packages_->Collect(Depth::kAll, ignored);
  history_->SetNativeArchitecture(packages_->native_architecture());
  std::vector<ChangeEvent> past = history_->Past();
  for (ChangeEvent& event : past) event.stack = options_.stack;
  for (size_t at = 0; at < past.size(); at += kPastEventsPerFact) {
    const auto begin = past.begin() + static_cast<std::ptrdiff_t>(at);
    const auto count = std::min(kPastEventsPerFact, past.size() - at);
    PastChanges changes;
    changes.events.assign(std::make_move_iterator(begin),
                          std::make_move_iterator(begin + static_cast<std::ptrdiff_t>(count)));
    // Without room there is no marker, and the next start tries again; what came in twice is the
    // same to the engine.
    if (!reporter_->Report(std::move(changes), SpoolLane::kConfig).ok()) return;
  }
  Log("agent").info("past.reported changes={}", past.size());
  const Status saved = WriteFileAtomically(marker, FormatInstant(clock_.Now()) + "\n");
  if (!saved.ok()) Log("agent").warn("past.not_marked reason='{}'", Message(saved));
}

void Agent::ReportRuns() {
  const auto info = root_.Stat("/var/log/apt/history.log");
  const int64_t stamp =
      info.ok() ? info->st_mtim.tv_sec * 1'000'000'000 + info->st_mtim.tv_nsec + info->st_size : 0;
  if (stamp == history_stamp_) return;
  history_stamp_ = stamp;
  for (ActivityReported& run : history_->NewRuns(clock_.Now()))
    if (!reporter_->Report(std::move(run), SpoolLane::kEssential).ok())
      Log("agent").warn("report.run_lost reason='the spool is full'");
}

void Agent::ReportPeople() {
  for (ActivityReported& activity : sessions_->News(clock_.Now()))
    if (!reporter_->Report(std::move(activity), SpoolLane::kEssential).ok())
      Log("agent").warn("report.activity_lost reason='the spool is full'");
}

void Agent::Watch() {
  watcher_ = std::make_unique<Watcher>(root_);
  std::vector<WatchedPlace> places = {{"/var/log/apt", false}};
  for (const Source& source : sources_)
    for (WatchedPlace& place : source.collector->Places()) places.push_back(std::move(place));
  writers_ = std::make_unique<Writers>(
      root_, machine_, clock_, [this](const std::string& text) { return guard_->Redact(text); });
  const Status started = options_.who ? writers_->Start() : Unavailable("switched off");
  if (!started.ok()) {
    writers_.reset();
    writers_missing_ = Message(started);
    Log("agent").info("who.not_seen reason='{}'", writers_missing_);
  }
  watcher_->OnFolder([this](const std::string& folder) {
    // Not every file system has handles; there a change has no author.
    if (writers_) (void)writers_->Watch(folder);
  });
  for (const WatchedPlace& place : places) {
    const Status watched = watcher_->Watch(place);
    if (!watched.ok())
      Log("agent").info("watch.not_yet place={} reason='{}'", place.path, Message(watched));
  }
  Log("agent").info("watch.begun folders={}", watcher_->watches());
}

void Agent::Begin() {
  Watch();  // before the first read: what changes meanwhile is read again
  ReportEnrolled();
  ReportPast();  // before the present: history is in the order of time
  for (Source& source : sources_) {
    if (inbox_.stop_asked()) return;  // the next start begins anew
    ScanNow(source, Depth::kAll, Means::kSnapshot);
    if (source.collector.get() == packages_) {
      history_->SetNativeArchitecture(packages_->native_architecture());
      ReportRuns();
    }
  }
  const Instant now = clock_.Now();
  next_snapshot_ = now + options_.snapshot_every;
  next_metrics_ = now;
  next_report_ = now + kSecond;
  Log("agent").info("snapshot.reported resources={} sequence={}", reporter_->resources(),
                    spool_->sequence_next() - 1);
  // The first read of everything is the largest there will be.
  malloc_trim(0);
  ReleaseCodePages();
}

void Agent::ScanNow(Source& source, Depth depth, Means means) {
  const uint64_t changes = reporter_->changes();
  const Status scanned = reporter_->Scan(*source.collector, depth, means);
  source.error = scanned.ok() ? "" : Message(scanned);  // it was logged
  source.scanned = clock_.Now();
  source.hinted = {};
  source.snapshot = false;
  if (means == Means::kRescan) source.cadence.Rescanned(reporter_->changes() != changes);
  source.next = source.scanned + source.cadence.Interval(budget_guard_.pace());
}

void Agent::ScanDue() {
  const Instant now = clock_.Now();
  if (now >= next_snapshot_) {
    for (Source& source : sources_) source.snapshot = true;
    next_snapshot_ = now + options_.snapshot_every;
  }
  for (Source& source : sources_) {
    if (inbox_.stop_asked()) return;
    const bool hinted = source.hinted != Instant{} && now >= source.hinted;
    if (source.snapshot) {
      ScanNow(source, Depth::kAll, Means::kRescan);
    } else if (hinted) {
      ReportRuns();
      ScanNow(source, Depth::kChanged, Means::kEvent);
    } else if (now >= source.next) {
      ScanNow(source, Depth::kChanged, Means::kRescan);
    }
  }
}

void Agent::TakeChanges() {
  std::this_thread::sleep_for(kSettle);
  const Touched touched = watcher_->Take();
  const Instant now = clock_.Now();
  const auto hint = [&](Source& source) {
    if (source.hinted == Instant{}) source.hinted = std::max(now, source.scanned + HintGap());
  };
  ReportRuns();  // first: they explain the rest
  if (touched.lost) {
    ++event_losses_;
    Log("agent").info("watch.events_lost everything is looked at");
    for (Source& source : sources_)
      if (!source.collector->Places().empty()) hint(source);
  }
  for (const std::string& path : touched.paths)
    for (Source& source : sources_) {
      const Reaction reaction = source.collector->OnPath(path);
      if (reaction.scan) hint(source);
      // In a storm, reading each file at each of its changes would never end.
      if (!reaction.names.empty() && touched.paths.size() > kReadAtOnceMax) {
        hint(source);
        continue;
      }
      for (const std::string& name : reaction.names) {
        const Status read = reporter_->ReadOne(*source.collector, source.collector->kinds()[0],
                                               name, Means::kEvent);
        if (!read.ok()) hint(source);
      }
    }
  lenses_->Stop();
}

void Agent::TakeRequests() {
  Requests requests = inbox_.Take();
  if (requests.stop) stopping_ = true;
  if (requests.connected) ReportEnrolled();
  if (requests.metrics_pause > Duration(0))
    metrics_paused_until_ = clock_.Now() + requests.metrics_pause;
  for (PlanProgressed& progress : requests.progress)
    if (!reporter_->Report(std::move(progress), SpoolLane::kEssential).ok())
      Log("agent").error("report.progress_lost reason='the spool is full'");
  for (const ResourceId& id : requests.touched)
    if (Collector* collector = CollectorFor(id.kind))
      (void)reporter_->ReadOne(*collector, id.kind, id.name, Means::kVerify, true);
  for (const auto& [kind, name] : requests.resources)
    if (Collector* collector = CollectorFor(kind))
      (void)reporter_->ReadOne(*collector, kind, name, Means::kSnapshot, true);
  for (Source& source : sources_)
    for (const std::string& kind : source.collector->kinds())
      if (requests.snapshot_all || requests.snapshot_kinds.contains(kind)) source.snapshot = true;
}

void Agent::SampleMetrics() {
  std::vector<MetricPoint> points = metrics_->Sample(clock_.Now());
  for (MetricPoint& point : points)
    if (point.resource_name.empty()) point.resource_name = options_.stack;
  if (points.empty()) return;
  const size_t count = points.size();
  const bool shed = budget_guard_.SheddingMetrics() || clock_.Now() < metrics_paused_until_;
  if (shed || !reporter_->Report(MetricsObserved{std::move(points)}, SpoolLane::kMetrics).ok())
    metrics_shed_ += count;
}

Duration Agent::HintGap() const {
  return Duration(static_cast<int64_t>(static_cast<double>(kHintGap.count()) *
                                       budget_guard_.pace() * budget_guard_.pace()));
}

Duration Agent::ChangesGap() const {
  return Duration(static_cast<int64_t>((budget_guard_.pace() - 1) * Seconds(kLotPerPace) * 1e6));
}

void Agent::CheckBudget() {
  const Instant now = clock_.Now();
  if (now < next_budget_) return;
  next_budget_ = now + kBudgetEvery;
  const Usage usage = ReadOwnUsage();
  budget_guard_.Observe(now, usage);
  if (budget_guard_.SheddingMetrics() != shedding_said_) {
    shedding_said_ = !shedding_said_;
    Log("agent").warn("guard.{} cpu_percent={:.2f} memory_mb={:.1f}",
                      shedding_said_ ? "sheds_metrics" : "within_budget",
                      budget_guard_.cpu_percent(), static_cast<double>(usage.memory_bytes) / 1e6);
  }
}

void Agent::ReportSelf() {
  ReportPeople();  // at this pace too: their logs are written to all the time
  next_budget_ = {};
  CheckBudget();
  const Usage usage = ReadOwnUsage();
  AgentReported report;
  report.version = options_.version;
  report.cpu_percent = budget_guard_.cpu_percent();
  report.memory_bytes = usage.memory_bytes;
  report.spool_bytes = spool_->bytes();
  report.metrics_shed = metrics_shed_;
  for (const Source& source : sources_)
    report.cpu_ms_by_collector[source.collector->name()] = source.collector->cost().cpu_ms;
  report.cpu_ms_by_collector["metrics"] = metrics_->cpu_ms();
  WriteCost();
  WriteCoverage();
  (void)reporter_->Report(std::move(report), SpoolLane::kMetrics);  // the next one says the same
}

void Agent::WriteCost() const {
  const Usage usage = ReadOwnUsage();
  std::string text = fmt::format(
      "total cpu_ms={:.0f} cpu_percent={:.3f} memory_kib={} read_mib_per_second={:.3f} "
      "spool_bytes={} resources={} metrics_shed={} event_losses={} pace={:.1f}\n",
      usage.cpu_ms, budget_guard_.cpu_percent(), usage.memory_bytes >> 10,
      budget_guard_.read_mib_per_second(), spool_->bytes(), reporter_->resources(), metrics_shed_,
      event_losses_, budget_guard_.pace());
  for (const Source& source : sources_) {
    const CollectorCost& cost = source.collector->cost();
    text += fmt::format("{} cpu_ms={:.1f} bytes_read={} resources_read={} every_s={:.0f}\n",
                        source.collector->name(), cost.cpu_ms, cost.bytes_read, cost.reads,
                        Seconds(source.cadence.Interval(budget_guard_.pace())));
  }
  text += fmt::format("metrics cpu_ms={:.1f}\n", metrics_->cpu_ms());
  if (writers_)
    text += fmt::format("who events={} lost={} folders={}\n", writers_->events(), writers_->lost(),
                        writers_->folders());
  (void)WriteFileAtomically(options_.data / "cost", text);
}

void Agent::WriteCoverage() const {
  std::string text;
  for (const Source& source : sources_) {
    const Collector& collector = *source.collector;
    const Coverage& coverage = collector.coverage();
    std::string kinds;
    for (const std::string& kind : collector.kinds()) kinds += (kinds.empty() ? "" : ",") + kind;
    text += fmt::format("{} kinds={} noticed_by={} every_s={:.0f} last_looked={} not_compared={}\n",
                        collector.name(), kinds,
                        collector.Places().empty() ? "rescan" : "inotify+rescan",
                        Seconds(source.cadence.Interval(budget_guard_.pace())),
                        FormatInstant(source.scanned), coverage.listed.size());
    if (!source.error.empty()) text += fmt::format("  ! the set is not whole: {}\n", source.error);
    for (const auto& [resource, keys] : coverage.listed)
      for (const UncomparedKey& key : keys)
        text += fmt::format("  {} {}: {}\n", resource, key.path.empty() ? "(whole)" : key.path,
                            key.reason);
  }
  text += writers_ ? fmt::format("who: fanotify on {} folders\n", writers_->folders())
                   : "who: not seen: " + writers_missing_ + "\n";
  (void)WriteFileAtomically(options_.data / "coverage", text);
}

Instant Agent::NextDue() const {
  Instant due = std::min({next_metrics_, next_report_, next_snapshot_});
  for (const Source& source : sources_) {
    due = std::min(due, source.snapshot ? Instant{} : source.next);
    if (source.hinted != Instant{}) due = std::min(due, source.hinted);
  }
  if (const Instant now = clock_.Now(); changes_wait_until_ > now)
    due = std::min(due, changes_wait_until_);
  if (reporter_->debts() > 0) due = std::min(due, clock_.Now() + kDebtEvery);
  return due;
}

void Agent::Loop() {
  while (!stopping_) {
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(NextDue() - clock_.Now());
    const bool gathering = clock_.Now() < changes_wait_until_;
    std::array<pollfd, 2> entries = {pollfd{inbox_.fd(), POLLIN, 0},
                                     pollfd{gathering ? -1 : watcher_->fd(), POLLIN, 0}};
    poll(entries.data(), entries.size(),
         static_cast<int>(std::clamp<int64_t>(wait.count(), 0, 60'000)));
    if (entries[0].revents != 0) TakeRequests();
    if (stopping_) break;
    if (entries[1].revents != 0) {
      TakeChanges();
      changes_wait_until_ = clock_.Now() + ChangesGap();
    }
    CheckBudget();
    ScanDue();
    const Instant now = clock_.Now();
    if (now >= next_metrics_) {
      SampleMetrics();
      next_metrics_ = std::max(next_metrics_ + options_.metrics_every, now);
    }
    if (now >= next_report_) {
      ReportSelf();
      next_report_ = now + options_.report_every;
    }
    if (reporter_->debts() > 0)
      reporter_->PayDebts([this](const std::string& kind) { return CollectorFor(kind); });
  }
}

Status Agent::RunOffline() {
  Begin();
  Loop();
  return Ok();
}

void Agent::Connect(const Identity& identity) {
  uplink_ = std::make_unique<Uplink>(UplinkOptions{.engine = options_.engine,
                                                   .version = options_.version,
                                                   .identity_file = options_.data / "identity",
                                                   .refused_folder = options_.data / "refused"},
                                     identity, *spool_, inbox_, clock_);
  uplink_->Start();
}

Status Agent::Run(const Identity& identity) {
  const auto key_file = options_.data / "order.pub";
  DRIFTCAST_RETURN_IF_ERROR(
      WriteFileAtomically(key_file, Hex(identity.order_public_key) + "\n", 0644));
  order_options_ = {
      .folder = options_.data / "orders",
      .program = options_.apply_program,
      .arguments = {"--root", options_.root, "--data", (options_.data / "apply").string(),
                    "--allow", options_.allow_list, "--key", key_file.string(), "--stack",
                    options_.stack}};
  if (!options_.lens_program.empty()) {
    order_options_.arguments.emplace_back("--lens");
    order_options_.arguments.push_back(options_.lens_program);
  }
  orders_ = std::make_unique<OrderRunner>(
      order_options_, [this](PlanProgressed progress, std::vector<ResourceId> touched) {
        inbox_.OnProgress(std::move(progress), std::move(touched));
      });
  reporter_->OnChange([this](const ResourceId& resource) { orders_->OnChange(resource); });
  orders_->Start();
  Connect(identity);
  Begin();
  Loop();
  uplink_->Stop();
  orders_->Stop();
  return Ok();
}

Status Agent::RunOnce(const Identity& identity, Duration patience) {
  Begin();
  SampleMetrics();
  ReportSelf();
  const uint64_t last = spool_->sequence_next() - 1;
  Connect(identity);
  const bool acknowledged =
      uplink_->WaitForAck(last, std::chrono::duration_cast<std::chrono::milliseconds>(patience));
  uplink_->Stop();
  if (!acknowledged)
    return DeadlineExceeded("the engine at {} has not taken everything within {:.0f} s",
                            options_.engine, Seconds(patience));
  return Ok();
}

void Agent::Stop() { inbox_.Stop(); }

}  // namespace driftcast
