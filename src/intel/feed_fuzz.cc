// Feeds come from outside: any bytes, in any pieces, must do no harm to any reader.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "intel/feed_parser.h"
#include "intel/image_reference.h"
#include "intel/indicator_feeds.h"
#include "intel/knowledge.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast::intel;
  if (size < 2) return 0;
  const size_t piece = 1 + data[0];
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  Knowledge knowledge;
  for (const std::string_view format : FeedFormats()) {
    const auto parser = *MakeFeedParser(format);
    for (size_t at = 0; at < text.size(); at += piece) parser->Feed(text.substr(at, piece));
    const auto feed = parser->Finish();
    // What a reader made is always content that can be read back.
    if (feed.ok() && !knowledge.Put("feed", feed->content).ok()) __builtin_trap();
  }
  (void)DetectFeedFormat(text);
  (void)ReadStixPattern(text);
  if (const auto image = ParseImageReference(text)) {
    const auto again = ParseImageReference(image->ToText());
    if (!again || again->ToText() != image->ToText()) __builtin_trap();
    (void)knowledge.LifeOf(*image, {});
  }
  (void)IsNewerTag(text.substr(0, text.size() / 2), text.substr(text.size() / 2));
  (void)knowledge.Put("raw", text);  // content from outside, as a client may send it
  (void)knowledge.OpenOn("Debian:12", "openssl", text, {});
  (void)knowledge.Sight(IndicatorType::kAddress, std::string(text.substr(0, 64)), {});
  return 0;
}
