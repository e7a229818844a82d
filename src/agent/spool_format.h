// The bytes of a spool's segment (see agent/spool.h).
#ifndef DRIFTCAST_AGENT_SPOOL_FORMAT_H_
#define DRIFTCAST_AGENT_SPOOL_FORMAT_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace driftcast {

inline constexpr size_t kSegmentHeaderBytes = 16;
inline constexpr size_t kRecordHeaderBytes = 16;
inline constexpr uint32_t kRecordBytesMax = 16u << 20;

std::string EncodeSegmentHeader(uint64_t first);
// False when it is none.
bool DecodeSegmentHeader(std::string_view bytes, uint64_t& first);

std::string EncodeRecord(uint64_t sequence, std::string_view fact);

struct Record {
  uint64_t sequence = 0;
  std::string_view fact;  // into the bytes that were given
  size_t bytes = 0;       // of the whole record
};
enum class RecordState : uint8_t {
  kWhole,
  kShort,    // the bytes end before the record does
  kDamaged,  // they cannot be a record, whatever follows
};
RecordState DecodeRecord(std::string_view bytes, Record& record);

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_SPOOL_FORMAT_H_
