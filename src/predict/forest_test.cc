#include "predict/forest.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace driftcast::predict {
namespace {

constexpr int kInputs = 6;

// A random tree: splits until `depth`, covers that add up.
std::vector<TreeNode> RandomTree(std::mt19937_64* random, int depth) {
  std::vector<TreeNode> nodes(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  nodes[0].cover = 1000;
  struct Item {
    size_t node;
    int depth;
  };
  std::vector<Item> open = {{0, 0}};
  while (!open.empty()) {
    const Item item = open.back();
    open.pop_back();
    TreeNode& node = nodes[item.node];
    if (item.depth == depth || ((*random)() % 4 == 0 && item.depth > 0)) {
      node.value = uniform(*random);
      continue;
    }
    node.feature = static_cast<int>((*random)() % kInputs);
    node.threshold = uniform(*random);
    node.default_left = (*random)() % 2 == 0;
    node.left = static_cast<int>(nodes.size());
    node.right = node.left + 1;
    const float share = 0.2f + 0.6f * (uniform(*random) + 1) / 2;
    TreeNode left, right;
    left.cover = node.cover * share;
    right.cover = node.cover - left.cover;
    open.push_back({nodes.size(), item.depth + 1});
    open.push_back({nodes.size() + 1, item.depth + 1});
    nodes.push_back(left);
    nodes.push_back(right);
  }
  return nodes;
}

float Walk(const std::vector<TreeNode>& nodes, const float* row) {
  const TreeNode* at = &nodes[0];
  while (at->left >= 0) {
    const float x = row[at->feature];
    const bool left = std::isnan(x) ? at->default_left : x < at->threshold;
    at = &nodes[left ? at->left : at->right];
  }
  return at->value;
}

// What the tree gives on average when only the features of `known` are given: by definition.
double Conditional(const std::vector<TreeNode>& nodes, const float* row, unsigned known, int at) {
  const TreeNode& node = nodes[at];
  if (node.left < 0) return node.value;
  if (known >> node.feature & 1)
    return Conditional(nodes, row, known,
                       row[node.feature] < node.threshold ? node.left : node.right);
  const double share = nodes[node.left].cover / (nodes[node.left].cover + nodes[node.right].cover);
  return share * Conditional(nodes, row, known, node.left) +
         (1 - share) * Conditional(nodes, row, known, node.right);
}

double Factorial(int n) { return n <= 1 ? 1 : n * Factorial(n - 1); }

std::array<float, kInputs> RandomRow(std::mt19937_64* random, bool with_missing) {
  std::array<float, kInputs> row;
  for (float& x : row) {
    x = std::uniform_real_distribution<float>(-1, 1)(*random);
    if (with_missing && (*random)() % 5 == 0) x = std::numeric_limits<float>::quiet_NaN();
  }
  return row;
}

TEST(Forest, EqualsAWalkDownTheTreesOneByOneAndInBatches) {
  std::mt19937_64 random(1);
  Forest forest;
  forest.set_base(-2.5f);
  std::vector<std::vector<TreeNode>> trees;
  for (int i = 0; i < 30; ++i) {
    trees.push_back(RandomTree(&random, 1 + i % 6));
    ASSERT_TRUE(forest.AddTree(trees.back(), kInputs));
  }
  std::vector<float> rows, expected;
  for (int i = 0; i < 203; ++i) {
    const auto row = RandomRow(&random, i > 100);  // missing values in the later rows
    rows.insert(rows.end(), row.begin(), row.end());
    float margin = -2.5f;
    for (const auto& tree : trees) margin += Walk(tree, row.data());
    expected.push_back(margin);
    EXPECT_EQ(forest.Margin(row.data()), margin);
  }
  std::vector<float> batch(expected.size());
  forest.Margins(rows.data(), kInputs, batch.size(), batch.data());
  EXPECT_EQ(batch, expected);
}

TEST(Forest, ExplanationIsTheShapleyValueByItsDefinition) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 40; ++round) {
    const auto tree = RandomTree(&random, 5);
    Forest forest;
    ASSERT_TRUE(forest.AddTree(tree, kInputs));
    const auto row = RandomRow(&random, false);
    std::array<double, kInputs> parts{};
    const double expected = forest.Explain(row.data(), parts.data());
    EXPECT_NEAR(expected, Conditional(tree, row.data(), 0, 0), 1e-6);
    for (int feature = 0; feature < kInputs; ++feature) {
      double shapley = 0;
      for (unsigned set = 0; set < 1u << kInputs; ++set) {
        if (set >> feature & 1) continue;
        const int size = __builtin_popcount(set);
        const double weight = Factorial(size) * Factorial(kInputs - size - 1) / Factorial(kInputs);
        shapley += weight * (Conditional(tree, row.data(), set | 1u << feature, 0) -
                             Conditional(tree, row.data(), set, 0));
      }
      EXPECT_NEAR(parts[feature], shapley, 1e-6) << "round " << round << " feature " << feature;
    }
  }
}

TEST(Forest, ExplanationAddsUpToTheMargin) {
  std::mt19937_64 random(3);
  Forest forest;
  forest.set_base(0.25f);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(forest.AddTree(RandomTree(&random, 7), kInputs));
  for (int i = 0; i < 50; ++i) {
    const auto row = RandomRow(&random, false);
    std::array<double, kInputs> parts{};
    double sum = forest.Explain(row.data(), parts.data());
    for (double part : parts) sum += part;
    double margin = 0.25;
    for (size_t k = 0; k < 1; ++k) margin = forest.Margin(row.data());
    EXPECT_NEAR(sum, margin, 2e-5);  // the margin is summed in single precision
  }
}

TEST(Forest, RestoredForestIsTheSame) {
  std::mt19937_64 random(4);
  Forest forest;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(forest.AddTree(RandomTree(&random, 4), kInputs));
  StateWriter out;
  forest.Serialize(&out);
  const std::string bytes = out.Take();
  Forest restored;
  StateReader in(bytes);
  ASSERT_TRUE(restored.Restore(&in, kInputs));
  const auto row = RandomRow(&random, true);
  EXPECT_EQ(restored.Margin(row.data()), forest.Margin(row.data()));
  // Damage anywhere is refused or harmless, never a walk outside of the trees.
  for (size_t i = 0; i < bytes.size(); i += 7) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x41);
    StateReader damaged_in(damaged);
    Forest other;
    if (other.Restore(&damaged_in, kInputs)) (void)other.Margin(row.data());
  }
}

TEST(Forest, RefusesTreesThatAreNoTrees) {
  Forest forest;
  EXPECT_FALSE(forest.AddTree({}, kInputs));
  std::vector<TreeNode> loop(3);
  loop[0].left = 1;
  loop[0].right = 1;
  EXPECT_FALSE(forest.AddTree(loop, kInputs));
  loop[0].right = 7;
  EXPECT_FALSE(forest.AddTree(loop, kInputs));
  loop[0].right = 2;
  loop[0].feature = kInputs;
  EXPECT_FALSE(forest.AddTree(loop, kInputs));
  loop[0].feature = 0;
  EXPECT_TRUE(forest.AddTree(loop, kInputs));
  EXPECT_EQ(forest.tree_count(), 1u);
}

}  // namespace
}  // namespace driftcast::predict
