// The keys that people approve plans with (model/approval.h), as their browsers told when they were
// made. Kept in the engine's settings as "web/key/<credential>". They let the page ask for the
// right key and refuse a wrong signature at once; what a host believes is its own allow-list.
//
// Free functions; as thread-safe as the engine.
#ifndef DRIFTCAST_WEB_APPROVER_KEYS_H_
#define DRIFTCAST_WEB_APPROVER_KEYS_H_

#include <string>
#include <vector>

#include "base/status.h"
#include "model/approval.h"
#include "web/engine_port.h"

namespace driftcast {

struct OwnedKey {
  std::string credential;  // base64url, as the browser names it
  std::string title;       // for people: "the blue one"
  Principal owner;
  ApproverKey key;  // its name is the owner's, as one word
  Instant made_at;
};

constexpr size_t kKeysPerPersonMax = 20;

// By the time at which they were made. DataLoss when a record cannot be read.
StatusOr<std::vector<OwnedKey>> KeysOf(const EnginePort& engine, const Principal& owner);

// AlreadyExists; ResourceExhausted beyond kKeysPerPersonMax.
Status AddKey(EnginePort& engine, const OwnedKey& key);

// NotFound: `owner` has no such key.
Status RemoveKey(EnginePort& engine, const Principal& owner, const std::string& credential);
Status RemoveKeysOf(EnginePort& engine, const Principal& owner);

// A name as one word for a line of an allow-list: "oidc:Ada Byron" -> "oidc:Ada-Byron".
std::string ApproverNameOf(const Principal& owner);

// Whether `proof` is given with one of `owner`'s keys for exactly this plan, and for no longer than
// such approvals count at `now`. PermissionDenied says what is wrong.
Status CheckProof(const EnginePort& engine, const Principal& owner, const RemediationPlan& plan,
                  const ApprovalProof& proof, Instant now);

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_APPROVER_KEYS_H_
