// Whatever is called gzip.
#include <cstddef>
#include <cstdint>

#include "ingest/inflate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kMost = 1 << 16;
  const auto plain = driftcast::ingest::Inflate({reinterpret_cast<const char*>(data), size}, kMost);
  if (plain.ok()) DRIFTCAST_CHECK(plain->size() <= kMost);
  return 0;
}
