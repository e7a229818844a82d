#include "remedy/windows.h"

#include <libical/ical.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace driftcast {
namespace {

// libical's recurrence works on readings of a clock without a zone; zones are ours.
icaltimetype ToIcal(Instant reading) {
  const auto day = std::chrono::floor<std::chrono::days>(reading);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(reading - day)};
  icaltimetype out = icaltime_null_time();
  out.year = static_cast<int>(date.year());
  out.month = static_cast<int>(static_cast<unsigned>(date.month()));
  out.day = static_cast<int>(static_cast<unsigned>(date.day()));
  out.hour = static_cast<int>(time.hours().count());
  out.minute = static_cast<int>(time.minutes().count());
  out.second = static_cast<int>(time.seconds().count());
  return out;
}

Instant FromIcal(const icaltimetype& t) {
  const std::chrono::sys_days day = std::chrono::year(t.year) /
                                    std::chrono::month(static_cast<unsigned>(t.month)) /
                                    std::chrono::day(static_cast<unsigned>(t.day));
  return Instant(day) + std::chrono::hours(t.hour) + std::chrono::minutes(t.minute) +
         std::chrono::seconds(t.second);
}

bool Excepted(const Calendar& calendar, Instant reading) {
  return std::ranges::find(calendar.except, reading) != calendar.except.end();
}

// Adds the occurrence that begins at this reading; false when it is past the question's end.
bool Add(const Calendar& calendar, Instant reading, Instant from, Instant to,
         std::vector<TimeSpan>& out) {
  const Instant begin = calendar.zone.FromLocal(reading);
  if (begin >= to) return false;
  if (begin + calendar.length > from && !Excepted(calendar, reading))
    out.push_back({begin, begin + calendar.length});
  return true;
}

std::vector<TimeSpan> Merged(std::vector<TimeSpan> spans) {
  std::ranges::sort(spans);
  std::vector<TimeSpan> out;
  for (const auto& span : spans) {
    if (span.from >= span.to) continue;
    if (!out.empty() && span.from <= out.back().to) {
      out.back().to = std::max(out.back().to, span.to);
    } else {
      out.push_back(span);
    }
  }
  return out;
}

// `span` without the frozen ones, which are in order and apart.
void CutOut(TimeSpan span, const std::vector<TimeSpan>& frozen, std::vector<TimeSpan>& out) {
  for (const auto& freeze : frozen) {
    if (freeze.to <= span.from || freeze.from >= span.to) continue;
    if (freeze.from > span.from) out.push_back({span.from, freeze.from});
    span.from = std::max(span.from, freeze.to);
  }
  if (span.from < span.to) out.push_back(span);
}

// Rules that never come true are refused: libical (3.0) looks for their first occurrence for ever.
bool NeverComes(const icalrecurrencetype& rule) {
  const bool by_year =
      rule.freq == ICAL_YEARLY_RECURRENCE && rule.by_month[0] == ICAL_RECURRENCE_ARRAY_MAX;
  const int days_max = by_year ? 53 : 5;  // "the 5th Tuesday of a month"
  for (const short* day = rule.by_day; *day != ICAL_RECURRENCE_ARRAY_MAX; ++day) {
    const int position = std::abs(icalrecurrencetype_day_position(*day));
    const bool in_weeks = rule.freq < ICAL_MONTHLY_RECURRENCE;
    if (position > (in_weeks ? 0 : days_max)) return true;
  }
  if (rule.by_month[0] == ICAL_RECURRENCE_ARRAY_MAX ||
      rule.by_month_day[0] == ICAL_RECURRENCE_ARRAY_MAX)
    return false;
  static constexpr int kDays[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (const short* month = rule.by_month; *month != ICAL_RECURRENCE_ARRAY_MAX; ++month)
    for (const short* day = rule.by_month_day; *day != ICAL_RECURRENCE_ARRAY_MAX; ++day)
      if (*month >= 1 && *month <= 12 && std::abs(*day) <= kDays[*month - 1]) return false;
  return true;
}

}  // namespace

Status ValidateCalendar(const Calendar& calendar) {
  if (calendar.length <= Duration{0} || calendar.length > kDay * 366)
    return InvalidArgument("'{}' needs a length between a moment and a year", calendar.name);
  if (calendar.rule.empty()) return Ok();
  if (calendar.rule.size() > 1000)
    return InvalidArgument("the rule of '{}' is too long", calendar.name);
  const icalrecurrencetype rule = icalrecurrencetype_from_string(calendar.rule.c_str());
  if (rule.freq == ICAL_NO_RECURRENCE)
    return InvalidArgument("'{}' is no RRULE ({})", calendar.rule, calendar.name);
  if (rule.freq < ICAL_DAILY_RECURRENCE)
    return InvalidArgument("the rule of '{}' repeats more often than daily", calendar.name);
  if (NeverComes(rule))
    return InvalidArgument("the rule of '{}' never comes true: '{}'", calendar.name, calendar.rule);
  return Ok();
}

std::vector<TimeSpan> Occurrences(const Calendar& calendar, Instant from, Instant to) {
  std::vector<TimeSpan> out;
  if (calendar.rule.empty()) {
    Add(calendar, calendar.start, from, to, out);
    return out;
  }
  const icalrecurrencetype rule = icalrecurrencetype_from_string(calendar.rule.c_str());
  const std::unique_ptr<icalrecur_iterator, void (*)(icalrecur_iterator*)> iterator(
      icalrecur_iterator_new(rule, ToIcal(calendar.start)), icalrecur_iterator_free);
  if (!iterator) return out;
  // Years of past occurrences need not be counted, unless the rule counts them itself.
  const Instant early = from - calendar.length - kDay * 2;
  if (rule.count == 0 && early > calendar.start)
    icalrecur_iterator_set_start(iterator.get(), ToIcal(early));
  for (size_t i = 0; i < kOccurrencesMax; ++i) {
    const icaltimetype next = icalrecur_iterator_next(iterator.get());
    if (icaltime_is_null_time(next)) break;
    if (!Add(calendar, FromIcal(next), from, to, out)) break;
  }
  return out;
}

std::vector<TimeSpan> OpenTimes(const std::vector<Calendar>& windows,
                                const std::vector<Calendar>& freezes, Instant from, Instant to) {
  const auto all = [&](const std::vector<Calendar>& calendars) {
    std::vector<TimeSpan> spans;
    for (const auto& calendar : calendars)
      for (const auto& span : Occurrences(calendar, from, to))
        spans.push_back({std::max(span.from, from), std::min(span.to, to)});
    return Merged(std::move(spans));
  };
  const auto frozen = all(freezes);
  std::vector<TimeSpan> open;
  for (const auto& span : all(windows)) CutOut(span, frozen, open);
  return open;
}

}  // namespace driftcast
