// Facts that an agent will never send: what was lost, until a snapshot has made it good. Kept in
// the engine's settings, so that a crash between noticing and asking forgets nothing.
#ifndef DRIFTCAST_RPC_GAP_RECORD_H_
#define DRIFTCAST_RPC_GAP_RECORD_H_

#include <optional>

#include "base/status.h"
#include "model/resource.h"
#include "rpc/batch_reader.h"
#include "rpc/engine_seam.h"

namespace driftcast {

// The gap that is open, if any. DataLoss when the record cannot be read.
StatusOr<std::optional<SequenceGap>> OpenGap(const EngineSeam& engine, const AgentId& agent);

// Adds to it (the result spans both). Durable when it returns.
StatusOr<SequenceGap> AddGap(EngineSeam& engine, const AgentId& agent, const SequenceGap& gap);

// A snapshot has become durable.
Status CloseGap(EngineSeam& engine, const AgentId& agent);

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_GAP_RECORD_H_
