// The door in front of the real engine. In a file of its own, so that the door's tests do not
// link one.
#include "engine/engine.h"
#include "rpc/agent_gate.h"
#include "rpc/engine_seam.h"

namespace driftcast {

StatusOr<std::unique_ptr<AgentGate>> AgentGate::Start(AgentGateOptions options, Engine& engine) {
  return Start(std::move(options), MakeEngineSeam(engine));
}

}  // namespace driftcast
