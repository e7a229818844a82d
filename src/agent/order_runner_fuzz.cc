// Lines from the program that acts, and join tokens from people.
#include <cstdint>
#include <string_view>

#include "agent/identity.h"
#include "agent/order_runner.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)ReadProgressLine(text, PlanId("p"));
  (void)ReadInvitation(text);
  return 0;
}
