#include <yaml-cpp/yaml.h>

#include "lens/documents.h"

namespace driftcast {
namespace {

// Aliases repeat what they stand for; this bounds what a chain of them can grow to.
constexpr int kNodesMax = 20000;

struct Reading {
  int nodes = 0;
};

Value Scalar(const YAML::Node& node) {
  // A quoted scalar is text, whatever it looks like.
  return node.Tag() == "!" ? Value::Text(node.Scalar()) : Value::Guess(node.Scalar());
}

Status Read(const YAML::Node& node, int depth, Reading& reading, TreeNode& out) {
  if (depth > kTreeDepthMax) return InvalidArgument("nested deeper than {}", kTreeDepthMax);
  if (++reading.nodes > kNodesMax) return InvalidArgument("more than {} nodes", kNodesMax);
  if (node.IsScalar()) {
    out.value = Scalar(node);
  } else if (node.IsMap()) {
    for (const auto& entry : node) {
      TreeNode& child = out.children.emplace_back();
      child.name = entry.first.IsScalar() ? entry.first.Scalar() : "?";
      DRIFTCAST_RETURN_IF_ERROR(Read(entry.second, depth + 1, reading, child));
    }
  } else if (node.IsSequence()) {
    for (const auto& item : node)
      DRIFTCAST_RETURN_IF_ERROR(Read(item, depth + 1, reading, out.children.emplace_back()));
  }
  return Ok();
}

}  // namespace

StatusOr<TreeNode> ReadYaml(const std::string& content) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(content);
    TreeNode root;
    Reading reading;
    if (documents.size() == 1) {
      DRIFTCAST_RETURN_IF_ERROR(Read(documents[0], 0, reading, root));
    } else {
      for (const YAML::Node& document : documents)
        DRIFTCAST_RETURN_IF_ERROR(Read(document, 1, reading, root.children.emplace_back()));
    }
    return root;
  } catch (const YAML::Exception& error) {
    return InvalidArgument("not YAML: line {}, column {}", error.mark.line + 1,
                           error.mark.column + 1);
  } catch (const std::exception&) {
    return InvalidArgument("not YAML");
  }
}

}  // namespace driftcast
