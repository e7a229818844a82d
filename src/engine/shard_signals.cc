// Metric points: judged and remembered as they arrive; what is unusual goes onto the timeline.
#include <algorithm>

#include "engine/shard_limits.h"
#include "engine/shard_state.h"
#include "wire/fact.h"

namespace driftcast {
namespace {

// The states of a stack's series are stored this often; after a start the points since then are
// taken in again from their table.
constexpr Duration kStoreEvery = kHour;

// The detector's own alarms are too many for people (docs/signals.md): the timeline, and with it
// the forecasts (metric_inputs.cc), get those with at least this evidence: the newest so many of a
// series, so that a restless one does not hide the others, and of a stack.
constexpr double kTimelineEvidence = 8;
constexpr std::ptrdiff_t kUnusualKeptOfSeries = 8;
constexpr std::ptrdiff_t kUnusualKept = 128;

std::string SeriesName(const MetricPoint& point) {
  return point.resource_kind + '\0' + point.resource_name + '\0' + point.metric;
}

bool IsOf(const std::string& name, const MetricPoint& point) {
  const std::string &kind = point.resource_kind, &resource = point.resource_name;
  if (name.size() != kind.size() + resource.size() + point.metric.size() + 2) return false;
  const auto part = [&](size_t at, const std::string& text) {
    return name.compare(at, text.size(), text) == 0;
  };
  return part(0, kind) && name[kind.size()] == '\0' && part(kind.size() + 1, resource) &&
         name[kind.size() + 1 + resource.size()] == '\0' &&
         part(kind.size() + resource.size() + 2, point.metric);
}

// The series of the point at this place of a fact; made when it is new.
Stack::SeriesMap::value_type& SeriesOf(Stack& stack, size_t place, const MetricPoint& point) {
  auto& in_order = stack.series_in_order;
  if (in_order.size() <= place) in_order.resize(place + 1, nullptr);
  if (in_order[place] == nullptr || !IsOf(in_order[place]->first, point))
    in_order[place] = &*stack.series.try_emplace(SeriesName(point)).first;
  return *in_order[place];
}

void StoreWhenDue(ShardState& shard, const Fact& fact, Stack& stack) {
  if (fact.at < stack.record.series_stored_at + kStoreEvery) return;
  stack.record.series_stored_at = fact.at;
  for (auto& [name, slot] : stack.series) {
    if (slot.unsaved) shard.pending.series.insert({fact.stack.value, name});
    slot.unsaved = false;
  }
  ForgetSilentSeries(shard, fact.stack.value, stack);
  WatchLimits(shard, fact, stack);
}

// The points of a stack since its series were stored.
Status TakeInAgain(const Store& store, const std::string& stack_id, Stack& stack) {
  Status result = Ok();
  const std::string prefix = stack_id + '\0';
  const auto take = [&](std::string_view, std::string_view bytes) {
    const auto fact = DecodeFact(bytes);
    result = fact.status();
    if (!result.ok()) return false;
    for (const MetricPoint& point : std::get<MetricsObserved>(fact->body).points) {
      SeriesSlot& slot = stack.series[SeriesName(point)];
      if (point.at > slot.state.newest()) {
        if (slot.watch != nullptr) slot.watch->Take(point.at, point.value);
        slot.state.Observe(point.at, point.value);
        slot.unsaved = true;
      }
      if (point.at >= slot.last.at) slot.last = {point.at, point.value};
    }
    return true;
  };
  const auto from =
      static_cast<uint64_t>(std::max<int64_t>(0, ToUnixMicros(stack.record.series_stored_at)));
  DRIFTCAST_RETURN_IF_ERROR(
      store.Scan(Table::kPoints, prefix + OrderedNumber(from), PrefixEnd(prefix), take));
  return result;
}

bool IsUnusual(const ActivityReported& a) {
  return a.kind == "anomaly" || a.kind == "level_change";
}

std::string_view MetricOf(const ActivityReported& a) {
  const auto named = a.details.find("metric");
  return named == a.details.end() ? std::string_view() : named->second;
}

// Drops the oldest of those that `is_one`, when there are more than `most`.
template <typename Predicate>
void DropOldest(std::deque<ActivityReported>& activities, std::ptrdiff_t most, Predicate is_one) {
  if (std::count_if(activities.begin(), activities.end(), is_one) > most)
    activities.erase(std::find_if(activities.begin(), activities.end(), is_one));
}

// What is unusual must not push out the package runs that explain changes, nor one series what is
// unusual of another.
void ForgetOldUnusual(std::deque<ActivityReported>& activities, const ActivityReported& newest) {
  DropOldest(activities, kUnusualKeptOfSeries, [&](const ActivityReported& a) {
    return IsUnusual(a) && a.resources == newest.resources && MetricOf(a) == MetricOf(newest);
  });
  DropOldest(activities, kUnusualKept, IsUnusual);
}

// Who may react to what this resource's metrics do: the forecasts of it, and of what needs it, are
// made anew at once. While nothing has been learnt from metrics that would change nothing.
void TouchWhoMayReact(ShardState& shard, const StackId& stack_id, const MetricPoint& point) {
  constexpr size_t kUsersMax = 64;
  if (!shard.terms[kAlertHorizon].Speaks()) return;
  const ResourceId id{stack_id, point.resource_kind, point.resource_name};
  TouchAgain(shard, id);
  const auto& dependents = shard.stacks[stack_id.value].dependents;
  const auto found = dependents.find(SlotKey(id));
  if (found == dependents.end()) return;
  size_t left = kUsersMax;
  for (auto user = found->second.begin(); user != found->second.end() && left > 0; ++user, --left)
    TouchAgain(shard, IdFromSlotKey(stack_id, *user));
}

// An unusual point, on the timeline of the stack and of the resource that it belongs to.
void NoteUnusual(ShardState& shard, const Fact& fact, const MetricPoint& point,
                 const Judgement& judgement) {
  const std::string subject =
      point.resource_kind + " " +
      (point.resource_name.empty() ? fact.stack.value : point.resource_name);
  ActivityReported activity;
  activity.kind = judgement.alarm ? "anomaly" : "level_change";
  activity.id = fmt::format("{}/{}@{}", point.resource_name, point.metric, ToUnixMicros(point.at));
  activity.text =
      judgement.alarm
          ? fmt::format("{} of {} is unusual: {:.4g}, expected {:.4g} to {:.4g}", point.metric,
                        subject, point.value, judgement.band.low, judgement.band.high)
          : fmt::format("{} of {} has moved to a new level, about {:.4g}", point.metric, subject,
                        point.value);
  activity.started_at = activity.ended_at = point.at;
  activity.resources = {point.resource_kind + "/" + point.resource_name};
  activity.details = {{"metric", point.metric}, {"value", fmt::format("{:.6g}", point.value)}};
  ApplyActivity(shard, fact, activity);
  ForgetOldUnusual(shard.stacks[fact.stack.value].record.activities, activity);
  TouchWhoMayReact(shard, fact.stack, point);
  Emit(shard, LiveEvent::Kind::kStack, fact.stack, fact.stack.value, activity.text);
}

}  // namespace

std::string SeriesKey(const std::string& stack, const std::string& series) {
  return "m/" + stack + '\0' + series;
}

std::string WatchesKey(const std::string& stack) { return "l/" + stack; }

void ForgetSilentSeries(ShardState& shard, const std::string& stack_id, Stack& stack) {
  const Instant heard_since = shard.numbers.now - kSilentMax;
  for (auto series = stack.series.begin(); series != stack.series.end();) {
    const SeriesSlot& slot = series->second;
    if (std::max(slot.last.at, slot.state.newest()) >= heard_since) {
      ++series;
      continue;
    }
    shard.pending.series.insert({stack_id, series->first});
    if (slot.watch != nullptr) shard.pending.watches.insert(stack_id);
    series = stack.series.erase(series);
    ++stack.record.series_forgotten;
    stack.series_in_order.clear();
    shard.pending.stacks.insert(stack_id);
  }
}

void ApplyMetrics(ShardState& shard, const Fact& fact, const MetricsObserved& body) {
  Stack& stack = StackFor(shard, fact.stack);
  for (size_t place = 0; place < body.points.size(); ++place) {
    const MetricPoint& point = body.points[place];
    SeriesSlot& slot = SeriesOf(stack, place, point).second;
    slot.last = {point.at, point.value};
    if (slot.watch != nullptr && point.at > slot.state.newest())
      slot.watch->Take(point.at, point.value);
    const Judgement judgement = slot.state.Observe(point.at, point.value);
    slot.unsaved = true;
    const bool alarm = judgement.alarm && judgement.evidence >= kTimelineEvidence;
    if (alarm || judgement.change_point) NoteUnusual(shard, fact, point, judgement);
  }
  StoreWhenDue(shard, fact, stack);
  shard.pending.log.Put(Table::kPoints,
                        fact.stack.value + '\0' +
                            OrderedNumber(static_cast<uint64_t>(ToUnixMicros(fact.at))) +
                            OrderedNumber(shard.numbers.fact_number),
                        EncodeFact(fact));
}

Status RestoreSeries(ShardState& shard, const Store& store) {
  Status result = Ok();
  DRIFTCAST_RETURN_IF_ERROR(store.Scan(
      Table::kState, "m/", PrefixEnd("m/"), [&](std::string_view key, std::string_view bytes) {
        key.remove_prefix(2);
        const size_t zero = key.find('\0');
        auto state = SeriesState::Parse(bytes);
        if (zero == key.npos) result = DataLoss("a series under a key that is none");
        if (!state.ok()) result = state.status();
        if (!result.ok()) return false;
        SeriesSlot& slot = shard.stacks[std::string(key.substr(0, zero))]
                               .series[std::string(key.substr(zero + 1))];
        slot.state = *std::move(state);
        return true;
      }));
  DRIFTCAST_RETURN_IF_ERROR(result);
  for (auto& [stack_id, stack] : shard.stacks) {
    DRIFTCAST_ASSIGN_OR_RETURN(const auto bytes, store.Get(Table::kState, WatchesKey(stack_id)));
    if (!bytes) continue;
    DRIFTCAST_ASSIGN_OR_RETURN(const auto watches, DecodeWatches(*bytes));
    for (const auto& [series, watch] : watches)
      stack.series[series].watch = std::make_unique<LimitWatch>(watch);
  }
  for (auto& [stack_id, stack] : shard.stacks)
    DRIFTCAST_RETURN_IF_ERROR(TakeInAgain(store, stack_id, stack));
  return Ok();
}

}  // namespace driftcast
