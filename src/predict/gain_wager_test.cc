#include "predict/gain_wager.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace driftcast::predict {
namespace {

double Uniform(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

// What forecasts of `told` save beside those of 0.1, when changes come with `truth`.
double Saved(double told, bool happened) {
  return happened ? std::log(told / 0.1) : std::log((1 - told) / 0.9);
}

void Live(double truth, double told, int periods, std::mt19937_64& random, GainWager* test,
          uint64_t first = 0) {
  for (int i = 0; i < periods; ++i)
    test->Add(first + static_cast<uint64_t>(i), Saved(told, Uniform(random) < truth),
              std::min(Saved(told, true), Saved(told, false)));
}

TEST(GainWager, FindsWhatIsBetter) {
  std::mt19937_64 random(1);
  GainWager test;
  EXPECT_FALSE(test.passed());
  Live(0.4, 0.4, 100, random, &test);
  EXPECT_TRUE(test.passed());
}

TEST(GainWager, FindsItLateToo) {
  std::mt19937_64 random(2);
  GainWager test;
  Live(0.1, 0.4, 1000, random, &test);
  EXPECT_LT(test.wealth(), 1);
  Live(0.4, 0.4, 400, random, &test, 1000);
  EXPECT_TRUE(test.passed());
}

TEST(GainWager, ErrsNoMoreThanItSaysHoweverOftenOneLooks) {
  int erred = 0;
  constexpr int kTries = 2000;
  for (uint64_t seed = 0; seed < kTries; ++seed) {
    std::mt19937_64 random(seed);
    GainWager test;
    // What is told is random and has nothing to do with what comes: it cannot save anything.
    bool ever = false;
    for (uint64_t i = 0; i < 500; ++i) {
      const double told = Uniform(random) < 0.5 ? 0.15 : 0.07;
      const double worst = std::min(Saved(told, true), Saved(told, false));
      test.Add(i, Saved(told, Uniform(random) < 0.1), worst);
      ever |= test.passed();
    }
    erred += ever;
  }
  EXPECT_LE(erred, kTries * GainWager::kLevel);
}

TEST(GainWager, TakesBackWhatIsBetterNoMore) {
  std::mt19937_64 random(3);
  GainWager test;
  Live(0.4, 0.4, 1000, random, &test);
  ASSERT_TRUE(test.passed());
  Live(0.1, 0.4, 300, random, &test, 1000);
  EXPECT_FALSE(test.passed());
}

TEST(GainWager, ForgetsAndRestores) {
  std::mt19937_64 random(4);
  GainWager test, copy;
  Live(0.4, 0.4, 200, random, &test);
  StateWriter out;
  test.Write(out);
  const std::string bytes = out.Take();
  StateReader in(bytes);
  ASSERT_TRUE(copy.Read(in));
  EXPECT_EQ(copy.wealth(), test.wealth());
  test.Add(1, std::numeric_limits<double>::quiet_NaN(), 0);
  test.Add(1, 1, std::numeric_limits<double>::infinity());
  EXPECT_EQ(copy.wealth(), test.wealth()) << "not finite";
  test.Forget(1e-6);
  EXPECT_FALSE(test.passed());
  StateReader half(std::string_view(bytes).substr(0, bytes.size() / 2));
  EXPECT_FALSE(copy.Read(half));
}

}  // namespace
}  // namespace driftcast::predict
