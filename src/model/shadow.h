// The shadow of a resource, as it is shown: what it should be, what it is, key by key.
#ifndef DRIFTCAST_MODEL_SHADOW_H_
#define DRIFTCAST_MODEL_SHADOW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/cause.h"
#include "model/fact.h"
#include "model/resource.h"
#include "model/value.h"

namespace driftcast {

// Of one key. Stored: never renumber.
enum class KeyVerdict : uint8_t {
  kNotCompared = 0,
  kSame = 1,
  kAdded = 2,    // observed, not expected
  kRemoved = 3,  // expected, not observed
  kChanged = 4,
};

// Of a resource. Stored: never renumber.
enum class ResourceStatus : uint8_t {
  kNotCompared = 0,  // unknown is never green
  kInSync = 1,
  kDrifted = 2,
  kMissing = 3,    // expected, and not there
  kUnmanaged = 4,  // there, and nobody said that it should be
};

struct ShadowKey {
  std::string path;
  std::optional<Value> expected;
  std::optional<Value> observed;
  std::optional<Value> last_agreed;  // the last value at which both were the same
  Origin origin = Origin::kNone;     // of the expected value
  KeyVerdict verdict = KeyVerdict::kNotCompared;
  std::string ignored_by;         // id of the rule, or "volatile"; empty = counts
  std::string uncompared_reason;  // when kNotCompared
  Instant compared_at;            // epoch = never
  Instant changed_at;             // of the observed value; epoch = not since it is known
  double changes_per_day = 0;     // learned
};

struct ShadowResource {
  ResourceId id;
  RoleName role;
  ResourceStatus status = ResourceStatus::kNotCompared;
  std::vector<ShadowKey> keys;  // by path
  std::vector<Dependency> depends_on;
  std::vector<KeyValue> context;
  Means means = Means::kNone;  // of the last comparison
  Instant compared_at;
  Instant first_seen_at;
  Instant changed_at;  // last change of an observed key
  bool exists = false;
  std::string drift_id;  // of the open drift; empty = none
};

// One difference between should and is, from when it was seen until it was gone. Changes with one
// cause on one resource are one drift.
struct Drift {
  std::string id;
  ResourceId resource;
  ResourceStatus status = ResourceStatus::kDrifted;
  Cause cause;
  Instant opened_at;
  Instant closed_at;            // epoch = open
  std::vector<ShadowKey> keys;  // those that differ, as they were when last compared
  double severity = 0;          // 0 to 10
  std::string severity_reason;
};

// One moved key, in a resource's history.
struct HistoryEntry {
  ChangeEvent event;
  Cause cause;
  bool drift = false;  // it was not declared, approved or accepted
};

const char* ResourceStatusName(ResourceStatus status);  // "IN_SYNC"
const char* KeyVerdictName(KeyVerdict verdict);         // "CHANGED"
const char* OriginName(Origin origin);                  // "declared"
const char* MeansName(Means means);                     // "event"
const char* CauseKindName(CauseKind kind);              // "package_run"

}  // namespace driftcast

#endif  // DRIFTCAST_MODEL_SHADOW_H_
