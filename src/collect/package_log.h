// The past of a host's packages, as dpkg and apt wrote it down: parsers, without disk.
// Any bytes are accepted; lines that are not of the format are skipped.
#ifndef DRIFTCAST_COLLECT_PACKAGE_LOG_H_
#define DRIFTCAST_COLLECT_PACKAGE_LOG_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace driftcast {

// Both logs are in the host's local time. Turns "2026-05-01 12:00:00" (one or two blanks between)
// into an instant, given how the host reads its clock.
using LocalTime = std::function<std::optional<Instant>(std::string_view text)>;
// By the TZ rules of this process (tzset).
std::optional<Instant> ReadLocalTime(std::string_view text);

enum class PackageAction : uint8_t { kInstall, kUpgrade, kRemove, kPurge };

// One line of dpkg.log that changed a package.
struct DpkgEvent {
  Instant at;
  PackageAction action = PackageAction::kInstall;
  std::string package, architecture;
  std::string old_version, new_version;  // empty for "<none>"
};

// In the log's order. "status", "trigproc", "configure" and "startup" lines are not events.
std::vector<DpkgEvent> ParseDpkgLog(std::string_view text, const LocalTime& local);

// One run of apt, from its history.log.
struct AptRun {
  Instant started_at;
  std::optional<Instant> ended_at;  // none: still running, or it was cut off
  std::string command_line, requested_by, error;
  std::vector<std::string> packages;  // "name:arch" of everything that it touched
};

std::vector<AptRun> ParseAptHistory(std::string_view text, const LocalTime& local);

// True for programs that run by themselves: unattended-upgrades, apt's daily timer.
bool IsAutomaticRun(const AptRun& run);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_PACKAGE_LOG_H_
