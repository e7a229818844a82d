// Timer and cron expressions, unit files' values, certificates and socket tables.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "collect/calendar.h"
#include "collect/certificate_collector.h"
#include "collect/kernel_collector.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Instant now = FromUnixSeconds(1'777'600'000);
  for (const auto next : {NextOnCalendar(text, now), NextCron(text, now)})
    if (next && *next <= now) abort();
  (void)ReadCertificate(text);
  SocketLine socket;
  (void)ReadSocketLine(text, size % 2 == 0, socket);
  return 0;
}
