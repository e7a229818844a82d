// Whatever stands in a plan's log: it is read, or refused, and never crashes the recovery.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "apply/journal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto content = ParseJournal("/nonexistent", PlanId("p"), text);
  if (content.ok()) (void)IsFinal(content->end);
  return 0;
}
