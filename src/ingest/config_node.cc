#include "ingest/config_node.h"

#include <algorithm>
#include <unordered_map>

namespace driftcast::ingest {
namespace {

bool IsJsonWord(std::string_view text) {
  if (text == "true" || text == "false" || text == "null") return true;
  return !text.empty() && text.find_first_not_of("0123456789.-") == std::string_view::npos;
}

void AppendQuoted(std::string_view text, std::string* out) {
  *out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') *out += '\\';
    *out += c;
  }
  *out += '"';
}

void AppendInline(const ConfigNode& node, std::string* out) {
  if (node.is_scalar()) {
    if (IsJsonWord(node.text) || node.text == "{}" || node.text == "[]")
      *out += node.text;
    else
      AppendQuoted(node.text == "(empty)" ? "" : node.text, out);
    return;
  }
  std::vector<const ConfigEntry*> entries;
  for (const ConfigEntry& entry : node.children) entries.push_back(&entry);
  if (node.is_map())
    std::sort(entries.begin(), entries.end(),
              [](const ConfigEntry* a, const ConfigEntry* b) { return a->key < b->key; });
  const bool flags = node.type == ConfigNode::Type::kSet;
  *out += node.is_map() ? '{' : '[';
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i > 0) *out += ", ";
    if (node.is_map()) {
      AppendQuoted(entries[i]->key, out);
      *out += ": ";
    }
    if (flags && !entries[i]->key.empty())
      AppendQuoted(entries[i]->key + "=" + entries[i]->node.text, out);
    else
      AppendInline(entries[i]->node, out);
  }
  *out += node.is_map() ? '}' : ']';
}

// Length of the valid UTF-8 sequence at `at`, 0 when there is none (RFC 3629).
size_t SequenceLength(std::string_view s, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > s.size()) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  const unsigned char second = byte(at + 1);
  if (lead == 0xE0 && second < 0xA0) return 0;
  if (lead == 0xED && second > 0x9F) return 0;  // surrogates
  if (lead == 0xF0 && second < 0x90) return 0;
  if (lead == 0xF4 && second > 0x8F) return 0;
  return length;
}

}  // namespace

ConfigNode ConfigNode::Scalar(std::string text) {
  ConfigNode node;
  node.text = std::move(text);
  return node;
}

ConfigNode ConfigNode::Map() {
  ConfigNode node;
  node.type = Type::kMap;
  return node;
}

ConfigNode ConfigNode::List() {
  ConfigNode node;
  node.type = Type::kList;
  return node;
}

const ConfigNode* ConfigNode::Find(std::string_view key) const {
  if (!is_map()) return nullptr;
  for (const ConfigEntry& entry : children)
    if (entry.key == key) return &entry.node;
  return nullptr;
}

ConfigNode* ConfigNode::Find(std::string_view key) {
  return const_cast<ConfigNode*>(std::as_const(*this).Find(key));
}

std::string_view ConfigNode::TextOf(std::string_view key) const {
  const ConfigNode* found = Find(key);
  return found != nullptr && found->is_scalar() ? std::string_view(found->text) : "";
}

ConfigNode& ConfigNode::Add(std::string key, ConfigNode node) {
  children.push_back({std::move(key), std::move(node)});
  return children.back().node;
}

void DropRepeatedKeys(ConfigNode* map) {
  std::unordered_map<std::string_view, size_t> last;
  for (size_t i = 0; i < map->children.size(); ++i) last[map->children[i].key] = i;
  if (last.size() == map->children.size()) return;
  std::vector<ConfigEntry> kept;
  for (size_t i = 0; i < map->children.size(); ++i)
    if (last[map->children[i].key] == i) kept.push_back(map->children[i]);
  map->children = std::move(kept);
}

std::string InlineText(const ConfigNode& node) {
  std::string text;
  AppendInline(node, &text);
  return text;
}

std::string ValidUtf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size();) {
    const size_t length = SequenceLength(bytes, i);
    if (length == 0) {
      text += "\xEF\xBF\xBD";
      ++i;
    } else {
      text.append(bytes, i, length);
      i += length;
    }
  }
  return text;
}

}  // namespace driftcast::ingest
