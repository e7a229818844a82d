// Every prediction is scored. For each stack and horizon one cohort of predictions is open at a
// time: when it is made, each resource's probability is written down; when the horizon has passed,
// each becomes a hit, a miss, void or treated, and the next cohort is made. Cohorts of one horizon
// do not overlap, so their outcomes can be counted.
#ifndef DRIFTCAST_ENGINE_SCOREKEEPER_H_
#define DRIFTCAST_ENGINE_SCOREKEEPER_H_

#include <array>
#include <string>

#include "base/status.h"
#include "engine/view.h"
#include "model/prediction.h"

namespace driftcast {

// What is known about a resource when its prediction is scored.
struct ScoredResource {
  double p = 0;               // predicted
  bool exists = false;        // now
  Instant changed_at;         // last change
  Instant changed_before_at;  // the one before
  Instant treated_at;         // last time that a plan acted on it
  Instant compared_at;
};

// What became of a prediction made at `made_at` with this horizon. Void: the resource is gone, or
// was not compared since the horizon passed, or moved only afterwards and we no longer know when
// first.
Outcome OutcomeOf(const ScoredResource& resource, Instant made_at, Duration horizon);

// When the first change after `made_at` came, if within the horizon.
Duration LeadTimeOf(const ScoredResource& resource, Instant made_at);

// Counts one outcome into the record. `alert_from`: probability from which it would have alerted.
void CountOutcome(const ScoredResource& resource, Outcome outcome, Instant made_at,
                  Duration horizon, double alert_from, TrackRecord::Horizon& record);

// Log loss of the constant that fits best afterwards, summed over hits and misses.
double ConstantLogLoss(const TrackRecord::Horizon& record);

std::string EncodeTrack(const TrackRecord& record);
StatusOr<TrackRecord> DecodeTrack(std::string_view bytes);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_SCOREKEEPER_H_
