#include <algorithm>
#include <array>
#include <cctype>
#include <unordered_map>

#include "ingest/config_leaves.h"
#include "ingest/config_readers.h"
#include "ingest/leaf_value.h"

namespace driftcast::ingest {
namespace {

using std::string_view_literals::operator""sv;

// Keys that name an item of a list, best first.
constexpr std::array kNameKeys = {
    "name"sv,  "key"sv,    "id"sv,       "Sid"sv,      "sid"sv,   "host"sv,
    "alert"sv, "record"sv, "hostname"sv, "job_name"sv, "alias"sv, "secretKey"sv,
    "title"sv, "domain"sv, "Name"sv,     "Id"sv,       "ID"sv,    "model_name"sv};

// Maps whose every value is a secret.
constexpr std::array kSecretMaps = {"secrets"sv, "passwords"sv, "credentials"sv,
                                    "tokens"sv,  "apikeys"sv,   "encryptedData"sv};

template <typename Words>
bool IsOneOf(std::string_view text, const Words& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// What is known about a node from the nodes above it.
struct Place {
  std::string_view key;        // its key, or its list's
  std::string_view parent;     // the key above that
  std::string_view item_name;  // the name of the list item it belongs to directly
  int depth = 0;
  bool secret = false;  // everything here is
};

bool IsSecret(const Place& place) {
  if (place.secret || IsSecretKey(place.key) || IsOneOf(place.parent, kSecretMaps)) return true;
  // {name: DB_PASSWORD, value: x}
  return (place.key == "value" || place.key == "default") && IsSecretKey(place.item_name);
}

bool CountsTokens(std::string_view key, std::string_view value) {
  return (key.ends_with("okens") || key.ends_with("OKENS")) && !value.empty() &&
         value.find_first_not_of("0123456789.kKmM") == std::string_view::npos;
}

// The tree of the file that a string holds; false when it holds none.
bool ReadEmbedded(std::string_view key, std::string_view text, ConfigNode* tree) {
  if (text.size() > kEmbeddedBytesMax) return false;
  const bool lines = text.find('\n') != std::string_view::npos;
  const auto ends = [&](std::string_view suffix) { return key.ends_with(suffix); };
  if (ends(".json") || ends(".tf.json")) {
    auto read = ReadJson(text);
    if (read.ok()) *tree = *std::move(read);
    return read.ok() && !tree->is_scalar();
  }
  if (!lines) return false;
  if (ends(".yaml") || ends(".yml") || key == "values") {
    auto read = ReadYaml(text);
    if (!read.ok() || read->size() != 1) return false;
    *tree = std::move(read->front().root);
    return !tree->is_scalar();
  }
  if (ends(".toml")) {
    auto read = ReadToml(text);
    if (read.ok()) *tree = *std::move(read);
    return read.ok();
  }
  const bool env = ends(".env");
  if (!env && !ends(".ini") && !ends(".conf") && !ends(".cfg") && !ends(".properties"))
    return false;
  *tree = env ? ReadEnv(text) : ReadLines(text);
  return !tree->children.empty();
}

// "--flag=value" or "KEY=value": where the flag ends, npos for anything else.
size_t FlagEnd(std::string_view item) {
  const size_t equal = item.find('=');
  if (equal == std::string_view::npos || equal == 0) return std::string_view::npos;
  std::string_view flag = item.substr(0, equal);
  if (flag.starts_with("--") || flag.starts_with('-'))
    flag.remove_prefix(std::min(flag.find_first_not_of('-'), flag.size()));
  else if (!std::isalpha(static_cast<unsigned char>(flag[0])) && flag[0] != '_')
    return std::string_view::npos;
  const bool word = std::all_of(flag.begin(), flag.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
  });
  return word && !flag.empty() ? equal : std::string_view::npos;
}

std::string NaturalName(const ConfigNode& item) {
  if (!item.is_map()) return "";
  for (std::string_view key : kNameKeys) {
    const std::string name = CollapseSpace(item.TextOf(key));
    if (!name.empty() && name != "null") return CutTo(kLabelCharsMax, LeafKey(name));
  }
  return "";
}

class Canonicalizer {
 public:
  explicit Canonicalizer(const SecrecyOf& secrecy) : secrecy_(secrecy) {}

