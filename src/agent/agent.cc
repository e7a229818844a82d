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
#include "model/approval.h"
#include "model/guard.h"

namespace driftcast {
namespace {

class Ignored : public Sink {
 public:
  void Observed(ResourceObserved) override {}
  void Unchanged(std::string_view, std::string_view) override {}
};

constexpr size_t kPastEventsPerFact = 1000;
constexpr Duration kSettle = std::chrono::milliseconds(30);  // of a burst of file events
constexpr Duration kHintGap = kSecond;                       // between scans that were hinted at
constexpr size_t kReadAtOnceMax = 256;  // paths of one burst; beyond, a scan reads what changed
// Of the budget of processor time, for what events cause; how much of it at once, and how much may
// be owed, which bounds the wait.
constexpr double kEventsShare = 0.8;
constexpr Duration kEventsAtOnce = 10 * kSecond, kEventsOwed = 30 * kSecond;
constexpr Duration kDrainEvery = kSecond;  // of the kernel's queue, while events wait

Allowance EventsAllowance(const Budget& budget) {
  const double ms_per_second = budget.cpu_percent * 10 * kEventsShare;
  return Allowance(ms_per_second, Seconds(kEventsAtOnce) * ms_per_second,
                   Seconds(kEventsOwed) * ms_per_second);
}
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
      budget_guard_(options_.budget),
      events_(EventsAllowance(options_.budget)) {}

Agent::~Agent() = default;

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

std::map<std::string, std::string> Agent::Labels() const {
  auto labels = ReadHostLabels(root_);
  labels["who"] = authors_->Seen();
  for (const auto& [name, value] : options_.labels) labels[name] = value;
  return labels;
}

void Agent::ReportEnrolled() {
  StackEnrolled enrolled;
  enrolled.role = RoleName(options_.role);
  enrolled.labels = labels_told_ = Labels();
  enrolled.allowed_kinds = ReadAllowedKinds(order_options_);
  if (std::erase(enrolled.allowed_kinds, kApproverKeysLabel) > 0)
    enrolled.labels[kApproverKeysLabel] = "yes";
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
  for (ActivityReported& activity : sessions_->News(clock_.Now(), authors_->TakeActivities()))
    if (!reporter_->Report(std::move(activity), SpoolLane::kEssential).ok())
      Log("agent").warn("report.activity_lost reason='the spool is full'");
}

void Agent::Watch() {
  watcher_ = std::make_unique<Watcher>(root_);
  std::vector<WatchedPlace> places = {{"/var/log/apt", false}};
  for (const Source& source : sources_)
    for (WatchedPlace& place : source.collector->Places()) places.push_back(std::move(place));
  authors_ =
      std::make_unique<Authors>(options_.who, root_, machine_, clock_,
                                [this](const std::string& text) { return guard_->Redact(text); });
  authors_->Start();
  watcher_->OnFolder([this](const std::string& folder) { authors_->Watch(folder); });
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
  const bool periodic = means != Means::kEvent;
  if (periodic) ChargeEvents();  // what came before
  const uint64_t changes = reporter_->changes();
  const Status scanned = reporter_->Scan(*source.collector, depth, means);
  source.error = scanned.ok() ? "" : Message(scanned);  // it was logged
  source.scanned = clock_.Now();
  source.hinted = {};
  source.snapshot = false;
  if (means == Means::kRescan) source.cadence.Rescanned(reporter_->changes() != changes);
  source.next = source.scanned + source.cadence.Interval(budget_guard_.pace());
  // Periodic reading has a brake of its own.
  if (periodic) charged_ms_ = ReadOwnCpuMs();
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
    } else if (hinted && !EventsWait()) {
      ReportRuns();
      authors_->CatchUp();
      ScanNow(source, Depth::kChanged, Means::kEvent);
      ChargeEvents();
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
    if (source.hinted == Instant{}) source.hinted = std::max(now, source.scanned + kHintGap);
  };
  ReportRuns();  // first: they explain the rest
  authors_->CatchUp();
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

void Agent::ChargeEvents() {
  const double used_ms = ReadOwnCpuMs();
  events_.Advance(clock_.Now());
  events_.Spend(used_ms - charged_ms_);
  charged_ms_ = used_ms;
  events_ready_at_ = clock_.Now() + events_.Wait();
}

Instant Agent::NextDue() const {
  Instant due = std::min({next_metrics_, next_report_, next_snapshot_});
  for (const Source& source : sources_) {
    due = std::min(due, source.snapshot ? Instant{} : source.next);
    if (source.hinted != Instant{}) due = std::min(due, std::max(source.hinted, events_ready_at_));
  }
  if (EventsWait() || events_drained_)
    due = std::min({due, events_ready_at_, clock_.Now() + kDrainEvery});
  if (reporter_->debts() > 0) due = std::min(due, clock_.Now() + kDebtEvery);
  return due;
}

void Agent::Loop() {
  while (!stopping_) {
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(NextDue() - clock_.Now());
    const bool gathering = EventsWait();
    std::array<pollfd, 2> entries = {pollfd{inbox_.fd(), POLLIN, 0},
                                     pollfd{gathering ? -1 : watcher_->fd(), POLLIN, 0}};
    poll(entries.data(), entries.size(),
         static_cast<int>(std::clamp<int64_t>(wait.count(), 0, 60'000)));
    if (entries[0].revents != 0) TakeRequests();
    if (stopping_) break;
    if (gathering) {
      watcher_->Drain();
      events_drained_ = true;
    }
    if (!EventsWait() && (entries[1].revents != 0 || events_drained_)) {
      events_drained_ = false;
      TakeChanges();
      ChargeEvents();
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
