// What can be done about a limit that will be reached: relieve the cause, or raise the limit. For
// people; nothing here is carried out by an agent.
#ifndef DRIFTCAST_REMEDY_RELIEVE_H_
#define DRIFTCAST_REMEDY_RELIEVE_H_

#include <string>
#include <string_view>
#include <vector>

#include "signal/series_limit.h"

namespace driftcast {

struct Relief {
  std::string title;          // "Free space on /var"
  std::string how;            // what to look at and to run, in order
  double effort_minutes = 0;  // of a person; a prior, not learned
  bool reversible = true;
};

// Alternatives, the one that is tried first in front. `name`: of the resource, may be empty;
// `limit_source`: as SeriesLimit has it.
std::vector<Relief> ReliefsOf(Bounded what, std::string_view name, std::string_view limit_source);

}  // namespace driftcast

#endif  // DRIFTCAST_REMEDY_RELIEVE_H_
