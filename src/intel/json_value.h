// Reading JSON of unknown shape without surprises: what is missing or of another type is empty.
#ifndef DRIFTCAST_INTEL_JSON_VALUE_H_
#define DRIFTCAST_INTEL_JSON_VALUE_H_

#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "base/time.h"

namespace driftcast::intel {

using JsonElement = simdjson::dom::element;

// Parses one record after another in memory that it keeps. The element is valid until the next.
class JsonParser {
 public:
  // None when the text is no JSON value.
  std::optional<JsonElement> Parse(std::string_view text) {
    JsonElement element;
    if (parser_.parse(text.data(), text.size()).get(element) != simdjson::SUCCESS)
      return std::nullopt;
    return element;
  }

 private:
  simdjson::dom::parser parser_;
};

inline std::optional<JsonElement> Member(JsonElement object, std::string_view key) {
  JsonElement found;
  if (object[key].get(found) != simdjson::SUCCESS) return std::nullopt;
  return found;
}

inline std::string_view Text(JsonElement value) {
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

inline std::string_view Text(JsonElement object, std::string_view key) {
  const auto value = Member(object, key);
  return value ? Text(*value) : std::string_view{};
}

inline std::optional<double> Number(JsonElement object, std::string_view key) {
  const auto value = Member(object, key);
  double number = 0;
  if (!value || value->get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}

inline bool IsTrue(JsonElement object, std::string_view key) {
  const auto value = Member(object, key);
  bool truth = false;
  return value && value->get(truth) == simdjson::SUCCESS && truth;
}

inline std::optional<Instant> Time(JsonElement object, std::string_view key) {
  const std::string_view text = Text(object, key);
  if (text.empty()) return std::nullopt;
  const auto at = ParseInstant(text);
  if (!at.ok()) return std::nullopt;
  return *at;
}

// Calls `each` with every item of the array under the key; not at all for anything else.
template <typename Each>
void EachItem(JsonElement object, std::string_view key, Each each) {
  simdjson::dom::array items;
  const auto list = Member(object, key);
  if (!list || list->get(items) != simdjson::SUCCESS) return;
  for (const JsonElement item : items) each(item);
}

}  // namespace driftcast::intel

#endif  // DRIFTCAST_INTEL_JSON_VALUE_H_
