#include "wire/order.h"

#include "wire/plan.h"

namespace driftcast {

void ToProto(const Order& order, v1::SignedPlan* out) {
  ToProto(order.plan, out->mutable_plan());
  out->set_signature(order.signature);
  out->set_public_key(order.public_key);
  out->set_issued_at_us(ToUnixMicros(order.issued_at));
  out->set_approved_by(order.approved_by.value);
}

StatusOr<Order> FromProto(const v1::SignedPlan& in) {
  Order order;
  DRIFTCAST_ASSIGN_OR_RETURN(order.plan, FromProto(in.plan()));
  order.signature = in.signature();
  order.public_key = in.public_key();
  order.issued_at = FromUnixMicros(in.issued_at_us());
  order.approved_by = Principal(in.approved_by());
  return order;
}

}  // namespace driftcast
