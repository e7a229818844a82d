// Remediation: what could be done about a drift or a prediction, and what became of it.
#ifndef DRIFTCAST_MODEL_PLAN_H_
#define DRIFTCAST_MODEL_PLAN_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/resource.h"
#include "model/value.h"

namespace driftcast {

using PlanId = NamedString<struct PlanTag>;

// Stored: never renumber.
enum class Strategy : uint8_t {
  kDoNothing = 0,     // always there, and priced as well
  kPrevent = 1,       // hold, pin, lock for the window
  kAdoptEarly = 2,    // make the coming change now and expect it
  kGuard = 3,         // arm an automatic revert
  kRelieveCause = 4,  // free the disk, raise the limit, renew the certificate
  kIsolate = 5,       // take the resource away from what could harm it
  kRevert = 6,        // put back what is expected
  kAccept = 7,        // expect what is observed from now on
  kAcceptUntil = 8,   // tolerate until a date
  kSchedule = 9,      // the best of the others, at the next window
};

// Kinds of typed steps; there is no shell. Parameters in brackets. Stored: never renumber.
enum class StepKind : uint8_t {
  kNone = 0,
  kAcceptObserved = 1,   // engine only: expected := observed [until: RFC 3339, optional]
  kSetKey = 2,           // set one key in place, of a file, user, SSH key or mount [path, value]
  kRemoveKey = 3,        // [path; of a set the member's value]
  kRestoreContent = 4,   // write a file back to kept content [digest]
  kRestoreMetadata = 5,  // owner, group, mode of a file [owner, group, mode]
  kInstallPackage = 6,   // exactly this version [version]
  kHoldPackage = 7,      // dpkg hold
  kUnholdPackage = 8,
  kSetSysctl = 9,        // live value [value], persisted in /etc/sysctl.d when [persist] = "true"
  kRemoveResource = 10,  // a file, package, user, group or SSH key that should not be there
  kReloadUnit = 11,      // [unit]
  kRestartUnit = 12,     // [unit]
  kArmGuard = 13,        // revert by itself when the key moves before [until]
  kStartUnit = 14,       // units: the resource is the unit itself
  kStopUnit = 15,
  kEnableUnit = 16,
  kDisableUnit = 17,
  kMaskUnit = 18,
  kUnmaskUnit = 19,
  kRunCommand = 20,         // one of the host's registered commands [command; its own arguments]
  kCleanPackageCache = 21,  // downloaded package files that are not needed any more
  kCheckUnit = 22,          // health: the unit is active [unit]
  kCheckPort = 23,          // health: a connection is accepted [port, host = 127.0.0.1]
  kCheckCommand = 24,       // health: a registered command says so [command; its own arguments]
  kCheckSpace = 25,         // health: the file system is no fuller than [percent_max]
  kWriteFile = 26,          // a whole small file, made when missing [content, mode]
  kCheckCertificate = 27,   // health: the certificate ends later than [after: RFC 3339]
  kCheckMetric = 28,        // health: [metric] of the resource is at most [max], at least [min]
};

struct PlanStep {
  StepKind kind = StepKind::kNone;
  ResourceId resource;
  std::map<std::string, std::string> parameters;  // see StepKind
  bool reversible = true;
  Duration timeout = std::chrono::seconds(60);
};

// The state that a plan was made for, checked again right before the first step.
struct PlanBase {
  ResourceId resource;
  std::vector<KeyValue> observed;  // of the keys that the plan touches
};

struct Quantiles {
  double p50 = 0;
  double p90 = 0;  // >= p50
};

struct Estimate {
  Quantiles downtime_s;             // of whoever uses the resource
  Quantiles duration_s;             // from the first step to verified
  double effort_minutes = 0;        // of a person
  double cost = 0;                  // in the site's currency: downtime x rate + effort + resources
  std::string currency = "EUR";     // ISO 4217
  double p_success = 0;             // 0 to 1
  std::vector<std::string> inputs;  // each figure's origin, for people
};

struct SecurityEffect {
  double exposure_before = 0;  // expected exploit-days, >= 0
  double exposure_after = 0;
  std::string text;  // for people
};

struct BlastRadius {
  int32_t direct = 0;                    // resources that depend on what is touched
  int32_t transitive = 0;                // all of them, through the graph
  int32_t elsewhere = 0;                 // of them, on other hosts
  std::vector<std::string> top;          // "kind/name" of those on the same host, at most 10
  std::vector<std::string> stacks = {};  // names of the other hosts, at most 10
};

// Life of a plan. Stored: never renumber.
enum class PlanState : uint8_t {
  kProposed = 0,
  kApproved = 1,  // waits for its time, then for the agent
  kSent = 2,      // signed and handed to the agent
  kRunning = 3,
  kVerifying = 4,
  kSucceeded = 5,   // an independent read found what was planned
  kRolledBack = 6,  // a step or check failed; everything is as before
  kFailed = 7,      // refused or failed before anything was changed
  kUnclear = 8,     // not known, or not as before; a person must look
  kRejected = 9,
  kOverridden = 10,  // a person does it by hand
  kExpired = 11,     // the state that it was made for is gone
};

// An approval signed by a key that only the approver holds (model/approval.h): what an
// authenticator answered when it was asked with ApprovalChallenge (Web Authentication Level 2,
// section 5.2.2).
struct ApprovalProof {
  std::string credential;          // id of the key, as its authenticator named it
  std::string authenticator_data;  // bytes
  std::string client_data;         // JSON, as the browser signed it
  std::string signature;
  Instant valid_until;  // part of what is signed: the host begins the plan no later

