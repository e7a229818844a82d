// From a document as it was read to the leaves that history speaks of.
//
//   document --Canonicalize--> canonical tree --AssignLabels(previous)--> labelled tree
//            --LeavesOf--> sorted leaves --DiffLeaves--> what changed
//
// In a canonical tree every scalar is a value as history shows it (leaf_value.h), what is deeper
// than kLeafDepthMax is one value, lists of scalars are sets, and strings that hold a configuration
// file are the tree of that file. All functions are pure.
#ifndef DRIFTCAST_INGEST_CONFIG_LEAVES_H_
#define DRIFTCAST_INGEST_CONFIG_LEAVES_H_

#include <string>
#include <string_view>
#include <vector>

#include "ingest/config_node.h"
#include "model/change.h"

namespace driftcast::ingest {

inline constexpr int kLeafDepthMax = 12;
inline constexpr size_t kEmbeddedBytesMax = 24 << 10;

// What the place of a document says about its secrets.
struct SecrecyOf {
  bool secret_data = false;     // a Kubernetes Secret: everything below data and stringData
  bool secret_default = false;  // a variable with a secret's name: its default
};

void Canonicalize(ConfigNode* root, const SecrecyOf& secrecy);

// Gives the items of `root`'s lists their labels. An item keeps the label of the item of
// `previous` (labelled; may be null) that it continues: of the same name, else of the same
// content, else of the most similar content. Others get their name, or their position if that is
// free.
void AssignLabels(const ConfigNode* previous, ConfigNode* root);

struct Leaf {
  std::string path;
  std::string value;
  auto operator<=>(const Leaf&) const = default;
};

// The leaves of a labelled tree, sorted, none twice.
std::vector<Leaf> LeavesOf(const ConfigNode& root);

struct LeafChange {
  ChangeOp op;  // kAdd, kChange, kRemove
  std::string path;
  std::string old_value;
  std::string new_value;
};

// What turns `before` into `after` (both from LeavesOf), ordered by path. When one item of a set
// gives way to one similar item, that is a kChange, never for permissions.
std::vector<LeafChange> DiffLeaves(const std::vector<Leaf>& before, const std::vector<Leaf>& after);

// How much two canonical trees have in common, 0..1 (Dice's coefficient over their leaves, labels
// left out): for telling a move from a removal.
double Similarity(const ConfigNode& a, const ConfigNode& b);

// Hash of a canonical tree's content; labels and the order of lists do not count.
uint64_t ContentHash(const ConfigNode& node);

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_CONFIG_LEAVES_H_
