// A site's own model, out of its own past: refit, and judged against the one in service on days
// that neither of them has learnt from.
//
// The past is replayed with a back-test of its last part: the given model is refined every half year
// by what was known until then (local_learner.h), and what the refined models say is compared, row
// by row, with what the champion says. The challenger is the given model refined once more, by all
// that is known in the end; how it was made is what was judged.
#ifndef DRIFTCAST_LEARN_REFIT_H_
#define DRIFTCAST_LEARN_REFIT_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"
#include "learn/trainer.h"
#include "predict/drift_model.h"

namespace driftcast::learn {

struct RefitOptions {
  std::vector<std::filesystem::path> files;  // histories of the site's stacks
  predict::DriftModel given;                 // what is refined
  predict::DriftModel champion;              // what is in service
  int64_t champion_since = 0;  // Unix seconds; the champion has learnt until then, 0 = elsewhere
  int64_t judged_days = 90;    // at most, the last ones
  int threads = 1;
};

// Mean log losses per row; stacks weigh equally.
struct RefitSide {
  double day = 0, week = 0;  // of P(change within 1 day) and 7 days
  double both() const { return day + week; }
};

struct Refit {
  predict::DriftModel challenger;
  uint64_t rows = 0, changed = 0;  // judged; changed: within a week
  uint32_t stacks = 0;             // with rows that were judged
  RefitSide champion, refined;
  bool better = false;  // the challenger should serve
  std::string why;      // in words, for people
};

// Days are judged that are younger than `champion_since`. InvalidArgument when the histories hold
// nothing that could be judged: they are too short, or too little has changed.
StatusOr<Refit> RefitModel(const RefitOptions& options, const Progress& progress);

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_REFIT_H_
