#include <sstream>

#include <toml++/toml.h>

#include "lens/documents.h"

namespace driftcast {
namespace {

Value Scalar(const toml::node& node) {
  if (const auto* text = node.as_string()) return Value::Text(text->get());
  if (const auto* number = node.as_integer()) return Value::Integer(number->get());
  if (const auto* number = node.as_floating_point()) return Value::Real(number->get());
  if (const auto* flag = node.as_boolean()) return Value::Bool(flag->get());
  std::ostringstream out;
  if (const auto* date = node.as_date()) out << date->get();
  if (const auto* time = node.as_time()) out << time->get();
  if (const auto* both = node.as_date_time()) out << both->get();
  return Value::Text(out.str());
}

Status Read(const toml::node& node, int depth, TreeNode& out) {
  if (depth > kTreeDepthMax) return InvalidArgument("nested deeper than {}", kTreeDepthMax);
  if (const toml::table* table = node.as_table()) {
    for (const auto& [name, item] : *table) {
      TreeNode& child = out.children.emplace_back();
      child.name = std::string(name.str());
      DRIFTCAST_RETURN_IF_ERROR(Read(item, depth + 1, child));
    }
  } else if (const toml::array* items = node.as_array()) {
    for (const toml::node& item : *items)
      DRIFTCAST_RETURN_IF_ERROR(Read(item, depth + 1, out.children.emplace_back()));
  } else {
    out.value = Scalar(node);
  }
  return Ok();
}

}  // namespace

StatusOr<TreeNode> ReadToml(const std::string& content) {
  try {
    const toml::table table = toml::parse(content);
    TreeNode root;
    DRIFTCAST_RETURN_IF_ERROR(Read(table, 0, root));
    return root;
  } catch (const toml::parse_error& error) {
    return InvalidArgument("not TOML: line {}, column {}", error.source().begin.line,
                           error.source().begin.column);
  }
}

}  // namespace driftcast
