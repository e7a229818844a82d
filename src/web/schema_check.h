// Checks a JSON value against a schema of an OpenAPI 3.1 document: the keywords that ours uses.
#ifndef DRIFTCAST_WEB_SCHEMA_CHECK_H_
#define DRIFTCAST_WEB_SCHEMA_CHECK_H_

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/time.h"

namespace driftcast {

// Collects what does not fit, each with its place.
class SchemaCheck {
 public:
  using Json = nlohmann::json;

  explicit SchemaCheck(const Json& document) : document_(document) {}

  std::vector<std::string> Faults(const Json& schema, const Json& value) {
    faults_.clear();
    Check(schema, value, "");
    return faults_;
  }

 private:
  void Fault(const std::string& place, const std::string& what) {
    faults_.push_back((place.empty() ? "/" : place) + ": " + what);
  }

  const Json& Resolve(const Json& schema) const {
    if (!schema.contains("$ref")) return schema;
    const auto reference = schema["$ref"].get<std::string>();
    return Resolve(document_.at(Json::json_pointer(reference.substr(1))));
  }

  static bool HasType(const std::string& type, const Json& value) {
    return (type == "null" && value.is_null()) || (type == "boolean" && value.is_boolean()) ||
           (type == "string" && value.is_string()) || (type == "array" && value.is_array()) ||
           (type == "object" && value.is_object()) || (type == "number" && value.is_number()) ||
           (type == "integer" && value.is_number_integer());
  }

  void CheckType(const Json& schema, const Json& value, const std::string& place) {
    if (!schema.contains("type")) return;
    const Json& type = schema["type"];
    const bool fits =
        type.is_array()
            ? std::any_of(type.begin(), type.end(),
                          [&](const Json& one) { return HasType(one.get<std::string>(), value); })
            : HasType(type.get<std::string>(), value);
    if (!fits) Fault(place, "is not of type " + type.dump() + ": " + value.dump().substr(0, 80));
  }

  void CheckOneOf(const Json& schema, const Json& value, const std::string& place) {
    if (!schema.contains("oneOf")) return;
    int fitting = 0;
    for (const Json& option : schema["oneOf"]) {
      fitting += SchemaCheck(document_).Faults(option, value).empty();
    }
    if (fitting != 1) Fault(place, "fits " + std::to_string(fitting) + " of oneOf");
  }

  void CheckScalar(const Json& schema, const Json& value, const std::string& place) {
    if (schema.contains("enum") &&
        std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end()) {
      Fault(place, "is none of " + schema["enum"].dump());
    }
    if (value.is_number()) {
      if (schema.contains("minimum") && value < schema["minimum"]) Fault(place, "is too small");
      if (schema.contains("maximum") && value > schema["maximum"]) Fault(place, "is too large");
    }
    if (value.is_string() && schema.value("format", "") == "date-time" &&
        !ParseInstant(value.get<std::string>()).ok()) {
      Fault(place, "is not a time");
    }
    if (value.is_string() && schema.contains("pattern") &&
        !std::regex_search(value.get<std::string>(),
                           std::regex(schema["pattern"].get<std::string>()))) {
      Fault(place, "does not match the pattern");
    }
  }

  void CheckObject(const Json& schema, const Json& value, const std::string& place) {
    for (const Json& name : schema.value("required", Json::array())) {
      if (!value.contains(name.get<std::string>())) Fault(place, "lacks " + name.dump());
    }
    const Json properties = schema.value("properties", Json::object());
    for (const auto& [name, item] : value.items()) {
      if (properties.contains(name)) {
        Check(properties[name], item, place + "/" + name);
      } else if (schema.contains("additionalProperties")) {
        Check(schema["additionalProperties"], item, place + "/" + name);
      } else if (schema.contains("properties")) {
        Fault(place, "has \"" + name + "\", which is not documented");
      }
    }
  }

  void CheckArray(const Json& schema, const Json& value, const std::string& place) {
    if (value.size() < schema.value("minItems", size_t{0})) Fault(place, "is too short");
    if (value.size() > schema.value("maxItems", SIZE_MAX)) Fault(place, "is too long");
    if (!schema.contains("items")) return;
    for (size_t i = 0; i < value.size(); ++i) {
      Check(schema["items"], value[i], place + "/" + std::to_string(i));
    }
  }

  void Check(const Json& raw, const Json& value, const std::string& place) {
    const Json& schema = Resolve(raw);
    CheckType(schema, value, place);
    CheckOneOf(schema, value, place);
    CheckScalar(schema, value, place);
    if (value.is_object()) CheckObject(schema, value, place);
    if (value.is_array()) CheckArray(schema, value, place);
  }

  const Json& document_;
  std::vector<std::string> faults_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_SCHEMA_CHECK_H_
