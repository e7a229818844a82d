// The first bytes that the program which changes hosts looks at: read, or refused. What is read has
// one canonical form, which survives the way over the wire.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "wire/order.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast;
  v1::SignedPlan message;
  if (!message.ParseFromArray(data, static_cast<int>(size))) return 0;
  const auto order = FromProto(message);
  if (!order.ok()) return 0;
  v1::SignedPlan again;
  ToProto(*order, &again);
  const auto back = FromProto(again);
  if (!back.ok() || CanonicalPlanBytes(back->plan) != CanonicalPlanBytes(order->plan)) abort();
  if (VerifyOrder(*order, std::string(32, '\1')).ok()) abort();
  return 0;
}
