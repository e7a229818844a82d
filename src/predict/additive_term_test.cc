#include "predict/additive_term.h"

#include <array>
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace driftcast::predict {
namespace {

using Inputs = std::array<float, 2>;

// Outcomes whose true logit is -3 + effect * first input; the second input has no effect.
struct World {
  double effect = 0;
  uint64_t seed = 1;
};

double Uniform(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

float Normal(std::mt19937_64& random) {  // about: the sum of twelve uniform ones
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += Uniform(random);
  return static_cast<float>(sum);
}

void Live(const World& world, int outcomes, AdditiveTerm* term) {
  std::mt19937_64 random(world.seed);
  for (int i = 0; i < outcomes; ++i) {
    const Inputs x = {Normal(random), Normal(random)};
    const double p = 1 / (1 + std::exp(3 - world.effect * x[0]));
    term->Learn(x, -3, Uniform(random) < p);
    if (i % 50 == 0) term->Forget(1);
  }
}

TEST(AdditiveTerm, SaysNothingBeforeItLearned) {
  const AdditiveTerm term(2);
  EXPECT_EQ(term.Shift(Inputs{4, -4}), 0);
  EXPECT_FALSE(term.speaks());
}

TEST(AdditiveTerm, RecoversAPlantedEffectAndIgnoresTheOtherInput) {
  for (const double effect : {0.8, -0.8}) {
    AdditiveTerm term(2);
    Live({effect, 7}, 20000, &term);
    EXPECT_TRUE(term.speaks());
    EXPECT_NEAR(term.Weight(0), effect, 0.25) << "of the effect";
    EXPECT_EQ(term.Weight(1), 0);
    EXPECT_NEAR(term.Shift(Inputs{1, 3}), term.Part(0, 1), 1e-12);
  }
}

TEST(AdditiveTerm, StaysAtZeroWhenInputsAreShuffled) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    AdditiveTerm term(2);
    Live({0, seed}, 5000, &term);
    EXPECT_EQ(term.Shift(Inputs{4, 4}), 0) << "seed " << seed;
    EXPECT_EQ(term.Shift(Inputs{-4, 4}), 0) << "seed " << seed;
  }
}

TEST(AdditiveTerm, ForgetsAnEffectThatIsGone) {
  AdditiveTerm term(2);
  Live({0.8, 3}, 20000, &term);
  ASSERT_GT(term.Weight(0), 0.3);
  Live({0, 4}, 60000, &term);
  EXPECT_LT(std::abs(term.Weight(0)), 0.1);
}

TEST(AdditiveTerm, ForgetsInSilenceToo) {
  AdditiveTerm term(2);
  Live({0.8, 3}, 3000, &term);
  ASSERT_TRUE(term.speaks());
  term.Forget(20 * AdditiveTerm::kHalfLifeDays);
  EXPECT_EQ(term.Shift(Inputs{4, 4}), 0);
}

TEST(AdditiveTerm, IsBoundedWhateverItIsGiven) {
  const float infinite = std::numeric_limits<float>::infinity();
  const float nothing = std::numeric_limits<float>::quiet_NaN();
  AdditiveTerm term(2);
  for (int i = 0; i < 3000; ++i) {
    term.Learn(Inputs{i % 2 == 0 ? infinite : 1e30f, nothing}, -3, true, 1000);
    term.Learn(Inputs{0, 0}, std::numeric_limits<double>::quiet_NaN(), true);
    term.Learn(Inputs{1, 1}, -3, true, infinite);
  }
  EXPECT_EQ(term.Shift(Inputs{nothing, infinite}), 0);
  EXPECT_GT(term.Shift(Inputs{1e30f, 0}), 0);
  EXPECT_LE(term.Shift(Inputs{1e30f, 1e30f}), 3);
}

TEST(AdditiveTerm, RestoresToTheSameAnswers) {
  AdditiveTerm term(2);
  Live({0.8, 5}, 4000, &term);
  const std::string bytes = term.Serialize();
  auto copy = AdditiveTerm::Restore(bytes);
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(copy->Serialize(), bytes);
  Live({0.8, 6}, 100, &term);
  Live({0.8, 6}, 100, &*copy);
  EXPECT_EQ(copy->Serialize(), term.Serialize());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(AdditiveTerm::Restore(std::string_view(bytes).substr(0, size)).ok());
}

}  // namespace
}  // namespace driftcast::predict
