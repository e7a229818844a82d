// A policy as a text that people write (TOML):
//
//   currency = "EUR"
//   effort_rate_per_hour = 60            # of a person
//   downtime_s_max = 300                 # P90 of one plan
//   cost_max = 500
//   downtime_s_outside_windows = 2       # so little need not wait for a window; none: all wait
//   plans_per_stack_and_day = 10
//   plans_per_role_and_day = 50
//
//   [downtime_rate_per_hour]             # of what users lose, by role
//   web = 1200
//
//   [weights]                            # how much each loss counts; see remedy/context.h
//   risk = 0.4
//
//   [[window]]                           # and [[freeze]], which wins
//   name = "patch night"
//   roles = ["web"]                      # none = every role
//   start = 2026-01-06T22:00:00          # by the zone's clock
//   length = "3h"                        # "90m", "2h", "1d"
//   rule = "FREQ=WEEKLY;BYDAY=TU"        # RFC 5545; none = once
//   zone = "Europe/Berlin"               # none = UTC
//   except = [2026-12-29T22:00:00]
//
//   [[approval]]
//   name = "databases"
//   roles = ["database"]
//   kinds = ["package"]
//   strategies = ["revert"]
//   severity_min = 5
//   people = ["alice", "bob"]            # "*" = anybody who can sign in
//   needed = 2                           # four eyes
//
//   [[unattended]]
//   name = "sysctl back"
//   kinds = ["sysctl"]
//   strategies = ["revert"]
//   severity_max = 4
//   outcomes_min = 20
//   success_min = 0.98
//   precision_min = 0.5                  # of plans that answer forecasts: alerts that came true
//
//   [[rollout]]                          # the same change on several stacks of a role
//   name = "web"
//   roles = ["web"]
//   canary = 1                           # first on one
//   soak = "30m"                         # then wait and see
//   batch = 5                            # then five at a time; none once one has failed
//
//   [[after]]                            # what takes a change up, and how one knows it is well
//   resources = "*/file//etc/nginx/*"    # stack/kind/name; '*' crosses '/'
//   reload = "nginx.service"             # or restart
//   check_unit = "nginx.service"
//   check_port = 443
//   check_command = "nginx-healthy"      # registered on the host
//
//   [[relief]]                           # a command of the host that relieves the cause
//   resources = "*/certificate//etc/ssl/web.pem"
//   command = "renew-cert"
//   arguments = { name = "web" }
//   title = "Renew the web certificate"
#ifndef DRIFTCAST_REMEDY_POLICY_FILE_H_
#define DRIFTCAST_REMEDY_POLICY_FILE_H_

#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "remedy/policy.h"

namespace driftcast {

// Gives the bytes of a zone's TZif file by name ("Europe/Berlin"). NotFound.
using ZoneSource = std::function<StatusOr<std::string>(const std::string& name)>;

inline constexpr size_t kPolicyBytesMax = 1 << 20;

// InvalidArgument says what is wrong and where: unknown names are errors, so that a slip of the pen
// is not a permission.
StatusOr<Policy> ParsePolicy(std::string_view text, const ZoneSource& zones);

}  // namespace driftcast

#endif  // DRIFTCAST_REMEDY_POLICY_FILE_H_
