#include "remedy/windows.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace driftcast {
namespace {

using ::testing::ElementsAre;

Instant At(const char* text) { return *ParseInstant(text); }

// A zone of our own making, with the rules of central Europe in 2026: one hour east of UTC, two
// from 2026-03-29T01:00Z to 2026-10-25T01:00Z.
std::string CentralEurope2026() {
  const auto number = [](int64_t value, int bytes) {
    std::string out;
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
    return out;
  };
  const auto header = [&](int64_t times, int64_t types, int64_t chars) {
    return "TZif2" + std::string(15, '\0') + number(0, 4) + number(0, 4) + number(0, 4) +
           number(times, 4) + number(types, 4) + number(chars, 4);
  };
  std::string out = header(0, 1, 1) + number(0, 4) + std::string(2, '\0') + std::string(1, '\0');
  out += header(2, 2, 1);
  out += number(1774746000, 8) + number(1792890000, 8);
  out += std::string("\x01\x00", 2);
  out += number(3600, 4) + std::string(2, '\0') + number(7200, 4) + std::string("\x01\x00", 2);
  out += std::string(1, '\0') + "\n\n";
  return out;
}

Zone Berlin() {
  auto zone = Zone::Parse(CentralEurope2026());
  EXPECT_TRUE(zone.ok()) << Describe(zone.status());
  return *zone;
}

Calendar Nightly() {
  Calendar calendar;
  calendar.name = "night";
  calendar.rule = "FREQ=DAILY";
  calendar.start = At("2026-01-01T02:30:00Z");
  calendar.length = kHour;
  calendar.zone = Berlin();
  return calendar;
}

TEST(Zone, KnowsItsOffsets) {
  const Zone zone = Berlin();
  EXPECT_EQ(zone.OffsetAt(At("2026-03-29T00:59:59Z")), 3600);
  EXPECT_EQ(zone.OffsetAt(At("2026-03-29T01:00:00Z")), 7200);
  EXPECT_EQ(zone.OffsetAt(At("2026-10-25T01:00:00Z")), 3600);
}

TEST(Zone, RefusesWhatIsNone) {
  const std::string good = CentralEurope2026();
  EXPECT_FALSE(Zone::Parse("").ok());
  EXPECT_FALSE(Zone::Parse("TZif1").ok());
  for (size_t cut = 0; cut < good.size() - 3; ++cut)
    EXPECT_FALSE(Zone::Parse(std::string_view(good).substr(0, cut)).ok()) << cut;
}

TEST(Zone, EveryReadingFindsItsInstant) {
  const Zone zone = Berlin();
  std::mt19937_64 random(3);
  for (int i = 0; i < 2000; ++i) {
    const Instant t = FromUnixSeconds(1767225600 + static_cast<int64_t>(random() % 31'000'000));
    const Instant reading = t + std::chrono::seconds(zone.OffsetAt(t));
    const Instant back = zone.FromLocal(reading);
    // The same, or the first of the two with that reading.
    EXPECT_EQ(back + std::chrono::seconds(zone.OffsetAt(back)), reading);
    EXPECT_LE(back, t);
  }
}

TEST(Windows, FollowTheClockOnTheWall) {
  const auto spans = Occurrences(Nightly(), At("2026-03-28T00:00:00Z"), At("2026-03-31T00:00:00Z"));
  EXPECT_THAT(spans,
              ElementsAre(TimeSpan{At("2026-03-28T01:30:00Z"), At("2026-03-28T02:30:00Z")},
                          // 02:30 did not occur: by the offset before the gap, 03:30 summer time
                          TimeSpan{At("2026-03-29T01:30:00Z"), At("2026-03-29T02:30:00Z")},
                          TimeSpan{At("2026-03-30T00:30:00Z"), At("2026-03-30T01:30:00Z")}));
}

TEST(Windows, AReadingThatOccursTwiceCountsOnce) {
  const auto spans = Occurrences(Nightly(), At("2026-10-24T12:00:00Z"), At("2026-10-26T00:00:00Z"));
  EXPECT_THAT(spans, ElementsAre(TimeSpan{At("2026-10-25T00:30:00Z"), At("2026-10-25T01:30:00Z")}));
}

struct RuleCase {
  const char* rule;
  std::vector<const char*> days;  // of June 2026
};
class RuleTest : public testing::TestWithParam<RuleCase> {};
TEST_P(RuleTest, IsReadAsTheStandardSays) {
  Calendar calendar;
  calendar.rule = GetParam().rule;
  calendar.start = At("2026-01-01T00:00:00Z");
  calendar.length = kHour;
  ASSERT_TRUE(ValidateCalendar(calendar).ok());
  std::vector<std::string> days;
  for (const auto& span :
       Occurrences(calendar, At("2026-06-01T00:00:00Z"), At("2026-07-01T00:00:00Z")))
    days.push_back(FormatInstant(span.from).substr(8, 2));
  EXPECT_EQ(days, std::vector<std::string>(GetParam().days.begin(), GetParam().days.end()));
}
INSTANTIATE_TEST_SUITE_P(
    Rfc5545, RuleTest,
    testing::Values(RuleCase{"FREQ=MONTHLY;BYDAY=2TU", {"09"}},
                    RuleCase{"FREQ=MONTHLY;BYDAY=-1FR", {"26"}},
                    RuleCase{"FREQ=MONTHLY;BYMONTHDAY=-1", {"30"}},
                    RuleCase{"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", {"30"}},
                    RuleCase{"FREQ=WEEKLY;INTERVAL=2;BYDAY=TH", {"04", "18"}},
                    RuleCase{"FREQ=DAILY;UNTIL=20260603T000000Z", {"01", "02", "03"}},
                    RuleCase{"FREQ=WEEKLY;COUNT=3", {}}));

TEST(Windows, ExceptedStartsAreLeftOut) {
  Calendar calendar = Nightly();
  calendar.except = {At("2026-06-02T02:30:00Z")};
  const auto spans = Occurrences(calendar, At("2026-06-01T00:00:00Z"), At("2026-06-04T00:00:00Z"));
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[1].from, At("2026-06-03T00:30:00Z"));
}

