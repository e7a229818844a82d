#include "engine/shard_limits.h"

#include <algorithm>
#include <charconv>

#include "shadow/resource_state.h"

namespace driftcast {
namespace {

constexpr char kActivity[] = "limit_crossing";

// Kind, name and metric of a series' key.
SeriesRow RowOf(const std::string& stack_id, const std::string& series, const SeriesSlot& slot) {
  const size_t first = series.find('\0'), second = series.find('\0', first + 1);
  return {stack_id,
          series.substr(0, first),
          series.substr(first + 1, second - first - 1),
          series.substr(second + 1),
          slot.last.at,
          slot.last.value};
}

// Newest values and configuration of one stack.
class StackSource : public LimitSource {
 public:
  StackSource(const ShardState& shard, const std::string& stack_id, const Stack& stack,
              const SeriesRow& row)
      : shard_(shard), stack_id_(stack_id), stack_(stack), row_(row) {}

  std::optional<double> Newest(std::string_view metric) const override {
    const auto found = stack_.series.find(row_.resource_kind + '\0' + row_.resource_name + '\0' +
                                          std::string(metric));
    if (found == stack_.series.end()) return std::nullopt;
    return found->second.last.value;
  }

  std::optional<std::string> Configured(std::string_view kind, std::string_view name,
                                        std::string_view key) const override {
    const Slot* slot = FindSlot(shard_, {StackId(stack_id_), std::string(kind), std::string(name)});
    if (slot == nullptr || !slot->exists) return std::nullopt;
    const ResourceState state = DecodeSlot(*slot);
    for (const KeyState& known : state.keys)
      if (known.path == key && known.observed) return known.observed->text;
    return std::nullopt;
  }

