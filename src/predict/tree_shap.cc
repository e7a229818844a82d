// Forest::Explain. The notation is that of the paper's algorithm 2: the path of unique features
// carries, for every number of features already "in", the weight of the subsets of that size.
#include <algorithm>
#include <vector>

#include "predict/forest.h"

namespace driftcast::predict {
namespace {

struct Element {
  int feature = -1;
  double zero = 0;    // share of subsets that flow on when the feature is out
  double one = 0;     // ... when it is in: 1 on the row's way, else 0
  double weight = 0;  // of the subsets with as many features in as the element's place
};

void Extend(Element* path, int length, double zero, double one, int feature) {
  path[length] = {feature, zero, one, length == 0 ? 1.0 : 0.0};
  for (int i = length - 1; i >= 0; --i) {
    path[i + 1].weight += one * path[i].weight * (i + 1) / (length + 1);
    path[i].weight = zero * path[i].weight * (length - i) / (length + 1);
  }
}

void Unwind(Element* path, int length, int at) {
  const double one = path[at].one, zero = path[at].zero;
  double next = path[length].weight;
  for (int i = length - 1; i >= 0; --i) {
    if (one != 0) {
      const double before = path[i].weight;
      path[i].weight = next * (length + 1) / ((i + 1) * one);
      next = before - path[i].weight * zero * (length - i) / (length + 1);
    } else {
      path[i].weight = path[i].weight * (length + 1) / (zero * (length - i));
    }
  }
  for (int i = at; i < length; ++i) {
    path[i].feature = path[i + 1].feature;
    path[i].zero = path[i + 1].zero;
    path[i].one = path[i + 1].one;
  }
}

double UnwoundSum(const Element* path, int length, int at) {
  const double one = path[at].one, zero = path[at].zero;
  double next = path[length].weight, total = 0;
  for (int i = length - 1; i >= 0; --i) {
    if (one != 0) {
      const double weight = next * (length + 1) / ((i + 1) * one);
      total += weight;
      next = path[i].weight - weight * zero * (length - i) / (length + 1);
    } else if (zero != 0) {
      total += path[i].weight * (length + 1) / (zero * (length - i));
    }
  }
  return total;
}

}  // namespace

double Forest::Explain(const float* row, double* out) const {
  // One walk: `path` of this level is a copy of the parent's, extended.
  struct Walk {
    const Forest& forest;
    const float* row;
    double* out;
    std::vector<Element> pool;

    // Part of the training rows that went left, kept off 0 and 1 so that it can be divided by.
    double LeftShare(const Node& node) const {
      const double left = forest.covers_[node.left];
      const double sum = left + forest.covers_[node.left + 1];
      return sum > 0 ? std::clamp(left / sum, 1e-6, 1 - 1e-6) : 0.5;
    }

    double Expected(uint32_t at) const {
      const Node& node = forest.nodes_[at];
      if (node.is_leaf) return node.threshold;
      const double share = LeftShare(node);
      return share * Expected(node.left) + (1 - share) * Expected(node.left + 1);
    }

    void Down(uint32_t at, int length, size_t parent, double zero, double one, int feature) {
      const size_t base = parent + length + 1;
      if (pool.size() < base + length + 2) pool.resize(base + 2 * length + 16);
      for (int i = 0; i < length; ++i) pool[base + i] = pool[parent + i];
      Extend(&pool[base], length, zero, one, feature);
      const Node& node = forest.nodes_[at];
      if (node.is_leaf) {
        for (int i = 1; i <= length; ++i) {
          const Element& e = pool[base + i];
          out[e.feature] += UnwoundSum(&pool[base], length, i) * (e.one - e.zero) * node.threshold;
        }
        return;
      }
      const uint32_t hot = forest.Step(at, row);
      const uint32_t cold = hot == node.left ? node.left + 1 : node.left;
      const double left_share = LeftShare(node);
      const double hot_share = hot == node.left ? left_share : 1 - left_share;
      double incoming_zero = 1, incoming_one = 1;
      for (int i = 1; i <= length; ++i) {
        if (pool[base + i].feature != node.feature) continue;
        incoming_zero = pool[base + i].zero;
        incoming_one = pool[base + i].one;
        Unwind(&pool[base], length, i);
        --length;
        break;
      }
      Down(hot, length + 1, base, incoming_zero * hot_share, incoming_one, node.feature);
      Down(cold, length + 1, base, incoming_zero * (1 - hot_share), 0, node.feature);
    }
  };
  Walk walk{*this, row, out, std::vector<Element>(256)};
  double expected = base_;
  for (uint32_t root : roots_) {
    expected += walk.Expected(root);
    walk.Down(root, 0, 0, 1, 1, -1);
  }
  return expected;
}

}  // namespace driftcast::predict
