#include "remedy/zone.h"

#include <algorithm>

namespace driftcast {
namespace {

// Big-endian numbers out of a text; zero once it is too short, which `ok` remembers.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  int64_t Number(size_t size) {
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value = value << 8 | Byte();
    // Sign-extend what is shorter than 64 bits.
    const unsigned shift = static_cast<unsigned>(64 - size * 8);
    return static_cast<int64_t>(value << shift) >> shift;
  }
  uint8_t Byte() {
    if (at_ >= bytes_.size()) {
      ok_ = false;
      return 0;
    }
    return static_cast<uint8_t>(bytes_[at_++]);
  }
  void Skip(size_t count) {
    ok_ = ok_ && count <= bytes_.size() - at_;
    if (ok_) at_ += count;
  }
  bool ok() const { return ok_; }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

struct Header {
  size_t is_ut = 0, is_std = 0, leaps = 0, times = 0, types = 0, chars = 0;
};

StatusOr<Header> ReadHeader(Reader& in) {
  for (const char expected : {'T', 'Z', 'i', 'f'})
    if (in.Byte() != static_cast<uint8_t>(expected)) return InvalidArgument("no TZif file");
  if (in.Byte() < '2') return InvalidArgument("a TZif file older than version 2");
  in.Skip(15);
  Header header;
  for (size_t* count : {&header.is_ut, &header.is_std, &header.leaps, &header.times, &header.types,
                        &header.chars}) {
    const int64_t number = in.Number(4);
    if (number < 0 || number > 100'000) return InvalidArgument("a damaged TZif file");
    *count = static_cast<size_t>(number);
  }
  if (!in.ok()) return InvalidArgument("a TZif file that is cut off");
  return header;
}

}  // namespace

StatusOr<Zone> Zone::Parse(std::string_view tzif) {
  Reader in(tzif);
  DRIFTCAST_ASSIGN_OR_RETURN(const Header old, ReadHeader(in));
  // The first block, with 32-bit times, is there for old readers.
  in.Skip(old.times * 5 + old.types * 6 + old.chars + old.leaps * 8 + old.is_std + old.is_ut);
  DRIFTCAST_ASSIGN_OR_RETURN(const Header header, ReadHeader(in));
  Zone zone;
  zone.changes_.resize(header.times);
  for (auto& change : zone.changes_) change.at_s = in.Number(8);
  std::vector<uint8_t> types(header.times);
  for (auto& type : types) type = in.Byte();
  std::vector<int32_t> offsets(header.types);
  for (auto& offset : offsets) {
    offset = static_cast<int32_t>(in.Number(4));
    in.Skip(2);
  }
  if (!in.ok() || offsets.empty()) return InvalidArgument("a TZif file that is cut off");
  zone.first_offset_s_ = offsets[0];
  for (size_t i = 0; i < types.size(); ++i) {
    if (types[i] >= offsets.size()) return InvalidArgument("a damaged TZif file");
    zone.changes_[i].offset_s = offsets[types[i]];
  }
  if (!std::ranges::is_sorted(zone.changes_, {}, &Change::at_s))
    return InvalidArgument("a damaged TZif file: its times are not in order");
  return zone;
}

int32_t Zone::OffsetAt(Instant t) const {
  const int64_t second = std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
  const auto after = std::ranges::upper_bound(changes_, second, {}, &Change::at_s);
  return after == changes_.begin() ? first_offset_s_ : std::prev(after)->offset_s;
}

Instant Zone::FromLocal(Instant reading) const {
  // The offset before any change that the reading may be near: none is a day away from UTC.
  const int32_t before = OffsetAt(reading - kDay);
  const int32_t after = OffsetAt(reading + kDay);
  const Instant with_before = reading - std::chrono::seconds(before);
  if (before == after || OffsetAt(with_before) == before) return with_before;
  const Instant with_after = reading - std::chrono::seconds(after);
  if (OffsetAt(with_after) == after) return with_after;
  return with_before;  // in the gap
}

}  // namespace driftcast
