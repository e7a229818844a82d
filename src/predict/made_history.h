// Made histories for tests: small fleets whose changes follow known rules.
#ifndef DRIFTCAST_PREDICT_MADE_HISTORY_H_
#define DRIFTCAST_PREDICT_MADE_HISTORY_H_

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "model/change.h"

namespace driftcast::predict {

struct MadeFleet {
  int stacks = 3;
  int resources = 20;  // per stack
  int days = 240;
  uint64_t seed = 1;
  // How often a resource changes: from `slowest` to `fastest` changes a day, by its number.
  double slowest = 0.005, fastest = 0.2;
};

inline constexpr int64_t kMadeStart = 1'700'006'400;  // a UTC midnight

inline ChangeEvent MadeEvent(int64_t seconds, const std::string& stack, const std::string& resource,
                             ChangeOp op, const std::string& path = "",
                             const std::string& before = "", const std::string& after = "") {
  ChangeEvent event;
  event.at = FromUnixSeconds(seconds);
  event.stack = stack;
  event.kind = "HelmRelease";
  event.resource = "HelmRelease/apps/" + resource;
  event.path = path;
  event.op = op;
  event.old_value = before;
  event.new_value = after;
  event.actor = "a1";
  return event;
}

// Version counters that tick at random, on working days only, some of them removed and added, all
// in the order of time.
inline std::vector<ChangeEvent> MakeHistory(const MadeFleet& fleet) {
  std::mt19937_64 random(fleet.seed);
  std::vector<ChangeEvent> events;
  std::vector<int> version(fleet.stacks * fleet.resources, 1);
  const auto name = [](const char* what, int i) { return what + std::to_string(i); };
  for (int s = 0; s < fleet.stacks; ++s)
    for (int r = 0; r < fleet.resources; ++r) {
      events.push_back(MadeEvent(kMadeStart + s, name("s", s), name("r", r), ChangeOp::kCreate));
      events.push_back(MadeEvent(kMadeStart + s, name("s", s), name("r", r), ChangeOp::kInitial,
                                 "spec.chart", "", name("chart", r)));
      events.push_back(MadeEvent(kMadeStart + s, name("s", s), name("r", r), ChangeOp::kInitial,
                                 "spec.version", "", "1.0.1"));
    }
  uint64_t change_id = 0;
  for (int day = 1; day < fleet.days; ++day) {
    std::vector<ChangeEvent> today;
    for (int s = 0; s < fleet.stacks; ++s)
      for (int r = 0; r < fleet.resources; ++r) {
        const double share = fleet.resources > 1 ? r / (fleet.resources - 1.0) : 1;
        double p = fleet.slowest + share * (fleet.fastest - fleet.slowest);
        if (day % 7 >= 5) p = 0;
        if (std::uniform_real_distribution<>(0, 1)(random) >= p) continue;
        int& v = version[s * fleet.resources + r];
        const int64_t at = kMadeStart + day * 86400ll + static_cast<int64_t>(random() % 86400);
        today.push_back(MadeEvent(at, name("s", s), name("r", r), ChangeOp::kChange, "spec.version",
                                  "1.0." + std::to_string(v), "1.0." + std::to_string(v + 1)));
        today.back().bot = random() % 2 == 0;
        today.back().change_id = ++change_id;
        ++v;
      }
    std::stable_sort(today.begin(), today.end(),
                     [](const ChangeEvent& a, const ChangeEvent& b) { return a.at < b.at; });
    events.insert(events.end(), today.begin(), today.end());
  }
  return events;
}

// Two stacks with the same charts. "leader" moves versions at random; "follower" makes every move
// `lag_days` later, and nothing else: who sees the leader can tell what the follower will do.
inline std::vector<ChangeEvent> MakeFollowers(int resources, int days, int lag_days,
                                              uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<ChangeEvent> events;
  const auto chart = [](int i) { return "app" + std::to_string(i); };
  const auto version = [](int v) { return "2." + std::to_string(v) + ".0"; };
  for (const char* stack : {"leader", "follower"})
    for (int r = 0; r < resources; ++r) {
      events.push_back(MadeEvent(kMadeStart, stack, chart(r), ChangeOp::kCreate));
      events.push_back(
          MadeEvent(kMadeStart, stack, chart(r), ChangeOp::kInitial, "spec.chart", "", chart(r)));
      events.push_back(MadeEvent(kMadeStart, stack, chart(r), ChangeOp::kInitial, "spec.version",
                                 "", version(0)));
    }
  std::vector<int> at(resources, 0);
  std::vector<ChangeEvent> moves;
  for (int day = 1; day < days; ++day)
    for (int r = 0; r < resources; ++r) {
      if (random() % 30 != 0) continue;
      const int64_t seconds = kMadeStart + day * 86400ll + static_cast<int64_t>(random() % 80000);
      ChangeEvent move = MadeEvent(seconds, "leader", chart(r), ChangeOp::kChange, "spec.version",
                                   version(at[r]), version(at[r] + 1));
      ++at[r];
      move.change_id = moves.size() + 1;
      moves.push_back(move);
      move.stack = "follower";
      move.at += kDay * lag_days;
      move.change_id = moves.size() + 1;
      moves.push_back(move);
    }
  std::stable_sort(moves.begin(), moves.end(),
                   [](const ChangeEvent& a, const ChangeEvent& b) { return a.at < b.at; });
  events.insert(events.end(), moves.begin(), moves.end());
  return events;
}

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_MADE_HISTORY_H_
