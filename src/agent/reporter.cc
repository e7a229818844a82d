#include "agent/reporter.h"

#include <algorithm>

#include "base/log.h"
#include "wire/fact.h"

namespace driftcast {
namespace {

constexpr size_t kFlushFacts = 64;
constexpr size_t kDebtsAtOnce = 256;

class Hasher {
 public:
  void Add(std::string_view text) {
    for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001B3;
    Add(text.size());
  }
  void Add(uint64_t number) {
    hash_ = (hash_ ^ number) * 0x9E3779B97F4A7C15;
    hash_ ^= hash_ >> 32;
  }
  void Add(const std::vector<KeyValue>& keys) {
    for (const KeyValue& key : keys) {
      Add(key.path);
      Add(static_cast<uint64_t>(key.value.type));
      Add(key.value.text);
    }
    Add(keys.size());
  }
  uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 0xCBF29CE484222325;
};

// Of all that a person would call the resource's state.
uint64_t HashOf(const ResourceObserved& o) {
  Hasher hash;
  hash.Add(o.keys);
  hash.Add(o.context);
  for (const Dependency& edge : o.depends_on) {
    hash.Add(edge.kind);
    hash.Add(edge.to_kind);
    hash.Add(edge.to_name);
  }
  for (const UncomparedKey& key : o.uncompared) {
    hash.Add(key.path);
    hash.Add(key.reason);
  }
  return hash.value();
}

}  // namespace

// Receives what a scan finds.
class Reporter::ScanSink : public Sink {
 public:
  ScanSink(Reporter& reporter, Means means, bool always)
      : reporter_(reporter), means_(means), always_(always) {}
  void Observed(ResourceObserved observation) override {
    if (reporter_.stop_asked_()) return;
    reporter_.Offer(std::move(observation), means_, always_);
  }
  void Unchanged(std::string_view kind, std::string_view name) override {
    const auto known = reporter_.known_.find({std::string(kind), std::string(name)});
    if (known != reporter_.known_.end()) known->second.scan = reporter_.scan_;
  }

