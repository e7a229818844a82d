// A spool's segment after a crash, or after somebody touched it.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/spool_format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  uint64_t first = 0;
  DecodeSegmentHeader(bytes, first);
  Record record;
  while (DecodeRecord(bytes, record) == RecordState::kWhole) {
    if (record.bytes > bytes.size()) abort();
    if (EncodeRecord(record.sequence, record.fact) != bytes.substr(0, record.bytes)) abort();
    bytes.remove_prefix(record.bytes);
  }
  return 0;
}
