// One logger per room; the message is an event, the rest is fields:
//   Log("engine").info("drift.predicted host={} p={:.2f} horizon_h={}", host, p, h);
// error: a person must act; warn: we coped; info: life cycle; debug: per item.
#ifndef DRIFTCAST_BASE_LOG_H_
#define DRIFTCAST_BASE_LOG_H_

#include <string>

#include <spdlog/spdlog.h>

namespace driftcast {

// The room's logger, made at first use. Thread-safe; the reference lives for ever.
spdlog::logger& Log(const std::string& room);

// Sets where all loggers write (a file, or stderr when `path` is empty) and the least level shown:
// "debug", "info", "warn" or "error". Call once, at program start.
void StartLogging(const std::string& level, const std::string& path = "");

}  // namespace driftcast

#endif  // DRIFTCAST_BASE_LOG_H_
