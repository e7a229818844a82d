// Texts that a host's tables, programs and sockets hand us.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "collect/account_collector.h"
#include "collect/container_collector.h"
#include "collect/cron_collector.h"
#include "collect/firewall_collector.h"
#include "collect/parse_text.h"
#include "collect/process_table.h"
#include "collect/session_log.h"
#include "collect/setting_collector.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<ResourceObserved> out;
  (void)ReadNftRuleset(text, out);
  ReadIptablesSave(text, "ip", out);
  (void)ReadImages(text, out);
  (void)ReadContainers(text, out);
  for (const ResourceObserved& observed : out)
    if (!ValidateResourceId({StackId("host"), observed.resource.kind, observed.resource.name}).ok())
      abort();
  (void)UnitOfCgroup(text);
  NextCronRun(text, true, Instant());
  ParseWtmp(text);
  const auto local = [](std::string_view) { return std::optional(FromUnixSeconds(1'780'000'000)); };
  ParseAuthLog(text, FromUnixSeconds(1'790'000'000), local);
  LineReader lines(text, /*join=*/false);
  std::string line;
  AuthorizedKey key;
  SocketLine socket;
  while (lines.Next(line)) {
    ReadAuthorizedKey(line, key);
    ReadSocketLine(line, false, socket);
    IsReplacedLibrary(line);
  }
  return 0;
}
