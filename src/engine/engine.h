// The engine: one shard on a thread of its own, fed through a bounded queue; what it did is
// committed in groups by another thread, while the shard applies what comes next.
//
//   auto engine = Engine::Open(options, SystemClock());
//   (*engine)->Submit(facts, [](const Status& durable) { ... });
//   auto stacks = (*engine)->Ask([](const EngineView& view) { return view.Stacks(); });
//
// All public functions are thread-safe. Facts of one Submit are applied together and in order.
#ifndef DRIFTCAST_ENGINE_ENGINE_H_
#define DRIFTCAST_ENGINE_ENGINE_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "engine/live_event.h"
#include "engine/records.h"
#include "engine/view.h"
#include "model/fact.h"
#include "predict/drift_model.h"

namespace driftcast {

class Store;

struct EngineOptions {
  std::filesystem::path data;      // the store lives in data/store; empty = in memory, for tests
  size_t queue_facts_max = 65536;  // facts waiting to be applied; Submit refuses beyond
  size_t batch_facts_max = 4096;   // facts in one commit
  double alert_threshold = 0.5;    // P(drift) at the alert horizon from which an alert is raised
  Duration tick = kSecond;         // how often time advances when nothing else happens
};

// The model that serves.
struct ServingModel {
  ModelRow row;
  std::shared_ptr<const predict::DriftModel> model;  // never null
};

class Engine {
 public:
  // Opens or creates the store and restores the shard. DataLoss when the store is damaged,
  // Unavailable when another process holds it.
  static StatusOr<std::unique_ptr<Engine>> Open(EngineOptions options, const Clock* clock);
  // The same over a store of the caller's, for tests.
  static StatusOr<std::unique_ptr<Engine>> OpenWithStore(EngineOptions options, const Clock* clock,
                                                         std::unique_ptr<Store> store);
  ~Engine();  // stops; what was acknowledged is durable

  // Queues facts. `done` runs on the commit thread, once: OK when they are durable. A fact of an
  // agent with a number that was applied before is dropped and counts as done. ResourceExhausted
  // when the queue is full (try again), InvalidArgument, from `done`, when a fact cannot be
  // applied: nothing of that Submit is.
  Status Submit(std::vector<Fact> facts, std::function<void(const Status&)> done);

  // Submits and waits until durable.
  Status SubmitAndWait(std::vector<Fact> facts);

  // Unavailable, with the reason, while nothing can be made durable (a full disk): whoever submits
  // or asks then waits for as long. Thread-safe, and never waits itself.
  Status Writable() const;

  // Makes these bytes (predict/drift_model.h) durable, and the model serve. `what.digest` is set
  // here. Errors: those of Submit; InvalidArgument for bytes that are no model.
  Status PublishModel(ModelPublished what, std::string_view bytes);

  ServingModel ModelInService() const;

  // engine/past.h: what can be learnt from, without a load on the shard.
  StatusOr<std::vector<ChangeEvent>> PastOf(const StackId& stack) const;

  // Replaces the content of a feed by these bytes (intel/knowledge.h), made durable before the fact
  // that names them. `feed.digest` is set here; empty `content` leaves the content as it is.
  // Errors: those of Submit, InvalidArgument for bytes that are no content: the feed stays as it
  // was.
  Status PublishFeed(FeedPublished feed, std::string_view content);

  // The highest number up to which all of the agent's facts are durable; 0 for a new agent.
  uint64_t DurableSequence(const AgentId& agent) const;

  // Tells the engine that facts `from`..`to` of the agent will never come; later ones are accepted.
  Status AcceptGap(const AgentId& agent, uint64_t from, uint64_t to);

  // Runs `question` on the shard's thread between two batches, when everything applied before is
  // durable, and waits for its answer, which must not refer to the view. Not from `done` or from a
  // listener: it would wait for itself.
  template <typename F>
  auto Ask(F question) const {
    std::optional<decltype(question(std::declval<const EngineView&>()))> answer;
    RunOnShard([&](const EngineView& view) { answer.emplace(question(view)); });
    return *std::move(answer);
  }

  // `listener` runs on the commit thread after each commit and must not block. Unsubscribe waits
  // until it does not run any more.
  uint64_t Subscribe(std::function<void(const LiveEvent&)> listener);
  void Unsubscribe(uint64_t subscription);

  // Plans for this stack's agent to begin, or, overridden ones, to stop; each until it answers.
  std::vector<RemediationPlan> OrdersFor(const StackId& stack) const;

  // Checks the audit log's hash chain from the first entry. DataLoss names the first bad one.
  Status VerifyAudit() const;

  // Writes an entry that does not come from a fact ("agent.enrolled", "session.opened").
  Status AppendAudit(const Principal& by, const std::string& action, const std::string& subject,
                     const std::string& detail);

  // Small values of other rooms that must survive (certificates issued, sessions): durable when it
  // returns. Keys are namespaced by the caller: "rpc/agent/web-7".
  Status PutSetting(const std::string& key, const std::string& value);
  std::optional<std::string> GetSetting(const std::string& key) const;
  std::vector<std::pair<std::string, std::string>> ListSettings(const std::string& prefix) const;
  Status DeleteSetting(const std::string& key);

  // Effects that wait to be delivered outside, oldest first. Whoever delivers them says so
  // afterwards; after a crash in between they are handed out again with the same keys.
  StatusOr<std::vector<OutboxEffect>> Outbox(size_t max) const;
  Status OutboxDelivered(const std::vector<uint64_t>& numbers);

  // Counters for /metrics, Prometheus names without the "driftcast_" prefix.
  std::vector<std::pair<std::string, double>> Counters() const;

 private:
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  void RunOnShard(const std::function<void(const EngineView&)>& question) const;

  std::unique_ptr<Impl> impl_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_ENGINE_H_
