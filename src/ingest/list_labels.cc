#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "ingest/config_leaves.h"

namespace driftcast::ingest {
namespace {

// Above so many pairs items are not compared one by one; those that neither keep their name nor
// their content count as new.
constexpr size_t kPairsMax = 40'000;
// An item with another name is the same one renamed only if most of it is the same; an item
// without a name needs less. Values that were cut or replaced compare by their fingerprint.
constexpr double kRenamedSimilarityMin = 0.6;
constexpr double kUnnamedSimilarityMin = 0.25;

uint64_t Mix(uint64_t a, uint64_t b) {  // splitmix64's finaliser over both
  uint64_t z = a + 0x9E3779B97F4A7C15ull * (b + 1);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

uint64_t HashOf(std::string_view text) { return std::hash<std::string_view>()(text); }

void CollectLeafHashes(const ConfigNode& node, uint64_t path, std::vector<uint64_t>* hashes) {
  if (node.is_scalar()) {
    hashes->push_back(Mix(path, HashOf(node.text)));
    return;
  }
  const bool named = node.is_map() || node.type == ConfigNode::Type::kSet;
  for (const ConfigEntry& entry : node.children)
    CollectLeafHashes(entry.node, Mix(path, named ? HashOf(entry.key) : 7), hashes);
}

std::vector<uint64_t> LeafHashes(const ConfigNode& node) {
  std::vector<uint64_t> hashes;
  CollectLeafHashes(node, 0, &hashes);
  std::sort(hashes.begin(), hashes.end());
  return hashes;
}

double Dice(const std::vector<uint64_t>& a, const std::vector<uint64_t>& b) {
  if (a.empty() || b.empty()) return a.empty() && b.empty() ? 1 : 0;
  size_t common = 0;
  for (auto i = a.begin(), j = b.begin(); i != a.end() && j != b.end();) {
    if (*i == *j) {
      ++common, ++i, ++j;
    } else if (*i < *j) {
      ++i;
    } else {
      ++j;
    }
  }
  return 2.0 * static_cast<double>(common) / static_cast<double>(a.size() + b.size());
}

const std::string& NameOf(const ConfigNode& item) {
  static const std::string kNone;
  return item.is_map() ? item.text : kNone;
}

// Pairs the items of one list with those of its previous version.
class ListMatcher {
 public:
  ListMatcher(const ConfigNode* previous, ConfigNode* list)
      : previous_(previous), list_(*list), match_(list->children.size(), kNone) {
    taken_.resize(previous == nullptr ? 0 : previous->children.size());
  }

  static constexpr size_t kNone = static_cast<size_t>(-1);

  // For each item, the index of the item that it continues, or kNone.
  const std::vector<size_t>& Match() {
    if (previous_ == nullptr) return match_;
    MatchBy([](const ConfigNode& item) -> std::optional<uint64_t> {
      if (NameOf(item).empty()) return std::nullopt;
      return Mix(HashOf(NameOf(item)), ContentHash(item));
    });
    MatchBy([](const ConfigNode& item) -> std::optional<uint64_t> {
      if (NameOf(item).empty()) return std::nullopt;
      return HashOf(NameOf(item));
    });
    MatchBy([](const ConfigNode& item) -> std::optional<uint64_t> { return ContentHash(item); });
    MatchMostSimilar();
    return match_;
  }

 private:
  void Take(size_t item, size_t old) {
    match_[item] = old;
    taken_[old] = true;
  }

  // Pairs what has the same key, in order of position.
  template <typename KeyOf>
  void MatchBy(KeyOf key_of) {
    std::unordered_map<uint64_t, std::vector<size_t>> places;  // the first one last
    for (size_t i = taken_.size(); i-- > 0;)
      if (!taken_[i])
        if (const auto key = key_of(previous_->children[i].node)) places[*key].push_back(i);
    if (places.empty()) return;
    for (size_t i = 0; i < match_.size(); ++i) {
      if (match_[i] != kNone) continue;
      const auto key = key_of(list_.children[i].node);
      if (!key) continue;
      const auto found = places.find(*key);
      if (found == places.end() || found->second.empty()) continue;
      Take(i, found->second.back());
      found->second.pop_back();
    }
  }

  struct Pair {
    double similarity;
    size_t distance;  // in positions
    size_t item, old;
  };

  void MatchMostSimilar() {
    std::vector<size_t> items, olds;
    for (size_t i = 0; i < match_.size(); ++i)
      if (match_[i] == kNone) items.push_back(i);
    for (size_t i = 0; i < taken_.size(); ++i)
      if (!taken_[i]) olds.push_back(i);
    if (items.empty() || olds.empty() || items.size() * olds.size() > kPairsMax) return;
    std::vector<Pair> pairs = SimilarPairs(items, olds);
    std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
      if (a.similarity != b.similarity) return a.similarity > b.similarity;
      if (a.distance != b.distance) return a.distance < b.distance;
      return std::pair(a.item, a.old) < std::pair(b.item, b.old);
    });
    for (const Pair& pair : pairs)
      if (match_[pair.item] == kNone && !taken_[pair.old]) Take(pair.item, pair.old);
  }

