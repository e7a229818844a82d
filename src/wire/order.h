// Orders (signed plans) to protobuf and back. Conventions: wire/value.h.
#ifndef DRIFTCAST_WIRE_ORDER_H_
#define DRIFTCAST_WIRE_ORDER_H_

#include "driftcast/v1/plan.pb.h"

#include "base/status.h"
#include "model/order.h"

namespace driftcast {

void ToProto(const Order& order, v1::SignedPlan* out);

// Reads and validates; whether the signature is good is for VerifyOrder.
StatusOr<Order> FromProto(const v1::SignedPlan& in);

}  // namespace driftcast

#endif  // DRIFTCAST_WIRE_ORDER_H_
