#include "base/log.h"

#include <memory>
#include <mutex>

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace driftcast {
namespace {

std::mutex& LogMutex() {
  static std::mutex mutex;
  return mutex;
}

spdlog::sink_ptr& SharedSink() {
  static spdlog::sink_ptr sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  return sink;
}

}  // namespace

spdlog::logger& Log(const std::string& room) {
  const std::lock_guard lock(LogMutex());
  auto logger = spdlog::get(room);
  if (!logger) {
    logger = std::make_shared<spdlog::logger>(room, SharedSink());
    logger->set_level(spdlog::get_level());
    logger->flush_on(spdlog::level::info);
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %n: %v", spdlog::pattern_time_type::utc);
    spdlog::register_logger(logger);
  }
  return *logger;
}

void StartLogging(const std::string& level, const std::string& path) {
  const std::lock_guard lock(LogMutex());
  if (!path.empty()) SharedSink() = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
  spdlog::set_level(spdlog::level::from_str(level));
}

}  // namespace driftcast
