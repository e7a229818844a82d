// What people and other systems do on a host, as inputs of forecasts of its resources: who logged
// in, became root, installed, deployed; and which incident is open. Read from the stack's timeline,
// so people see what the forecast saw. All resources of a stack share them.
#include <algorithm>
#include <cmath>
#include <map>

#include "engine/input_families.h"
#include "engine/shard_state.h"

namespace driftcast {
namespace {

constexpr float kFadesHours = 6;

// 1 in the hour in which it happened, half of it every kFadesHours, 0 after a day and for what is
// yet to come. By whole hours, so that forecasts of one hour share their inputs.
float Recency(const ActivityReported& activity, Instant now) {
  const Instant at = std::max(activity.started_at, activity.ended_at);
  if (at > now || at <= now - kDay) return 0;
  const auto hours = std::chrono::floor<std::chrono::hours>(now - at);
  return std::exp2(-static_cast<float>(hours.count()) / kFadesHours);
}

bool IsFiring(const ActivityReported& activity) {
  const auto state = activity.details.find("state");
  return state != activity.details.end() && state->second == "firing";
}

// What an activity is worth as the input of this place; 0 when it is nothing of its kind.
using Reading = float (*)(const ActivityReported& activity, size_t place, Instant now);

float ReadActivity(const ActivityReported& activity, size_t place, Instant now) {
  const std::string& kind = activity.kind;
  const bool is_one[kActivityInputs] = {
      kind == "login",       kind == "sudo" || kind == "su", activity.details.contains("unusual"),
      kind == "package_run", kind == "deployment",           kind == "maintenance"};
  return is_one[place] ? Recency(activity, now) : 0;
}

float ReadIncident(const ActivityReported& activity, size_t place, Instant now) {
  if (activity.kind != "incident" || activity.started_at > now) return 0;
  if (place == 0) return IsFiring(activity) ? 1 : 0;
  return IsFiring(activity) ? 0 : Recency(activity, now);
}

// By place among the inputs: the highest value, and the newest activity that has it.
struct Standing {
  std::vector<float> values;
  std::vector<const ActivityReported*> behind;
};

class TimelineInputs : public InputSource {
 public:
  TimelineInputs(const ShardState& shard, size_t inputs, Reading reading)
      : shard_(shard), inputs_(inputs), reading_(reading) {}

  std::vector<float> Of(const ResourceId& id, const ResourceState&) override {
    const std::vector<float>& values = StandingOf(id.stack.value).values;
    const bool any = std::any_of(values.begin(), values.end(), [](float v) { return v > 0; });
    return any ? values : std::vector<float>();
  }

  std::string Evidence(const ResourceId& id, const ResourceState&) override {
    std::string text;
    std::vector<const ActivityReported*> said;
    for (const ActivityReported* activity : StandingOf(id.stack.value).behind) {
      if (activity == nullptr || std::find(said.begin(), said.end(), activity) != said.end())
        continue;
      said.push_back(activity);
      text += (text.empty() ? "" : "; ") + activity->text + When(*activity);
    }
    return text;
  }

 private:
  std::string When(const ActivityReported& activity) const {
    if (IsFiring(activity)) return " (still open)";
    const auto hours = std::chrono::floor<std::chrono::hours>(
        shard_.numbers.now - std::max(activity.started_at, activity.ended_at));
    return hours.count() < 1 ? " (within the hour)" : fmt::format(" ({} h ago)", hours.count());
  }

  const Standing& StandingOf(const std::string& stack_id) {
    const auto [place, is_new] = standings_.try_emplace(stack_id);
    Standing& standing = place->second;
    if (!is_new) return standing;
    standing.values.resize(inputs_, 0);
    standing.behind.resize(inputs_, nullptr);
    const auto stack = shard_.stacks.find(stack_id);
    if (stack == shard_.stacks.end()) return standing;
    for (const ActivityReported& activity : stack->second.record.activities)
      for (size_t i = 0; i < inputs_; ++i) {
        const float value = reading_(activity, i, shard_.numbers.now);
        if (value <= 0 || value < standing.values[i]) continue;
        standing.values[i] = value;
        standing.behind[i] = &activity;
      }
    return standing;
  }

  const ShardState& shard_;
  const size_t inputs_;
  const Reading reading_;
  std::map<std::string, Standing> standings_;  // by stack, as they are asked for
};

}  // namespace

std::unique_ptr<InputSource> MakeActivityInputs(const ShardState& shard) {
  return std::make_unique<TimelineInputs>(shard, kActivityInputs, ReadActivity);
}

std::unique_ptr<InputSource> MakeIncidentInputs(const ShardState& shard) {
  return std::make_unique<TimelineInputs>(shard, kIncidentInputs, ReadIncident);
}

}  // namespace driftcast