  bool empty() const { return credential.empty(); }
  bool operator==(const ApprovalProof&) const = default;
};

// One person's yes.
struct Approval {
  Principal by;
  Instant at;
  std::string reason;
  ApprovalProof proof = {};  // empty: by word only
};

struct RemediationPlan {
  PlanId id;
  Strategy strategy = Strategy::kDoNothing;
  StackId stack;
  std::string title;  // for people: "Put PermitRootLogin back to no"
  std::string why;    // when this strategy applies, here
  std::vector<ResourceId> resources;
  std::string trigger;          // id of the drift or the prediction that it answers
  std::vector<PlanStep> steps;  // in order; empty = nothing changes on the host
  std::vector<PlanBase> base;
  Estimate estimate;
  SecurityEffect security;
  BlastRadius blast;
  bool reversible = true;  // false: a person must approve it each time
  double score = 0;        // rank by the site's weights; more is better
  std::string rank_reason;
  Instant made_at;
  Instant expires_at;
  Instant not_before;  // epoch = at once
  std::string hash;    // SHA-256 of what is to be done, hex; what approvals are bound to
  PlanState state = PlanState::kProposed;
  Principal decided_by;
  std::string decision_reason;
  std::string outcome;  // for people, once it has ended
  Duration downtime_measured{0};
  int32_t step_now = -1;            // index of the step under way; -1 = none yet
  std::vector<Approval> approvals;  // in the order in which they were given
  Instant approved_at;              // when there were enough of them; epoch = not yet
  Instant started_at;               // when the host began; epoch = not known
  Instant ended_at;                 // when the outcome was known; epoch = not yet
  Principal author;                 // who wrote or edited it; empty = proposed by the engine
  PlanId undo_of;                   // the applied plan that it takes back; empty = none
  std::vector<std::string> policy_reasons;  // why the policy let it wait, run or need somebody
};

// The bytes that are hashed, signed and checked by the agent: id, strategy, stack, steps, base,
// not_before and expires_at, in one fixed form. Independent of estimates, rank and state.
std::string CanonicalPlanBytes(const RemediationPlan& plan);

// Words for people and for the API: "adopt_early", "set_key", "rolled_back".
const char* StrategyName(Strategy strategy);
const char* StepKindName(StepKind kind);
const char* PlanStateName(PlanState state);

// The hash that approvals are bound to: SHA-256 of the canonical bytes, hex.
std::string PlanHash(const RemediationPlan& plan);

// Steps that only look: they change nothing, and what they find decides about the plan.
bool IsCheckStep(StepKind kind);

// True for states that a plan does not leave.
bool IsFinal(PlanState state);

}  // namespace driftcast

#endif  // DRIFTCAST_MODEL_PLAN_H_
