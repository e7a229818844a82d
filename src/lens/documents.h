// Each format's parser: text to tree. InvalidArgument says where and what kind of error, without
// quoting the content. They are meant to run in a process of their own (see collect/lens_client.h).
#ifndef DRIFTCAST_LENS_DOCUMENTS_H_
#define DRIFTCAST_LENS_DOCUMENTS_H_

#include <string>
#include <vector>

#include "base/status.h"
#include "lens/tree.h"

namespace driftcast {

StatusOr<TreeNode> ReadJson(const std::string& content);
StatusOr<TreeNode> ReadYaml(const std::string& content);  // several documents: a list
StatusOr<TreeNode> ReadToml(const std::string& content);
// `lens` as Augeas names it: "Logrotate.lns".
StatusOr<TreeNode> ReadWithAugeas(const std::string& lens, const std::string& content);

// "json", "yaml", "toml" or the name of a lens.
StatusOr<std::vector<KeyValue>> ReadDocument(const std::string& lens, const std::string& content);

}  // namespace driftcast

#endif  // DRIFTCAST_LENS_DOCUMENTS_H_
