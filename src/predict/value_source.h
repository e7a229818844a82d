// Where a proposed value comes from.
#ifndef DRIFTCAST_PREDICT_VALUE_SOURCE_H_
#define DRIFTCAST_PREDICT_VALUE_SOURCE_H_

#include <cstdint>

namespace driftcast::predict {

// Stored in models as numbers: append only.
enum class ValueSource : uint8_t {
  kNoValue,      // nothing is proposed
  kOtherStacks,  // the version that other stacks moved to
  kThisStack,    // the version that this stack moved to elsewhere
  kCounter,      // a number that went up by one at least twice, plus one
  kSwing,        // back to the value before
  kNextNumber,   // the last number in it, plus one
  kSeries,       // of a new key: what the key before it holds, carried on
  kToday,        // a date that follows the calendar
  kSameStep,     // the step of the last change, once more
};
inline constexpr int kValueSources = 9;
const char* SourceName(ValueSource source);  // "similar stacks", "this stack", "counter", ...

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_VALUE_SOURCE_H_