  std::vector<Pair> SimilarPairs(const std::vector<size_t>& items,
                                 const std::vector<size_t>& olds) const {
    std::vector<std::vector<uint64_t>> old_hashes;
    for (size_t old : olds) old_hashes.push_back(LeafHashes(previous_->children[old].node));
    std::vector<Pair> pairs;
    const bool only_one = items.size() == 1 && olds.size() == 1;
    for (size_t item : items) {
      const std::vector<uint64_t> hashes = LeafHashes(list_.children[item].node);
      for (size_t j = 0; j < olds.size(); ++j) {
        const size_t old = olds[j];
        const bool both_named = !NameOf(list_.children[item].node).empty() &&
                                !NameOf(previous_->children[old].node).empty();
        const double similarity = Dice(hashes, old_hashes[j]);
        const bool stands_there = only_one && item == old && !both_named;
        if (similarity >= (both_named ? kRenamedSimilarityMin : kUnnamedSimilarityMin) ||
            stands_there)
          pairs.push_back({similarity, item > old ? item - old : old - item, item, old});
      }
    }
    return pairs;
  }

  const ConfigNode* previous_;
  const ConfigNode& list_;
  std::vector<size_t> match_;
  std::vector<bool> taken_;
};

// A label that no item has: the name, or the position, with a number if need be.
std::string NewLabel(const ConfigNode& item, size_t position,
                     const std::unordered_set<std::string>& used) {
  const std::string& name = NameOf(item);
  if (name.empty()) {
    while (used.contains(std::to_string(position))) ++position;
    return std::to_string(position);
  }
  if (!used.contains(name)) return name;
  for (int number = 2;; ++number) {
    std::string label = name + "#" + std::to_string(number);
    if (!used.contains(label)) return label;
  }
}

void LabelList(const ConfigNode* previous, ConfigNode* list) {
  if (previous != nullptr && !previous->is_list()) previous = nullptr;
  const std::vector<size_t> match = ListMatcher(previous, list).Match();
  std::unordered_set<std::string> used;
  for (size_t i = 0; i < match.size(); ++i) {
    if (match[i] == ListMatcher::kNone) continue;
    list->children[i].key = previous->children[match[i]].key;
    used.insert(list->children[i].key);
  }
  for (size_t i = 0; i < match.size(); ++i) {
    ConfigEntry& entry = list->children[i];
    const bool is_new = match[i] == ListMatcher::kNone;
    if (is_new) {
      entry.key = NewLabel(entry.node, i, used);
      used.insert(entry.key);
    }
    AssignLabels(is_new ? nullptr : &previous->children[match[i]].node, &entry.node);
  }
}

void LabelMap(const ConfigNode* previous, ConfigNode* map) {
  std::unordered_map<std::string_view, const ConfigNode*> by_key;
  if (previous != nullptr && previous->is_map())
    for (const ConfigEntry& entry : previous->children)
      if (!entry.node.is_scalar()) by_key.emplace(entry.key, &entry.node);
  for (ConfigEntry& entry : map->children) {
    if (entry.node.is_scalar()) continue;
    const auto found = by_key.find(entry.key);
    AssignLabels(found == by_key.end() ? nullptr : found->second, &entry.node);
  }
}

}  // namespace

void AssignLabels(const ConfigNode* previous, ConfigNode* root) {
  if (root->is_list())
    LabelList(previous, root);
  else if (root->is_map())
    LabelMap(previous, root);
}

double Similarity(const ConfigNode& a, const ConfigNode& b) {
  return Dice(LeafHashes(a), LeafHashes(b));
}

uint64_t ContentHash(const ConfigNode& node) {
  if (node.is_scalar()) return Mix(1, HashOf(node.text));
  const bool named = node.is_map() || node.type == ConfigNode::Type::kSet;
  uint64_t sum = 0;  // order does not count
  for (const ConfigEntry& entry : node.children)
    sum += Mix(named ? HashOf(entry.key) : 7, ContentHash(entry.node));
  return Mix(static_cast<uint64_t>(node.type) + 2, sum);
}

}  // namespace driftcast::ingest
