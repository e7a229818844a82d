#include "base/status.h"

#include <cstdio>
#include <cstdlib>

namespace driftcast {

std::string Describe(const Status& status) {
  if (status.ok()) return "OK";
  const auto code = absl::StatusCodeToString(status.code());
  return fmt::format("{}: {}", code, Message(status));
}

Status Annotate(const Status& status, const std::string& context) {
  if (status.ok()) return status;
  return Status(status.code(), context + ": " + Message(status));
}

void CheckFailed(const char* file, int line, const char* condition, const std::string& message) {
  std::fprintf(stderr, "%s:%d: invariant violated: %s%s%s\n", file, line, condition,
               message.empty() ? "" : ": ", message.c_str());
  std::abort();
}

}  // namespace driftcast