 private:
  const ShardState& shard_;
  const std::string& stack_id_;
  const Stack& stack_;
  const SeriesRow& row_;
};

std::string SubjectOf(const LimitCrossing& crossing) {
  const SeriesRow& series = crossing.series;
  return series.resource_kind + " " +
         (series.resource_name.empty() ? series.stack : series.resource_name);
}

// Unique for the crossing: an activity with the same id replaces it.
std::string IdOf(const SeriesRow& series) {
  return series.resource_kind + "/" + series.resource_name + "/" + series.metric;
}

bool IsOpen(const StackRecord& record, const std::string& id) {
  return std::any_of(record.activities.begin(), record.activities.end(),
                     [&](const auto& a) { return a.kind == kActivity && a.id == id; });
}

// When a plan last acted on the series' resource, or on the one that sets the limit.
Instant TreatedAt(const ShardState& shard, const std::string& stack_id, const std::string& series,
                  const SeriesLimit& limit) {
  Instant at;
  const size_t name_end = series.find('\0', series.find('\0') + 1);
  for (const std::string& slot_key : {series.substr(0, name_end), limit.kind + '\0' + limit.name}) {
    const auto& slots = shard.stacks.find(stack_id)->second.slots;
    const auto slot = slots.find(slot_key);
    if (slot != slots.end()) at = std::max(at, slot->second.treated_at);
  }
  return at;
}

// Scores the forecasts of one series that are due, and makes the next.
void ScoreLimit(ShardState& shard, const std::string& stack_id, const std::string& series,
                const SeriesLimit& limit, SeriesSlot& slot) {
  if (slot.watch == nullptr) {
    slot.watch = std::make_unique<LimitWatch>();
    slot.watch->limit = limit.value;
    slot.watch->rising = limit.rising;
    slot.watch->Take(slot.last.at, slot.last.value);
  }
  LimitWatch& watch = *slot.watch;
  for (size_t h = 0; h < kLimitHorizons; ++h) {
    if (!watch.IsDue(h, shard.numbers.now)) continue;
    if (watch.IsOpen(h)) {
      watch.Score(h, TreatedAt(shard, stack_id, series, limit), kCrossingTold, shard.limit_track);
      shard.pending.limit_track = true;
    }
    watch.limit = limit.value;  // as it is known now; it may have been raised
    if (slot.state.points() > 0)
      watch.Open(h, shard.numbers.now,
                 slot.state.TimeToCross(limit.value, kHorizons[h]).probability);
  }
}

void ScoreLimits(ShardState& shard, const std::string& stack_id, Stack& stack) {
  for (auto& [series, slot] : stack.series) {
    const auto limit = LimitOfSeries(shard, stack_id, stack, series);
    const bool had_watch = slot.watch != nullptr;
    if (!had_watch && slot.last.at == Instant()) continue;
    if (limit && limit->what != Bounded::kOther)
      ScoreLimit(shard, stack_id, series, *limit, slot);
    else
      slot.watch.reset();
    if (had_watch || slot.watch != nullptr) shard.pending.watches.insert(stack_id);
  }
}

double RealIn(const ActivityReported& activity, const char* name) {
  const auto found = activity.details.find(name);
  if (found == activity.details.end()) return 0;
  double value = 0;
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
  return value;
}

std::string TextIn(const ActivityReported& activity, const char* name) {
  const auto found = activity.details.find(name);
  return found == activity.details.end() ? std::string() : found->second;
}

// What is over stays on the timeline, with its end, under an id of its own.
void CloseCrossings(ShardState& shard, const Fact& fact, Stack& stack,
                    const std::set<std::string>& still) {
  for (ActivityReported& activity : stack.record.activities) {
    const bool open = activity.ended_at == activity.started_at;
    if (activity.kind != kActivity || !open || still.contains(activity.id)) continue;
    activity.ended_at = fact.at;
    activity.id += "@" + FormatInstant(activity.started_at);
    shard.pending.stacks.insert(fact.stack.value);
  }
}

ActivityReported ActivityOf(const LimitCrossing& crossing, Instant now) {
  ActivityReported activity;
  activity.kind = kActivity;
  activity.id = IdOf(crossing.series);
  const Instant at = crossing.likely_at.value_or(now + kCrossingHorizon);
  activity.text =
      fmt::format("{} of {} is likely to reach its limit {:.4g} about {} (p {:.2f}; {})",
                  crossing.series.metric, SubjectOf(crossing), crossing.limit, FormatInstant(at),
                  crossing.probability, crossing.source);
  activity.started_at = activity.ended_at = now;
  activity.resources = {crossing.series.resource_kind + "/" + crossing.series.resource_name};
  const std::string answered_at = crossing.answered_at.kind + "/" + crossing.answered_at.name;
  if (answered_at != activity.resources[0]) activity.resources.push_back(answered_at);
  activity.details = {
      {"metric", crossing.series.metric}, {"limit", fmt::format("{:.6g}", crossing.limit)},
      {"likely_at", FormatInstant(at)},   {"p", fmt::format("{:.3f}", crossing.probability)},
      {"source", crossing.source},        {"answered_at", answered_at}};
  return activity;
}

}  // namespace

std::optional<SeriesLimit> LimitOfSeries(const ShardState& shard, const std::string& stack_id,
                                         const Stack& stack, const std::string& series) {
  const auto found = stack.series.find(series);
  if (found == stack.series.end()) return std::nullopt;
  const SeriesRow row = RowOf(stack_id, series, found->second);
  return LimitOf(row.resource_name, row.metric, StackSource(shard, stack_id, stack, row));
}

std::vector<LimitCrossing> CrossingsOf(const ShardState& shard, const std::string& stack_id,
                                       const Stack& stack, Duration horizon, double p_least) {
  std::vector<LimitCrossing> crossings;
  for (const auto& [name, slot] : stack.series) {
    const auto limit = LimitOfSeries(shard, stack_id, stack, name);
    // That a processor is busy to the full is no shortage that grows.
    if (!limit || limit->what == Bounded::kOther) continue;
    const SeriesRow row = RowOf(stack_id, name, slot);
    const bool beyond =
        limit->rising ? row.last_value >= limit->value : row.last_value <= limit->value;
    const Crossing crossing = slot.state.TimeToCross(limit->value, horizon);
    const double p = beyond ? 1 : crossing.probability;
    // After a start a series has no newest value until a point comes.
    if (p < p_least || slot.state.points() == 0 || row.last_at == Instant()) continue;
    LimitCrossing& found = crossings.emplace_back();
    found.series = row;
    found.limit = limit->value;
    found.what = limit->what;
    found.source = limit->source;
    found.probability = p;
    for (size_t h = 0; h < kHorizonCount; ++h)
      found.p[h] = beyond ? 1 : slot.state.TimeToCross(limit->value, kHorizons[h]).probability;
    found.answered_at = {StackId(stack_id), row.resource_kind, row.resource_name};
    if (!limit->kind.empty()) found.answered_at = {StackId(stack_id), limit->kind, limit->name};
    found.likely_at = beyond ? std::optional(row.last_at) : crossing.likely_at;
    found.possible_at = beyond ? std::optional(row.last_at) : crossing.possible_at;
  }
  std::stable_sort(
      crossings.begin(), crossings.end(),
      [](const LimitCrossing& a, const LimitCrossing& b) { return a.probability > b.probability; });
  return crossings;
}

void WatchLimits(ShardState& shard, const Fact& fact, Stack& stack) {
  const std::string& stack_id = fact.stack.value;
  ScoreLimits(shard, stack_id, stack);
  std::set<std::string> still;
  for (const LimitCrossing& crossing :
       CrossingsOf(shard, stack_id, stack, kCrossingHorizon, kCrossingOver)) {
    const std::string id = IdOf(crossing.series);
    still.insert(id);
    if (crossing.probability < kCrossingTold || IsOpen(stack.record, id)) continue;
    const ActivityReported activity = ActivityOf(crossing, fact.at);
    ApplyActivity(shard, fact, activity);
    shard.pending.stacks.insert(stack_id);
    Alert(shard, "limit.crossing", id + "@" + FormatInstant(fact.at), fact.stack,
          crossing.series.resource_name.empty() ? stack_id : SubjectOf(crossing), activity.text,
          10 * crossing.probability);
    Emit(shard, LiveEvent::Kind::kStack, fact.stack, stack_id, activity.text);
  }
  CloseCrossings(shard, fact, stack, still);
}

std::optional<ForetoldLimit> LimitForetoldAt(const ShardState& shard, const ResourceId& id) {
  const auto stack = shard.stacks.find(id.stack.value);
  if (stack == shard.stacks.end()) return std::nullopt;
  std::optional<ForetoldLimit> most;
  for (const ActivityReported& activity : stack->second.record.activities) {
    const bool open = activity.kind == kActivity && activity.ended_at == activity.started_at;
    if (!open || TextIn(activity, "answered_at") != id.kind + "/" + id.name) continue;
    const double p = std::clamp(RealIn(activity, "p"), 0.0, 1.0);
    if (most && most->probability >= p) continue;
    most = ForetoldLimit{activity.text, RealIn(activity, "limit"), p};
  }
  return most;
}

}  // namespace driftcast
