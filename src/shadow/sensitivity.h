// How much it matters when a key moves: a documented table of sensitive settings, and the severity
// that follows from it.
#ifndef DRIFTCAST_SHADOW_SENSITIVITY_H_
#define DRIFTCAST_SHADOW_SENSITIVITY_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/shadow.h"

namespace driftcast {

struct Sensitivity {
  double weight = 0;  // 0 (cosmetic) to 10 (gives the machine away)
  const char* why = "";
};

// The sensitivity of a key of a resource, by the first row of the table that fits. Rows name what
// CIS Debian Linux 12 Benchmark 1.1 and sshd_config(5), sudoers(5), pam(8), sysctl(8) treat as
// security settings; everything else has the weight of its kind.
Sensitivity SensitivityOf(std::string_view kind, std::string_view name, std::string_view path);

// What a move from `before` to `after` means beyond the key's weight: +2 where the table knows the
// direction and it loosens ("PermitRootLogin" to "yes"), -2 where it tightens, else 0.
double DirectionOf(std::string_view path, const std::optional<Value>& before,
                   const std::optional<Value>& after);

struct Severity {
  double value = 0;    // 0 to 10
  std::string reason;  // its factors, for people
};

// Of an open difference: the largest of its keys' weights with their direction, plus half a point
// for each doubling of the number of dependents, at most 10.
Severity SeverityOf(const ResourceId& id, std::span<const ShadowKey> differing, size_t dependents);

}  // namespace driftcast

#endif  // DRIFTCAST_SHADOW_SENSITIVITY_H_
