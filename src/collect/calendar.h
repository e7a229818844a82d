// When a timer runs next: systemd's OnCalendar expressions and cron's five fields.
#ifndef DRIFTCAST_COLLECT_CALENDAR_H_
#define DRIFTCAST_COLLECT_CALENDAR_H_

#include <optional>
#include <string_view>

#include "base/time.h"

namespace driftcast {

// The first moment after `after` that fits, in this process' local time (TZ). nullopt when the
// expression never fits within five years, or is of a form that is not understood: "~" (days from a
// month's end), fractions of seconds, and time zones other than UTC.
//
// systemd.time(7): "daily", "Mon..Fri *-*-* 06,18:00", "*-*-01 04:00:00", "*:0/15".
std::optional<Instant> NextOnCalendar(std::string_view expression, Instant after);

// crontab(5): "17 * * * *", "@daily". When both days are restricted either one fits.
std::optional<Instant> NextCron(std::string_view fields, Instant after);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_CALENDAR_H_
