// Reasons in words: the evidence behind each family of inputs.
#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "predict/drift_predictor.h"
#include "predict/exposure.h"

namespace driftcast::predict {
namespace {

std::string Ago(uint32_t then, uint32_t now) {
  if (then == 0) return "never";
  const uint32_t age = now - std::min(then, now);
  if (age < 2 * 3600) return fmt::format("{} minutes ago", age / 60);
  if (age < 2 * kDay32) return fmt::format("{} hours ago", age / 3600);
  return fmt::format("{} days ago", age / kDay32);
}

std::string Times(uint32_t n) { return n == 1 ? "once" : fmt::format("{} times", n); }

const char* DayName(uint32_t day) {
  static constexpr const char* kNames[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                           "Friday", "Saturday", "Sunday"};
  return kNames[(day + 3) % 7];
}

std::string Own(const ResourceRecord& r, const Standing& s) {
  if (r.change_count == 0) return "it has never changed since it is known";
  return fmt::format("it changed {}, last {}, on {:.0f} of the last 28 days", Times(r.change_count),
                     Ago(r.recent[0], s.view.now), s.inputs[kDays28]);
}

std::string Shape(const ResourceRecord& r) {
  if (r.change_count == 0) return "how it changes is not known yet";
  return fmt::format("a change moves {:.1f} keys; {:.0f} % of its changes move a version",
                     r.keys_per_change, 100 * r.version_share);
}

std::string Rhythm(const Standing& s) {
  return fmt::format(
      "it is a {}: of the last 8 the stack changed on {:.0f}, this resource on {:.0f}",
      DayName(s.view.target_day), s.inputs[kStackWeekday], s.inputs[kOwnWeekday]);
}

std::string Neighbours(const FleetState& state, const ResourceRecord& r, ResourceId id,
                       uint32_t now) {
  const auto other = [id](const Crowd& c) {
    return c.last_resource == id ? c.previous_change : c.last_change;
  };
  return fmt::format("another {} of this stack changed {}, another resource of its folder {}",
                     state.Text(r.kind), Ago(other(state.crowd(r.kind_crowd)), now),
                     Ago(other(state.crowd(r.folder_crowd)), now));
}

std::string CoChange(const FleetState& state, ResourceId id, uint32_t now) {
  const Partner* best = nullptr;
  for (const Partner& p : state.partners(id))
    if (p.resource != kNone && (best == nullptr || p.weight > best->weight)) best = &p;
  if (best == nullptr) return "it changes together with nothing else";
  return fmt::format("it often changes together with {}, which changed {}",
                     state.Text(state.resource(best->resource).name),
                     Ago(state.resource(best->resource).recent[0], now));
}

std::string Deviation(const Standing& s) {
  return fmt::format(
      "resources so long unchanged changed {:.1f} times as often here as the plain "
      "rate says; the stack as a whole {:.1f} times",
      std::exp(s.inputs[kRecencyOdds]), std::exp(s.inputs[kStackOddsSlow]));
}

std::string Peers(const FleetState& state, const ResourceRecord& r, uint32_t now) {
  const NamePeers& peers = state.peers(r.peers);
  std::string names;
  int count = 0;
  for (size_t i = 0; i < peers.stack.size() && peers.stack[i] != kNone; ++i) {
    if (peers.stack[i] == r.stack || peers.last[i] + 7 * kDay32 < now) continue;
    if (++count <= 3)
      names += fmt::format("{}{} ({})", names.empty() ? "" : ", ",
                           state.Text(state.stack(peers.stack[i]).name), Ago(peers.last[i], now));
  }
  if (count == 0) return "no similar stack changed the same resource within a week";
  return fmt::format("{} similar stack{} changed the same resource within a week: {}", count,
                     count == 1 ? "" : "s", names);
}

std::string Behind(const FleetState& state, const ResourceRecord& r, ResourceId id, uint32_t now) {
  const Leaf* leaf_behind = nullptr;
  Exposure newest;
  for (const Leaf& leaf : state.leaves(id)) {
    if (leaf.subject_version == kNone) continue;
    const Exposure e = ExposureOf(state.moves(leaf.subject_version), r.stack, leaf.since, now);
    if (e.outer_since <= newest.outer_since) continue;
    newest = e;
    leaf_behind = &leaf;
  }
  if (leaf_behind == nullptr) return "it holds no version that similar stacks have left";
  const StackRecord& stack = state.stack(r.stack);
  return fmt::format(
      "{} = {}: {} similar stack{} moved on (to {}), the first {}; this stack follows "
      "within a week in {:.0f} % of cases",
      state.Text(leaf_behind->path), state.Text(leaf_behind->value), newest.outer_stacks,
      newest.outer_stacks == 1 ? "" : "s", state.Text(newest.outer_to),
      Ago(newest.outer_since, now), 100 * (stack.follow_yes + 1) / (stack.follow_all + 3));
}

}  // namespace

std::string EvidenceOf(Family family, const FleetState& state, ResourceId id, const Standing& s) {
  const ResourceRecord& r = state.resource(id);
  const StackRecord& stack = state.stack(r.stack);
  const uint32_t now = s.view.now;
  switch (family) {
    case Family::kOwn:
      return Own(r, s);
    case Family::kShape:
      return Shape(r);
    case Family::kPeople:
      return fmt::format("a person changed the stack {}, a program {}", Ago(stack.last_human, now),
                         Ago(stack.last_bot, now));
    case Family::kSize:
      return fmt::format("it has {} keys and was created {}", state.leaves(id).size(),
                         Ago(r.created, now));
    case Family::kStack:
      return fmt::format("the stack has {} resources and changed on {:.0f} of the last 28 days",
                         stack.pool.live(), s.inputs[kStackDays28]);
    case Family::kRhythm:
      return Rhythm(s);
    case Family::kNeighbours:
      return Neighbours(state, r, id, now);
    case Family::kCoChange:
      return CoChange(state, id, now);
    case Family::kOdds:
      return Deviation(s);
    case Family::kPeers:
      return Peers(state, r, now);
    case Family::kExposure:
      return Behind(state, r, id, now);
  }
  return {};
}

}  // namespace driftcast::predict
