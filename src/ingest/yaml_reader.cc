#include <memory>
#include <unordered_map>

#include <yaml.h>

#include "ingest/config_readers.h"

namespace driftcast::ingest {
namespace {

std::string_view View(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

// An application's own tag, such as "!vault" or "!Ref"; empty for none and for YAML's own.
std::string OwnTag(const yaml_char_t* tag) {
  const std::string_view text = View(tag);
  if (text.size() < 2 || text[0] != '!') return "";
  return std::string(text) + " ";
}

// One pass over libyaml's events. Recursion is bounded by kConfigDepthMax.
class YamlReader {
 public:
  explicit YamlReader(std::string_view text) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~YamlReader() {
    DropEvent();
    yaml_parser_delete(&parser_);
  }
  YamlReader(const YamlReader&) = delete;
  YamlReader& operator=(const YamlReader&) = delete;

  StatusOr<std::vector<YamlDocument>> ReadAll() {
    std::vector<YamlDocument> documents;
    int number = 0;
    for (;;) {
      DRIFTCAST_RETURN_IF_ERROR(Next());
      if (event_.type == YAML_STREAM_END_EVENT) return documents;
      if (event_.type != YAML_DOCUMENT_START_EVENT) continue;
      anchors_.clear();
      DRIFTCAST_RETURN_IF_ERROR(Next());
      YamlDocument document{number++, {}};
      bool empty = false;
      DRIFTCAST_RETURN_IF_ERROR(ReadDocument(&document.root, &empty));
      if (!empty) documents.push_back(std::move(document));
    }
  }

 private:
  void DropEvent() {
    if (has_event_) yaml_event_delete(&event_);
    has_event_ = false;
  }

  Status Next() {
    DropEvent();
    if (yaml_parser_parse(&parser_, &event_) == 0) {
      const char* problem = parser_.problem != nullptr ? parser_.problem : "unreadable";
      return InvalidArgument("line {}: {}", parser_.problem_mark.line + 1, problem);
    }
    has_event_ = true;
    return Ok();
  }

  Status ReadDocument(ConfigNode* root, bool* empty) {
    if (event_.type == YAML_SCALAR_EVENT && event_.data.scalar.length == 0 &&
        event_.data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
      *empty = true;
      return Ok();
    }
    return ReadNode(0, root);
  }

  Status Count(size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > kConfigNodesMax) return ResourceExhausted("more than {} nodes", kConfigNodesMax);
    return Ok();
  }

  // Reads the node that starts with the current event; ends on its last event.
  Status ReadNode(int depth, ConfigNode* node) {
    if (depth > kConfigDepthMax) return ResourceExhausted("nested too deeply");
    DRIFTCAST_RETURN_IF_ERROR(Count(1));
    switch (event_.type) {
      case YAML_SCALAR_EVENT:
        return ReadScalar(node);
      case YAML_ALIAS_EVENT:
        return ReadAlias(node);
      case YAML_SEQUENCE_START_EVENT:
        return ReadSequence(depth, node);
      case YAML_MAPPING_START_EVENT:
        return ReadMapping(depth, node);
      default:
        return InvalidArgument("line {}: unexpected event", event_.start_mark.line + 1);
    }
  }

  Status ReadScalar(ConfigNode* node) {
    const auto& scalar = event_.data.scalar;
    const std::string_view text(reinterpret_cast<const char*>(scalar.value), scalar.length);
    const bool plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
    *node = ConfigNode::Scalar(OwnTag(scalar.tag) + ValidUtf8(text));
    if (plain && (text.empty() || text == "~")) node->text = "null";
    Remember(View(scalar.anchor), *node, 1);
    return Ok();
  }

  Status ReadAlias(ConfigNode* node) {
    const std::string name(View(event_.data.alias.anchor));
    const auto found = anchors_.find(name);
    if (found == anchors_.end()) return InvalidArgument("unknown anchor '{}'", name);
    DRIFTCAST_RETURN_IF_ERROR(Count(found->second.second));
    *node = found->second.first;
    return Ok();
  }

  void Remember(std::string_view anchor, const ConfigNode& node, size_t nodes) {
    if (!anchor.empty()) anchors_[std::string(anchor)] = {node, nodes};
  }

  Status ReadSequence(int depth, ConfigNode* node) {
    const std::string anchor(View(event_.data.sequence_start.anchor));
    const size_t before = nodes_;
    *node = ConfigNode::List();
    for (;;) {
      DRIFTCAST_RETURN_IF_ERROR(Next());
      if (event_.type == YAML_SEQUENCE_END_EVENT) break;
      ConfigNode item;
      DRIFTCAST_RETURN_IF_ERROR(ReadNode(depth + 1, &item));
      node->Add("", std::move(item));
    }
    Remember(anchor, *node, nodes_ - before + 1);
    return Ok();
  }

  Status ReadMapping(int depth, ConfigNode* node) {
    const std::string anchor(View(event_.data.mapping_start.anchor));
    const size_t before = nodes_;
    *node = ConfigNode::Map();
    std::unordered_map<std::string, size_t> places;
    std::vector<ConfigNode> merged;
    for (;;) {
      DRIFTCAST_RETURN_IF_ERROR(Next());
      if (event_.type == YAML_MAPPING_END_EVENT) break;
      ConfigNode key;
      const bool plain =
          event_.type == YAML_SCALAR_EVENT && event_.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
      const size_t line = event_.start_mark.line + 1;
      DRIFTCAST_RETURN_IF_ERROR(ReadNode(depth + 1, &key));
      if (!key.is_scalar()) return InvalidArgument("line {}: a key is no scalar", line);
      DRIFTCAST_RETURN_IF_ERROR(Next());
      ConfigNode value;
      DRIFTCAST_RETURN_IF_ERROR(ReadNode(depth + 1, &value));
      if (plain && key.text == "<<")
        merged.push_back(std::move(value));
      else
        Set(node, &places, std::move(key.text), std::move(value));
    }
    for (const ConfigNode& source : merged) Merge(source, node, &places);
    Remember(anchor, *node, nodes_ - before + 1);
    return Ok();
  }

  // A repeated key keeps its last value, as the common loaders do.
  static void Set(ConfigNode* map, std::unordered_map<std::string, size_t>* places, std::string key,
                  ConfigNode value) {
    const auto [found, added] = places->try_emplace(key, map->children.size());
    if (added)
      map->Add(std::move(key), std::move(value));
    else
      map->children[found->second].node = std::move(value);
  }

  // https://yaml.org/type/merge.html: own keys win, then the earlier source.
  static void Merge(const ConfigNode& source, ConfigNode* map,
                    std::unordered_map<std::string, size_t>* places) {
    if (source.is_list()) {
      for (const ConfigEntry& item : source.children)
        if (item.node.is_map()) Merge(item.node, map, places);
      return;
    }
    for (const ConfigEntry& entry : source.children)
      if (places->try_emplace(entry.key, map->children.size()).second)
        map->Add(entry.key, entry.node);
  }

  yaml_parser_t parser_;
  yaml_event_t event_;
  bool has_event_ = false;
  size_t nodes_ = 0;
  std::unordered_map<std::string, std::pair<ConfigNode, size_t>> anchors_;
};

}  // namespace

StatusOr<std::vector<YamlDocument>> ReadYaml(std::string_view text) {
  return YamlReader(text).ReadAll();
}

}  // namespace driftcast::ingest
