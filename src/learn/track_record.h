// How good forecasts were: predictions of the past against what then happened.
#ifndef DRIFTCAST_LEARN_TRACK_RECORD_H_
#define DRIFTCAST_LEARN_TRACK_RECORD_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"
#include "learn/outline.h"

namespace driftcast::learn {

// Predictions that said about the same.
struct TrackBin {
  double from = 0, to = 1;  // of the said probability
  uint64_t said = 0;        // how many
  uint64_t came = 0;        // of them, changed within the week
  double mean_p = 0;        // what they said on average
};

// One stack's predictions of "changes within 7 days", once a week.
struct TrackRecord {
  int64_t first = 0, last = 0;  // cutoffs, Unix seconds
  uint64_t weeks = 0;
  uint64_t predictions = 0;
  uint64_t changed = 0;  // of them
  double expected = 0;   // sum of what was said
  std::vector<TrackBin> bins;
  // The likeliest ones of each week, as many as `kTrackTop`.
  uint64_t top_said = 0, top_came = 0;
  // Of resources that changed: was a changed key named first, or among the first five?
  uint64_t keys_rows = 0, first_key_right = 0, any_key_right = 0;
  // Brier score (mean squared error of the probability; lower is better), beside that of saying
  // the same share for all: the one that was right on average over the whole time.
  double brier = 0, brier_constant = 0;

  double skill() const { return brier_constant > 0 ? 1 - brier / brier_constant : 0; }
};

inline constexpr size_t kTrackTop = 20;

// Reads a table of predictions as learn/backtest.h writes it. Of daily cutoffs every seventh
// counts, so that no change is counted twice. Rows of other stacks than the outline's are passed
// over. InvalidArgument when it is no such table or holds no row of the stack.
StatusOr<TrackRecord> ReadTrackRecord(const std::filesystem::path& predictions,
                                      const Outline& outline);

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_TRACK_RECORD_H_
