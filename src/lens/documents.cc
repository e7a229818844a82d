#include "lens/documents.h"

namespace driftcast {

StatusOr<std::vector<KeyValue>> ReadDocument(const std::string& lens, const std::string& content) {
  StatusOr<TreeNode> tree = lens == "json"   ? ReadJson(content)
                            : lens == "yaml" ? ReadYaml(content)
                            : lens == "toml" ? ReadToml(content)
                                             : ReadWithAugeas(lens, content);
  if (!tree.ok()) return tree.status();
  return Flatten(*tree);
}

}  // namespace driftcast
