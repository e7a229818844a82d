#include "engine/engine.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <iterator>
#include <thread>

#include "base/log.h"
#include "base/mutex.h"
#include "engine/audit_chain.h"
#include "engine/committer.h"
#include "engine/past.h"
#include "engine/shard.h"
#include "engine/shard_view.h"
#include "store/blob.h"
#include "store/memory_store.h"
#include "store/rocksdb_store.h"

namespace driftcast {
namespace {

constexpr Duration kPointsKept = std::chrono::hours(24 * 14);

struct Submission {
  std::vector<Fact> facts;
  std::function<void(const Status&)> done;
};

// Work for the shard's thread that is no fact: a question, a gap, an audit entry.
using Task = std::function<void()>;

// Metrics that no agent numbered are refused from a half full queue on, so that there is room for
// configuration. An agent's are in line with its configuration, and wait with it.
bool IsMetricsOnly(const std::vector<Fact>& facts) {
  return std::all_of(facts.begin(), facts.end(), [](const Fact& fact) {
    return fact.agent.empty() && std::holds_alternative<MetricsObserved>(fact.body);
  });
}

}  // namespace

struct Engine::Impl {
  EngineOptions options;
  const Clock* clock = nullptr;
  std::unique_ptr<Store> store;
  std::unique_ptr<Shard> shard;  // the shard's thread only
  mutable ShownPlans shown;      // the shard's thread only

  Mutex mutex;
  CondVar wake;
  std::deque<Submission> queue DRIFTCAST_GUARDED_BY(mutex);
  std::deque<Task> tasks DRIFTCAST_GUARDED_BY(mutex);
  size_t queued_facts DRIFTCAST_GUARDED_BY(mutex) = 0;
  bool stopping DRIFTCAST_GUARDED_BY(mutex) = false;

  Mutex listeners_mutex;
  uint64_t next_listener DRIFTCAST_GUARDED_BY(listeners_mutex) = 1;
  std::map<uint64_t, std::function<void(const LiveEvent&)>> listeners
      DRIFTCAST_GUARDED_BY(listeners_mutex);

  std::atomic<uint64_t> facts_applied{0}, facts_refused{0}, queue_full{0}, metrics_shed{0};
  std::unique_ptr<Committer> committer;
  std::thread thread;
  Instant ticked_at;      // the shard's thread only
  Instant clock_said_at;  // the shard's thread only

