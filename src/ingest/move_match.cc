#include "ingest/move_match.h"

#include <algorithm>
#include <functional>
#include <string>
#include <unordered_map>

namespace driftcast::ingest {
namespace {

constexpr double kSameNameSimilarityMin = 0.5;
constexpr double kSameFolderSimilarityMin = 0.7;
constexpr size_t kSameContentLeavesMin = 4;
// A group with more pairs is compared by equal content only.
constexpr size_t kPairsMax = 10'000;

bool IsFileOrBlock(const ConfigDocument& d) {
  return d.kind.starts_with("file:") || d.kind.starts_with("tf:") || d.kind == "tfvars" ||
         d.base.ends_with('#' + d.kind);  // a manifest without a name
}

// The names of the `count` folders nearest to the file.
std::string_view LastFolders(std::string_view path, int count) {
  const std::string_view folder = FolderOf(path);
  size_t begin = folder.size();
  for (; count > 0 && begin > 0; --count) {
    const size_t slash = folder.substr(0, begin).rfind('/');
    begin = slash == std::string_view::npos ? 0 : slash;
  }
  return folder.substr(begin);
}

class MoveFinder {
 public:
  MoveFinder(const std::vector<MoveCandidate>& vanished, const std::vector<MoveCandidate>& appeared)
      : vanished_(vanished),
        appeared_(appeared),
        from_taken_(vanished.size()),
        to_taken_(appeared.size()) {}

  std::vector<std::pair<size_t, size_t>> Find() && {
    MatchGroups([](const MoveCandidate& c) { return c.document->base; },
                [](auto&&...) { return 0; });
    // A name like values.yaml is in many folders: the nearest folders' names come first.
    for (int folders : {2, 1, 0})
      MatchGroups(
          [&](const MoveCandidate& c) {
            return c.document->move_key + '\t' + std::string(LastFolders(c.path, folders));
          },
          [](const MoveCandidate& c, bool alone) {
            return alone && !IsFileOrBlock(*c.document) ? 0 : kSameNameSimilarityMin;
          });
    MatchGroups(
        [](const MoveCandidate& c) {
          return IsFileOrBlock(*c.document) ? std::string(FolderOf(c.path)) : kNoGroup;
        },
        [](auto&&...) { return kSameFolderSimilarityMin; });
    MatchGroups(
        [](const MoveCandidate& c) {
          const bool large = IsFileOrBlock(*c.document) &&
                             LeavesOf(c.document->root).size() >= kSameContentLeavesMin;
          return large ? std::to_string(ContentHash(c.document->root)) : kNoGroup;
        },
        [](auto&&...) { return 1.0; });
    std::sort(moves_.begin(), moves_.end());
    return std::move(moves_);
  }

 private:
  static inline const std::string kNoGroup = "\t";

  struct Group {
    std::vector<size_t> from, to;
  };
  struct Pair {
    double similarity;
    size_t from, to;
  };

  // Within each group of candidates of one kind and key, pairs the most similar ones that reach
  // the group's bar.
  template <typename KeyOf, typename BarOf>
  void MatchGroups(KeyOf key_of, BarOf bar_of) {
    std::unordered_map<std::string, Group> groups;
    std::vector<std::string> order;
    const auto group_of = [&](const MoveCandidate& c) -> Group* {
      const std::string key = key_of(c);
      if (key == kNoGroup) return nullptr;
      const auto [found, added] = groups.try_emplace(c.document->kind + '\t' + key);
      if (added) order.push_back(found->first);
      return &found->second;
    };
    for (size_t i = 0; i < vanished_.size(); ++i)
      if (!from_taken_[i])
        if (Group* group = group_of(vanished_[i])) group->from.push_back(i);
    for (size_t i = 0; i < appeared_.size(); ++i)
      if (!to_taken_[i])
        if (Group* group = group_of(appeared_[i])) group->to.push_back(i);
    for (const std::string& key : order) {
      const Group& group = groups[key];
      if (group.from.empty() || group.to.empty()) continue;
      const bool alone = group.from.size() == 1 && group.to.size() == 1;
      MatchGroup(group, bar_of(vanished_[group.from[0]], alone));
    }
  }

  void MatchGroup(const Group& group, double bar) {
    std::vector<Pair> pairs;
    const bool many = group.from.size() * group.to.size() > kPairsMax;
    if (many)
      pairs = EqualPairs(group);
    else
      for (size_t from : group.from)
        for (size_t to : group.to) {
          const double similarity =
              Similarity(vanished_[from].document->root, appeared_[to].document->root);
          if (similarity >= bar) pairs.push_back({similarity, from, to});
        }
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const Pair& a, const Pair& b) { return a.similarity > b.similarity; });
    for (const Pair& pair : pairs) {
      if (from_taken_[pair.from] || to_taken_[pair.to]) continue;
      from_taken_[pair.from] = to_taken_[pair.to] = true;
      moves_.emplace_back(pair.from, pair.to);
    }
  }

  std::vector<Pair> EqualPairs(const Group& group) const {
    std::unordered_map<uint64_t, std::vector<size_t>> by_content;
    for (size_t to : group.to) by_content[ContentHash(appeared_[to].document->root)].push_back(to);
    std::vector<Pair> pairs;
    for (size_t from : group.from) {
      const auto found = by_content.find(ContentHash(vanished_[from].document->root));
      if (found == by_content.end() || found->second.empty()) continue;
      pairs.push_back({1, from, found->second.back()});
      found->second.pop_back();
    }
    return pairs;
  }

  const std::vector<MoveCandidate>& vanished_;
  const std::vector<MoveCandidate>& appeared_;
  std::vector<bool> from_taken_, to_taken_;
  std::vector<std::pair<size_t, size_t>> moves_;
};

}  // namespace

std::vector<std::pair<size_t, size_t>> FindMoves(const std::vector<MoveCandidate>& vanished,
                                                 const std::vector<MoveCandidate>& appeared) {
  return MoveFinder(vanished, appeared).Find();
}

}  // namespace driftcast::ingest
