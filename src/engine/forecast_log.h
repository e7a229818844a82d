// How the forecaster's state is kept in the store: saved whole now and then, in pieces, and since
// then as a log of lessons (the changes that it learnt from). A start restores the saved state and
// learns the log again, which gives the same state to the bit.
//
// In the state table, N being a number of changes learnt, 8 bytes, most significant first:
//   "forecaster"       N of the saved state, and how many pieces it has
//   "fs/" N piece      the saved state's pieces, piece counted from 0 in 8 bytes
//   "fl/" N            a lesson: N were learnt before it
// The saved state is valid from the moment "forecaster" names it; until then the one before is, so
// that it can be written in many commits. Pieces of other states and lessons before N are litter.
#ifndef DRIFTCAST_ENGINE_FORECAST_LOG_H_
#define DRIFTCAST_ENGINE_FORECAST_LOG_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/forecaster.h"
#include "model/change.h"
#include "store/store.h"

namespace driftcast {

std::string LessonKey(uint64_t number);

// Changes that were learnt together, at the times that were taken. `mass` is not kept.
struct LessonRecord {
  // How far time had been told to the forecaster before. Midnights up to then passed without these
  // changes: a host's past is learnt after others' midnights.
  Instant told;
  std::vector<ChangeEvent> events;
};
std::string EncodeLesson(const LessonRecord& lesson);
StatusOr<LessonRecord> DecodeLesson(std::string_view bytes);

// Hands over batches, to be committed in order, that save the state of a forecaster which has
// learnt `number` changes, and cut the log. Each is a few MiB, so that the state is never twice in
// memory.
void SaveForecaster(const Forecaster& forecaster, uint64_t number,
                    const std::function<void(WriteBatch)>& commit);

// From when a model served: each lesson is learnt again with the model that learnt it.
struct ModelTurn {
  uint64_t from = 0;                                 // changes that were learnt before
  Instant told;                                      // time that had been told before
  std::shared_ptr<const predict::DriftModel> model;  // null = the one of the program
  std::string version;
};

// Restores a forecaster from the saved state and the log. Returns how many changes the saved state
// had learnt; 0 when none was saved. `turns`: oldest first. A state that another version saved is
// left aside: the forecaster begins anew. DataLoss when something is damaged or missing.
StatusOr<uint64_t> LoadForecaster(const Store& store, std::span<const ModelTurn> turns,
                                  Forecaster& forecaster);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_FORECAST_LOG_H_
