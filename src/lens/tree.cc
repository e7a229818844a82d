#include "lens/tree.h"

#include <algorithm>
#include <map>
#include <set>

#include "collect/lens_protocol.h"

namespace driftcast {
namespace {

using Group = std::vector<const TreeNode*>;

std::string Join(const std::string& prefix, const std::string& name) {
  return prefix.empty() || name.empty() ? prefix + name : prefix + "." + name;
}

// What tells an item from its siblings; empty when nothing does.
std::string OwnLabel(const TreeNode& node) {
  if (node.value && !node.value->text.empty()) return node.value->text;
  for (const char* name :
       {"name", "id", "key", "file", "path", "host", "spec", "arg", "#attribute"})
    for (const TreeNode& child : node.children)
      if (child.name == name && child.value && !child.value->text.empty()) return child.value->text;
  return "";
}

std::vector<std::string> Labels(const Group& group) {
  std::vector<std::string> labels;
  std::set<std::string> seen;
  bool usable = true;
  for (const TreeNode* node : group) {
    labels.push_back(OwnLabel(*node));
    usable = usable && !labels.back().empty() && seen.insert(labels.back()).second;
  }
  if (!usable)
    for (size_t i = 0; i < labels.size(); ++i) labels[i] = std::to_string(i + 1);
  return labels;
}

class Flattener {
 public:
  Status Node(const TreeNode& node, const std::string& path) {
    if (node.value || node.children.empty()) {
      if (keys_.size() == kLensKeysMax) return ResourceExhausted("more than {} keys", kLensKeysMax);
      keys_.push_back({path, node.value.value_or(Value::Null())});
    }
    // Sorted by name, so that siblings find each other; order among them stays.
    std::map<std::string, Group> groups;
    for (const TreeNode& child : node.children) groups[child.name].push_back(&child);
    for (const auto& [name, group] : groups) DRIFTCAST_RETURN_IF_ERROR(Siblings(group, path, name));
    return Ok();
  }
  std::vector<KeyValue> Take() {
    Canonicalize(keys_);
    return std::move(keys_);
  }

 private:
  Status Siblings(const Group& group, const std::string& prefix, const std::string& name) {
    const std::string path = Join(prefix, name);
    if (group.size() == 1 && !name.empty()) return Node(*group[0], path);
    const bool plain = std::all_of(group.begin(), group.end(),
                                   [](const TreeNode* node) { return node->children.empty(); });
    const std::vector<std::string> labels = plain ? std::vector<std::string>() : Labels(group);
    for (size_t i = 0; i < group.size(); ++i)
      DRIFTCAST_RETURN_IF_ERROR(
          Node(*group[i], path + "[" + (plain ? std::string() : labels[i]) + "]"));
    return Ok();
  }

  std::vector<KeyValue> keys_;
};

}  // namespace

StatusOr<std::vector<KeyValue>> Flatten(const TreeNode& root) {
  Flattener flattener;
  DRIFTCAST_RETURN_IF_ERROR(flattener.Node(root, ""));
  std::vector<KeyValue> keys = flattener.Take();
  if (keys.size() == 1 && keys[0].path.empty() && keys[0].value.type == ValueType::kNull)
    keys.clear();  // an empty document
  return keys;
}

}  // namespace driftcast
