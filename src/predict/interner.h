// Texts as small numbers: each distinct text is kept once.
#ifndef DRIFTCAST_PREDICT_INTERNER_H_
#define DRIFTCAST_PREDICT_INTERNER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "predict/state_bytes.h"

namespace driftcast::predict {

inline constexpr uint32_t kNone = 0xffffffffu;  // no id

// Ids count up from 0 in the order of first sight. Not thread-safe; copyable.
class Interner {
 public:
  uint32_t Intern(std::string_view text);      // the text's id, new or known
  uint32_t Find(std::string_view text) const;  // kNone when it was never interned
  std::string_view Text(uint32_t id) const {   // valid until the next Intern
    return std::string_view(bytes_).substr(ends_[id], ends_[id + 1] - ends_[id]);
  }
  uint32_t size() const { return static_cast<uint32_t>(ends_.size() - 1); }
  size_t bytes() const;  // memory held

  void Serialize(StateWriter* out) const;
  void Restore(StateReader* in);

 private:
  size_t SlotOf(std::string_view text) const;
  void Rehash(size_t slots);

  std::string bytes_;                 // all texts, one after the other
  std::vector<uint64_t> ends_ = {0};  // text i is [ends_[i], ends_[i + 1])
  std::vector<uint32_t> slots_;       // open addressing, linear probing; kNone = free
};

// Pairs of ids as small numbers: an open-addressing map from 64-bit keys to running ids.
class PairIndex {
 public:
  static uint64_t Key(uint32_t a, uint32_t b) { return (static_cast<uint64_t>(a) << 32) | b; }
  // The pair's id; `*is_new` tells whether it was added. Ids count up from 0.
  uint32_t Intern(uint64_t key, bool* is_new);
  uint32_t Find(uint64_t key) const;
  uint32_t size() const { return static_cast<uint32_t>(keys_.size()); }
  uint64_t key(uint32_t id) const { return keys_[id]; }
  size_t bytes() const { return keys_.capacity() * 8 + slots_.capacity() * 4; }

  void Serialize(StateWriter* out) const { out->PutVector(keys_); }
  void Restore(StateReader* in);

 private:
  size_t SlotOf(uint64_t key) const;
  void Rehash(size_t slots);

  std::vector<uint64_t> keys_;
  std::vector<uint32_t> slots_;
};

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_INTERNER_H_
