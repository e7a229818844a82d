#include "web/rule_proposals.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "shadow/glob.h"
#include "web/api.h"

namespace driftcast {
namespace {

constexpr size_t kSample = 10;

struct Evidence {
  RuleProposal proposal;
  std::set<std::string> stacks;
  bool fixed = false;  // somebody put it back by a plan
};

// By kind, name and path.
using EvidenceMap = std::map<std::tuple<std::string, std::string, std::string>, Evidence>;

void Count(const Drift& drift, bool fixed, EvidenceMap& found) {
  for (const ShadowKey& key : drift.keys) {
    Evidence& evidence = found[{drift.resource.kind, drift.resource.name, key.path}];
    RuleProposal& proposal = evidence.proposal;
    evidence.fixed |= fixed;
    evidence.stacks.insert(drift.resource.stack.value);
    if (++proposal.drifts == 1) proposal.first_at = proposal.last_at = drift.opened_at;
    proposal.first_at = std::min(proposal.first_at, drift.opened_at);
    proposal.last_at = std::max(proposal.last_at, drift.opened_at);
    proposal.drifts_open += drift.closed_at == Instant() ? 1 : 0;
    proposal.hidden += drift.keys.size() == 1 ? 1 : 0;
    proposal.severity_max = std::max(proposal.severity_max, drift.severity);
    if (proposal.sample.size() < kSample)
      proposal.sample.push_back(drift.resource.ToText() + ": " + key.path);
  }
}

bool IsCovered(const std::vector<IgnoreRule>& rules, const std::string& resource,
               const std::string& path) {
  return std::any_of(rules.begin(), rules.end(), [&](const IgnoreRule& rule) {
    return MatchesGlob(rule.key_glob, path) && MatchesGlob(rule.resource_glob, resource);
  });
}

std::string Words(const RuleProposal& proposal) {
  const auto days = static_cast<int64_t>(Seconds(proposal.last_at - proposal.first_at) / 86400) + 1;
  return fmt::format("drifted {} times on {} {} within {} {}; never put back by a plan",
                     proposal.drifts, proposal.stacks_total,
                     proposal.stacks_total == 1 ? "stack" : "stacks", days,
                     days == 1 ? "day" : "days");
}

RuleProposal Finish(Evidence evidence, const std::string& kind, const std::string& name,
                    const std::string& path) {
  RuleProposal proposal = std::move(evidence.proposal);
  proposal.stacks_total = evidence.stacks.size();
  for (const std::string& stack : evidence.stacks)
    if (proposal.stacks.size() < 10) proposal.stacks.push_back(stack);
  const std::string stack = evidence.stacks.size() == 1 ? *evidence.stacks.begin() : "*";
  proposal.resource_glob = fmt::format("{}/{}/{}", stack, kind, name);
  proposal.key_glob = path;
  proposal.reason = Words(proposal);
  return proposal;
}

}  // namespace

std::vector<RuleProposal> ProposeRules(const EngineView& view, size_t limit) {
  std::set<std::string> fixed;  // drifts that a plan answered
  EachPlan(view, {}, [&](const RemediationPlan& plan) {
    const bool done = plan.state != PlanState::kProposed && plan.state != PlanState::kExpired &&
                      plan.state != PlanState::kRejected;
    if (done) fixed.insert(plan.trigger);
    return true;
  });
  EvidenceMap found;
  DriftFilter all;
  all.open_only = false;
  EachDrift(view, all, [&](const Drift& drift) {
    Count(drift, fixed.contains(drift.id), found);
    return true;
  });
  const auto rules = view.Rules();
  std::vector<RuleProposal> proposals;
  for (auto& [key, evidence] : found) {
    const auto& [kind, name, path] = key;
    if (evidence.proposal.drifts < kProposalDriftsMin || evidence.fixed ||
        evidence.proposal.severity_max >= kProposalSeverityBelow)
      continue;
    RuleProposal proposal = Finish(std::move(evidence), kind, name, path);
    if (!IsCovered(rules, proposal.stacks.front() + "/" + kind + "/" + name, path))
      proposals.push_back(std::move(proposal));
  }
  std::stable_sort(
      proposals.begin(), proposals.end(),
      [](const RuleProposal& a, const RuleProposal& b) { return a.drifts > b.drifts; });
  if (proposals.size() > limit) proposals.resize(limit);
  return proposals;
}

}  // namespace driftcast
