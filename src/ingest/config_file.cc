#include "ingest/config_file.h"

#include <algorithm>
#include <unordered_map>

#include "ingest/config_readers.h"
#include "ingest/leaf_value.h"

namespace driftcast::ingest {
namespace {

bool IsBinary(std::string_view content) {
  return content.substr(0, 8000).find('\0') != std::string_view::npos;
}

bool IsScript(std::string_view content) { return content.starts_with("#!"); }

const char* FileKind(FileFormat format, TreeKind tree) {
  switch (format) {
    case FileFormat::kYaml:
      return "file:yaml";
    case FileFormat::kJson:
      return "file:json";
    case FileFormat::kToml:
      return "file:toml";
    case FileFormat::kTfvars:
      return "tfvars";
    case FileFormat::kEnv:
      return "file:env";
    default:
      return tree == TreeKind::kHost ? "file:etc" : "file:line";
  }
}

// The file as one resource; `document` from 0.
ConfigDocument FileDocument(std::string_view path, const char* kind, int document,
                            ConfigNode root) {
  ConfigDocument result;
  result.kind = kind;
  const std::string suffix = document == 0 ? "" : "#" + std::to_string(document);
  result.base = LeafKey(path) + suffix;
  result.move_key = std::string(FileNameOf(path)) + suffix;
  result.root = std::move(root);
  return result;
}

bool IsKubernetes(const ConfigNode& root) {
  return !root.TextOf("apiVersion").empty() && !root.TextOf("kind").empty();
}

ConfigDocument KubernetesDocument(std::string_view path, ConfigNode root) {
  ConfigDocument result;
  result.kind = LeafKey(root.TextOf("kind"));
  const ConfigNode* metadata = root.Find("metadata");
  const std::string name = metadata == nullptr ? "" : CollapseSpace(metadata->TextOf("name"));
  if (name.empty() || name == "null") {
    result.base = LeafKey(path) + "#" + result.kind;
    result.move_key = std::string(FileNameOf(path)) + "#" + result.kind;
  } else {
    const std::string scope = CollapseSpace(metadata->TextOf("namespace"));
    result.base = result.kind + "/" + (scope.empty() ? "" : LeafKey(scope) + "/") + LeafKey(name);
    result.move_key = result.kind + "/" + LeafKey(name);
  }
  // The kind is in the id; it is no leaf.
  std::erase_if(root.children, [](const ConfigEntry& entry) { return entry.key == "kind"; });
  result.root = std::move(root);
  return result;
}

// A board of panels, as Grafana exports it.
bool IsDashboard(const ConfigNode& root) {
  return root.Find("panels") != nullptr && root.Find("schemaVersion") != nullptr;
}

void AddManifest(std::string_view path, const char* file_kind, int document, ConfigNode root,
                 std::vector<ConfigDocument>* documents) {
  if (!IsKubernetes(root)) {
    if (!IsDashboard(root))
      documents->push_back(FileDocument(path, file_kind, document, std::move(root)));
    return;
  }
  const std::string_view kind = root.TextOf("kind");
  if (kind == "CustomResourceDefinition") return;
  ConfigNode* items = root.Find("items");
  if (kind == "List" && items != nullptr && items->is_list()) {
    for (ConfigEntry& item : items->children)
      AddManifest(path, file_kind, document++, std::move(item.node), documents);
    return;
  }
  documents->push_back(KubernetesDocument(path, std::move(root)));
}

ConfigDocument TerraformDocument(std::string_view path, HclBlock block) {
  ConfigDocument result;
  const bool resource = block.type == "resource" && !block.labels.empty();
  result.kind = "tf:" + LeafKey(resource ? block.labels[0] : block.type);
  std::string address = resource ? "" : block.type;
  for (const std::string& label : block.labels) {
    if (!address.empty()) address += '.';
    address += LeafKey(label);
  }
  result.base = LeafKey(FolderOf(path)) + ":" + address;
  if (FolderOf(path).empty()) result.base = ":" + address;
  result.move_key = std::move(address);
  result.root = std::move(block.body);
  return result;
}

Status ReadTerraform(std::string_view path, std::string_view content,
                     std::vector<ConfigDocument>* documents) {
  DRIFTCAST_ASSIGN_OR_RETURN(std::vector<HclBlock> blocks, ReadHclBlocks(content));
  for (HclBlock& block : blocks)
    if (block.type.empty())  // assignments at the top are no Terraform, but someone's settings
      documents->push_back(FileDocument(path, "tfvars", 0, std::move(block.body)));
    else
      documents->push_back(TerraformDocument(path, std::move(block)));
  return Ok();
}

Status ReadYamlFile(std::string_view path, std::string_view content,
                    std::vector<ConfigDocument>* documents) {
  // A whole file under ansible-vault is one secret.
  if (content.starts_with("$ANSIBLE_VAULT")) {
    ConfigNode root = ConfigNode::Map();
    root.Add("(encrypted)", ConfigNode::Scalar(std::string(content)));
    documents->push_back(FileDocument(path, "file:yaml", 0, std::move(root)));
    return Ok();
  }
  DRIFTCAST_ASSIGN_OR_RETURN(std::vector<YamlDocument> read, ReadYaml(content));
  for (YamlDocument& document : read)
    AddManifest(path, "file:yaml", document.number, std::move(document.root), documents);
  return Ok();
}

StatusOr<ConfigNode> ReadOne(FileFormat format, std::string_view content) {
  switch (format) {
    case FileFormat::kToml:
      return ReadToml(content);
    case FileFormat::kTfvars:
      return ReadHcl(content);
    case FileFormat::kEnv:
      return ReadEnv(content);
    case FileFormat::kCrontab:
      return ReadCrontab(content);
    case FileFormat::kPasswd:
      return ReadPasswd(content);
    case FileFormat::kGroup:
      return ReadGroup(content);
    default:
      return ReadLines(content);
  }
}

Status ReadByFormat(std::string_view path, FileFormat format, TreeKind tree,
                    std::string_view content, std::vector<ConfigDocument>* documents) {
  switch (format) {
    case FileFormat::kNone:
      return Ok();
    case FileFormat::kHcl:
      return ReadTerraform(path, content, documents);
    case FileFormat::kYaml:
      return ReadYamlFile(path, content, documents);
    case FileFormat::kJson: {
      DRIFTCAST_ASSIGN_OR_RETURN(ConfigNode root, ReadJson(content));
      AddManifest(path, "file:json", 0, std::move(root), documents);
      return Ok();
    }
    default: {
      DRIFTCAST_ASSIGN_OR_RETURN(ConfigNode root, ReadOne(format, content));
      documents->push_back(FileDocument(path, FileKind(format, tree), 0, std::move(root)));
      return Ok();
    }
  }
}

// Secrecy by place: Kubernetes Secrets, and variables named like one.
SecrecyOf Secrecy(const ConfigDocument& document) {
  SecrecyOf secrecy;
  secrecy.secret_data = document.kind == "Secret" || document.kind == "SealedSecret";
  const std::string& key = document.move_key;
  secrecy.secret_default =
      document.kind == "tf:variable" && IsSecretKey(key.substr(key.find('.') + 1));
  return secrecy;
}

bool IsEmpty(const ConfigNode& root) { return !root.is_scalar() && root.children.empty(); }

}  // namespace

StatusOr<std::vector<ConfigDocument>> ReadDocuments(std::string_view path, FileFormat format,
                                                    TreeKind tree, std::string_view content) {
  std::vector<ConfigDocument> documents;
  if (content.size() > kConfigFileBytesMax)
    return ResourceExhausted("larger than {} KiB", kConfigFileBytesMax >> 10);
  if (IsBinary(content)) return InvalidArgument("binary");
  if (format == FileFormat::kLines && IsScript(content)) return documents;
  DRIFTCAST_RETURN_IF_ERROR(ReadByFormat(path, format, tree, content, &documents));
  std::erase_if(documents, [](const ConfigDocument& d) { return IsEmpty(d.root); });
  std::unordered_map<std::string, int> seen;
  for (ConfigDocument& document : documents) {
    document.number = ++seen[document.kind + '\t' + document.base];
    Canonicalize(&document.root, Secrecy(document));
  }
  return documents;
}

ConfigDocument SymlinkDocument(std::string_view path, std::string_view target) {
  ConfigNode root = ConfigNode::Map();
  root.Add("target", ConfigNode::Scalar(LeafValue(ValidUtf8(target), false)));
  return FileDocument(path, "symlink", 0, std::move(root));
}

}  // namespace driftcast::ingest
