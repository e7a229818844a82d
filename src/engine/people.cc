#include "engine/people.h"

#include "base/bytes.h"

namespace driftcast {

size_t PersonRhythm::BinOf(Instant at, int hours_off) {
  const int64_t hours = ToUnixMicros(at) / 3'600'000'000 + hours_off;
  const int64_t day = hours / 24;  // 1970-01-01 was a Thursday
  const bool weekend = (day + 3) % 7 >= 5;
  return static_cast<size_t>(hours % 24) + (weekend ? 24 : 0);
}

bool PersonRhythm::IsUnusual(Instant at) const {
  if (total_ < kLearned || ToUnixMicros(at) < 0) return false;
  uint32_t near = 0;
  for (const int off : {-1, 0, 1}) near += bins_[BinOf(at, off)];
  return near == 0;
}

void PersonRhythm::Add(Instant at) {
  if (ToUnixMicros(at) < 0) return;
  ++bins_[BinOf(at, 0)];
  ++total_;
}

std::string PersonRhythm::Encode() const {
  ByteWriter out;
  for (const uint32_t count : bins_) out.Unsigned(count);
  return out.Take();
}

StatusOr<PersonRhythm> PersonRhythm::Decode(std::string_view bytes) {
  ByteReader in(bytes);
  PersonRhythm rhythm;
  for (uint32_t& count : rhythm.bins_) {
    count = static_cast<uint32_t>(in.Unsigned());
    rhythm.total_ += count;
  }
  if (!in.done()) return DataLoss("a person's rhythm that cannot be read");
  return rhythm;
}

}  // namespace driftcast