  void Visit(ConfigNode* node, const Place& place) {
    if (node->is_scalar()) return VisitScalar(node, place);
    if (node->children.empty()) {
      *node = ConfigNode::Scalar(node->is_map() ? "{}" : "[]");
      return;
    }
    if (node->is_map())
      VisitMap(node, place);
    else
      VisitList(node, place);
    if (place.depth == kLeafDepthMax)
      *node = ConfigNode::Scalar(CutTo(kValueCharsMax, InlineText(*node)));
  }

 private:
  void VisitScalar(ConfigNode* node, const Place& place) {
    ConfigNode tree;
    if (ReadEmbedded(place.key, node->text, &tree)) {
      *node = std::move(tree);
      if (!node->is_scalar()) return Visit(node, place);
    }
    const bool secret = IsSecret(place) && !CountsTokens(place.key, node->text);
    node->text = LeafValue(node->text, secret);
  }

  void VisitMap(ConfigNode* node, const Place& place) {
    const std::string item_name = place.item_name.empty() ? "" : std::string(place.item_name);
    for (ConfigEntry& entry : node->children) {
      const bool secret = place.secret || (place.depth == 0 && secrecy_.secret_data &&
                                           (entry.key == "data" || entry.key == "stringData"));
      const bool secret_default =
          place.depth == 0 && secrecy_.secret_default && entry.key == "default";
      Visit(&entry.node, {.key = entry.key,
                          .parent = place.key,
                          .item_name = item_name,
                          .depth = place.depth + 1,
                          .secret = secret || secret_default});
    }
    for (ConfigEntry& entry : node->children) entry.key = LeafKey(entry.key);
    MakeKeysDistinct(node);
  }

  // Keys that only differ in what was replaced must not fall together.
  static void MakeKeysDistinct(ConfigNode* map) {
    std::unordered_map<std::string, int> seen;
    for (ConfigEntry& entry : map->children) {
      const int times = ++seen[entry.key];
      if (times > 1) entry.key += "#" + std::to_string(times);
    }
  }

  void VisitList(ConfigNode* node, const Place& place) {
    for (ConfigEntry& entry : node->children) {
      ConfigNode tree;
      if (entry.node.is_scalar() && ReadEmbedded(place.key, entry.node.text, &tree))
        entry.node = std::move(tree);
    }
    const bool all_scalars =
        std::all_of(node->children.begin(), node->children.end(),
                    [](const ConfigEntry& entry) { return entry.node.is_scalar(); });
    if (all_scalars) return MakeSet(node, place);
    for (ConfigEntry& entry : node->children) {
      std::string name = NaturalName(entry.node);
      Visit(&entry.node, {.key = place.key,
                          .parent = place.parent,
                          .item_name = name,
                          .depth = place.depth + 1,
                          .secret = place.secret});
      if (entry.node.is_map()) entry.node.text = std::move(name);
      entry.key.clear();
    }
  }

  static void MakeSet(ConfigNode* node, const Place& place) {
    node->type = ConfigNode::Type::kSet;
    std::unordered_map<std::string, int> flags;
    for (const ConfigEntry& entry : node->children) {
      const size_t end = FlagEnd(entry.node.text);
      if (end != std::string::npos) ++flags[entry.node.text.substr(0, end)];
    }
    for (ConfigEntry& entry : node->children) MakeSetItem(flags, place, &entry);
  }

  // A flag that occurs once has a path of its own.
  static void MakeSetItem(const std::unordered_map<std::string, int>& flags, const Place& place,
                          ConfigEntry* entry) {
    const std::string& text = entry->node.text;
    const size_t end = FlagEnd(text);
    const std::string flag = end == std::string::npos ? "" : text.substr(0, end);
    const bool secret = IsSecret(place);
    if (flag.empty() || flags.at(flag) > 1) {
      entry->key.clear();
      entry->node.text = LeafValue(text, secret || (!flag.empty() && IsSecretKey(flag)));
    } else {
      entry->key = CutTo(kLabelCharsMax, LeafKey(flag));
      entry->node.text = LeafValue(text.substr(end + 1), secret || IsSecretKey(flag));
    }
  }

  const SecrecyOf& secrecy_;
};

}  // namespace

void Canonicalize(ConfigNode* root, const SecrecyOf& secrecy) {
  Canonicalizer(secrecy).Visit(root, {});
}

}  // namespace driftcast::ingest
