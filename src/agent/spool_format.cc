#include "agent/spool_format.h"

#include <zlib.h>

namespace driftcast {
namespace {

constexpr std::string_view kMagic = "DCSPOOL1";

void Put(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFF);
}

uint64_t Get(std::string_view bytes, size_t at, int count) {
  uint64_t value = 0;
  for (int i = count - 1; i >= 0; --i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + static_cast<size_t>(i)]);
  return value;
}

uint32_t Crc(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

}  // namespace

std::string EncodeSegmentHeader(uint64_t first) {
  std::string out(kMagic);
  Put(out, first, 8);
  return out;
}

bool DecodeSegmentHeader(std::string_view bytes, uint64_t& first) {
  if (bytes.size() < kSegmentHeaderBytes || !bytes.starts_with(kMagic)) return false;
  first = Get(bytes, kMagic.size(), 8);
  return first > 0;
}

std::string EncodeRecord(uint64_t sequence, std::string_view fact) {
  std::string checked;
  checked.reserve(fact.size() + 12);
  Put(checked, fact.size(), 4);
  Put(checked, sequence, 8);
  checked += fact;
  std::string out;
  out.reserve(checked.size() + 4);
  Put(out, Crc(checked), 4);
  return out + checked;
}

RecordState DecodeRecord(std::string_view bytes, Record& record) {
  if (bytes.size() < kRecordHeaderBytes) return RecordState::kShort;
  const uint64_t length = Get(bytes, 4, 4);
  if (length > kRecordBytesMax) return RecordState::kDamaged;
  record.bytes = kRecordHeaderBytes + length;
  if (bytes.size() < record.bytes) return RecordState::kShort;
  if (Crc(bytes.substr(4, record.bytes - 4)) != Get(bytes, 0, 4)) return RecordState::kDamaged;
  record.sequence = Get(bytes, 8, 8);
  record.fact = bytes.substr(kRecordHeaderBytes, length);
  return RecordState::kWhole;
}

}  // namespace driftcast
