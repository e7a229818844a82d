// Parses formats that need large third-party parsers in a process of its own, so that one that
// crashes, hangs or devours memory harms nothing.
#ifndef DRIFTCAST_COLLECT_LENS_CLIENT_H_
#define DRIFTCAST_COLLECT_LENS_CLIENT_H_

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "model/value.h"

namespace driftcast {

// Starts the program `driftcast-lens` when it is first needed and keeps it until Stop. The process
// bounds its own memory and CPU time; this side bounds the wait. Not thread-safe.
class LensClient {
 public:
  // An empty path: there is no such program, and every Parse says so (Unavailable).
  explicit LensClient(std::string program,
                      std::chrono::milliseconds patience = std::chrono::seconds(5));
  ~LensClient();
  LensClient(const LensClient&) = delete;
  LensClient& operator=(const LensClient&) = delete;

  // FailedPrecondition: the parser does not understand the content; the text says why, without
  // quoting it. ResourceExhausted: beyond kLensContentBytesMax. DeadlineExceeded, Aborted: the
  // parser hung or died, and a new one will be started. Unavailable: it cannot be started.
  StatusOr<std::vector<KeyValue>> Parse(std::string_view lens, std::string_view content);

  // Ends the process if there is one, and frees its memory. The next Parse starts another.
  void Stop();

  // CPU time of ended processes since the last call.
  double TakeCpuMs();

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  Status Start();
  Status Send(std::string_view bytes, Deadline deadline);
  StatusOr<std::vector<KeyValue>> Receive(Deadline deadline);

  const std::string program_;
  const std::chrono::milliseconds patience_;
  pid_t child_ = -1;
  FileDescriptor to_child_;  // a socket: replies come from it as well
  double cpu_ms_ = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_LENS_CLIENT_H_
