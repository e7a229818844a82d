// Approvals signed by a key that only the approver holds, so that an engine in wrong hands cannot
// approve by itself: the host knows the public keys (apply/allow_list.h) and checks.
//
// The key lives in an authenticator (a security key, a phone, the machine's own) and signs as Web
// Authentication Level 2 (W3C, 2021) says: over the authenticator's data and the SHA-256 of what
// the browser says it was asked, which holds our challenge. The challenge is a hash of the plan
// without its times (policy may move these within what was approved) and of the approval's own end.
//
// Pure; thread-safe.
#ifndef DRIFTCAST_MODEL_APPROVAL_H_
#define DRIFTCAST_MODEL_APPROVAL_H_

#include <string>
#include <string_view>

#include "base/status.h"
#include "model/plan.h"

namespace driftcast {

// What a host, or a person's account, knows of a key.
struct ApproverKey {
  std::string name;        // whose, for people
  std::string site;        // the name under which the page was open when it was made: "localhost"
  std::string public_key;  // SubjectPublicKeyInfo, DER
};

// 32 bytes: what an approver's key is asked to sign.
std::string ApprovalChallenge(const RemediationPlan& plan, Instant valid_until);

// How long an approval given at `now` has to count for the plan, waits and windows included; whole
// seconds.
Instant ApprovalEnd(const RemediationPlan& plan, Instant now);

// Ok when `proof` is that key's word for exactly this plan, given by somebody who touched the
// authenticator. PermissionDenied says what is wrong. Time is the caller's to check.
Status VerifyApproval(const ApproverKey& key, const RemediationPlan& plan,
                      const ApprovalProof& proof);

// A line of the allow-list to a key and back: "approver NAME SITE KEY", the key in base64.
StatusOr<ApproverKey> ParseApproverKey(std::string_view name, std::string_view site,
                                       std::string_view key_base64);
std::string ApproverLine(const ApproverKey& key);

// The label of a stack whose host wants approvals signed (its value is "yes").
inline constexpr const char* kApproverKeysLabel = "approver_keys";

}  // namespace driftcast

#endif  // DRIFTCAST_MODEL_APPROVAL_H_
