#include <nlohmann/json.hpp>

#include "lens/documents.h"

namespace driftcast {
namespace {

using Json = nlohmann::ordered_json;

Value Scalar(const Json& json) {
  if (json.is_boolean()) return Value::Bool(json.get<bool>());
  if (json.is_number_integer() && !json.is_number_unsigned())
    return Value::Integer(json.get<int64_t>());
  if (json.is_number()) return Value::Guess(json.dump());
  if (json.is_string()) return Value::Text(json.get<std::string>());
  return Value::Null();
}

Status Read(const Json& json, int depth, TreeNode& node) {
  if (depth > kTreeDepthMax) return InvalidArgument("nested deeper than {}", kTreeDepthMax);
  if (!json.is_structured()) {
    node.value = Scalar(json);
    return Ok();
  }
  for (const auto& [name, item] : json.items()) {
    TreeNode& child = node.children.emplace_back();
    if (json.is_object()) child.name = name;
    DRIFTCAST_RETURN_IF_ERROR(Read(item, depth + 1, child));
  }
  return Ok();
}

}  // namespace

StatusOr<TreeNode> ReadJson(const std::string& content) {
  const Json json = Json::parse(content, nullptr, /*allow_exceptions=*/false,
                                /*ignore_comments=*/true);
  if (json.is_discarded()) return InvalidArgument("not JSON");
  TreeNode root;
  DRIFTCAST_RETURN_IF_ERROR(Read(json, 0, root));
  return root;
}

}  // namespace driftcast
