// A configuration document as a tree, whatever format it was written in.
#ifndef DRIFTCAST_INGEST_CONFIG_NODE_H_
#define DRIFTCAST_INGEST_CONFIG_NODE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace driftcast::ingest {

struct ConfigEntry;

// Readers build scalars, maps and lists. Canonicalisation (leaf_tree.h) turns lists of scalars
// into sets and gives the items of other lists their labels as keys.
struct ConfigNode {
  enum class Type : unsigned char { kScalar, kMap, kList, kSet };

  Type type = Type::kScalar;
  // A scalar's text as written, without its quotes. For an item of a list, once canonical: the
  // item's natural name, empty when it has none.
  std::string text;
  std::vector<ConfigEntry> children;  // of a map, list or set, in the order of the source

  static ConfigNode Scalar(std::string text);
  static ConfigNode Map();
  static ConfigNode List();

  bool is_scalar() const { return type == Type::kScalar; }
  bool is_map() const { return type == Type::kMap; }
  bool is_list() const { return type == Type::kList; }

  // The entry of a map, or null. Linear: maps of configuration files are small.
  const ConfigNode* Find(std::string_view key) const;
  ConfigNode* Find(std::string_view key);
  // The text of a scalar entry of a map; empty when there is none.
  std::string_view TextOf(std::string_view key) const;

  // Adds an entry at the end and returns it; the reference lives until the next Add.
  ConfigNode& Add(std::string key, ConfigNode node);
};

struct ConfigEntry {
  std::string key;  // of a map; of a labelled list: the label
  ConfigNode node;
};

// Bounds that every reader keeps, so that a hostile file costs little.
inline constexpr int kConfigDepthMax = 100;
inline constexpr size_t kConfigNodesMax = 300'000;

// Drops the entries of a map whose key comes again later: the last one counts.
void DropRepeatedKeys(ConfigNode* map);

// A whole tree as one line of JSON with sorted keys, for what is too deep to be leaves.
std::string InlineText(const ConfigNode& node);

// Replaces what is not UTF-8 by U+FFFD, so that every text that leaves this room is valid.
std::string ValidUtf8(std::string_view bytes);

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_CONFIG_NODE_H_
