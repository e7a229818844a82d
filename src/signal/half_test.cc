#include "signal/half.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace driftcast {
namespace {

TEST(Half, EveryFiniteHalfSurvivesTheRoundTrip) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    if ((bits & 0x7c00) == 0x7c00) continue;  // infinities and NaNs
    const float value = FloatFromHalf(static_cast<uint16_t>(bits));
    const uint16_t again = HalfFromFloat(value);
    if (bits == 0x8000) continue;  // -0 becomes 0
    ASSERT_EQ(again, bits) << value;
  }
}

struct HalfCase {
  float value;
  float stored;
};
class HalfRounding : public testing::TestWithParam<HalfCase> {};
TEST_P(HalfRounding, ToNearestEvenAndSaturating) {
  EXPECT_EQ(FloatFromHalf(HalfFromFloat(GetParam().value)), GetParam().stored);
}
INSTANTIATE_TEST_SUITE_P(
    Values, HalfRounding,
    testing::Values(HalfCase{1, 1}, HalfCase{-2.5f, -2.5f},
                    HalfCase{1 + 0x1p-11f, 1},                          // a tie, to even
                    HalfCase{1 + 3 * 0x1p-11f, 1 + 2 * 0x1p-10f},       // a tie, to even
                    HalfCase{2047.6f, 2048}, HalfCase{1e9f, kHalfMax},  // saturates
                    HalfCase{-std::numeric_limits<float>::infinity(), -kHalfMax},
                    HalfCase{0x1p-24f, 0x1p-24f}, HalfCase{0x1p-26f, 0},
                    HalfCase{0x1p-14f - 0x1p-26f, 0x1p-14f},  // rounds up into the normal range
                    HalfCase{std::numeric_limits<float>::quiet_NaN(), 0}));

}  // namespace
}  // namespace driftcast
