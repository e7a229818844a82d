#include "base/time.h"

#include <array>
#include <cctype>
#include <optional>

namespace driftcast {
namespace {

// Reads fixed-width decimal fields from the front of a text.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : text_(text) {}

  std::optional<int> Digits(size_t count) {
    if (text_.size() < count) return std::nullopt;
    int value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (!std::isdigit(static_cast<unsigned char>(text_[i]))) return std::nullopt;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(count);
    return value;
  }
  bool Skip(std::string_view any_of) {
    if (text_.empty() || any_of.find(text_[0]) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  char Peek() const { return text_.empty() ? '\0' : text_[0]; }
  bool done() const { return text_.empty(); }

 private:
  std::string_view text_;
};

std::optional<std::chrono::sys_days> ReadDay(FieldReader& in) {
  const auto year = in.Digits(4);
  if (!year || !in.Skip("-")) return std::nullopt;
  const auto month = in.Digits(2);
  if (!month || !in.Skip("-")) return std::nullopt;
  const auto day = in.Digits(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

std::optional<Duration> ReadTimeOfDay(FieldReader& in) {
  const auto hour = in.Digits(2);
  if (!hour || *hour > 23 || !in.Skip(":")) return std::nullopt;
  const auto minute = in.Digits(2);
  if (!minute || *minute > 59 || !in.Skip(":")) return std::nullopt;
  const auto second = in.Digits(2);
  if (!second || *second > 60) return std::nullopt;
  Duration result =
      std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
  if (in.Skip(".")) {
    int64_t unit = 1'000'000;
    bool any = false;
    while (const auto digit = in.Digits(1)) {
      unit /= 10;
      result += Duration(*digit * unit);
      any = true;
    }
    if (!any) return std::nullopt;
  }
  return result;
}

std::optional<Duration> ReadOffset(FieldReader& in) {
  if (in.Skip("Zz")) return Duration(0);
  const char sign = in.Peek();
  if (!in.Skip("+-")) return std::nullopt;
  const auto hour = in.Digits(2);
  if (!hour || !in.Skip(":")) return std::nullopt;
  const auto minute = in.Digits(2);
  if (!minute) return std::nullopt;
  const Duration offset = std::chrono::hours(*hour) + std::chrono::minutes(*minute);
  return sign == '-' ? -offset : offset;
}

class RealClock : public Clock {
 public:
  Instant Now() const override {
    return std::chrono::floor<Duration>(std::chrono::system_clock::now());
  }
};

}  // namespace

std::string FormatInstant(Instant t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(t - day);
  std::string out =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  time.hours().count(), time.minutes().count(), time.seconds().count());
  if (const auto micros = time.subseconds().count(); micros != 0) {
    std::string fraction = fmt::format(".{:06}", micros);
    while (fraction.back() == '0') fraction.pop_back();
    out += fraction;
  }
  return out + "Z";
}

StatusOr<Instant> ParseInstant(std::string_view text) {
  FieldReader in(text);
  const auto day = ReadDay(in);
  if (day && in.done()) return Instant(*day);
  if (day && in.Skip("Tt ")) {
    const auto time = ReadTimeOfDay(in);
    const auto offset = time ? ReadOffset(in) : std::nullopt;
    if (offset && in.done()) return Instant(*day) + *time - *offset;
  }
  return InvalidArgument("'{}' is not a time; write 2026-05-01 or 2026-05-01T12:00:00Z", text);
}

const Clock* SystemClock() {
  static const RealClock clock;
  return &clock;
}

}  // namespace driftcast
