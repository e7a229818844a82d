// Which model of the forecast serves, and which served before. Inside the room.
#ifndef DRIFTCAST_ENGINE_SHARD_MODELS_H_
#define DRIFTCAST_ENGINE_SHARD_MODELS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/forecast_log.h"
#include "engine/shard_inputs.h"
#include "engine/shard_state.h"

namespace driftcast {

// InvalidArgument when the bytes are not there or are no model of this version's inputs.
Status CheckModel(const ShardState& shard, const ModelPublished& body);
void ApplyModel(ShardState& shard, const Fact& fact, const ModelPublished& body);

// Watches the model that serves: one stack's forecasts of a day and what became of them. When they
// are more surprising than they used to be, the model has drifted: people are alerted once, and
// the next refit is due. Stacks whose forecasts abstain do not count.
void WatchModel(ShardState& shard, const StackId& stack, std::span<const InputOutcome> outcomes);
std::string EncodeModelWatch(const ModelWatch& watch);
Status LoadModelWatch(ShardState& shard, std::string_view bytes);

// The record of the models that served, and back. A model whose bytes no longer fit (the program
// was upgraded) is left out: the one that ships with the program serves instead, until the next
// refit.
std::string EncodeModels(const std::vector<ServedModel>& models);
Status LoadModels(ShardState& shard, std::string_view bytes);

std::vector<ModelTurn> TurnsOf(const std::vector<ServedModel>& models);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_SHARD_MODELS_H_