TEST(Windows, FreezesWin) {
  Calendar window = Nightly();
  window.zone = Zone();
  Calendar freeze;
  freeze.name = "release";
  freeze.start = At("2026-06-01T03:00:00Z");
  freeze.length = kDay * 2;
  const auto open =
      OpenTimes({window, window}, {freeze}, At("2026-06-01T00:00:00Z"), At("2026-06-05T00:00:00Z"));
  EXPECT_THAT(open, ElementsAre(TimeSpan{At("2026-06-01T02:30:00Z"), At("2026-06-01T03:00:00Z")},
                                TimeSpan{At("2026-06-03T03:00:00Z"), At("2026-06-03T03:30:00Z")},
                                TimeSpan{At("2026-06-04T02:30:00Z"), At("2026-06-04T03:30:00Z")}));
}

TEST(Windows, RefusesRulesThatAreNone) {
  Calendar calendar;
  calendar.length = kHour;
  for (const char* rule : {"sometimes", "FREQ=SECONDLY", "FREQ=HOURLY", "FREQ=", ";;;"}) {
    calendar.rule = rule;
    EXPECT_FALSE(ValidateCalendar(calendar).ok()) << rule;
  }
}

// However windows and freezes lie: what is open lies in a window, in no freeze, and in order.
TEST(WindowsProperty, OpenIsWindowWithoutFreeze) {
  std::mt19937_64 random(11);
  const Instant from = At("2026-06-01T00:00:00Z");
  const auto any = [&] {
    Calendar c;
    c.start = from + kHour * static_cast<int64_t>(random() % 96) - kDay;
    c.length = kHour * static_cast<int64_t>(1 + random() % 30);
    if (random() % 2) c.rule = "FREQ=DAILY";
    return c;
  };
  for (int round = 0; round < 300; ++round) {
    const std::vector<Calendar> windows = {any(), any()};
    const std::vector<Calendar> freezes = {any()};
    const auto open = OpenTimes(windows, freezes, from, from + kDay * 3);
    const auto within = [&](const std::vector<Calendar>& calendars, Instant t) {
      for (const auto& c : calendars)
        for (const auto& span : Occurrences(c, t, t + kSecond))
          if (span.from <= t && t < span.to) return true;
      return false;
    };
    for (Instant t = from + kMinute * 30; t < from + kDay * 3; t += kHour) {
      const bool is_open = std::ranges::any_of(
          open, [&](const TimeSpan& span) { return span.from <= t && t < span.to; });
      ASSERT_EQ(is_open, within(windows, t) && !within(freezes, t)) << FormatInstant(t);
    }
  }
}

// Found by the fuzzer: the library would look for the first one for ever.
TEST(Windows, ARuleThatNeverComesTrueIsRefused) {
  Calendar calendar;
  calendar.name = "never";
  calendar.start = FromUnixSeconds(1'767'700'800);
  calendar.length = kHour;
  for (const char* rule :
       {"FREQ=MONTHLY;BYDAY=6TU", "FREQ=MONTHLY;BYDAY=-6TU", "FREQ=YEARLY;BYDAY=54MO",
        "FREQ=WEEKLY;BYDAY=2TU", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}) {
    calendar.rule = rule;
    EXPECT_EQ(ValidateCalendar(calendar).code(), StatusCode::kInvalidArgument) << rule;
  }
  for (const char* rule : {"FREQ=MONTHLY;BYDAY=5TU", "FREQ=YEARLY;BYDAY=53MO",
                           "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "FREQ=WEEKLY;BYDAY=TU"}) {
    calendar.rule = rule;
    EXPECT_TRUE(ValidateCalendar(calendar).ok()) << rule;
  }
}

}  // namespace
}  // namespace driftcast
