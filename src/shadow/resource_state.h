// The shadow of one resource as the engine keeps it, and its compact bytes.
//
// The engine holds each shadow as its encoded bytes (about 55 a key), decodes the one that a fact
// touches and encodes it again; the same bytes are the record in the store. So a million shadows
// fit in memory, a start reads them without parsing, and equal state is equal bytes.
#ifndef DRIFTCAST_SHADOW_RESOURCE_STATE_H_
#define DRIFTCAST_SHADOW_RESOURCE_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "model/shadow.h"

namespace driftcast {

// How often a key moves: an exponentially decayed count of its changes, half-life 7 days.
struct Volatility {
  float count = 0;
  Instant at;  // of the last change
};

// One value of a key. Several of one path are the members of a set.
struct KeyState {
  std::string path;
  std::optional<Value> expected;
  std::optional<Value> observed;
  std::optional<Value> agreed;  // last value that was both
  Origin origin = Origin::kNone;
  Instant changed_at;  // of `observed`; epoch = not since it is known
  Volatility volatility;
  bool learned_volatile = false;
};

struct ResourceState {
  std::vector<KeyState> keys;  // by path, then value
  std::vector<Dependency> depends_on;
  std::vector<KeyValue> context;
  std::vector<UncomparedKey> uncompared;
  ResourceStatus status = ResourceStatus::kNotCompared;
  Means means = Means::kNone;
  Instant compared_at;
  Instant first_seen_at;
  Instant changed_at;         // last change of an observed key, or of existence
  Instant changed_before_at;  // the change before that; epoch = none
  Instant treated_at;         // a plan acted on it; epoch = never
  Instant snoozed_until;
  Instant alerted_at;     // its forecast has been over the alert threshold since; epoch = is not
  bool exists = false;    // observed to be there
  bool managed = false;   // somebody said that it should be there, and how
  bool complete = false;  // keys beyond the expected ones are drift
  bool expected_absent = false;  // it should not be there
  std::string drift_id;          // open drift; empty = none
  uint64_t drift_count = 0;      // drifts opened so far
  // Number of the last fact that touched it, while its stack has forecasts; 0 = none. It is to be
  // forecast anew when this is beyond what was scored last.
  uint64_t touched_by = 0;
};

std::string Encode(const ResourceState& state);

// DataLoss when the bytes are not an encoded state.
StatusOr<ResourceState> DecodeResourceState(std::string_view bytes);

}  // namespace driftcast

#endif  // DRIFTCAST_SHADOW_RESOURCE_STATE_H_
