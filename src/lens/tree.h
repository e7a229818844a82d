// A parsed document, whatever its format, and how it becomes keys.
#ifndef DRIFTCAST_LENS_TREE_H_
#define DRIFTCAST_LENS_TREE_H_

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "model/value.h"

namespace driftcast {

// A value, named children, both or neither. Children without a name are items of a list.
struct TreeNode {
  std::string name;
  std::optional<Value> value;
  std::vector<TreeNode> children;
};

// Documents nested deeper are refused by every parser here.
inline constexpr int kTreeDepthMax = 64;

// Names are joined with '.'. Children that share a name, and items of a list, become members of a
// set "path[]" when they are plain values, else "path[label]", the label being the item's own
// value or its child "name", "id", "key" or the like; without any, its position from 1.
// ResourceExhausted beyond kLensKeysMax keys.
StatusOr<std::vector<KeyValue>> Flatten(const TreeNode& root);

}  // namespace driftcast

#endif  // DRIFTCAST_LENS_TREE_H_
