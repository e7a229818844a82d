// Feeds come from outside: any bytes, in any pieces, must do no harm.
#include <cstddef>
#include <cstdint>

#include "intel/advisory_index.h"
#include "intel/cve_feeds.h"
#include "intel/osv_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast::intel;
  if (size < 2) return 0;
  const size_t piece = 1 + data[0];
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto warn = [](FeedWarning) {};
  AdvisoryIndex index;
  OsvReader osv([&](Advisory advisory) { index.Add(std::move(advisory)); }, warn);
  KevReader kev(warn);
  EpssReader epss(warn);
  for (size_t at = 0; at < text.size(); at += piece) {
    osv.Feed(text.substr(at, piece));
    kev.Feed(text.substr(at, piece));
    epss.Feed(text.substr(at, piece));
  }
  (void)osv.Finish();
  (void)std::move(kev).Finish();
  (void)std::move(epss).Finish();
  (void)index.Match("Debian:12", "openssl", text);
  return 0;
}
