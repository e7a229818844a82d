// Lines of the audit log and of tools that trace the kernel.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "collect/audit_log.h"
#include "collect/trace_log.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast;
  const auto check = [](const FileTouch& touch) {
    if (touch.paths.empty() || touch.paths.size() > kTouchPathsMax) abort();
    for (const std::string& path : touch.paths)
      if (!path.starts_with('/')) abort();
  };
  AuditEvents events;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    events.Take(line);
    if (const auto touch = ReadTetragonLine(line)) check(*touch);
    if (const auto touch = ReadFalcoLine(line)) check(*touch);
  }
  for (const FileTouch& touch : events.TakeTouches()) check(touch);
  (void)events.TakeActivities();
  return 0;
}
