#include "predict/forest.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <deque>

namespace driftcast::predict {

bool Forest::AddTree(std::span<const TreeNode> nodes, int feature_count) {
  struct Item {
    int32_t source;
    uint32_t target, depth;
  };
  const size_t nodes_before = nodes_.size();
  const auto refuse = [&] {
    nodes_.resize(nodes_before);
    covers_.resize(nodes_before);
    return false;
  };
  if (nodes.empty()) return false;
  std::vector<bool> seen(nodes.size(), false);
  std::deque<Item> queue = {{0, static_cast<uint32_t>(nodes_before), 0}};
  seen[0] = true;
  nodes_.emplace_back();
  covers_.emplace_back();
  uint32_t deepest = 0;
  for (; !queue.empty(); queue.pop_front()) {
    const Item item = queue.front();
    const TreeNode& from = nodes[item.source];
    deepest = std::max(deepest, item.depth);
    covers_[item.target] = from.cover;
    if (from.left < 0) {
      nodes_[item.target] = {from.value, item.target, 0, 1, 0};
      continue;
    }
    for (int32_t child : {from.left, from.right}) {
      if (child <= 0 || child >= static_cast<int32_t>(nodes.size()) || seen[child]) return refuse();
      seen[child] = true;
    }
    if (from.feature < 0 || from.feature >= feature_count || from.feature > 0xffff) return refuse();
    const auto left = static_cast<uint32_t>(nodes_.size());
    nodes_[item.target] = {from.threshold, left, static_cast<uint16_t>(from.feature), 0,
                           from.default_left ? 0u : 1u};
    nodes_.resize(left + 2);
    covers_.resize(left + 2);
    queue.push_back({from.left, left, item.depth + 1});
    queue.push_back({from.right, left + 1, item.depth + 1});
  }
  roots_.push_back(static_cast<uint32_t>(nodes_before));
  depths_.push_back(deepest);
  AddStrikes(roots_.back());
  return true;
}

void Forest::Append(const Forest& other, float factor, size_t first) {
  if (first >= other.roots_.size()) return;
  const uint32_t begin = other.roots_[first];
  const auto shift = static_cast<uint32_t>(nodes_.size()) - begin;  // may wrap around
  for (size_t i = begin; i < other.nodes_.size(); ++i) {
    Node node = other.nodes_[i];
    node.left += shift;
    if (node.is_leaf) node.threshold *= factor;
    nodes_.push_back(node);
    covers_.push_back(other.covers_[i]);
  }
  for (size_t tree = first; tree < other.roots_.size(); ++tree) {
    roots_.push_back(other.roots_[tree] + shift);
    depths_.push_back(other.depths_[tree]);
    AddStrikes(roots_.back());
  }
}

float Forest::MarginFrom(float start, const float* row) const {
  float margin = start;
  for (uint32_t at : roots_) {
    while (!nodes_[at].is_leaf) at = Step(at, row);
    margin += nodes_[at].threshold;
  }
  return margin;
}

void Forest::Margins(const float* rows, size_t stride, size_t count, float* out) const {
  std::fill(out, out + count, base_);
  AddTo(rows, stride, count, out);
}

void Forest::AddStrikes(uint32_t root) {
  struct Builder {
    const std::vector<Node>& nodes;
    std::vector<Strike> strikes;
    std::vector<float> leaves;

    // Visits a subtree from left to right; gives the bits of its leaves (of the first 32).
    uint32_t Visit(uint32_t at) {
      const Node& node = nodes[at];
      if (node.is_leaf) {
        leaves.push_back(node.threshold);
        return leaves.size() <= 32 ? 1u << (leaves.size() - 1) : 0;
      }
      const uint32_t left = Visit(node.left);
      const uint32_t right = Visit(node.left + 1);
      strikes.push_back({node.threshold, node.feature, ~left});
      return left | right;
    }
  };
  const size_t end = nodes_.size();
  for (size_t i = root; i < end; ++i) width_ = std::max<size_t>(width_, nodes_[i].feature + 1);
  Builder builder{nodes_, {}, {}};
  // Deep trees have more leaves than bits, and must not be visited by recursion.
  const bool walk = depths_[strike_trees_.size()] > 31;
  if (!walk) builder.Visit(root);
  StrikeTree tree{static_cast<uint32_t>(strikes_.size()), 0,
                  static_cast<uint32_t>(leaf_values_.size()), 0};
  tree.walk = walk || builder.leaves.size() > 32 ? 1 : 0;
  if (tree.walk == 0) {
    strikes_.insert(strikes_.end(), builder.strikes.begin(), builder.strikes.end());
    leaf_values_.insert(leaf_values_.end(), builder.leaves.begin(), builder.leaves.end());
  }
  tree.end = static_cast<uint32_t>(strikes_.size());
  strike_trees_.push_back(tree);
}

// `columns`: feature by feature, four rows each; none missing.
void Forest::AddToFour(const float* columns, float* margins) const {
  typedef float Floats __attribute__((vector_size(16)));
  typedef int32_t Ints __attribute__((vector_size(16)));
  for (size_t t = 0; t < strike_trees_.size(); ++t) {
    const StrikeTree& tree = strike_trees_[t];
    if (tree.walk != 0) {
      for (size_t lane = 0; lane < 4; ++lane) {
        uint32_t at = roots_[t];
        while (!nodes_[at].is_leaf)
          at = nodes_[at].left + !(columns[nodes_[at].feature * 4 + lane] < nodes_[at].threshold);
        margins[lane] += nodes_[at].threshold;
      }
      continue;
    }
    Ints left = {-1, -1, -1, -1};
    for (uint32_t i = tree.first; i < tree.end; ++i) {
      const Strike& strike = strikes_[i];
      Floats x;
      std::memcpy(&x, columns + strike.feature * 4, sizeof x);
      const Floats threshold = {strike.threshold, strike.threshold, strike.threshold,
                                strike.threshold};
      const auto keep = static_cast<int32_t>(strike.keep);
      const Ints keeps = {keep, keep, keep, keep};
      left &= (x < threshold) | keeps;
    }
    for (size_t lane = 0; lane < 4; ++lane)
      margins[lane] +=
          leaf_values_[tree.leaves + std::countr_zero(static_cast<uint32_t>(left[lane]))];
  }
}

void Forest::AddTo(const float* rows, size_t stride, size_t count, float* margins) const {
  const size_t width = width_;
  std::vector<float> columns(width * 4);
  size_t first = 0;
  for (; first + 4 <= count; first += 4) {
    bool missing = false;
    for (size_t lane = 0; lane < 4; ++lane) {
      const float* row = rows + (first + lane) * stride;
      for (size_t c = 0; c < width; ++c) {
        columns[c * 4 + lane] = row[c];
        missing = missing || row[c] != row[c];
      }
    }
    if (missing) {
      for (size_t lane = 0; lane < 4; ++lane)
        margins[first + lane] = MarginFrom(margins[first + lane], rows + (first + lane) * stride);
    } else {
      AddToFour(columns.data(), margins + first);
    }
  }
  for (; first < count; ++first) margins[first] = MarginFrom(margins[first], rows + first * stride);
}

void Forest::Serialize(StateWriter* out) const {
  out->Put(base_);
  out->PutVector(nodes_);
  out->PutVector(covers_);
  out->PutVector(roots_);
  out->PutVector(depths_);
}

bool Forest::Valid(int feature_count) const {
  if (covers_.size() != nodes_.size() || depths_.size() != roots_.size()) return false;
  std::vector<uint32_t> depth(nodes_.size(), 0);
  for (size_t tree = 0; tree < roots_.size(); ++tree) {
    const size_t end = tree + 1 < roots_.size() ? roots_[tree + 1] : nodes_.size();
    if (roots_[tree] >= end || (tree == 0 && roots_[0] != 0)) return false;
    uint32_t deepest = 0;
    for (size_t i = roots_[tree]; i < end; ++i) {  // children stand after their parents
      const Node& node = nodes_[i];
      deepest = std::max(deepest, depth[i]);
      if (node.is_leaf && node.left == i && node.feature < feature_count) continue;
      if (node.is_leaf || node.left <= i || node.left + 1ull >= end || node.default_right > 1 ||
          node.feature >= feature_count)
        return false;
      depth[node.left] = depth[node.left + 1] = depth[i] + 1;
    }
    if (deepest != depths_[tree] || deepest > 10000) return false;
  }
  return true;
}

bool Forest::Restore(StateReader* in, int feature_count) {
  base_ = in->Get<float>();
  in->GetVector(&nodes_);
  in->GetVector(&covers_);
  in->GetVector(&roots_);
  in->GetVector(&depths_);
  if (!in->ok() || !Valid(feature_count)) return false;
  for (const uint32_t root : roots_) AddStrikes(root);
  return true;
}

}  // namespace driftcast::predict
