// Any text, any key, any value: an edit fails, or reads back as it says. First byte: which file it
// pretends to be; then the path and the value, each up to a zero byte; then the text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "apply/diff.h"
#include "apply/edit.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast;
  constexpr const char* kFiles[] = {"/etc/ssh/sshd_config", "/etc/default/x",      "/etc/a.ini",
                                    "/etc/apt/apt.conf",    "/etc/passwd",         "/etc/shells",
                                    "/etc/pam.d/x",         "/etc/apt/preferences"};
  if (size < 1 || size > 4096) return 0;
  const std::string file = kFiles[data[0] % 8];
  std::string rest(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto take = [&rest] {
    const std::string part = rest.substr(0, rest.find('\0'));
    rest.erase(0, part.size() + 1);
    return part;
  };
  KeyEdit edit;
  edit.path = take();
  edit.value = take();
  edit.remove = (data[0] & 0x80) != 0;
  const Format format = FormatOf(file, rest);
  const KeyReader reader = ReaderFor(format);
  const auto after = EditKey(rest, edit, format, reader);
  if (!after.ok()) return 0;
  if (!reader(*after).ok()) abort();
  // What was set is set: a second time there is nothing to do.
  if (!edit.remove) {
    const auto again = EditKey(*after, edit, format, reader);
    if (!again.ok() || *again != *after) abort();
  }
  (void)UnifiedDiff(file, rest, *after);
  return 0;
}
