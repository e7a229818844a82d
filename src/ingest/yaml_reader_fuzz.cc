// Whatever a repository calls YAML must not crash the reader.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ingest/config_readers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)driftcast::ingest::ReadYaml(text);
  return 0;
}
