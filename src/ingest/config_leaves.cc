#include "ingest/config_leaves.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "ingest/leaf_value.h"

namespace driftcast::ingest {
namespace {

using std::string_view_literals::operator""sv;

void AddLeaf(std::string path, const std::string& value, std::vector<Leaf>* leaves) {
  if (path.empty()) path = "(value)";
  leaves->push_back({CutTo(kPathCharsMax, std::move(path)), value});
}

void Flatten(const ConfigNode& node, const std::string& path, std::vector<Leaf>* leaves) {
  switch (node.type) {
    case ConfigNode::Type::kScalar:
      AddLeaf(path, node.text, leaves);
      return;
    case ConfigNode::Type::kMap:
      for (const ConfigEntry& entry : node.children)
        Flatten(entry.node, path.empty() ? entry.key : path + "." + entry.key, leaves);
      return;
    case ConfigNode::Type::kList:
    case ConfigNode::Type::kSet:
      for (const ConfigEntry& entry : node.children)
        Flatten(entry.node, path + "[" + entry.key + "]", leaves);
      return;
  }
}

bool IsSetPath(std::string_view path) { return path.ends_with("[]"); }

// Actions and permissions come and go; none turns into another.
bool IsPermissionSet(std::string_view path) {
  constexpr std::array kNames = {"Action"sv,      "NotAction"sv,   "actions"sv,
                                 "not_actions"sv, "permissions"sv, "Permissions"sv,
                                 "verbs"sv,       "notActions"sv,  "includedPermissions"sv};
  path.remove_suffix(2);
  const size_t dot = path.find_last_of(".]");
  const std::string_view name = dot == std::string_view::npos ? path : path.substr(dot + 1);
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

std::string WithoutDigits(std::string_view text) {
  std::string out;
  for (char c : text)
    if (!std::isdigit(static_cast<unsigned char>(c))) out += c;
  return out;
}

// Equal but for digits, or half of it equal from the start.
bool AreSimilarItems(std::string_view a, std::string_view b) {
  if (a.starts_with("h:") || b.starts_with("h:")) return false;
  const auto differs = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const size_t common = static_cast<size_t>(differs.first - a.begin());
  return common * 2 >= std::max(a.size(), b.size()) || WithoutDigits(a) == WithoutDigits(b);
}

using LeafIterator = std::vector<Leaf>::const_iterator;

LeafIterator EndOfPath(LeafIterator begin, LeafIterator end) {
  return std::find_if(begin, end, [&](const Leaf& leaf) { return leaf.path != begin->path; });
}

void DiffPath(const std::string& path, std::vector<std::string> removed,
              std::vector<std::string> added, std::vector<LeafChange>* changes) {
  const bool one_each = removed.size() == 1 && added.size() == 1;
  const bool is_change =
      one_each &&
      (!IsSetPath(path) || (!IsPermissionSet(path) && AreSimilarItems(removed[0], added[0])));
  if (is_change) {
    changes->push_back({ChangeOp::kChange, path, std::move(removed[0]), std::move(added[0])});
    return;
  }
  for (std::string& value : removed)
    changes->push_back({ChangeOp::kRemove, path, std::move(value), ""});
  for (std::string& value : added) changes->push_back({ChangeOp::kAdd, path, "", std::move(value)});
}

}  // namespace

std::vector<Leaf> LeavesOf(const ConfigNode& root) {
  std::vector<Leaf> leaves;
  Flatten(root, "", &leaves);
  std::sort(leaves.begin(), leaves.end());
  leaves.erase(std::unique(leaves.begin(), leaves.end()), leaves.end());
  return leaves;
}

std::vector<LeafChange> DiffLeaves(const std::vector<Leaf>& before,
                                   const std::vector<Leaf>& after) {
  std::vector<LeafChange> changes;
  auto a = before.begin();
  auto b = after.begin();
  while (a != before.end() || b != after.end()) {
    const bool from_a = b == after.end() || (a != before.end() && a->path <= b->path);
    const std::string& path = from_a ? a->path : b->path;
    const auto a_end = a != before.end() && a->path == path ? EndOfPath(a, before.end()) : a;
    const auto b_end = b != after.end() && b->path == path ? EndOfPath(b, after.end()) : b;
    std::vector<std::string> removed, added;
    for (auto i = a; i != a_end; ++i)
      if (!std::binary_search(b, b_end, *i)) removed.push_back(i->value);
    for (auto i = b; i != b_end; ++i)
      if (!std::binary_search(a, a_end, *i)) added.push_back(i->value);
    if (!removed.empty() || !added.empty())
      DiffPath(path, std::move(removed), std::move(added), &changes);
    a = a_end;
    b = b_end;
  }
  return changes;
}

}  // namespace driftcast::ingest