 private:
  Reporter& reporter_;
  const Means means_;
  const bool always_;
};

Reporter::Reporter(StackId stack, Spool& spool, const Clock& clock, CauseOf cause_of)
    : stack_(std::move(stack)), spool_(spool), clock_(clock), cause_of_(std::move(cause_of)) {}

Status Reporter::Append(std::vector<Fact>& facts, SpoolLane lane) {
  auto next = facts.begin();
  const auto appended = spool_.Append(facts.size(), lane, [&next](uint64_t sequence) {
    next->sequence = sequence;
    return EncodeFact(*next++);
  });
  return appended.status();
}

Status Reporter::Report(FactBody body, SpoolLane lane) {
  Fact fact;
  fact.at = clock_.Now();
  fact.stack = stack_;
  fact.body = std::move(body);
  std::vector<Fact> facts;
  facts.push_back(std::move(fact));
  return Append(facts, lane);
}

void Reporter::Offer(ResourceObserved observation, Means means, bool always) {
  Key key(observation.resource.kind, observation.resource.name);
  const uint64_t hash = HashOf(observation);
  Known& known = known_[key];
  known.scan = scan_;
  if (!always && known.hash == hash) return;
  const Instant now = clock_.Now();
  const bool is_change = known.hash != 0 && known.hash != hash;
  // What is new since the first look has an author too.
  const bool is_new = known.hash == 0 && means != Means::kSnapshot;
  if (is_change || is_new) ++changes_;
  known.hash = hash;
  observation.resource.stack = stack_;
  observation.means = means;
  if (is_change || is_new) tell_(observation.resource);
  if ((is_change || is_new) && !observation.cause.known() && cause_of_)
    observation.cause = cause_of_(observation, now);
  Fact fact;
  fact.at = now;
  fact.stack = stack_;
  fact.body = std::move(observation);
  pending_.push_back(std::move(fact));
  if (pending_.size() >= kFlushFacts) Flush();
}

void Reporter::Flush() {
  if (pending_.empty()) return;
  const Status appended = Append(pending_, SpoolLane::kConfig);
  for (const Fact& fact : pending_) {
    const auto* observed = std::get_if<ResourceObserved>(&fact.body);
    const ResourceId& id =
        observed ? observed->resource : std::get<ResourceVanished>(fact.body).resource;
    if (appended.ok()) {
      if (!owed_.empty()) owed_.erase(Key(id.kind, id.name));
    } else {
      owed_.emplace(id.kind, id.name);  // what is gone is then found to be gone
    }
  }
  if (!appended.ok())
    Log("agent").warn("report.postponed resources={} reason='{}'", pending_.size(),
                      Message(appended));
  pending_.clear();
}

void Reporter::OfferVanished(const Key& key, Means means) {
  ResourceVanished gone;
  gone.resource = {stack_, key.first, key.second};
  gone.means = means;
  tell_(gone.resource);
  if (cause_of_) {
    ResourceObserved last;
    last.resource = gone.resource;
    gone.cause = cause_of_(last, clock_.Now());
  }
  Fact fact;
  fact.at = clock_.Now();
  fact.stack = stack_;
  fact.body = std::move(gone);
  pending_.push_back(std::move(fact));
  if (pending_.size() >= kFlushFacts) Flush();
}

void Reporter::VanishUnseen(const Collector& collector, Means means) {
  std::vector<Key> gone;
  for (const auto& [key, known] : known_) {
    const auto& kinds = collector.kinds();
    if (known.scan != scan_ && std::find(kinds.begin(), kinds.end(), key.first) != kinds.end())
      gone.push_back(key);
  }
  std::sort(gone.begin(), gone.end());
  for (const Key& key : gone) {
    if (stop_asked_()) break;
    known_.erase(key);
    ++changes_;
    OfferVanished(key, means);
  }
  Flush();
}

Status Reporter::Scan(Collector& collector, Depth depth, Means means) {
  ++scan_;
  const Instant started_at = clock_.Now();
  ScanSink sink(*this, means, depth == Depth::kAll);
  const Status collected = collector.Collect(depth, sink);
  Flush();
  if (stop_asked_()) return Unavailable("the agent is to stop");
  if (!collected.ok()) {
    Log("agent").warn("scan.incomplete collector={} reason='{}'", collector.name(),
                      Message(collected));
    return collected;
  }
  VanishUnseen(collector, means);
  if (depth != Depth::kAll) return Ok();
  snapshots_owed_[collector.kinds()] = started_at;
  CompleteSnapshots();
  return Ok();
}

// "Complete" may only be said when nothing is left out: what was not reported counts as gone.
void Reporter::CompleteSnapshots() {
  std::erase_if(snapshots_owed_, [this](const auto& entry) {
    const auto& [kinds, started_at] = entry;
    return !Owes(kinds) && Report(SnapshotCompleted{kinds, started_at}, SpoolLane::kEssential).ok();
  });
}

bool Reporter::Owes(const std::vector<std::string>& kinds) const {
  return std::any_of(owed_.begin(), owed_.end(), [&](const Key& key) {
    return std::find(kinds.begin(), kinds.end(), key.first) != kinds.end();
  });
}

Status Reporter::ReadOne(Collector& collector, const std::string& kind, const std::string& name,
                         Means means, bool always) {
  auto one = collector.CollectOne(kind, name);
  if (!one.ok()) return one.status();
  const Key key(kind, name);
  if (one->has_value()) {
    Offer(*std::move(*one), means, always);
    Flush();
  } else if (known_.erase(key) > 0 || owed_.contains(key) || always) {
    OfferVanished(key, means);
    Flush();
  }
  return Ok();
}

void Reporter::PayDebts(const std::function<Collector*(const std::string& kind)>& find) {
  for (size_t paid = 0; paid < kDebtsAtOnce && !owed_.empty(); ++paid) {
    if (!spool_.HasRoom(SpoolLane::kConfig)) return;
    const Key key = *owed_.begin();
    owed_.erase(owed_.begin());
    Collector* collector = find(key.first);
    if (collector == nullptr) continue;
    const Status read = ReadOne(*collector, key.first, key.second, Means::kRescan, true);
    if (!read.ok()) Log("agent").warn("report.unreadable resource={}/{}", key.first, key.second);
  }
  CompleteSnapshots();
}

}  // namespace driftcast
