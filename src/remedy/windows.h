// Maintenance windows and freezes: stretches of time that repeat, by a clock on a wall somewhere.
#ifndef DRIFTCAST_REMEDY_WINDOWS_H_
#define DRIFTCAST_REMEDY_WINDOWS_H_

#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "remedy/context.h"
#include "remedy/zone.h"

namespace driftcast {

// As an iCalendar event (RFC 5545) with DTSTART, DURATION, RRULE and EXDATE.
struct Calendar {
  std::string name;             // for people: "weekly patch night"
  std::string rule;             // RRULE: "FREQ=WEEKLY;BYDAY=TU,TH"; empty = once
  Instant start;                // of the first, by the zone's clock (as if it were UTC)
  Duration length{0};           // of each; in real time, whatever the clock does meanwhile
  std::vector<Instant> except;  // starts that are left out, by the zone's clock
  Zone zone;
};

inline constexpr size_t kOccurrencesMax = 10'000;  // looked at for one question

// InvalidArgument when the rule is none, or repeats more often than daily.
Status ValidateCalendar(const Calendar& calendar);

// Occurrences that end after `from` and begin before `to`, in order, whole.
std::vector<TimeSpan> Occurrences(const Calendar& calendar, Instant from, Instant to);

// All windows together without the freezes: in order, apart from each other, cut to [from, to).
// Freezes win.
std::vector<TimeSpan> OpenTimes(const std::vector<Calendar>& windows,
                                const std::vector<Calendar>& freezes, Instant from, Instant to);

}  // namespace driftcast

#endif  // DRIFTCAST_REMEDY_WINDOWS_H_
