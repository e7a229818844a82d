// Gradient-boosted regression trees, flattened for evaluation.
//
// The margin of a row is base + leaf of tree 1 + leaf of tree 2 + ..., added in that order in
// single precision, which is what XGBoost's CPU predictor does: results are equal to the bit.
// A node sends a row left when its feature is less than the threshold, or missing (NaN) and the
// node's default is left.
#ifndef DRIFTCAST_PREDICT_FOREST_H_
#define DRIFTCAST_PREDICT_FOREST_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "predict/state_bytes.h"

namespace driftcast::predict {

// One node of a tree, in the form of training tools.
struct TreeNode {
  int32_t left = -1;  // index within the tree; -1: a leaf
  int32_t right = -1;
  int32_t feature = 0;
  float threshold = 0;
  float value = 0;  // of a leaf
  float cover = 0;  // sum of the hessian of the training rows that came here
  bool default_left = false;
};

class Forest {
 public:
  void set_base(float base) { base_ = base; }
  float base() const { return base_; }

  // Nodes[0] is the root. False (and nothing added) when an index does not belong to the tree, a
  // node is reached twice, or a feature is outside [0, feature_count).
  bool AddTree(std::span<const TreeNode> nodes, int feature_count);

  // Adds the trees of `other` from number `first` on, their leaves times `factor`.
  void Append(const Forest& other, float factor, size_t first = 0);

  // The margin of one row.
  float Margin(const float* row) const { return MarginFrom(base_, row); }
  float MarginFrom(float start, const float* row) const;  // with another base, e.g. a prior logit

  // Margins of `count` rows, each `stride` floats after the one before. Faster per row: several
  // rows go down a tree at the same time.
  void Margins(const float* rows, size_t stride, size_t count, float* out) const;
  // The same with bases of their own: `margins` holds them and receives the sums.
  void AddTo(const float* rows, size_t stride, size_t count, float* margins) const;

  size_t tree_count() const { return roots_.size(); }
  size_t node_count() const { return nodes_.size(); }
  size_t bytes() const { return nodes_.size() * sizeof(Node) + covers_.size() * 4; }

  // Adds each feature's part of (margin - expected margin) to `out` (one double per feature) and
  // returns the expected margin: exact Shapley values of the tree paths (Lundberg et al. 2020,
  // "From local explanations to global understanding with explainable AI for trees", algorithm 2,
  // path-dependent), with the cover as weights. expected + sum(out) = margin, but for rounding.
  double Explain(const float* row, double* out) const;

  void Serialize(StateWriter* out) const;
  // False unless the bytes hold a forest over `feature_count` features.
  bool Restore(StateReader* in, int feature_count);

 private:
  // A split holds its children side by side: right = left + 1. A leaf has left = itself, so that a
  // row that is there stays there, and its value in `threshold`.
  struct Node {
    float threshold;
    uint32_t left;
    uint16_t feature;
    uint16_t is_leaf;
    uint32_t default_right;  // 1: missing goes right
  };
  // The same trees in another form, for many rows at once (Lucchese et al. 2015, "QuickScorer"):
  // leaves are numbered from left to right, and a split that sends a row right strikes out the
  // leaves of its left side; the first leaf that is left is the row's. Every split of a tree is
  // looked at, but without a branch, and for four rows in one instruction.
  struct Strike {
    float threshold;
    uint32_t feature;
    uint32_t keep;  // leaves that remain when the row goes right
  };
  struct StrikeTree {
    uint32_t first, end;  // strikes; none = more than 32 leaves, walk instead
    uint32_t leaves;      // first leaf value
    uint32_t walk;        // 1: too many leaves
  };
  void AddStrikes(uint32_t root);
  void AddToFour(const float* columns, float* margins) const;

  uint32_t Step(uint32_t at, const float* row) const {
    const Node& node = nodes_[at];
    const float x = row[node.feature];
    const uint32_t right = x != x ? node.default_right : !(x < node.threshold);
    return node.left + (node.is_leaf ? 0 : right);
  }
  bool Valid(int feature_count) const;

  float base_ = 0;
  std::vector<Node> nodes_;
  std::vector<float> covers_;     // by node
  std::vector<uint32_t> roots_;   // by tree
  std::vector<uint32_t> depths_;  // by tree: steps to the deepest leaf
  std::vector<Strike> strikes_;   // derived from the above
  std::vector<StrikeTree> strike_trees_;
  std::vector<float> leaf_values_;
  size_t width_ = 0;  // features looked at: the greatest plus one
};

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_FOREST_H_
