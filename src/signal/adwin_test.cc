#include "signal/adwin.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace driftcast {
namespace {

double Draw(std::mt19937_64& random, double mean) {
  return (std::normal_distribution<>(mean, 1)(random) + 3) / 6;
}

TEST(Adwin, AMeanThatMovesIsNoticedAndOneThatDoesNotIsNot) {
  int false_cuts = 0, found = 0;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    std::mt19937_64 random(seed);
    Adwin adwin;
    for (int i = 0; i < 400; ++i) false_cuts += adwin.Add(Draw(random, 0)) ? 1 : 0;
    const double before = adwin.mean();
    for (int i = 0; i < 100; ++i)
      if (adwin.Add(Draw(random, 1.2))) {
        ++found;
        EXPECT_GT(adwin.mean(), adwin.mean_before());
        EXPECT_LT(adwin.count(), 450u);
        EXPECT_NEAR(before, 0.5, 0.04);
        break;
      }
  }
  EXPECT_LE(false_cuts, 2);
  EXPECT_EQ(found, 50);
}

TEST(Adwin, MemoryGrowsWithTheLogarithm) {
  std::mt19937_64 random(1);
  Adwin adwin;
  for (int i = 0; i < 20000; ++i) adwin.Add(Draw(random, 0));
  EXPECT_GT(adwin.count(), 15000u);
  ByteWriter out;
  adwin.Write(out);
  EXPECT_LT(out.Take().size(), 3000u);
}

TEST(Adwin, StateGoesOnBitForBit) {
  std::mt19937_64 random(2);
  Adwin straight, stored;
  for (int i = 0; i < 600; ++i) {
    const double value = Draw(random, i < 300 ? 0 : 1);
    ByteWriter out;
    stored.Write(out);
    const std::string bytes = out.Take();
    ByteReader in(bytes);
    stored = Adwin::Read(in);
    ASSERT_TRUE(in.done());
    EXPECT_EQ(straight.Add(value), stored.Add(value));
    ASSERT_EQ(straight.mean(), stored.mean());
  }
}

TEST(Adwin, ValuesThatAreNoneDoNoHarm) {
  Adwin adwin;
  for (const double value : std::vector<double>{std::nan(""), INFINITY, -INFINITY, -3.0, 7.0, 0.5})
    for (int i = 0; i < 10; ++i) adwin.Add(value);
  EXPECT_GE(adwin.mean(), 0);
  EXPECT_LE(adwin.mean(), 1);
}

}  // namespace
}  // namespace driftcast
