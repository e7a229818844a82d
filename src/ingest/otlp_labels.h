// Attributes of OTLP resources and points: their bytes while a request is read, their texts when a
// series is seen for the first time. For otlp_reader.cc.
#ifndef DRIFTCAST_INGEST_OTLP_LABELS_H_
#define DRIFTCAST_INGEST_OTLP_LABELS_H_

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ingest/metric_sample.h"

namespace driftcast::ingest {

// Attributes as encoded KeyValues, in the order in which they came. Borrows their bytes. Beyond a
// bound further ones do not tell series apart (and are not described).
class Attributes {
 public:
  static constexpr size_t kMax = 64;

  void Add(std::string_view key_value) {
    if (count_ < kMax) parts_[count_++] = key_value;
  }
  // The fingerprint of `seed` and these.
  uint64_t Continue(uint64_t seed) const {
    for (size_t i = 0; i < count_; ++i) seed = Fingerprint(parts_[i], seed);
    return seed;
  }
  // Values as text: true, 12, 1.5, the string itself; lists, maps and bytes as JSON-like text.
  // Sorted by name.
  std::vector<Label> Labels() const;

 private:
  std::array<std::string_view, kMax> parts_;
  size_t count_ = 0;
};

// A resource: one message or, as protobuf allows, several that are merged.
class ResourceHead {
 public:
  void Add(std::string_view bytes);
  uint64_t fingerprint() const { return attributes_.Continue(0x0715); }
  std::vector<Label> Labels() const { return attributes_.Labels(); }

 private:
  Attributes attributes_;
};

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_OTLP_LABELS_H_
