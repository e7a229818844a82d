// Answers about exposure: of a resource, of the fleet, and in a forecast's severity and reasons.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

#include "engine/shard_inputs.h"
#include "engine/shard_intel.h"
#include "engine/shard_state.h"
#include "intel/version.h"
#include "shadow/sensitivity.h"

namespace driftcast {
namespace {

constexpr size_t kSomeMax = 20;

struct Counts {
  uint64_t all = 0, fixed = 0;
};

// Stacks of a role that have the package in any version, and in one that is at least `fixed`.
Counts SimilarOf(const ShardState& shard, const std::string& role, const OpenExposure& exposure) {
  const auto scheme = intel::SchemeOfEcosystem(exposure.ecosystem);
  const std::string prefix = intel::PackageName(exposure.ecosystem, exposure.package) + '\t';
  std::map<std::string_view, bool> fixed_on;
  const auto& holdings = shard.intel.holdings;
  for (auto entry = holdings.lower_bound(prefix);
       entry != holdings.end() && entry->first.starts_with(prefix); ++entry) {
    const auto version = std::string_view(entry->first).substr(prefix.size());
    const bool fixed = scheme && !exposure.fixed.empty() &&
                       intel::CompareVersions(*scheme, version, exposure.fixed) >= 0;
    for (const Holder& holder : entry->second.holders)
      if (shard.stacks.at(*holder.stack).record.role.value == role) fixed_on[*holder.stack] = fixed;
  }
  Counts counts;
  for (const auto& [stack, fixed] : fixed_on) {
    ++counts.all;
    counts.fixed += fixed;
  }
  return counts;
}

void FillRating(const intel::Rating& rating, OpenExposure& exposure) {
  if (rating.epss) {
    exposure.epss = rating.epss->probability;
    exposure.epss_percentile = rating.epss->percentile;
  }
  if (rating.cvss) {
    exposure.cvss = rating.cvss->base;
    exposure.network = rating.cvss->network;
  }
  if (!rating.kev) return;
  exposure.exploited = true;
  exposure.exploited_since = rating.kev->added.value_or(Instant());
  exposure.due = rating.kev->due.value_or(Instant());
  exposure.ransomware = rating.kev->ransomware;
}

OpenExposure ExposureFrom(const ShardState& shard, const std::string& holding_key,
                          const intel::OpenVulnerability& open) {
  const size_t first = holding_key.find('\t'), second = holding_key.find('\t', first + 1);
  OpenExposure exposure;
  exposure.id = open.id;
  exposure.advisories = open.advisories;
  exposure.ecosystem = holding_key.substr(0, first);
  exposure.package = holding_key.substr(first + 1, second - first - 1);
  exposure.version = holding_key.substr(second + 1);
  exposure.fixed = open.fixed;
  exposure.fixed_since = open.fixed_since;
  exposure.summary = open.summary;
  exposure.urgency = open.urgency;
  exposure.weight = open.weight;
  if (open.cve) FillRating(shard.intel.knowledge.RatingOf(*open.cve), exposure);
  return exposure;
}

std::vector<const intel::OpenVulnerability*> WorstFirst(const Holding& holding) {
  std::vector<const intel::OpenVulnerability*> open;
  for (const auto& one : holding.open) open.push_back(&one);
  std::stable_sort(open.begin(), open.end(),
                   [](const auto* a, const auto* b) { return a->weight > b->weight; });
  return open;
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool Mentions(const std::string& part, const intel::OpenVulnerability& open,
              const std::string& package) {
  if (part.empty()) return true;
  const auto has = [&](const std::string& text) { return Lower(text).find(part) != text.npos; };
  return has(open.id) || has(package) || has(open.summary) ||
         std::any_of(open.advisories.begin(), open.advisories.end(), has);
}

std::string AgeText(Duration age) {
  const auto days = static_cast<int64_t>(Seconds(age) / 86400);
  return days == 0 ? "today" : days == 1 ? "1 day ago" : fmt::format("{} days ago", days);
}

// "a fix for CVE-2024-1 (EPSS 0.61, used in attacks) came out 2 days ago; 14 of 40 similar ..."
std::string TextOf(const OpenExposure& worst, size_t count, Instant now) {
  if (worst.id.starts_with("end of life")) return worst.summary;
  std::string rating;
  if (worst.exploited) rating = "used in attacks";
  if (worst.epss) rating += (rating.empty() ? "" : ", ") + fmt::format("EPSS {:.2f}", *worst.epss);
  if (rating.empty() && worst.cvss) rating = fmt::format("CVSS {:.1f}", *worst.cvss);
  const std::string what =
      worst.package + ": " + worst.id + (rating.empty() ? "" : " (" + rating + ")");
  std::string text = what + " is open and no fix is known";
  if (!worst.fixed.empty()) {
    text = what + " is fixed in " + worst.fixed;
    if (worst.fixed_since != Instant())
      text += ", which came out " + AgeText(now - worst.fixed_since);
    if (worst.similar > 1)
      text += fmt::format("; {} of {} similar stacks have it", worst.similar_fixed, worst.similar);
  }
  return count > 1 ? text + fmt::format("; {} more are open", count - 1) : text;
}

// The largest weight, with its direction, of the keys that will likely move; of all keys when none
// is likelier than another.
void AddKeyFactors(const ResourceId& id, const ResourceState& state, DriftPrediction& prediction) {
  SeverityFactor sensitivity{"sensitivity", 0, ""}, direction{"direction", 0, ""};
  const auto consider = [&](const std::string& path, const std::optional<std::string>& after) {
    const Sensitivity found = SensitivityOf(id.kind, id.name, path);
    std::optional<Value> before;
    for (const KeyState& key : state.keys)
      if (key.path == path) before = key.observed;
    const double moved =
        after ? DirectionOf(id.kind == "sysctl" ? id.name : path, before, Value::Guess(*after)) : 0;
    if (found.weight + moved <= sensitivity.value + direction.value) return;
    sensitivity = {"sensitivity", found.weight, path + ": " + found.why};
    direction = {"direction", moved, moved > 0 ? "it would be loosened" : "it would be tightened"};
  };
  for (const PredictedKey& key : prediction.keys) consider(key.path, key.value);
  if (prediction.keys.empty())
    for (const KeyState& key : state.keys) consider(key.path, std::nullopt);
  prediction.severity_factors.push_back(std::move(sensitivity));
  if (direction.value != 0) prediction.severity_factors.push_back(std::move(direction));
}

void AddBlastRadius(const ShardState& shard, const ResourceId& id, DriftPrediction& prediction) {
  const Reach reach = ReachOf(shard, id);
  if (reach.total() == 0) return;
  std::string text = fmt::format("{} resources depend on it", reach.total());
  if (reach.elsewhere > 0) text += fmt::format(", {} of them on other hosts", reach.elsewhere);
  prediction.severity_factors.push_back(
      {"blast radius", 0.5 * std::log2(1.0 + static_cast<double>(reach.total())), std::move(text)});
}

void AddExposure(const ShardState& shard, const std::string& role, const Slot& slot,
                 DriftPrediction& prediction) {
  if (const auto worst = WorstOf(shard, role, slot, false))
    prediction.severity_factors.push_back(
        {"exposure", slot.holding->second.weight, ExposureText(shard, slot, *worst)});
}

void AddThreat(const Stack& stack, const ResourceId& id, DriftPrediction& prediction) {
  const auto sightings = SightingsOf(stack, SlotKey(id));
  if (sightings.empty()) return;
  prediction.severity_factors.push_back(
      {"threat", sightings[0].weight, SightingText(sightings[0])});
}

void SumUp(DriftPrediction& prediction) {
  double sum = 0;
  prediction.severity_reason.clear();
  for (const SeverityFactor& factor : prediction.severity_factors) {
    sum += factor.value;
    if (factor.text.empty()) continue;
    prediction.severity_reason += (prediction.severity_reason.empty() ? "" : "; ") + factor.text +
                                  fmt::format(" ({:+.1f})", factor.value);
  }
  prediction.severity = std::clamp(sum, 0.0, 10.0);
}

}  // namespace

std::optional<OpenExposure> WorstOf(const ShardState& shard, const std::string& role,
                                    const Slot& slot, bool fixable) {
  if (slot.holding == nullptr) return std::nullopt;
  for (const auto* open : WorstFirst(slot.holding->second)) {
    if (fixable && open->fixed.empty()) continue;
    OpenExposure worst = ExposureFrom(shard, slot.holding->first, *open);
    const Counts similar = SimilarOf(shard, role, worst);
    worst.similar = similar.all;
    worst.similar_fixed = similar.fixed;
    return worst;
  }
  return std::nullopt;
}

std::string ExposureText(const ShardState& shard, const Slot& slot, const OpenExposure& worst) {
  return TextOf(worst, slot.holding->second.open.size(), shard.numbers.now);
}

std::vector<OpenExposure> ExposuresOf(const ShardState& shard, const std::string& role,
                                      const Slot& slot) {
  std::vector<OpenExposure> exposures;
  if (slot.holding == nullptr) return exposures;
  for (const auto* open : WorstFirst(slot.holding->second)) {
    exposures.push_back(ExposureFrom(shard, slot.holding->first, *open));
    const Counts similar = SimilarOf(shard, role, exposures.back());
    exposures.back().similar = similar.all;
    exposures.back().similar_fixed = similar.fixed;
  }
  return exposures;
}

Page<ExposureRow> ListExposures(const ShardState& shard, const ExposureFilter& filter) {
  struct Line {
    const HoldingEntry* first = nullptr;
    const intel::OpenVulnerability* open = nullptr;
    std::set<std::string_view> stacks;
    uint64_t resources = 0;
    std::vector<ResourceId> some;
  };
  const std::string part = Lower(filter.text);
  std::map<std::pair<std::string, std::string>, Line> lines;  // ecosystem TAB package, id
  for (const auto& entry : shard.intel.holdings) {
    if (entry.second.open.empty()) continue;
    std::vector<const Holder*> holders;
    for (const Holder& holder : entry.second.holders) {
      if (!filter.stack.empty() && *holder.stack != filter.stack) continue;
      if (filter.among != nullptr && !filter.among->contains(*holder.stack)) continue;
      if (!filter.role.empty() && shard.stacks.at(*holder.stack).record.role.value != filter.role)
        continue;
      holders.push_back(&holder);
    }
    if (holders.empty()) continue;
    const std::string name = entry.first.substr(0, entry.first.rfind('\t'));
    const std::string package = name.substr(name.find('\t') + 1);
    for (const auto& open : entry.second.open) {
      if (filter.fixable_only && open.fixed.empty()) continue;
      if (filter.exploited_only && open.weight < 4) continue;
      if (!Mentions(part, open, package)) continue;
      Line& line = lines[{name, open.id}];
      if (line.first == nullptr) line.first = &entry;
      if (line.open == nullptr) line.open = &open;
      line.resources += holders.size();
      for (const Holder* holder : holders) {
        line.stacks.insert(*holder->stack);
        if (line.some.size() < kSomeMax)
          line.some.push_back(IdFromSlotKey(StackId(*holder->stack), *holder->slot));
      }
    }
  }
  std::vector<const Line*> sorted;
  for (const auto& [key, line] : lines) sorted.push_back(&line);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Line* a, const Line* b) {
    return a->open->weight != b->open->weight ? a->open->weight > b->open->weight
                                              : a->resources > b->resources;
  });
  Page<ExposureRow> page;
  page.total = sorted.size();
  for (size_t i = filter.offset; i < sorted.size() && page.rows.size() < filter.limit; ++i) {
    ExposureRow row;
    row.exposure = ExposureFrom(shard, sorted[i]->first->first, *sorted[i]->open);
    row.stacks = sorted[i]->stacks.size();
    row.resources = sorted[i]->resources;
    row.some = sorted[i]->some;
    page.rows.push_back(std::move(row));
  }
  return page;
}

DriftPrediction PredictionOf(InputReader& reader, const ShardState& shard, const ResourceId& id,
                             const Slot& slot) {
  const ResourceState state = DecodeSlot(slot);
  DriftPrediction prediction = reader.Predict(id, state);
  const Stack& stack = shard.stacks.at(id.stack.value);
  AddKeyFactors(id, state, prediction);
  AddBlastRadius(shard, id, prediction);
  AddExposure(shard, stack.record.role.value, slot, prediction);
  AddThreat(stack, id, prediction);
  SumUp(prediction);
  return prediction;
}

}  // namespace driftcast
