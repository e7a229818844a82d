// Everything that the choice of remedies may look at: the resource with its drift or its forecast,
// what depends on it, what the site wants, and what is known from plans that were carried out.
//
// A PlanContext borrows: what it points to must outlive the call that it is given to.
#ifndef DRIFTCAST_REMEDY_CONTEXT_H_
#define DRIFTCAST_REMEDY_CONTEXT_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/plan.h"
#include "model/prediction.h"
#include "model/resource.h"
#include "model/shadow.h"

namespace driftcast {

// A stretch of time, from included, to excluded.
struct TimeSpan {
  Instant from;
  Instant to;
  friend auto operator<=>(const TimeSpan&, const TimeSpan&) = default;
};

// A resource that depends on the one in question, directly (depth 1) or through others.
struct Dependent {
  ResourceId id;
  int32_t depth = 1;
};

// A known weakness that is open in the resource as it is now.
struct Exposure {
  std::string id;             // "CVE-2024-6387"
  double epss = 0;            // P(exploited somewhere within 30 days), 0 to 1
  bool exploited = false;     // in a catalogue of known exploitation (KEV)
  std::string fixed_version;  // the first package version without it; empty = none known
};

// How much a site minds each kind of loss; only the proportions count. None is negative.
struct Weights {
  double risk = 0.40;        // drift that stays, comes, or is undone although it was wanted
  double downtime = 0.15;    // seconds in which users are without the resource
  double cost = 0.15;        // money, of downtime, work and failures
  double exposure = 0.15;    // open vulnerabilities
  double failure = 0.08;     // that the plan does not work
  double permanence = 0.05;  // that it cannot be undone
  double blast = 0.02;       // how much else depends on what is touched
};

// What takes a change up, and how one knows that it is well: appended to plans that change a
// matching resource on the host.
struct AfterRule {
  std::string resource_glob;  // over stack/kind/name
  std::string reload;         // a unit; or
  std::string restart;        // a unit
  std::string check_unit;     // active in the end
  std::string check_command;  // one of the host's registered commands
  uint32_t check_port = 0;    // on 127.0.0.1; 0 = none
};

// What relieves the cause of trouble with a matching resource: a registered command of its host.
struct ReliefRule {
  std::string resource_glob;  // over stack/kind/name
  std::string command;
  std::map<std::string, std::string> arguments;
  std::string title;  // for people; empty = made from the command
};

// Somebody who keeps undoing what is put back.
struct Fight {
  uint32_t undone = 0;  // times within a week
  std::string by;       // who or what, as far as it is known
  std::string evidence;
};

struct SiteOptions {
  std::string currency = "EUR";      // ISO 4217
  double effort_rate_per_hour = 60;  // of a person; an assumption until the site sets it
  // Of one hour in which the stack's users cannot use it, by role. There is no default: figures
  // from surveys do not carry over. A role without a rate has its downtime priced at 0, and the
  // plan says so.
  std::map<std::string, double> downtime_rate_per_hour;
  Weights weights;
  double downtime_tolerable_s = 60;    // at which the loss of downtime counts as 63 %
  double cost_tolerable = 100;         // in currency; the same for cost
  double window_downtime_share = 0.2;  // what downtime within a window counts, beside outside
  Duration plan_lifetime = kDay;       // a plan that nobody decided about ends then
  Duration accept_for = kDay * 14;     // how long accept_until tolerates
  Duration prevent_for = kDay * 7;     // how long a hold or guard is meant to stay
  std::vector<AfterRule> after;        // in order; all that match
  std::vector<ReliefRule> relief;      // the first that matches
};

// Counts and quantiles of this site's own past. Empty is fine: documented priors speak then.
struct Knowledge {
  struct Outcomes {
    uint32_t succeeded = 0;
    uint32_t failed = 0;  // rolled back, failed or unclear
  };
  struct Verdicts {
    uint32_t accepted = 0;  // people kept what had drifted
    uint32_t reverted = 0;  // people put it back
  };
  struct Observed {
    Quantiles seconds;
    uint32_t count = 0;  // observations behind it
  };
  std::map<std::pair<std::string, Strategy>, Outcomes> outcomes;  // by kind and strategy
  std::map<std::string, Verdicts> verdicts;                       // by kind
  std::map<std::string, Observed> restart_s;   // stop to active, by unit name; "" = any unit
  std::map<std::string, Observed> downtime_s;  // of plans that changed the host, by kind
  std::map<std::string, Observed> duration_s;  // of one step, by StepKindName
};

// A limit that is likely to be reached, of the resource or of what its configuration bounds.
struct ForetoldLimit {
  std::string text;        // for people: which, when, how probably
  double limit = 0;        // in the metric's unit
  double probability = 0;  // within 7 days
};

struct PlanContext {
  const ShadowResource* shadow = nullptr;       // needed
  const Drift* drift = nullptr;                 // one of these two is needed;
  const DriftPrediction* prediction = nullptr;  // with both, the drift is answered
  const ForetoldLimit* limit = nullptr;         // null = none
  const SiteOptions* site = nullptr;            // null = the defaults
  const Knowledge* knowledge = nullptr;         // null = nothing known
  std::span<const Dependent> dependents;        // all of them, nearest first
  std::span<const Exposure> exposures;          // of the resource as it is
  std::span<const std::string> allowed_kinds;   // what the host lets us change; "file", "package"
  std::span<const TimeSpan> windows;  // maintenance windows from now on, in order; may be empty
  uint32_t attempt = 0;               // how often plans for this trigger were carried out already
  bool host_can_guard = false;        // the agent watches guards
  Fight fight;                        // about this resource
  Instant now;
};

}  // namespace driftcast

#endif  // DRIFTCAST_REMEDY_CONTEXT_H_
