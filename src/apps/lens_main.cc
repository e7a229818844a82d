// driftcast-lens: the agent's parser for formats that need a large third-party parser. It reads
// requests from its input and writes keys to its output (see collect/lens_protocol.h), opens no
// file but Augeas' lenses and bounds its own memory and time.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>

#include "collect/lens_protocol.h"
#include "lens/documents.h"

namespace driftcast {
namespace {

constexpr rlim_t kMemoryBytes = 512 << 20;
constexpr rlim_t kCpuSeconds = 60;  // of its whole life; a single request is bounded by the agent

void Limit(int resource, rlim_t value) {
  const rlimit limit{value, value};
  setrlimit(static_cast<__rlimit_resource>(resource), &limit);
}

void Confine() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_DUMPABLE, 0);
  Limit(RLIMIT_AS, kMemoryBytes);
  Limit(RLIMIT_CPU, kCpuSeconds);
  Limit(RLIMIT_CORE, 0);
  Limit(RLIMIT_FSIZE, 0);
}

bool WriteAll(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

// One request, answered; false when the input has ended or makes no sense.
bool Serve() {
  std::string bytes;
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t n = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.append(buffer.data(), static_cast<size_t>(n));
    bool complete = false;
    const auto request = DecodeLensRequest(bytes, complete);
    if (!request.ok()) return false;
    if (complete) return WriteAll(EncodeLensReply(ReadDocument(request->lens, request->content)));
  }
}

}  // namespace
}  // namespace driftcast

int main() {
  driftcast::Confine();
  while (driftcast::Serve()) {
  }
  return 0;
}
