// A time zone as a value: from the bytes of a TZif file (RFC 8536) to offsets. Pure: whoever has a
// disk reads the file.
#ifndef DRIFTCAST_REMEDY_ZONE_H_
#define DRIFTCAST_REMEDY_ZONE_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace driftcast {

class Zone {
 public:
  // UTC.
  Zone() = default;

  // InvalidArgument when the bytes are no TZif file of version 2 or later. Rules beyond the last
  // listed transition are not evaluated: the last offset goes on. (Debian's files list all until
  // 2037.)
  static StatusOr<Zone> Parse(std::string_view tzif);

  // Seconds east of UTC.
  int32_t OffsetAt(Instant t) const;

  // A clock's reading in this zone, as if it were UTC, to the instant. As RFC 5545, 3.3.5: a
  // reading that occurs twice (the clock was put back) is the first of the two; one that does not
  // occur (it was put forward) is taken with the offset before the gap.
  Instant FromLocal(Instant reading) const;

 private:
  struct Change {
    int64_t at_s = 0;
    int32_t offset_s = 0;
  };
  std::vector<Change> changes_;  // by time
  int32_t first_offset_s_ = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_REMEDY_ZONE_H_
