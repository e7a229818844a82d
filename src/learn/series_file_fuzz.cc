// Both series parsers on arbitrary bytes: they must end, and what they accept must be consistent.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "learn/series_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto timed = driftcast::learn::ParseTimedSeries(text); timed.ok()) {
    if (timed->times.empty() || timed->times.size() != timed->values.size() ||
        timed->times.size() != timed->stamps.size())
      std::abort();
    for (const double value : timed->values)
      if (std::isinf(value)) std::abort();
  }
  if (const auto plain = driftcast::learn::ParsePlainSeries(text); plain.ok())
    for (const auto& series : *plain)
      if (series.values.empty() || std::isnan(series.values.back())) std::abort();
  return 0;
}
