#include "predict/values.h"

#include <algorithm>
#include <string>

#include "predict/exposure.h"
#include "predict/names.h"

namespace driftcast::predict {
namespace {

constexpr int64_t kDateLagMost = 2;  // days between a date and when it is written

const Leaf* LeafOf(const FleetState& state, ResourceId id, uint32_t path) {
  for (const Leaf& leaf : state.leaves(id))
    if (leaf.path == path) return &leaf;
  return nullptr;
}

const KeyPast* PastOf(const FleetState& state, ResourceId id, uint32_t path) {
  for (const KeyPast& key : state.keys(id))
    if (key.path == path) return &key;
  return nullptr;
}

class Proposer {
 public:
  Proposer(const FleetState& state, ResourceId id, uint32_t now, Candidate* c)
      : state_(state), id_(id), now_(now), c_(c) {}

  void Run() {
    if (c_->path == kNone) {
      Continue();
      return;
    }
    const Leaf* leaf = LeafOf(state_, id_, c_->path);
    const KeyPast* past = PastOf(state_, id_, c_->path);
    std::string_view value;
    if (leaf != nullptr) value = state_.Text(leaf->value);
    if (value.empty() && past != nullptr && past->current != kNone)
      value = state_.Text(past->current);
    if (past != nullptr && Date(value, past->last)) return;
    if (leaf != nullptr && Adopt(*leaf)) return;
    if (past != nullptr && Repeat(*past, value)) return;
    if (HasDigest(value)) return;
    if (auto next = NextCount(value)) Propose(*std::move(next), ValueSource::kNextNumber);
  }

 private:
  void Propose(std::string_view text, ValueSource source) {
    c_->value = text;
    c_->source = source;
  }

  // A date written within two days of itself: as late after the coming day as the last time.
  bool Date(std::string_view value, uint32_t written) {
    const auto date = DayOfDate(value);
    if (!date || written == 0) return false;
    const int64_t lag = static_cast<int64_t>(written / kDay32) - *date;
    if (lag < 0 || lag > kDateLagMost) return false;
    const int64_t today = now_ / kDay32;
    if (today - lag <= *date) return false;
    Propose(DateOfDay(today - lag), ValueSource::kToday);
    return true;
  }

  // The version that this stack moved to elsewhere, or that others moved to.
  bool Adopt(const Leaf& leaf) {
    const uint32_t stack = state_.resource(id_).stack;
    for (const uint32_t version : {leaf.subject_version, leaf.name_version}) {
      if (version == kNone) continue;
      const Exposure e = ExposureOf(state_.moves(version), stack, leaf.since, now_);
      const uint32_t to = e.inner_to != kNone ? e.inner_to : e.outer_to;
      if (to == kNone || to == leaf.value) continue;
      Propose(state_.Text(to),
              e.inner_to != kNone ? ValueSource::kThisStack : ValueSource::kOtherStacks);
      return true;
    }
    return false;
  }

  // What the key's own past says.
  bool Repeat(const KeyPast& past, std::string_view value) {
    if (past.counter_steps >= 2 && !HasDigest(value)) {
      if (auto next = NextCount(value)) {
        Propose(*std::move(next), ValueSource::kCounter);
        return true;
      }
    }
    if (past.previous == kNone) return false;
    if (past.changes >= 2 && !IsVersionLike(value)) {
      Propose(state_.Text(past.previous), ValueSource::kSwing);
      return true;
    }
    if (past.current == kNone || HasDigest(value)) return false;
    auto next = SameStepAgain(state_.Text(past.previous), state_.Text(past.current));
    if (!next) return false;
    Propose(*std::move(next), ValueSource::kSameStep);
    return true;
  }

  // A new key of a series: its value from that of the key that it follows.
  void Continue() {
    const Leaf* leaf = LeafOf(state_, id_, c_->follows);
    if (leaf == nullptr) return;
    const std::string_view value = state_.Text(leaf->value), before = state_.Text(c_->follows);
    if (value.empty() || HasDigest(value)) return;
    if (const size_t at = before.find(value); at != std::string_view::npos) {
      const size_t longer = c_->new_path.size() + value.size();
      if (longer >= before.size() && at <= c_->new_path.size()) {
        Propose(std::string_view(c_->new_path).substr(at, longer - before.size()),
                ValueSource::kSeries);
        return;
      }
    }
    if (Date(value, leaf->since)) return;
    if (DayOfDate(value)) return;
    Propose(value, ValueSource::kSeries);
  }

  const FleetState& state_;
  const ResourceId id_;
  const uint32_t now_;
  Candidate* const c_;
};

}  // namespace

const char* SourceName(ValueSource source) {
  switch (source) {
    case ValueSource::kNoValue:
      return "";
    case ValueSource::kOtherStacks:
      return "similar stacks";
    case ValueSource::kThisStack:
      return "this stack";
    case ValueSource::kCounter:
      return "counter";
    case ValueSource::kSwing:
      return "back to the value before";
    case ValueSource::kNextNumber:
      return "next number";
    case ValueSource::kSeries:
      return "next of a series";
    case ValueSource::kToday:
      return "date of the day";
    case ValueSource::kSameStep:
      return "the same step again";
  }
  return "";
}

void ProposeValue(const FleetState& state, ResourceId id, uint32_t now, Candidate* c) {
  Proposer(state, id, now, c).Run();
}

}  // namespace driftcast::predict
