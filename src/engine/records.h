// What the shard keeps beside shadows, and the bytes of each in the store's state table.
#ifndef DRIFTCAST_ENGINE_RECORDS_H_
#define DRIFTCAST_ENGINE_RECORDS_H_

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "engine/input_families.h"
#include "model/fact.h"
#include "model/plan.h"
#include "model/prediction.h"
#include "model/shadow.h"

namespace driftcast {

// How often a change of a kind was drift: P(drift | change) is learned from it.
struct DriftShare {
  uint64_t changes = 0;
  uint64_t drifts = 0;
};

struct StackRecord {
  RoleName role;
  std::map<std::string, std::string> labels;
  std::vector<std::string> allowed_kinds;
  AgentId agent;
  Instant last_fact_at;
  AgentReported report;
  std::set<std::string> enrolled_kinds;                 // kinds whose first snapshot is complete
  std::map<std::string, Instant> kind_compared_at;      // last full comparison
  std::deque<ActivityReported> activities;              // newest last, at most kActivitiesKept
  std::map<std::string, DriftShare> drift_share;        // by kind
  std::array<Instant, kHorizonCount> cohort_made_at{};  // of the open predictions; epoch = none
  Instant series_stored_at;                // when the states of its metric series were stored
  std::deque<std::string> alerted_causes;  // newest last; one cause alerts once
  uint64_t series_forgotten = 0;           // metric series that fell silent

  static constexpr size_t kActivitiesKept = 256;
  static constexpr size_t kAlertedCausesKept = 128;
};

std::string Encode(const StackRecord& record);
StatusOr<StackRecord> DecodeStackRecord(std::string_view bytes);

std::string Encode(const Drift& drift);
StatusOr<Drift> DecodeDrift(std::string_view bytes);

std::string Encode(const RemediationPlan& plan);
StatusOr<RemediationPlan> DecodePlan(std::string_view bytes);

// An open cohort: the forecasts of one moment, and the inputs that they were made with.
struct Cohort {
  struct Member {
    std::string slot_key;  // "kind NUL name"
    float p = 0;
    uint16_t inputs = 0;  // place in `rows`; 0 = none
  };
  std::vector<Member> members;
  InputRows rows;
};
std::string Encode(const Cohort& cohort);
StatusOr<Cohort> DecodeCohort(std::string_view bytes);

// The shard's own numbers.
struct ShardNumbers {
  Instant now;               // time of the newest fact
  uint64_t fact_number = 0;  // facts applied
  uint64_t live_number = 0;  // live events made
  uint64_t outbox_number = 0;
  uint64_t forecast_number = 0;  // changes learnt from
  uint64_t scored_number = 0;    // what facts up to this one touched has been forecast anew
  uint64_t audit_number = 0;
  std::string audit_hash;
};
std::string Encode(const ShardNumbers& numbers);
StatusOr<ShardNumbers> DecodeShardNumbers(std::string_view bytes);

// An effect to be delivered outside at least once: an alert.
struct OutboxEffect {
  uint64_t number = 0;
  std::string kind;  // "drift.opened", "drift.closed", "prediction.alert", "plan.ended"
  std::string key;   // idempotency key: the same effect has the same key for ever
  Instant at;
  StackId stack;
  std::string subject;  // drift id, plan id or resource id
  std::string text;     // for people
  double severity = 0;  // 0 to 10
};
std::string Encode(const OutboxEffect& effect);
StatusOr<OutboxEffect> DecodeOutboxEffect(std::string_view bytes);

// Keys of the state table.
std::string StackKey(const StackId& stack);
std::string ShadowKeyOf(const ResourceId& id);  // "r/" stack NUL kind NUL name
std::string ShadowPrefix();
std::string SlotKey(const ResourceId& id);  // "kind NUL name", within a stack
ResourceId IdFromSlotKey(const StackId& stack, std::string_view slot_key);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_RECORDS_H_
