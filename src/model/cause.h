// Who or what made a change, and how sure that is.
#ifndef DRIFTCAST_MODEL_CAUSE_H_
#define DRIFTCAST_MODEL_CAUSE_H_

#include <compare>
#include <cstdint>
#include <string>

namespace driftcast {

// Stored: never renumber.
enum class CauseKind : uint8_t {
  kUnknown = 0,
  kPackageRun = 1,   // dpkg, apt, rpm; the id names the run
  kPerson = 2,       // somebody at a keyboard
  kTool = 3,         // Ansible, Puppet, cloud-init, cron, a controller
  kPlan = 4,         // one of our own plans; the id is the plan's
  kDeclaration = 5,  // a provisioning run that also declared the new value
};

// Stored: never renumber.
enum class Confidence : uint8_t {
  kUnknown = 0,
  kRacy = 1,   // seen shortly afterwards or at the same time; may be somebody else
  kExact = 2,  // reported by the kernel or by the program itself
};

struct Cause {
  CauseKind kind = CauseKind::kUnknown;
  std::string id;     // changes with the same kind and id have one cause; empty = alone
  std::string actor;  // pseudonym or name of who did it; empty = not known
  std::string text;   // for people: "apt-get upgrade (23 packages)"
  Confidence confidence = Confidence::kUnknown;
  std::string seen_by = {};  // how it is known: "fanotify", "audit log"; empty = not said

  bool known() const { return kind != CauseKind::kUnknown; }
  friend auto operator<=>(const Cause&, const Cause&) = default;
};

}  // namespace driftcast

#endif  // DRIFTCAST_MODEL_CAUSE_H_
