#include "engine/shard_view.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <tuple>

#include "engine/audit_chain.h"
#include "engine/points_scan.h"
#include "engine/shard_decide.h"
#include "engine/shard_inputs.h"
#include "engine/shard_limits.h"
#include "engine/shard_policy.h"
#include "wire/fact.h"
#include "wire/value.h"

namespace driftcast {
namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Whether `lower_part` is in the text, in whatever case. Looks at every byte of every shadow when
// people search, so it copies nothing.
bool Contains(std::string_view text, const std::string& lower_part) {
  if (lower_part.empty()) return true;
  const auto lower = [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  const char first = lower_part[0];
  const char upper = 'a' <= first && first <= 'z' ? static_cast<char>(first - 32) : first;
  while (text.size() >= lower_part.size()) {
    const size_t room = text.size() - lower_part.size() + 1;
    const auto* hit = static_cast<const char*>(std::memchr(text.data(), first, room));
    const size_t reach = hit == nullptr ? room : static_cast<size_t>(hit - text.data());
    if (upper != first && reach > 0) {
      const auto* other = static_cast<const char*>(std::memchr(text.data(), upper, reach));
      if (other != nullptr) hit = other;
    }
    if (hit == nullptr) return false;
    text.remove_prefix(static_cast<size_t>(hit - text.data()));
    if (std::equal(lower_part.begin(), lower_part.end(), text.begin(),
                   [&](char part, char c) { return part == lower(c); }))
      return true;
    text.remove_prefix(1);
  }
  return false;
}

// A resource that a filter found; borrows from the shard.
struct Found {
  const std::string* stack_id;
  const std::string* slot_key;
  const Slot* slot;

  ResourceId id() const { return IdFromSlotKey(StackId(*stack_id), *slot_key); }
};

// A part of the name, or of a key or value. A shadow's bytes hold its texts as they are, so most
// are passed over without being decoded.
bool MatchesText(const Found& found, const std::string& lower_part) {
  if (lower_part.empty()) return true;
  std::string name = *found.stack_id + '/' + *found.slot_key;
  std::replace(name.begin(), name.end(), '\0', '/');
  if (Contains(name, lower_part)) return true;
  if (!Contains(found.slot->bytes, lower_part)) return false;
  const ResourceState state = DecodeSlot(*found.slot);
  return std::any_of(state.keys.begin(), state.keys.end(), [&](const KeyState& key) {
    return Contains(key.path, lower_part) ||
           (key.observed && Contains(key.observed->text, lower_part)) ||
           (key.expected && Contains(key.expected->text, lower_part));
  });
}

template <typename Filter>
bool IsAsked(const Filter& filter, const std::string& stack) {
  return (filter.stack.empty() || stack == filter.stack) &&
         (filter.among == nullptr || filter.among->contains(stack));
}

bool IsLikely(const ShardState& shard, const Found& found, double p_drift_min) {
  const double p_change = found.slot->p_change[kAlertHorizon];
  if (p_drift_min <= 0 || p_change < p_drift_min) return p_drift_min <= 0;
  return p_change * DriftShareOf(ShareOf(shard, found.id())) >= p_drift_min;
}

// Rows are found in the order of names, so places settle what `filter.sort` leaves equal.
bool Before(const Found& a, const Found& b, const ResourceFilter& filter) {
  const size_t h = std::min<size_t>(filter.horizon, kHorizonCount - 1);
  switch (filter.sort) {
    case ResourceFilter::Sort::kRisk:
      if (a.slot->p_change[h] != b.slot->p_change[h])
        return a.slot->p_change[h] > b.slot->p_change[h];
      break;
    case ResourceFilter::Sort::kChanged:
      if (a.slot->changed_at != b.slot->changed_at) return a.slot->changed_at > b.slot->changed_at;
      break;
    case ResourceFilter::Sort::kSeverity:
      if (a.slot->severity != b.slot->severity) return a.slot->severity > b.slot->severity;
      break;
    case ResourceFilter::Sort::kName:
      break;
  }
  return std::tie(*a.stack_id, *a.slot_key) < std::tie(*b.stack_id, *b.slot_key);
}

// In the order of names.
std::vector<Found> FindAll(const ShardState& shard, const ResourceFilter& filter) {
  std::vector<Found> all;
  const std::string text = Lower(filter.text);
  for (const auto& [stack_id, stack] : shard.stacks) {
    if (!IsAsked(filter, stack_id)) continue;
    if (!filter.role.empty() && stack.record.role.value != filter.role) continue;
    const std::string prefix = filter.kind.empty() ? "" : filter.kind + '\0';
    for (auto slot = stack.slots.lower_bound(prefix);
         slot != stack.slots.end() && slot->first.starts_with(prefix); ++slot) {
      if (filter.status && slot->second.status != *filter.status) continue;
      const Found found{&stack_id, &slot->first, &slot->second};
      if (MatchesText(found, text) && IsLikely(shard, found, filter.p_drift_min))
        all.push_back(found);
    }
  }
  return all;
}

template <typename T>
std::vector<T> CutPage(const std::vector<T>& all, size_t offset, size_t limit) {
  const size_t begin = std::min(offset, all.size());
  const size_t end = std::min(begin + std::min<size_t>(limit, 1000), all.size());
  return {all.begin() + static_cast<std::ptrdiff_t>(begin),
          all.begin() + static_cast<std::ptrdiff_t>(end)};
}

// The page of `all` in the order of `before`; only as much is sorted as the page needs.
template <typename T, typename Less>
std::vector<T> TakePage(std::vector<T>& all, size_t offset, size_t limit, Less before) {
  const size_t end =
      std::min(std::min(offset, all.size()) + std::min<size_t>(limit, 1000), all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(end), all.end(), before);
  return CutPage(all, offset, limit);
}

std::array<double, kHorizonCount> ToDoubles(const Risks& risks) {
  std::array<double, kHorizonCount> out{};
  std::copy(risks.begin(), risks.end(), out.begin());
  return out;
}

Value ValueFromHistory(const std::string& text) {
  return text.starts_with("h:") ? Value::Secret(text.substr(2)) : Value::Guess(text);
}

// Takes one change back from a configuration.
void Undo(const ChangeEvent& event, std::vector<KeyValue>& keys) {
  const bool member = event.path.ends_with("[]");
  const auto is = [&](const KeyValue& key, const std::string& text) {
    return key.path == event.path && (!member || key.value.Display() == text);
  };
  if (event.op == ChangeOp::kAdd || event.op == ChangeOp::kChange)
    std::erase_if(keys, [&](const KeyValue& key) { return is(key, event.new_value); });
  if (event.op == ChangeOp::kRemove || event.op == ChangeOp::kChange)
    keys.push_back({event.path, ValueFromHistory(event.old_value)});
}

StatusOr<HistoryEntry> DecodeHistory(std::string_view bytes) {
  v1::HistoryEntry message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return DataLoss("a history entry that cannot be read");
  return FromProto(message);
}

std::string TimeKey(const std::string& prefix, Instant t) {
  return prefix + OrderedNumber(static_cast<uint64_t>(std::max<int64_t>(0, ToUnixMicros(t))));
}

}  // namespace

void ShownPlans::Remember(const std::vector<RemediationPlan>& plans) {
  for (const RemediationPlan& plan : plans) {
    if (plan.resources.empty()) continue;
    if (resources_.emplace(plan.id.value, plan.resources[0]).second)
      order_.push_back(plan.id.value);
  }
  while (order_.size() > kKept) {
    resources_.erase(order_.front());
    order_.pop_front();
  }
}

std::optional<ResourceId> ShownPlans::ResourceOf(const PlanId& id) const {
  const auto found = resources_.find(id.value);
  return found == resources_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<StackSummary> ShardView::Stacks() const {
  std::map<std::string, uint64_t> drifts_open;
  std::map<std::string, double> severity;
  for (const auto& [id, drift] : shard_.drifts) {
    if (drift.closed_at != Instant()) continue;
    ++drifts_open[drift.resource.stack.value];
    severity[drift.resource.stack.value] =
        std::max(severity[drift.resource.stack.value], drift.severity);
  }
  std::vector<StackSummary> summaries;
  for (const auto& [id, stack] : shard_.stacks) {
    StackSummary summary;
    summary.id = StackId(id);
    summary.role = stack.record.role;
    summary.labels = stack.record.labels;
    summary.allowed_kinds = stack.record.allowed_kinds;
    summary.agent = stack.record.agent;
    summary.last_fact_at = stack.record.last_fact_at;
    summary.agent_report = stack.record.report;
    summary.drifts_open = drifts_open[id];
    summary.severity_max = severity[id];
    summary.series = stack.series.size();
    summary.series_forgotten = stack.record.series_forgotten;
    for (const auto& [slot_key, slot] : stack.slots) {
      ++summary.counts[static_cast<size_t>(slot.status)];
      for (size_t h = 0; h < kHorizonCount; ++h) summary.expected_changes[h] += slot.p_change[h];
    }
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

std::optional<ShadowResource> ShardView::Shadow(const ResourceId& id) const {
  const Slot* slot = FindSlot(shard_, id);
  if (slot == nullptr) return std::nullopt;
  return ViewOfSlot(shard_, id, DecodeSlot(*slot));
}

Dependency ShardView::Resolve(const Dependency& edge) const { return Resolved(shard_, edge); }

std::vector<Dependent> ShardView::Dependents(const ResourceId& id) const {
  return DependentsOf(shard_, id);
}

Page<ResourceRow> ShardView::Resources(const ResourceFilter& filter) const {
  auto all = FindAll(shard_, filter);
  Page<ResourceRow> page;
  page.total = all.size();
  const auto before = [&](const Found& a, const Found& b) { return Before(a, b, filter); };
  const auto rows = filter.sort == ResourceFilter::Sort::kName
                        ? CutPage(all, filter.offset, filter.limit)
                        : TakePage(all, filter.offset, filter.limit, before);
  for (const Found& found : rows) {
    ResourceRow row;
    row.id = found.id();
    row.role = shard_.stacks.at(*found.stack_id).record.role;
    row.status = found.slot->status;
    row.keys = found.slot->keys;
    row.keys_differing = found.slot->keys_differing;
    row.changed_at = found.slot->changed_at;
    row.compared_at = found.slot->compared_at;
    const auto& compared = shard_.stacks.at(*found.stack_id).record.kind_compared_at;
    if (const auto at = compared.find(row.id.kind);
        at != compared.end() && row.compared_at != Instant())
      row.compared_at = std::max(row.compared_at, at->second);
    row.p_change = ToDoubles(found.slot->p_change);
    row.severity = found.slot->severity;
    page.rows.push_back(std::move(row));
  }
  return page;
}

Page<Drift> ShardView::Drifts(const DriftFilter& filter) const {
  std::vector<const Drift*> all;
  for (const auto& [id, drift] : shard_.drifts) {
    if (filter.open_only && drift.closed_at != Instant()) continue;
    if (!IsAsked(filter, drift.resource.stack.value)) continue;
    all.push_back(&drift);
  }
  Page<Drift> page;
  page.total = all.size();
  const auto newest_first = [](const Drift* a, const Drift* b) {
    return a->opened_at != b->opened_at ? a->opened_at > b->opened_at : a->id < b->id;
  };
  for (const Drift* drift : TakePage(all, filter.offset, filter.limit, newest_first))
    page.rows.push_back(*drift);
  return page;
}

Page<DriftPrediction> ShardView::Predictions(const ResourceFilter& filter) const {
  auto all = FindAll(shard_, filter);
  std::erase_if(all, [](const Found& found) { return !found.slot->exists; });
  Page<DriftPrediction> page;
  page.total = all.size();
  const auto by_expected_loss = [&](const Found& a, const Found& b) {
    const double loss_a = a.slot->p_change[kAlertHorizon] * a.slot->severity;
    const double loss_b = b.slot->p_change[kAlertHorizon] * b.slot->severity;
    return loss_a != loss_b
               ? loss_a > loss_b
               : std::tie(*a.stack_id, *a.slot_key) < std::tie(*b.stack_id, *b.slot_key);
  };
  const auto as_asked = [&](const Found& a, const Found& b) { return Before(a, b, filter); };
  const auto rows = filter.sort == ResourceFilter::Sort::kName
                        ? TakePage(all, filter.offset, filter.limit, by_expected_loss)
                        : TakePage(all, filter.offset, filter.limit, as_asked);
  InputReader reader(shard_);
  for (const Found& found : rows)
    page.rows.push_back(PredictionOf(reader, shard_, found.id(), *found.slot));
  return page;
}

std::optional<DriftPrediction> ShardView::Prediction(const ResourceId& id) const {
  const Slot* slot = FindSlot(shard_, id);
  if (slot == nullptr || !slot->exists) return std::nullopt;
  InputReader reader(shard_);
  return PredictionOf(reader, shard_, id, *slot);
}

Page<RemediationPlan> ShardView::Plans(const PlanFilter& filter) const {
  std::vector<RemediationPlan> all;
  std::optional<ResourceId> resource = filter.resource;
  if (!resource && filter.trigger.starts_with("prediction:")) {
    const auto id = ParseResourceId(std::string_view(filter.trigger).substr(11));
    if (id.ok()) resource = *id;
  } else if (const auto drift = shard_.drifts.find(filter.trigger);
             !resource && drift != shard_.drifts.end()) {
    resource = drift->second.resource;
  }
  if (resource) {
    all = PlansFor(shard_, *resource);
    shown_.Remember(all);
  } else {
    for (const auto& [id, plan] : shard_.plans) all.push_back(plan);
    std::stable_sort(
        all.begin(), all.end(),
        [](const RemediationPlan& a, const RemediationPlan& b) { return a.made_at > b.made_at; });
  }
  // What was decided stays with what it was decided about, also when that is over.
  if (resource) {
    for (const auto& [id, plan] : shard_.plans) {
      const bool asked = filter.trigger.empty() ? std::ranges::count(plan.resources, *resource) > 0
                                                : plan.trigger == filter.trigger;
      if (asked && std::ranges::find(all, plan.id, &RemediationPlan::id) == all.end())
        all.push_back(plan);
    }
  }
  std::erase_if(all, [&](const RemediationPlan& plan) {
    return !IsAsked(filter, plan.stack.value) ||
           (!filter.trigger.empty() && plan.trigger != filter.trigger) ||
           (filter.active_only && (IsFinal(plan.state) || plan.state == PlanState::kProposed));
  });
  Page<RemediationPlan> page;
  page.total = all.size();
  page.rows = CutPage(all, filter.offset, filter.limit);
  return page;
}

std::optional<RemediationPlan> ShardView::Plan(const PlanId& id) const {
  const auto stored = shard_.plans.find(id.value);
  if (stored != shard_.plans.end()) return stored->second;
  const auto resource = shown_.ResourceOf(id);
  if (!resource) return std::nullopt;
  for (RemediationPlan& plan : PlansFor(shard_, *resource))
    if (plan.id == id) return plan;
  return std::nullopt;
}

std::vector<LeftOut> ShardView::StrategiesLeftOut(const ResourceId& id) const {
  std::vector<LeftOut> left_out;
  PlansFor(shard_, id, &left_out);
  return left_out;
}

std::vector<ModelRow> ShardView::Models() const {
  std::vector<ModelRow> rows;
  for (auto served = shard_.models.rbegin(); served != shard_.models.rend(); ++served)
    rows.push_back({served->what, served->at, served == shard_.models.rbegin()});
  const bool none_published = rows.empty();
  const auto add_built_in = [&](const char* version, const char* digest, const char* reason) {
    if (std::any_of(rows.begin(), rows.end(),
                    [&](const ModelRow& row) { return row.what.digest == digest; }))
      return;
    ModelRow row;
    row.what.version = version;
    row.what.digest = digest;
    row.what.by = Principal("driftcast");
    row.what.reason = reason;
    rows.push_back(std::move(row));
  };
  add_built_in(kShippedModel, "",
               "comes with the program; trained on public histories of other stacks");
  if (none_published) rows.back().serves = true;
  add_built_in(kReferenceModel, kReferenceModel,
               "the fallback: each resource's own rate of changes, shrunk towards its stack's");
  return rows;
}

Instant ShardView::ModelDriftedAt() const { return shard_.model_watch.drifted_at; }

PolicyVerdict ShardView::Verdict(const RemediationPlan& plan) const {
  return VerdictToShow(shard_, plan);
}

std::optional<PolicyInForce> ShardView::Policy() const {
  if (!shard_.policy) return std::nullopt;
  return PolicyInForce{shard_.policy->source, shard_.policy->at};
}

std::vector<TimeSpan> ShardView::Windows(const RoleName& role) const {
  return WindowsFor(shard_, role);
}

std::vector<PauseSet> ShardView::Pauses() const {
  std::vector<PauseSet> pauses;
  for (const auto& [id, pause] : shard_.pauses) pauses.push_back(pause);
  return pauses;
}

std::vector<FeedStatus> ShardView::Feeds() const {
  std::vector<FeedStatus> feeds;
  for (const auto& [name, feed] : shard_.intel.feeds) feeds.push_back(feed);
  return feeds;
}

std::vector<OpenExposure> ShardView::ExposuresOf(const ResourceId& id) const {
  const Slot* slot = FindSlot(shard_, id);
  if (slot == nullptr) return {};
  return driftcast::ExposuresOf(shard_, shard_.stacks.at(id.stack.value).record.role.value, *slot);
}

std::vector<MetIndicator> ShardView::IndicatorsOn(const ResourceId& id) const {
  const auto stack = shard_.stacks.find(id.stack.value);
  return stack == shard_.stacks.end() ? std::vector<MetIndicator>() : MetOn(stack->second, id);
}

std::vector<MetIndicator> ShardView::IndicatorsMet(const std::string& stack_id) const {
  std::vector<MetIndicator> met;
  for (const auto& [id, stack] : shard_.stacks) {
    if (!stack_id.empty() && id != stack_id) continue;
    for (const auto& [slot_key, held] : stack.observables)
      for (MetIndicator& one : MetOn(stack, IdFromSlotKey(StackId(id), slot_key)))
        met.push_back(std::move(one));
  }
  std::stable_sort(met.begin(), met.end(),
                   [](const auto& a, const auto& b) { return a.weight > b.weight; });
  return met;
}

Page<ExposureRow> ShardView::Exposures(const ExposureFilter& filter) const {
  return ListExposures(shard_, filter);
}

TrackRecord ShardView::Track() const {
  TrackRecord track = shard_.track;
  track.model = shard_.forecaster.model();
  for (auto& horizon : track.horizons) horizon.log_loss_reference = ConstantLogLoss(horizon);
  for (const auto& [id, stack] : shard_.stacks)
    for (const auto& [slot_key, slot] : stack.slots)
      for (const float p : slot.p_scored) track.open += p >= 0 ? 1 : 0;
  return track;
}

TrackRecord ShardView::LimitTrack() const {
  TrackRecord track = shard_.limit_track;
  track.model = "driftcast/series";
  for (auto& horizon : track.horizons) horizon.log_loss_reference = ConstantLogLoss(horizon);
  for (const auto& [id, stack] : shard_.stacks)
    for (const auto& [name, slot] : stack.series)
      for (size_t h = 0; slot.watch != nullptr && h < kLimitHorizons; ++h)
        track.open += slot.watch->IsOpen(h) ? 1 : 0;
  return track;
}

std::vector<ActivityReported> ShardView::Activities(const StackId& stack, size_t limit) const {
  std::vector<ActivityReported> newest_first;
  const auto found = shard_.stacks.find(stack.value);
  if (found == shard_.stacks.end()) return newest_first;
  const auto& kept = found->second.record.activities;
  for (auto activity = kept.rbegin(); activity != kept.rend() && newest_first.size() < limit;
       ++activity)
    newest_first.push_back(*activity);
  return newest_first;
}

std::vector<SeriesRow> ShardView::Series(const std::string& stack) const {
  std::vector<SeriesRow> rows;
  for (const auto& [id, held] : shard_.stacks) {
    if (!stack.empty() && id != stack) continue;
    for (const auto& [key, slot] : held.series) {
      const size_t first = key.find('\0'), second = key.find('\0', first + 1);
      rows.push_back({id, key.substr(0, first), key.substr(first + 1, second - first - 1),
                      key.substr(second + 1), slot.last.at, slot.last.value});
    }
  }
  return rows;
}

std::optional<SeriesOutlook> ShardView::Outlook(const SeriesRow& series, Duration horizon) const {
  const auto stack = shard_.stacks.find(series.stack);
  if (stack == shard_.stacks.end()) return std::nullopt;
  const auto found = stack->second.series.find(series.resource_kind + '\0' + series.resource_name +
                                               '\0' + series.metric);
  if (found == stack->second.series.end()) return std::nullopt;
  const SeriesState& state = found->second.state;
  SeriesOutlook outlook;
  const Band band = state.Expected();
  outlook.low = band.low;
  outlook.expected = band.expected;
  outlook.high = band.high;
  outlook.points = state.points();
  for (const ForecastPoint& point : state.Forecast(horizon))
    outlook.forecast.push_back({point.at, point.mean, point.low, point.high});
  if (const auto limit = LimitOfSeries(shard_, series.stack, stack->second, found->first)) {
    const Crossing crossing = state.TimeToCross(limit->value, horizon);
    outlook.limit = limit->value;
    outlook.limit_source = limit->source;
    outlook.p_crossing = crossing.probability;
    outlook.crossing_likely_at = crossing.likely_at;
    outlook.crossing_possible_at = crossing.possible_at;
  }
  return outlook;
}

std::vector<LimitCrossing> ShardView::Crossings(const std::string& stack, Duration horizon,
                                                double p_least) const {
  std::vector<LimitCrossing> crossings;
  for (const auto& [id, held] : shard_.stacks) {
    if (!stack.empty() && id != stack) continue;
    for (LimitCrossing& crossing : CrossingsOf(shard_, id, held, horizon, p_least))
      crossings.push_back(std::move(crossing));
  }
  std::stable_sort(
      crossings.begin(), crossings.end(),
      [](const LimitCrossing& a, const LimitCrossing& b) { return a.probability > b.probability; });
  return crossings;
}

StatusOr<std::vector<HistoryEntry>> ShardView::History(const ResourceId& id, Instant from,
                                                       Instant to, size_t limit) const {
  const std::string prefix = HistoryPrefix(id);
  std::vector<HistoryEntry> entries;
  Status result = Ok();
  DRIFTCAST_RETURN_IF_ERROR(
      store_.ScanBackwards(Table::kHistory, TimeKey(prefix, from),
                           to == Instant() ? PrefixEnd(prefix) : TimeKey(prefix, to + Duration(1)),
                           [&](std::string_view, std::string_view bytes) {
                             auto entry = DecodeHistory(bytes);
                             result = entry.status();
                             if (result.ok()) entries.push_back(*std::move(entry));
                             return result.ok() && entries.size() < limit;
                           }));
  DRIFTCAST_RETURN_IF_ERROR(result);
  return entries;
}

StatusOr<std::vector<KeyValue>> ShardView::ObservedAt(const ResourceId& id, Instant at) const {
  const Slot* slot = FindSlot(shard_, id);
  std::vector<KeyValue> keys;
  bool exists = false;
  if (slot != nullptr) {
    const ResourceState state = DecodeSlot(*slot);
    exists = state.exists;
    for (const KeyState& key : state.keys)
      if (key.observed) keys.push_back({key.path, *key.observed});
  }
  DRIFTCAST_ASSIGN_OR_RETURN(const auto later, History(id, at + Duration(1), Instant(), 1 << 20));
  for (const HistoryEntry& entry : later) {
    if (entry.event.op == ChangeOp::kCreate) {
      exists = false;
      keys.clear();
    } else if (entry.event.op == ChangeOp::kDelete) {
      exists = true;  // with the keys that its last entries told
    } else if (entry.event.op != ChangeOp::kInitial) {
      Undo(entry.event, keys);
    }
  }
  if (!exists) return NotFound("{} was not there at {}", id.ToText(), FormatInstant(at));
  Canonicalize(keys);
  return keys;
}

StatusOr<std::vector<AuditEntry>> ShardView::Audit(uint64_t from_number, size_t limit) const {
  std::vector<AuditEntry> entries;
  Status result = Ok();
  const std::string end = from_number == UINT64_MAX ? "" : OrderedNumber(from_number + 1);
  DRIFTCAST_RETURN_IF_ERROR(
      store_.ScanBackwards(Table::kAudit, "", end, [&](std::string_view, std::string_view bytes) {
        auto entry = DecodeAudit(bytes);
        result = entry.status();
        if (result.ok()) entries.push_back(*std::move(entry));
        return result.ok() && entries.size() < limit;
      }));
  DRIFTCAST_RETURN_IF_ERROR(result);
  return entries;
}

StatusOr<std::vector<SeriesPoint>> ShardView::Points(const SeriesRow& series, Instant from,
                                                     Instant to, size_t limit) const {
  std::vector<SeriesPoint> points;
  const std::string prefix = series.stack + '\0';
  Status result = Ok();
  DRIFTCAST_RETURN_IF_ERROR(store_.ScanBackwards(Table::kPoints, TimeKey(prefix, from),
                                                 TimeKey(prefix, to + Duration(1)),
                                                 [&](std::string_view, std::string_view bytes) {
                                                   result = AppendPoints(bytes, series, points);
                                                   return result.ok() && points.size() < limit;
                                                 }));
  DRIFTCAST_RETURN_IF_ERROR(result);
  return points;
}

}  // namespace driftcast
