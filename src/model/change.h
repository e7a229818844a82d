// One change of one configuration key: the atom of history, and what the forecast learns from.
#ifndef DRIFTCAST_MODEL_CHANGE_H_
#define DRIFTCAST_MODEL_CHANGE_H_

#include <cstdint>
#include <string>

#include "base/time.h"

namespace driftcast {

// What happened to a key or to its resource. The numbers are stored: never renumber.
enum class ChangeOp : uint8_t {
  kCreate = 1,   // the resource appears; its leaves follow as kInitial with the same time
  kDelete = 2,   // the resource vanishes
  kAdd = 3,      // a key (or an item of a set) appears in an existing resource
  kChange = 4,   // a key's value moves from old to new
  kRemove = 5,   // a key (or an item of a set) vanishes from a resource that stays
  kInitial = 6,  // a key's value at the moment its resource appeared; not a change
};

// Events with the same stack and change_id happened together (one commit, one package run, one
// observation). Texts are UTF-8 without tabs or line breaks.
struct ChangeEvent {
  Instant at;            // when it happened, as well as the source knows
  std::string stack;     // stack id
  std::string kind;      // kind of resource, e.g. "package", "file:ini", "HelmRelease"
  std::string resource;  // name, unique within stack and kind
  std::string path;      // key; empty for kCreate and kDelete
  ChangeOp op = ChangeOp::kChange;
  std::string old_value;   // canonical text; a secret is "h:" and its fingerprint
  std::string new_value;   // the same
  std::string actor;       // pseudonym of who did it; empty when unknown
  bool bot = false;        // the actor is a program
  uint64_t change_id = 0;  // groups events of one change within the stack; 0 = alone
  bool mass = false;       // part of a restructuring: no label, no alert. Never a feature.
};

}  // namespace driftcast

#endif  // DRIFTCAST_MODEL_CHANGE_H_
