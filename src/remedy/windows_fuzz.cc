// Any rule in any zone: refused, or its occurrences are in order, apart and within what was asked.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "remedy/windows.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast;
  if (size < 8 || size > 4096) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const size_t split = text.find('\n', 8);
  Calendar calendar;
  calendar.name = "fuzz";
  calendar.rule = text.substr(8, split == std::string::npos ? split : split - 8);
  calendar.start = FromUnixSeconds(1'500'000'000 + data[0] * 3'600'000LL + data[1] * 60);
  calendar.length = kMinute * (1 + data[2] + 256 * (data[3] % 8));
  if (data[4] % 2 == 1) calendar.except = {calendar.start + kDay * data[5]};
  if (split != std::string::npos) {
    auto zone = Zone::Parse(text.substr(split + 1));
    if (!zone.ok()) return 0;
    calendar.zone = *std::move(zone);
  }
  if (!ValidateCalendar(calendar).ok()) return 0;
  const Instant from = FromUnixSeconds(1'780'000'000);
  const Instant to = from + kDay * 90;
  const auto spans = Occurrences(calendar, from, to);
  for (const TimeSpan& span : spans)
    if (span.to <= from || span.from >= to || span.from > span.to) __builtin_trap();
  const auto open = OpenTimes({calendar}, {}, from, to);
  for (size_t i = 0; i < open.size(); ++i) {
    if (open[i].from >= open[i].to || open[i].from < from || open[i].to > to) __builtin_trap();
    if (i > 0 && open[i - 1].to >= open[i].from) __builtin_trap();
  }
  if (!OpenTimes({calendar}, {calendar}, from, to).empty()) __builtin_trap();  // freezes win
  return 0;
}
