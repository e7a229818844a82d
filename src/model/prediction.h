// A forecast of a resource's configuration: whether it will change, when, to what, how badly, why.
#ifndef DRIFTCAST_MODEL_PREDICTION_H_
#define DRIFTCAST_MODEL_PREDICTION_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/resource.h"

namespace driftcast {

// The horizons of every prediction, shortest first.
inline constexpr std::array<Duration, 6> kHorizons = {kHour,    kHour * 6, kDay,
                                                      kDay * 3, kDay * 7,  kDay * 30};
inline constexpr std::array<const char*, 6> kHorizonNames = {"1h", "6h", "1d", "3d", "7d", "30d"};
inline constexpr size_t kHorizonCount = kHorizons.size();

// What became of a prediction at one horizon. Stored: never renumber.
enum class Outcome : uint8_t {
  kOpen = 0,
  kHit = 1,      // it changed within the horizon
  kMiss = 2,     // it did not
  kVoid = 3,     // cannot be said: the resource vanished or was not compared
  kTreated = 4,  // a plan acted on it: left out of training and score
};

struct HorizonRisk {
  double p_change = 0;              // 0 to 1, calibrated; never falls with the horizon
  double p_drift_given_change = 0;  // 0 to 1
};

// A key that may move. `p` is given that the resource changes.
struct PredictedKey {
  std::string path;
  double p = 0;
  std::optional<std::string> value;  // likeliest new value; none = cannot be said
  double value_p = 0;                // of that value, given that the key moves
  std::string source;                // "own history", "similar stacks", "candidate version", ...
};

struct Reason {
  std::string group;  // family of inputs: "own history", "rhythm", "similar stacks", "schedule"
  std::string text;   // for people, with the evidence
  double weight = 0;  // contribution on the logit scale; all reasons and the bias sum to the logit
};

// One part of a severity. They add up to it, between 0 and 10.
struct SeverityFactor {
  std::string name;  // "sensitivity", "direction", "blast radius", "exposure"
  double value = 0;
  std::string text;  // for people, with the evidence
};

struct DriftPrediction {
  ResourceId resource;
  Instant made_at;
  std::array<HorizonRisk, kHorizonCount> horizons;
  std::vector<PredictedKey> keys;  // likeliest first
  std::vector<Reason> reasons;     // strongest first
  std::optional<Instant> due_at;   // known schedule: a timer, an expiry
  double severity = 0;             // 0 to 10
  std::string severity_reason;
  std::vector<SeverityFactor> severity_factors;
  std::string model;      // version that made it: "reference/1"
  bool abstains = false;  // no skill here: shown, never alerted
};

const char* OutcomeName(Outcome outcome);  // "hit"

}  // namespace driftcast

#endif  // DRIFTCAST_MODEL_PREDICTION_H_
