#include "signal/tail_bank.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace driftcast {
namespace {

struct OneTail {
  float quantile = 0, mean_excess = 0;
  uint16_t exceedances = 0;
  uint32_t seen = 0;
  double Take(double value) {
    return TakeIntoTail(quantile, mean_excess, exceedances, value,
                        QuantileGain(seen++, TailTuning()), 1, TailTuning());
  }
};

TEST(TailBank, QuantileSettlesWhereTheTailShareLies) {
  std::mt19937 random(1);
  std::exponential_distribution<double> values(1);
  OneTail tail;
  for (int i = 0; i < 50000; ++i) tail.Take(values(random));
  // P(x > q) = 0.03 for a unit exponential at q = -ln 0.03 = 3.507; stochastic steps wander.
  EXPECT_NEAR(tail.quantile, 3.507, 0.5);
  EXPECT_NEAR(tail.mean_excess, 1, 0.3);  // memoryless: the mean excess is the mean
}

TEST(TailBank, SurpriseIsAboutMinusLogProbabilityOfTheExcess) {
  std::mt19937 random(2);
  std::exponential_distribution<double> values(1);
  OneTail tail;
  for (int i = 0; i < 50000; ++i) tail.Take(values(random));
  int beyond = 0, twice = 0;
  for (int i = 0; i < 50000; ++i) {
    const double surprise = tail.Take(values(random));
    beyond += surprise >= 0;
    twice += surprise >= 2;
  }
  EXPECT_NEAR(beyond / 50000.0, 0.03, 0.005);
  EXPECT_NEAR(static_cast<double>(twice) / beyond, std::exp(-2), 0.06);
}

TEST(TailBank, ConstantStreamNeverSurprises) {
  OneTail tail;
  for (int i = 0; i < 1000; ++i) EXPECT_LT(tail.Take(0), 0);
  EXPECT_GE(tail.quantile, 0);
}

TEST(TailBank, OneHugeValueTeachesLittle) {
  std::mt19937 random(3);
  std::exponential_distribution<double> values(1);
  OneTail tail;
  for (int i = 0; i < 5000; ++i) tail.Take(values(random));
  const double before = tail.Take(9);
  EXPECT_EQ(tail.Take(1e12), TailTuning().surprise_max);
  EXPECT_GT(tail.Take(9), 0.7 * before);
}

}  // namespace
}  // namespace driftcast
