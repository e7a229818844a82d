// The readers of host files take any bytes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ingest/config_readers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)driftcast::ingest::ReadLines(text);
  (void)driftcast::ingest::ReadEnv(text);
  (void)driftcast::ingest::ReadCrontab(text);
  (void)driftcast::ingest::ReadPasswd(text);
  (void)driftcast::ingest::ReadGroup(text);
  return 0;
}
