#include "predict/interner.h"

namespace driftcast::predict {
namespace {

uint64_t Mix(uint64_t x) {  // the finaliser of SplitMix64 (Steele, Lea, Flood 2014)
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

uint64_t HashText(std::string_view text) {
  uint64_t hash = text.size();
  while (text.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, text.data(), 8);
    hash = Mix(hash ^ word);
    text.remove_prefix(8);
  }
  uint64_t word = 0;
  if (!text.empty()) std::memcpy(&word, text.data(), text.size());
  return Mix(hash ^ word);
}

}  // namespace

size_t Interner::SlotOf(std::string_view text) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = HashText(text) & mask;
  while (slots_[slot] != kNone && Text(slots_[slot]) != text) slot = (slot + 1) & mask;
  return slot;
}

void Interner::Rehash(size_t slots) {
  slots_.assign(slots, kNone);
  for (uint32_t id = 0; id < size(); ++id) slots_[SlotOf(Text(id))] = id;
}

uint32_t Interner::Intern(std::string_view text) {
  if ((size() + 1) * 10ull > slots_.size() * 7ull) Rehash(slots_.empty() ? 64 : slots_.size() * 2);
  const size_t slot = SlotOf(text);
  if (slots_[slot] != kNone) return slots_[slot];
  const uint32_t id = size();
  bytes_.append(text);
  ends_.push_back(bytes_.size());
  slots_[slot] = id;
  return id;
}

uint32_t Interner::Find(std::string_view text) const {
  return slots_.empty() ? kNone : slots_[SlotOf(text)];
}

size_t Interner::bytes() const {
  return bytes_.capacity() + ends_.capacity() * 8 + slots_.capacity() * 4;
}

void Interner::Serialize(StateWriter* out) const {
  out->PutText(bytes_);
  out->PutVector(ends_);
}

void Interner::Restore(StateReader* in) {
  bytes_ = in->GetText();
  in->GetVector(&ends_);
  if (ends_.empty() || ends_[0] != 0 || ends_.back() != bytes_.size()) in->Fail();
  for (size_t i = 1; i < ends_.size(); ++i)
    if (ends_[i] < ends_[i - 1]) in->Fail();
  if (!in->ok()) {
    *this = Interner();
    return;
  }
  size_t slots = 64;
  while ((size() + 1) * 10ull > slots * 7ull) slots *= 2;
  Rehash(slots);
}

size_t PairIndex::SlotOf(uint64_t key) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = Mix(key) & mask;
  while (slots_[slot] != kNone && keys_[slots_[slot]] != key) slot = (slot + 1) & mask;
  return slot;
}

void PairIndex::Rehash(size_t slots) {
  slots_.assign(slots, kNone);
  for (uint32_t id = 0; id < size(); ++id) slots_[SlotOf(keys_[id])] = id;
}

uint32_t PairIndex::Intern(uint64_t key, bool* is_new) {
  if ((size() + 1) * 10ull > slots_.size() * 7ull) Rehash(slots_.empty() ? 64 : slots_.size() * 2);
  const size_t slot = SlotOf(key);
  *is_new = slots_[slot] == kNone;
  if (!*is_new) return slots_[slot];
  const uint32_t id = size();
  keys_.push_back(key);
  slots_[slot] = id;
  return id;
}

uint32_t PairIndex::Find(uint64_t key) const {
  return slots_.empty() ? kNone : slots_[SlotOf(key)];
}

void PairIndex::Restore(StateReader* in) {
  in->GetVector(&keys_);
  size_t slots = 64;
  while ((size() + 1) * 10ull > slots * 7ull) slots *= 2;
  Rehash(slots);
}

}  // namespace driftcast::predict
