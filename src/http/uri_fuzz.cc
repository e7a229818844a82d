// Request targets from anybody: never a crash, and what is accepted keeps its promises.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/message.h"
#include "http/uri.h"

using namespace driftcast;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto target = ParseTarget(text);
  if (target.ok()) {
    DRIFTCAST_CHECK(IsUtf8(target->path) && target->path.front() == '/');
    for (const std::string& segment : target->segments) DRIFTCAST_CHECK(segment != "..");
    for (const auto& [name, value] : target->query) DRIFTCAST_CHECK(IsUtf8(name) && IsUtf8(value));
  }
  const auto decoded = PercentDecode(PercentEncode(text));
  DRIFTCAST_CHECK(decoded.ok() && *decoded == text);
  HttpRequest request;
  request.headers.emplace_back("cookie", std::string(text));
  request.Cookie("session");
  return 0;
}
