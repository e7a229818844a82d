// Files of feeds, packed or not, and the file that names feeds: any bytes must do no harm.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "ingest/feed_config.h"
#include "ingest/feed_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast;
  (void)ParseFeedConfig({reinterpret_cast<const char*>(data), size});
  const int file = memfd_create("feed", MFD_CLOEXEC);
  if (file < 0) return 0;
  const bool written = write(file, data, size) == static_cast<ssize_t>(size);
  const FeedFileLimits limits{8 << 20, 100};
  if (written) (void)ReadFeedFiles({"/proc/self/fd/" + std::to_string(file)}, "", limits);
  close(file);
  return 0;
}