  void Run();
  void Tick(std::vector<Submission>& batch);
  void SayIfClockWentBack(Instant now);
  void ApplyBatch(std::vector<Submission> batch);
  void RunTasks(std::vector<Task>& work);
  void NameResources(std::vector<Fact>& facts) const;
  void Publish(const std::vector<LiveEvent>& events);
  void DropOldPoints();
  bool Take(std::vector<Submission>& batch, std::vector<Task>& work);
};

// Waits for work, at most a tick; false when the engine stops and nothing is left.
bool Engine::Impl::Take(std::vector<Submission>& batch, std::vector<Task>& work) {
  const MutexLock lock(mutex);
  if (queue.empty() && tasks.empty() && !stopping) wake.WaitFor(mutex, options.tick);
  work.assign(std::make_move_iterator(tasks.begin()), std::make_move_iterator(tasks.end()));
  tasks.clear();
  size_t facts = 0;
  while (!queue.empty() && facts < options.batch_facts_max) {
    facts += queue.front().facts.size();
    queued_facts -= queue.front().facts.size();
    batch.push_back(std::move(queue.front()));
    queue.pop_front();
  }
  return !(stopping && batch.empty() && work.empty());
}

// Time enters as a fact, at most one a tick.
void Engine::Impl::Tick(std::vector<Submission>& batch) {
  const Instant now = clock->Now();
  if (now < ticked_at + options.tick && now >= ticked_at) return;
  ticked_at = now;
  SayIfClockWentBack(now);
  Fact fact;
  fact.at = now;
  fact.body = TimeAdvanced{};
  batch.push_back({{std::move(fact)}, [](const Status&) {}});
}

// The shard's time never goes back: after a clock that was far ahead, nothing ages until it is
// there.
void Engine::Impl::SayIfClockWentBack(Instant now) {
  const Duration ahead = shard->state().numbers.now - now;
  if (ahead < kHour || (now < clock_said_at + kHour && now >= clock_said_at)) return;
  clock_said_at = now;
  Log("engine").error(
      "clock.went_back newest_fact={} ahead_h={:.1f} do=\"correct this machine's clock; if it is "
      "right now, what was stored while it was ahead keeps that time, and forecasts stand still "
      "until then\"",
      FormatInstant(shard->state().numbers.now), Seconds(ahead) / 3600);
}

void Engine::Impl::Run() {
  pthread_setname_np(pthread_self(), "shard");
  Instant points_dropped_at = clock->Now();
  for (;;) {
    std::vector<Submission> batch;
    std::vector<Task> work;
    if (!Take(batch, work)) return;
    Tick(batch);
    ApplyBatch(std::move(batch));
    if (!work.empty()) RunTasks(work);
    if (clock->Now() - points_dropped_at > kHour) {
      points_dropped_at = clock->Now();
      DropOldPoints();
    }
  }
}

// Whoever asks sees only what is durable: an answer must not be lost in a crash.
void Engine::Impl::RunTasks(std::vector<Task>& work) {
  committer->Drain();
  for (Task& task : work) task();
  ApplyBatch({});  // a task may have changed something as well
}

void Engine::Impl::ApplyBatch(std::vector<Submission> batch) {
  Committer::Group group;
  for (Submission& submission : batch) {
    NameResources(submission.facts);
    Status status = shard->Check(submission.facts);
    if (status.ok()) {
      for (const Fact& fact : submission.facts) shard->Apply(fact);
      facts_applied.fetch_add(submission.facts.size(), std::memory_order_relaxed);
    } else {
      facts_refused.fetch_add(submission.facts.size(), std::memory_order_relaxed);
    }
    group.answers.push_back({std::move(submission.done), std::move(status)});
  }
  shard->Collect(group.writes, group.events);
  if (!group.writes.empty() || !group.events.empty() || !group.answers.empty())
    committer->Add(std::move(group));
  if (shard->ForecasterDue())
    shard->SaveForecaster([this](WriteBatch writes) {
      committer->Add({std::move(writes), {}, {}});
    });
}

// A decision that follows a link to a proposed plan names no resource; the shard proposes plans
// again from the resource, so it is filled in before the fact is applied and kept.
void Engine::Impl::NameResources(std::vector<Fact>& facts) const {
  for (Fact& fact : facts) {
    auto* decision = std::get_if<DecisionMade>(&fact.body);
    if (decision == nullptr || decision->plan.empty() || !decision->resource.name.empty()) continue;
    if (const auto resource = shown.ResourceOf(decision->plan)) decision->resource = *resource;
  }
}

void Engine::Impl::Publish(const std::vector<LiveEvent>& events) {
  const MutexLock lock(listeners_mutex);
  for (const auto& [id, listener] : listeners)
    for (const LiveEvent& event : events) listener(event);
}

void Engine::Impl::DropOldPoints() {
  constexpr size_t kAtOnce = 10000;
  Committer::Group group;
  WriteBatch& writes = group.writes;
  for (const auto& [stack, held] : shard->state().stacks) {
    const std::string prefix = stack + '\0';
    const Status scanned = store->Scan(
        Table::kPoints, prefix,
        prefix + OrderedNumber(static_cast<uint64_t>(ToUnixMicros(clock->Now() - kPointsKept))),
        [&](std::string_view key, std::string_view) {
          writes.Delete(Table::kPoints, std::string(key));
          return writes.writes.size() < kAtOnce;
        });
    if (!scanned.ok()) Log("engine").warn("points.scan_failed reason=\"{}\"", Message(scanned));
  }
  if (!writes.empty()) committer->Add(std::move(group));
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Engine::~Engine() {
  impl_->committer->StopTrying();
  {
    const MutexLock lock(impl_->mutex);
    impl_->stopping = true;
    impl_->wake.SignalAll();
  }
  if (impl_->thread.joinable()) impl_->thread.join();
  impl_->committer->Stop();
}

StatusOr<std::unique_ptr<Engine>> Engine::Open(EngineOptions options, const Clock* clock) {
  auto impl = std::make_unique<Impl>();
  if (options.data.empty()) {
    impl->store = std::make_unique<MemoryStore>();
  } else {
    DRIFTCAST_ASSIGN_OR_RETURN(impl->store, OpenRocksDbStore(options.data / "store"));
  }
  return OpenWithStore(std::move(options), clock, std::move(impl->store));
}

StatusOr<std::unique_ptr<Engine>> Engine::OpenWithStore(EngineOptions options, const Clock* clock,
                                                        std::unique_ptr<Store> store) {
  auto impl = std::make_unique<Impl>();
  impl->clock = clock;
  impl->store = std::move(store);
  ShardOptions shard_options;
  shard_options.alert_threshold = options.alert_threshold;
  impl->options = std::move(options);
  DRIFTCAST_ASSIGN_OR_RETURN(impl->shard, Shard::Restore(*impl->store, shard_options));
  std::unique_ptr<Engine> engine(new Engine(std::move(impl)));
  Impl* const raw = engine->impl_.get();
  raw->committer = std::make_unique<Committer>(
      *raw->store, [raw](const std::vector<LiveEvent>& events) { raw->Publish(events); });
  raw->committer->Start();
  raw->thread = std::thread([raw] { raw->Run(); });
  return engine;
}

Status Engine::Submit(std::vector<Fact> facts, std::function<void(const Status&)> done) {
  const bool shed_first = IsMetricsOnly(facts);
  const MutexLock lock(impl_->mutex);
  if (impl_->stopping) return Unavailable("the engine is stopping");
  const size_t room = impl_->options.queue_facts_max / (shed_first ? 2 : 1);
  if (impl_->queued_facts + facts.size() > room) {
    ++(shed_first ? impl_->metrics_shed : impl_->queue_full);
    return ResourceExhausted("the engine's queue is full ({} facts); try again shortly",
                             impl_->queued_facts);
  }
  impl_->queued_facts += facts.size();
  impl_->queue.push_back({std::move(facts), std::move(done)});
  impl_->wake.Signal();
  return Ok();
}

Status Engine::SubmitAndWait(std::vector<Fact> facts) {
  Mutex mutex;
  CondVar answered;
  std::optional<Status> answer;
  DRIFTCAST_RETURN_IF_ERROR(Submit(std::move(facts), [&](const Status& status) {
    const MutexLock lock(mutex);
    answer = status;
    answered.Signal();
  }));
  const MutexLock lock(mutex);
  while (!answer) answered.Wait(mutex);
  return *answer;
}

Status Engine::Writable() const {
  const Status trouble = impl_->committer->trouble();
  if (trouble.ok()) return Ok();
  return Unavailable("the engine cannot write to its disk, and waits until it can: {}",
                     Message(trouble));
}

Status Engine::PublishModel(ModelPublished what, std::string_view bytes) {
  // Looked at before it is kept: what is refused leaves nothing behind.
  DRIFTCAST_RETURN_IF_ERROR(predict::DriftModel::Parse(bytes).status());
  DRIFTCAST_ASSIGN_OR_RETURN(what.digest, PutBlob(*impl_->store, bytes));
  Fact fact;
  fact.at = impl_->clock->Now();
  fact.body = std::move(what);
  return SubmitAndWait({std::move(fact)});
}

ServingModel Engine::ModelInService() const {
  ServingModel serving;
  RunOnShard([&](const EngineView& view) {
    for (const ModelRow& row : view.Models())
      if (row.serves) serving.row = row;
    const auto& models = impl_->shard->state().models;
    if (!models.empty()) serving.model = models.back().model;
  });
  if (serving.model == nullptr)  // lives for ever: shared without being owned
    serving.model = {std::shared_ptr<void>(), predict::PretrainedModel()};
  return serving;
}

StatusOr<std::vector<ChangeEvent>> Engine::PastOf(const StackId& stack) const {
  return driftcast::PastOf(*impl_->store, stack);
}

Status Engine::PublishFeed(FeedPublished feed, std::string_view content) {
  feed.digest.clear();
  if (!content.empty()) {
    DRIFTCAST_ASSIGN_OR_RETURN(feed.digest, PutBlob(*impl_->store, content));
  }
  Fact fact;
  fact.at = impl_->clock->Now();
  const std::string digest = feed.digest;
  fact.body = std::move(feed);
  const Status published = SubmitAndWait({std::move(fact)});
  if (published.ok() || digest.empty()) return published;
  const auto used = Ask([&](const EngineView& view) {
    const auto feeds = view.Feeds();
    return std::any_of(feeds.begin(), feeds.end(),
                       [&](const FeedStatus& known) { return known.content.digest == digest; });
  });
  WriteBatch drop;
  if (!used && DeleteBlob(*impl_->store, digest, drop).ok())
    DRIFTCAST_RETURN_IF_ERROR(impl_->store->Commit(drop));
  return published;
}

void Engine::RunOnShard(const std::function<void(const EngineView&)>& question) const {
  Mutex mutex;
  CondVar answered;
  bool done = false;
  const Task task = [&] {
    question(ShardView(impl_->shard->state(), *impl_->store, impl_->shown));
    const MutexLock lock(mutex);
    done = true;
    answered.Signal();
  };
  {
    const MutexLock lock(impl_->mutex);
    DRIFTCAST_CHECK(!impl_->stopping, "asked while the engine stops");
    impl_->tasks.push_back(task);
    impl_->wake.Signal();
  }
  const MutexLock lock(mutex);
  while (!done) answered.Wait(mutex);
}

uint64_t Engine::DurableSequence(const AgentId& agent) const {
  uint64_t sequence = 0;
  RunOnShard([&](const EngineView&) { sequence = impl_->shard->SequenceOf(agent); });
  return sequence;
}

Status Engine::AcceptGap(const AgentId& agent, uint64_t from, uint64_t to) {
  Status status = Ok();
  RunOnShard([&](const EngineView&) {
    if (impl_->shard->SequenceOf(agent) + 1 != from)
      status = FailedPrecondition("agent {} has no gap at {}", agent.value, from);
    else
      impl_->shard->AcceptGap(agent, to);
  });
  return status;
}

uint64_t Engine::Subscribe(std::function<void(const LiveEvent&)> listener) {
  const MutexLock lock(impl_->listeners_mutex);
  impl_->listeners[impl_->next_listener] = std::move(listener);
  return impl_->next_listener++;
}

void Engine::Unsubscribe(uint64_t subscription) {
  const MutexLock lock(impl_->listeners_mutex);
  impl_->listeners.erase(subscription);
}

std::vector<RemediationPlan> Engine::OrdersFor(const StackId& stack) const {
  std::vector<RemediationPlan> due;
  RunOnShard([&](const EngineView&) {
    due = DuePlans(impl_->shard->state(), stack);
    auto under_way = PlansUnderWay(impl_->shard->state(), stack);
    std::ranges::move(under_way, std::back_inserter(due));
  });
  return due;
}

Status Engine::VerifyAudit() const {
  uint64_t number = 0;
  std::string hash = AuditGenesis();
  Status result = Ok();
  DRIFTCAST_RETURN_IF_ERROR(
      impl_->store->Scan(Table::kAudit, "", "", [&](std::string_view, std::string_view bytes) {
        const auto entry = DecodeAudit(bytes);
        result = entry.ok() ? CheckChained(number, hash, *entry) : entry.status();
        if (!result.ok()) return false;
        number = entry->number;
        hash = entry->hash;
        return true;
      }));
  DRIFTCAST_RETURN_IF_ERROR(result);
  Status end = Ok();
  RunOnShard([&](const EngineView&) {
    // Entries may have been added since the scan; fewer than were written is a cut-off end.
    if (number >= impl_->shard->state().numbers.audit_number) return;
    const auto next = impl_->store->Get(Table::kAudit, OrderedNumber(number + 1));
    end = next.status();
    if (next.ok() && !next->has_value()) end = DataLoss("audit entry {} is missing", number + 1);
  });
  return end;
}

Status Engine::AppendAudit(const Principal& by, const std::string& action,
                           const std::string& subject, const std::string& detail) {
  Status status = Ok();
  RunOnShard([&](const EngineView&) {
    impl_->shard->AppendAudit(by, action, subject, detail, impl_->clock->Now());
    impl_->ApplyBatch({});
    // Durable before the caller goes on.
    if (!impl_->committer->Drain())
      status = Unavailable("the engine stopped before it could write");
  });
  return status;
}

Status Engine::PutSetting(const std::string& key, const std::string& value) {
  WriteBatch writes;
  writes.Put(Table::kSettings, key, value);
  return impl_->store->Commit(writes);
}

std::optional<std::string> Engine::GetSetting(const std::string& key) const {
  const auto value = impl_->store->Get(Table::kSettings, key);
  return value.ok() ? *value : std::nullopt;
}

std::vector<std::pair<std::string, std::string>> Engine::ListSettings(
    const std::string& prefix) const {
  std::vector<std::pair<std::string, std::string>> settings;
  const Status scanned = impl_->store->Scan(Table::kSettings, prefix, PrefixEnd(prefix),
                                            [&](std::string_view key, std::string_view value) {
                                              settings.emplace_back(key, value);
                                              return true;
                                            });
  if (!scanned.ok()) Log("engine").error("settings.unreadable reason=\"{}\"", Message(scanned));
  return settings;
}

Status Engine::DeleteSetting(const std::string& key) {
  WriteBatch writes;
  writes.Delete(Table::kSettings, key);
  return impl_->store->Commit(writes);
}

StatusOr<std::vector<OutboxEffect>> Engine::Outbox(size_t max) const {
  std::vector<OutboxEffect> effects;
  Status result = Ok();
  DRIFTCAST_RETURN_IF_ERROR(
      impl_->store->Scan(Table::kOutbox, "", "", [&](std::string_view, std::string_view bytes) {
        auto effect = DecodeOutboxEffect(bytes);
        result = effect.status();
        if (result.ok()) effects.push_back(*std::move(effect));
        return result.ok() && effects.size() < max;
      }));
  DRIFTCAST_RETURN_IF_ERROR(result);
  return effects;
}

Status Engine::OutboxDelivered(const std::vector<uint64_t>& numbers) {
  WriteBatch writes;
  for (const uint64_t number : numbers) writes.Delete(Table::kOutbox, OrderedNumber(number));
  return impl_->store->Commit(writes);
}

std::vector<std::pair<std::string, double>> Engine::Counters() const {
  std::vector<std::pair<std::string, double>> counters = {
      {"facts_applied_total", static_cast<double>(impl_->facts_applied)},
      {"facts_refused_total", static_cast<double>(impl_->facts_refused)},
      {"queue_full_total", static_cast<double>(impl_->queue_full)},
      {"queue_metrics_shed_total", static_cast<double>(impl_->metrics_shed)},
      {"commits_total", static_cast<double>(impl_->committer->commits())},
      {"commit_errors_total", static_cast<double>(impl_->committer->errors())},
      {"commit_seconds_total", impl_->committer->seconds()},
  };
  {
    const MutexLock lock(impl_->mutex);
    counters.emplace_back("queue_facts", static_cast<double>(impl_->queued_facts));
  }
  RunOnShard([&](const EngineView&) {
    const ShardState& state = impl_->shard->state();
    size_t resources = 0, drifts = 0;
    for (const auto& [id, stack] : state.stacks) resources += stack.slots.size();
    for (const auto& [id, drift] : state.drifts) drifts += drift.closed_at == Instant() ? 1 : 0;
    counters.emplace_back("stacks", static_cast<double>(state.stacks.size()));
    counters.emplace_back("resources", static_cast<double>(resources));
    counters.emplace_back("drifts_open", static_cast<double>(drifts));
    counters.emplace_back("plans_decided", static_cast<double>(state.plans.size()));
    counters.emplace_back("audit_entries", static_cast<double>(state.numbers.audit_number));
    counters.emplace_back("outbox_effects", static_cast<double>(state.numbers.outbox_number));
  });
  for (auto& counter : impl_->store->Counters()) counters.push_back(std::move(counter));
  return counters;
}

}  // namespace driftcast
