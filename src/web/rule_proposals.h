// Ignore rules that the past speaks for: keys that drift again and again, mildly, and that nobody
// ever put back by a plan. Each comes with what it would have hidden. Pure; nothing is set by
// itself.
#ifndef DRIFTCAST_WEB_RULE_PROPOSALS_H_
#define DRIFTCAST_WEB_RULE_PROPOSALS_H_

#include <string>
#include <vector>

#include "engine/view.h"

namespace driftcast {

struct RuleProposal {
  std::string resource_glob;
  std::string key_glob;
  std::string reason;               // the evidence, in words
  uint64_t drifts = 0;              // in which the key was one that differed
  uint64_t drifts_open = 0;         // of those
  uint64_t hidden = 0;              // drifts of nothing else: these would not have been seen at all
  std::vector<std::string> stacks;  // at most 10, by name
  uint64_t stacks_total = 0;
  double severity_max = 0;
  Instant first_at, last_at;
  std::vector<std::string> sample;  // "web-7/file//etc/motd: content", newest first, at most 10
};

inline constexpr uint64_t kProposalDriftsMin = 4;
inline constexpr double kProposalSeverityBelow = 6;  // what is worse is never proposed

// Those with the most drifts first, at most `limit`.
std::vector<RuleProposal> ProposeRules(const EngineView& view, size_t limit);

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_RULE_PROPOSALS_H_
