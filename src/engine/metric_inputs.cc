// What a stack's metrics say about its resources, as inputs of forecasts: anomaly episodes and
// limits that are likely to be reached, of the resource itself, of what it needs, of what needs it
// and of its host. They are read from the stack's timeline, so people see what the forecast saw.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "engine/input_families.h"
#include "engine/shard_state.h"

namespace driftcast {
namespace {

constexpr char kHost[] = "host";
constexpr size_t kUsersMax = 64;  // that are looked at

// What metrics say of some resources together.
struct Standing {
  const ActivityReported* unusual = nullptr;  // newest within a day
  const ActivityReported* limit = nullptr;    // most probable of those open
  float p_limit = 0;

  void Take(const Standing& other) {
    if (other.unusual != nullptr &&
        (unusual == nullptr || other.unusual->started_at > unusual->started_at))
      unusual = other.unusual;
    if (other.p_limit <= p_limit) return;
    limit = other.limit;
    p_limit = other.p_limit;
  }
  bool empty() const { return unusual == nullptr && limit == nullptr; }
};

using Standings = std::map<std::string, Standing, std::less<>>;  // by slot key

struct Surroundings {
  Standing own, needs, users, host;
};

float ProbabilityOf(const ActivityReported& crossing) {
  const auto found = crossing.details.find("p");
  if (found == crossing.details.end()) return 0;
  const std::string& text = found->second;
  float p = 0;
  std::from_chars(text.data(), text.data() + text.size(), p);
  return p > 0 ? std::min(p, 1.0F) : 0;
}

// 1 in the hour in which an episode opened, half of it every kFadesHours; by whole hours, so that
// resources share their inputs. 0 without an episode.
float Recency(const Standing& standing, Instant now) {
  constexpr float kFadesHours = 6;
  if (standing.unusual == nullptr) return 0;
  const auto hours = std::chrono::floor<std::chrono::hours>(now - standing.unusual->started_at);
  return std::exp2(-static_cast<float>(hours.count()) / kFadesHours);
}

Standing StandingOf(const ActivityReported& activity, Instant now) {
  Standing standing;
  const bool unusual = activity.kind == "anomaly" || activity.kind == "level_change";
  if (unusual && activity.started_at <= now && activity.started_at > now - kDay)
    standing.unusual = &activity;
  const bool open = activity.ended_at == activity.started_at;
  if (activity.kind == "limit_crossing" && open) {
    standing.limit = &activity;
    standing.p_limit = ProbabilityOf(activity);
  }
  return standing;
}

std::string SlotKeyOf(std::string kind_and_name) {
  const size_t slash = kind_and_name.find('/');
  if (slash != kind_and_name.npos) kind_and_name[slash] = '\0';
  return kind_and_name;
}

std::string Ago(Instant then, Instant now) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(now - then).count();
  return minutes < 120 ? fmt::format("{} minutes ago", minutes)
                       : fmt::format("{} hours ago", minutes / 60);
}

class MetricInputs : public InputSource {
 public:
  explicit MetricInputs(const ShardState& shard) : shard_(shard) {}

  std::vector<float> Of(const ResourceId& id, const ResourceState& state) override {
    const Surroundings s = SurroundingsOf(id, state);
    if (s.own.empty() && s.needs.empty() && s.users.empty() && s.host.empty()) return {};
    std::vector<float> values;
    for (const Standing* standing : {&s.own, &s.needs, &s.users, &s.host}) {
      values.push_back(Recency(*standing, shard_.numbers.now));
      values.push_back(standing->p_limit);
    }
    return values;
  }

  std::string Evidence(const ResourceId& id, const ResourceState& state) override {
    const Surroundings s = SurroundingsOf(id, state);
    std::string text;
    const auto say = [&](const char* whose, const Standing& standing) {
      if (!standing.empty() && !text.empty()) text += "; ";
      if (!standing.empty()) text += whose;
      if (standing.unusual != nullptr)
        text += fmt::format("{} ({})", standing.unusual->text,
                            Ago(standing.unusual->started_at, shard_.numbers.now));
      if (standing.unusual != nullptr && standing.limit != nullptr) text += ", ";
      if (standing.limit != nullptr) text += standing.limit->text;
    };
    say("", s.own);
    say("of what it needs: ", s.needs);
    say("of what needs it: ", s.users);
    say("of its host: ", s.host);
    return text;
  }

 private:
  const Standings& StandingsOf(const std::string& stack_id) {
    const auto [place, is_new] = standings_.try_emplace(stack_id);
    if (!is_new) return place->second;
    const auto stack = shard_.stacks.find(stack_id);
    if (stack == shard_.stacks.end()) return place->second;
    for (const ActivityReported& activity : stack->second.record.activities) {
      const Standing standing = StandingOf(activity, shard_.numbers.now);
      if (standing.empty()) continue;
      for (const std::string& resource : activity.resources)
        place->second[SlotKeyOf(resource)].Take(standing);
    }
    return place->second;
  }

  static void TakeFrom(const Standings& standings, std::string_view slot_key, Standing& into) {
    const auto found = standings.find(slot_key);
    if (found != standings.end()) into.Take(found->second);
  }

  Surroundings SurroundingsOf(const ResourceId& id, const ResourceState& state) {
    Surroundings s;
    const Standings& here = StandingsOf(id.stack.value);
    for (const Dependency& edge : state.depends_on)
      TakeFrom(edge.to_stack.empty() ? here : StandingsOf(edge.to_stack.value),
               edge.to_kind + '\0' + edge.to_name, s.needs);
    if (here.empty()) return s;
    const std::string slot_key = SlotKey(id);
    TakeFrom(here, slot_key, s.own);
    TakeUsers(id, slot_key, here, s.users);
    if (id.kind != kHost) TakeFrom(here, std::string(kHost) + '\0', s.host);
    return s;
  }

  void TakeUsers(const ResourceId& id, const std::string& slot_key, const Standings& here,
                 Standing& users) const {
    const Stack& stack = shard_.stacks.find(id.stack.value)->second;
    const auto found = stack.dependents.find(slot_key);
    if (found == stack.dependents.end()) return;
    size_t left = kUsersMax;
    for (auto user = found->second.begin(); user != found->second.end() && left > 0; ++user, --left)
      TakeFrom(here, *user, users);
  }

  const ShardState& shard_;
  std::map<std::string, Standings> standings_;  // by stack, as they are asked for
};

}  // namespace

std::unique_ptr<InputSource> MakeMetricInputs(const ShardState& shard) {
  return std::make_unique<MetricInputs>(shard);
}

}  // namespace driftcast
