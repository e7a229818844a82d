#include "collect/calendar.h"

#include <array>
#include <charconv>
#include <ctime>
#include <string>
#include <vector>

#include "collect/parse_text.h"

namespace driftcast {
namespace {

constexpr int kDaysAhead = 5 * 366;

// The numbers of one field that fit; `any` = all.
struct Field {
  bool any = true;
  std::vector<bool> fits = std::vector<bool>(2200);

  bool Fits(int value) const { return any || fits[static_cast<size_t>(value)]; }
};

struct Schedule {
  Field year, month, day, weekday, hour, minute, second;  // weekday: 0 = Sunday
  bool either_day = false;                                // cron: day of month or weekday
  bool utc = false;
};

constexpr std::array kWeekdays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr std::array kMonths = {"",    "jan", "feb", "mar", "apr", "may", "jun",
                                "jul", "aug", "sep", "oct", "nov", "dec"};

template <size_t N>
std::optional<int> NameIndex(const std::array<const char*, N>& names, std::string_view word) {
  std::string lower;
  for (const char c : word.substr(0, 3)) lower += static_cast<char>(c | 0x20);
  for (size_t i = 0; i < N; ++i)
    if (lower.size() == 3 && lower == names[i]) return static_cast<int>(i);
  return std::nullopt;
}

std::optional<int> ReadNumber(std::string_view word) {
  int value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<int> ReadItem(std::string_view word) {
  if (const auto number = ReadNumber(word)) return number;
  if (const auto weekday = NameIndex(kWeekdays, word)) return weekday;
  return NameIndex(kMonths, word);
}

// One comma-separated part: "5", "a..b", "a-b" (cron), each with "/step"; "*" with or without one.
bool ReadPart(std::string_view part, int low, int high, std::string_view range, Field& field) {
  int step = 0;
  if (const size_t slash = part.find('/'); slash != std::string_view::npos) {
    const auto read = ReadNumber(part.substr(slash + 1));
    if (!read || *read == 0) return false;
    step = *read;
    part = part.substr(0, slash);
  }
  int first = low, last = high;
  if (part != "*") {
    const size_t dots = part.find(range);
    const auto begin = ReadItem(part.substr(0, dots));
    if (!begin) return false;
    first = last = *begin;
    if (dots != std::string_view::npos) {
      const auto end = ReadItem(part.substr(dots + range.size()));
      if (!end) return false;
      last = *end;
    } else if (step > 0) {
      last = high;
    }
  } else if (step == 0) {
    field.any = true;
    return true;
  }
  // "Sat..Mon" wraps around; so does cron's 7 for Sunday.
  if (first > last && high <= 7) last += 7;
  if (first < low || first > last) return false;
  field.any = false;
  for (int value = first; value <= last; value += std::max(step, 1)) {
    const int wrapped = high <= 7 ? value % 7 : value;
    if (wrapped > high || static_cast<size_t>(wrapped) >= field.fits.size()) return false;
    field.fits[static_cast<size_t>(wrapped)] = true;
  }
  return true;
}

bool ReadField(std::string_view text, int low, int high, std::string_view range, Field& field) {
  bool any = false;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    if (!ReadPart(text.substr(0, comma), low, high, range, field)) return false;
    any = any || field.any;
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) return false;
  }
  field.any = any;
  return true;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool ReadTime(std::string_view text, Schedule& s) {
  const auto parts = Split(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return false;
  return ReadField(parts[0], 0, 23, "..", s.hour) && ReadField(parts[1], 0, 59, "..", s.minute) &&
         ReadField(parts.size() == 3 ? parts[2] : "0", 0, 59, "..", s.second);
}

bool ReadDate(std::string_view text, Schedule& s) {
  const auto parts = Split(text, '-');
  if (parts.size() < 2 || parts.size() > 3) return false;
  const size_t month = parts.size() - 2;
  return (parts.size() == 2 || ReadField(parts[0], 1970, 2199, "..", s.year)) &&
         ReadField(parts[month], 1, 12, "..", s.month) &&
         ReadField(parts[month + 1], 1, 31, "..", s.day);
}

std::string_view Spelled(std::string_view word) {
  struct Word {
    std::string_view name, meaning;
  };
  for (const Word& known :
       {Word{"minutely", "*-*-* *:*:00"}, Word{"hourly", "*-*-* *:00:00"},
        Word{"daily", "*-*-* 00:00:00"}, Word{"weekly", "Mon *-*-* 00:00:00"},
        Word{"monthly", "*-*-01 00:00:00"}, Word{"quarterly", "*-01,04,07,10-01 00:00:00"},
        Word{"semiannually", "*-01,07-01 00:00:00"}, Word{"yearly", "*-01-01 00:00:00"},
        Word{"annually", "*-01-01 00:00:00"}})
    if (word == known.name) return known.meaning;
  return word;
}

std::optional<Schedule> ReadOnCalendar(std::string_view expression) {
  Schedule s;
  bool time = false;
  auto words = SplitBlanks(Spelled(TrimBlanks(expression)));
  if (!words.empty() && words.back() == "UTC") {
    s.utc = true;
    words.pop_back();
  }
  if (words.empty() || words.size() > 3) return std::nullopt;
  for (const std::string_view word : words) {
    bool read = false;
    if (word.find(':') != std::string_view::npos) {
      read = time = ReadTime(word, s);
    } else if (NameIndex(kWeekdays, word)) {
      read = ReadField(word, 0, 6, "..", s.weekday);
    } else {
      read = ReadDate(word, s);
    }
    if (!read) return std::nullopt;
  }
  if (!time) ReadTime("00:00:00", s);
  return s;
}

std::optional<Schedule> ReadCron(std::string_view text) {
  struct Word {
    std::string_view name, meaning;
  };
  for (const Word& known :
       {Word{"@hourly", "0 * * * *"}, Word{"@daily", "0 0 * * *"}, Word{"@midnight", "0 0 * * *"},
        Word{"@weekly", "0 0 * * 0"}, Word{"@monthly", "0 0 1 * *"}, Word{"@yearly", "0 0 1 1 *"},
        Word{"@annually", "0 0 1 1 *"}})
    if (text == known.name) text = known.meaning;
  const auto words = SplitBlanks(text);
  Schedule s;
  if (words.size() != 5 || !ReadField(words[0], 0, 59, "-", s.minute) ||
      !ReadField(words[1], 0, 23, "-", s.hour) || !ReadField(words[2], 1, 31, "-", s.day) ||
      !ReadField(words[3], 1, 12, "-", s.month) || !ReadField(words[4], 0, 7, "-", s.weekday))
    return std::nullopt;
  ReadField("0", 0, 59, "-", s.second);
  s.either_day = !s.day.any && !s.weekday.any;
  return s;
}

bool DayFits(const Schedule& s, const std::tm& day) {
  if (!s.year.Fits(day.tm_year + 1900) || !s.month.Fits(day.tm_mon + 1)) return false;
  const bool by_date = s.day.Fits(day.tm_mday), by_weekday = s.weekday.Fits(day.tm_wday);
  return s.either_day ? by_date || by_weekday : by_date && by_weekday;
}

// The first fitting second of the day from `from` (seconds since midnight) on; -1 for none.
int FirstSecond(const Schedule& s, int from) {
  for (int hour = from / 3600; hour < 24; ++hour) {
    if (!s.hour.Fits(hour)) continue;
    for (int minute = hour * 60 < from / 60 ? from / 60 % 60 : 0; minute < 60; ++minute) {
      if (!s.minute.Fits(minute)) continue;
      for (int second = 0; second < 60; ++second) {
        const int at = hour * 3600 + minute * 60 + second;
        if (at >= from && s.second.Fits(second)) return at;
      }
    }
  }
  return -1;
}

std::optional<Instant> Next(const Schedule& s, Instant after) {
  const time_t start = static_cast<time_t>(ToUnixMicros(after) / 1'000'000) + 1;
  std::tm day{};
  if ((s.utc ? gmtime_r(&start, &day) : localtime_r(&start, &day)) == nullptr) return std::nullopt;
  int from = day.tm_hour * 3600 + day.tm_min * 60 + day.tm_sec;
  for (int ahead = 0; ahead < kDaysAhead; ++ahead, from = 0) {
    if (DayFits(s, day)) {
      if (const int at = FirstSecond(s, from); at >= 0) {
        std::tm found = day;
        found.tm_hour = at / 3600;
        found.tm_min = at / 60 % 60;
        found.tm_sec = at % 60;
        found.tm_isdst = -1;
        return FromUnixSeconds(s.utc ? timegm(&found) : mktime(&found));
      }
    }
    // Noon is on the next day whatever the clocks do.
    day.tm_mday += 1;
    day.tm_hour = 12;
    day.tm_min = day.tm_sec = 0;
    day.tm_isdst = -1;
    if (s.utc) {
      timegm(&day);
    } else {
      mktime(&day);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Instant> NextOnCalendar(std::string_view expression, Instant after) {
  const auto schedule = ReadOnCalendar(expression);
  return schedule ? Next(*schedule, after) : std::nullopt;
}

std::optional<Instant> NextCron(std::string_view fields, Instant after) {
  const auto schedule = ReadCron(fields);
  return schedule ? Next(*schedule, after) : std::nullopt;
}

}  // namespace driftcast
