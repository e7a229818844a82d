// Every text format's parser, with the first byte choosing the format.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "collect/glob.h"
#include "collect/parse.h"
#include "collect/secret.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast;
  if (size == 0) return 0;
  constexpr const char* kLayouts[] = {"passwd", "shadow", "fstab", "hosts", "nonsense"};
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const uint8_t choice = data[0];
  const Format format{.syntax = static_cast<Syntax>(choice % 9),
                      .detail = kLayouts[choice / 9 % 5],
                      .ordered = choice % 2 == 1};
  static const SecretGuard guard(std::string(32, 'k'));
  Parsed parsed = Parse(format, text);
  guard.Protect(parsed.keys, {.owner_only = choice % 3 == 0});
  for (const KeyValue& key : parsed.keys) {
    const std::string clean = CleanText(key.path, 100) + CleanText(key.value.text, 100);
    for (const char c : clean)
      if (static_cast<unsigned char>(c) < 0x20) abort();
  }
  FormatOf("/etc/app/x.conf", text);
  MatchGlob(text.substr(0, text.size() / 2), text.substr(text.size() / 2));
  return 0;
}
