// Reading JSON of unknown shape without surprises: what is missing or of another type is empty.
#ifndef DRIFTCAST_INTEL_JSON_VALUE_H_
#define DRIFTCAST_INTEL_JSON_VALUE_H_

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "base/time.h"

namespace driftcast::intel {

inline const nlohmann::json& Member(const nlohmann::json& object, const char* key) {
  static const nlohmann::json kNone;
  if (!object.is_object()) return kNone;
  const auto found = object.find(key);
  return found == object.end() ? kNone : *found;
}

inline std::string Text(const nlohmann::json& object, const char* key) {
  const nlohmann::json& value = Member(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

inline std::optional<Instant> Time(const nlohmann::json& object, const char* key) {
  const auto at = ParseInstant(Text(object, key));
  if (!at.ok()) return std::nullopt;
  return *at;
}

}  // namespace driftcast::intel

#endif  // DRIFTCAST_INTEL_JSON_VALUE_H_
