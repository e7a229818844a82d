// An order: an approved plan with the engine's signature, as an agent receives it.
//
// The engine signs (SignOrder), and whoever carries the plan out checks before the first step
// (VerifyOrder) against the public key that the agent learnt when it enrolled. The signature says
// "a person approved exactly these steps, and this engine says so"; whether the host allows such
// steps, and whether its state is still the one that the plan was made for, are checks of their
// own.
#ifndef DRIFTCAST_MODEL_ORDER_H_
#define DRIFTCAST_MODEL_ORDER_H_

#include <string>
#include <string_view>

#include "base/crypto.h"
#include "base/status.h"
#include "base/time.h"
#include "model/plan.h"

namespace driftcast {

// What a host's allow-list has to name for a step: {"file", "/etc/motd"}, {"command", "renew-web"},
// {"authorized_key", "alice"}.
// An empty kind: nothing, for steps that only look or that are the engine's own.
struct Permission {
  std::string kind, name;
};
Permission PermissionFor(const PlanStep& step);

struct Order {
  RemediationPlan plan;
  Instant issued_at;       // when the engine signed it
  Principal approved_by;   // who decided; shown on the host
  std::string public_key;  // 32 bytes, Ed25519
  std::string signature;   // 64 bytes, over OrderBytes
};

// The bytes that are signed: "driftcast-plan-order/1", the plan's canonical bytes, issued_at in
// microseconds since 1970 and approved_by; each with its length in front ("<bytes>:<content>"), so
// that no content can imitate the end of a field.
std::string OrderBytes(const RemediationPlan& plan, Instant issued_at,
                       const Principal& approved_by);

// InvalidArgument when the key is not one.
StatusOr<Order> SignOrder(const SigningKey& key, RemediationPlan plan, Instant issued_at,
                          Principal approved_by);

// PermissionDenied when the order is signed by another key than `public_key`, or was altered, or
// when the plan's hash is not that of its canonical bytes.
Status VerifyOrder(const Order& order, std::string_view public_key);

}  // namespace driftcast

#endif  // DRIFTCAST_MODEL_ORDER_H_
