// What the parser process says is not trusted.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "collect/lens_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  bool complete = false;
  const auto keys = DecodeLensReply(bytes, complete);
  if (keys.ok() && complete) {
    bool again = false;
    const auto same = DecodeLensReply(EncodeLensReply(keys), again);
    if (!again || !same.ok() || *same != *keys) abort();
  }
  complete = false;
  const auto request = DecodeLensRequest(bytes, complete);
  if (request.ok() && complete) {
    bool again = false;
    const auto same = DecodeLensRequest(EncodeLensRequest(request->lens, request->content), again);
    if (!again || !same.ok() || same->content != request->content) abort();
  }
  return 0;
}
