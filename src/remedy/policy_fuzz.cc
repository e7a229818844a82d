// Any text as a policy: refused, or read and usable.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "remedy/policy_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast;
  if (size > 8192) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Zones are a source of bytes as well: the text itself plays one.
  const auto policy =
      ParsePolicy(text, [&](const std::string&) { return std::string(text.substr(size / 2)); });
  if (!policy.ok()) return 0;
  RemediationPlan plan;
  plan.resources = {{StackId("s"), "package", "x"}};
  plan.steps.resize(1);
  plan.steps[0].kind = StepKind::kInstallPackage;
  plan.estimate.downtime_s = {10, 20};
  PolicyFacts facts;
  facts.now = FromUnixSeconds(1'780'000'000);
  const auto verdict = Judge(*policy, plan, facts);
  if (verdict.reasons.empty()) __builtin_trap();
  return 0;
}
