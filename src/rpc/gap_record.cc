#include "rpc/gap_record.h"

#include "driftcast/v1/gate.pb.h"

#include <algorithm>
#include <string>

namespace driftcast {
namespace {

std::string KeyOf(const AgentId& agent) { return "rpc/gap/" + agent.value; }

}  // namespace

StatusOr<std::optional<SequenceGap>> OpenGap(const EngineSeam& engine, const AgentId& agent) {
  const auto stored = engine.GetSetting(KeyOf(agent));
  if (!stored) return std::optional<SequenceGap>();
  v1::GapRecord record;
  if (!record.ParseFromString(*stored)) return DataLoss("setting {} is damaged", KeyOf(agent));
  return std::optional(SequenceGap{record.missing_from(), record.missing_to()});
}

StatusOr<SequenceGap> AddGap(EngineSeam& engine, const AgentId& agent, const SequenceGap& gap) {
  DRIFTCAST_ASSIGN_OR_RETURN(const auto open, OpenGap(engine, agent));
  const SequenceGap whole =
      open ? SequenceGap{std::min(open->from, gap.from), std::max(open->to, gap.to)} : gap;
  v1::GapRecord record;
  record.set_missing_from(whole.from);
  record.set_missing_to(whole.to);
  DRIFTCAST_RETURN_IF_ERROR(engine.PutSetting(KeyOf(agent), record.SerializeAsString()));
  return whole;
}

Status CloseGap(EngineSeam& engine, const AgentId& agent) {
  return engine.DeleteSetting(KeyOf(agent));
}

}  // namespace driftcast
