#include "learn/booster.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace driftcast::learn {
namespace {

struct Made {
  std::vector<float> features, labels, weights, start;
  TrainingRows rows;
};

Made MakeRows(uint64_t seed, size_t count, int columns, bool with_start) {
  Made made;
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<float> uniform(0, 1);
  for (size_t i = 0; i < count; ++i) {
    float signal = -1;
    for (int c = 0; c < columns; ++c) {
      float x = normal(random);
      if (c == 1) x = std::round(x);  // ties
      if (c == 2 && uniform(random) < 0.2f) x = std::numeric_limits<float>::quiet_NaN();
      if (c < 2) signal += x;
      made.features.push_back(x);
    }
    made.labels.push_back(uniform(random) < 1 / (1 + std::exp(-signal)) ? 1 : 0);
    made.weights.push_back(0.5f + uniform(random));
    if (with_start) made.start.push_back(normal(random) - 2);
  }
  made.rows = {made.features.data(), count, columns, made.labels, made.weights, made.start};
  return made;
}

TEST(Booster, OurMarginsEqualXgboostsToTheLastBit) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const int columns = 3 + static_cast<int>(seed % 5);
    const Made made = MakeRows(seed, 700 + 61 * seed, columns, seed % 2 == 0);
    BoosterOptions options;
    options.rounds = 20 + static_cast<int>(seed) * 3;
    options.leaves_max = 4 + static_cast<int>(seed) * 2;
    options.min_child_weight = 2;
    options.seed = static_cast<unsigned>(seed);
    const auto trained = TrainAndPredict(made.rows, options);
    ASSERT_TRUE(trained.ok()) << Describe(trained.status());
    EXPECT_GT(trained->forest.node_count(), trained->forest.tree_count());
    std::vector<float> batch(made.rows.rows);
    trained->forest.Margins(made.features.data(), columns, made.rows.rows, batch.data());
    for (size_t i = 0; i < made.rows.rows; ++i) {
      const float* row = &made.features[i * columns];
      const float start = made.start.empty() ? 0 : made.start[i];
      EXPECT_EQ(trained->forest.MarginFrom(start, row), trained->margins[i]) << seed << " " << i;
      if (made.start.empty()) {
        EXPECT_EQ(batch[i], trained->margins[i]);
      }
    }
  }
}

TEST(Booster, SameRowsGiveTheSameTrees) {
  const Made made = MakeRows(5, 2000, 6, true);
  BoosterOptions options;
  options.rounds = 30;
  options.min_child_weight = 2;
  std::string bytes[2];
  for (std::string& out : bytes) {
    const auto forest = TrainForest(made.rows, options);
    ASSERT_TRUE(forest.ok());
    predict::StateWriter writer;
    forest->Serialize(&writer);
    out = writer.Take();
  }
  EXPECT_EQ(bytes[0], bytes[1]);
}

TEST(Booster, RefusesRowsThatDoNotFit) {
  Made made = MakeRows(1, 50, 3, false);
  made.labels.pop_back();
  made.rows.labels = made.labels;
  EXPECT_EQ(TrainForest(made.rows, {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(TrainForest({}, {}).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace driftcast::learn
