#include "apps/provision_file.h"

#include <sstream>
#include <stdexcept>

// As a header of its own, without exceptions, whatever the compiled library that others link wants.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>
#include <yaml-cpp/yaml.h>

#include "base/time.h"

namespace driftcast {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kDepthMax = 32;
constexpr int kNodesMax = 200000;

Json FromToml(const toml::node& node, int depth);

Json FromTomlTable(const toml::table& table, int depth) {
  Json json = Json::object();
  for (const auto& [key, value] : table) json[std::string(key.str())] = FromToml(value, depth + 1);
  return json;
}

Json FromToml(const toml::node& node, int depth) {
  if (depth > kDepthMax) throw std::runtime_error("nested too deeply");
  if (const auto* table = node.as_table()) return FromTomlTable(*table, depth);
  if (const auto* array = node.as_array()) {
    Json json = Json::array();
    for (const toml::node& item : *array) json.push_back(FromToml(item, depth + 1));
    return json;
  }
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* integer = node.as_integer()) return integer->get();
  if (const auto* real = node.as_floating_point()) return real->get();
  if (const auto* boolean = node.as_boolean()) return boolean->get();
  std::ostringstream text;  // dates and times, as TOML writes them
  node.visit([&](const auto& value) {
    if constexpr (toml::is_value<decltype(value)>) text << value.get();
  });
  return text.str();
}

// Scalars stay text: the engine reads them as an unquoted configuration text would be. `nodes_left`
// bounds what aliases of aliases can become.
Json FromYaml(const YAML::Node& node, int depth, int& nodes_left) {
  if (depth > kDepthMax) throw std::runtime_error("nested too deeply");
  if (--nodes_left < 0) throw std::runtime_error("holds too many values");
  if (node.IsNull() || !node.IsDefined()) return nullptr;
  if (node.IsScalar()) return node.Scalar();
  Json json = node.IsSequence() ? Json::array() : Json::object();
  if (node.IsSequence()) {
    for (const auto& item : node) json.push_back(FromYaml(item, depth + 1, nodes_left));
  } else {
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) throw std::runtime_error("a key is not a text");
      json[entry.first.Scalar()] = FromYaml(entry.second, depth + 1, nodes_left);
    }
  }
  return json;
}

StatusOr<Json> ParseToml(std::string_view text) {
  const toml::parse_result result = toml::parse(text);
  if (result) return FromTomlTable(result.table(), 0);
  const auto at = result.error().source().begin;
  return InvalidArgument("line {}, column {}: {}", at.line, at.column,
                         std::string(result.error().description()));
}

StatusOr<Json> ParseYaml(std::string_view text) {
  int nodes_left = kNodesMax;
  return FromYaml(YAML::Load(std::string(text)), 0, nodes_left);
}

StatusOr<Json> Parse(std::string_view text, ProvisionFormat format) {
  try {
    switch (format) {
      case ProvisionFormat::kToml:
        return ParseToml(text);
      case ProvisionFormat::kYaml:
        return ParseYaml(text);
      case ProvisionFormat::kJson:
        return Json::parse(text);
    }
  } catch (const YAML::Exception& error) {
    return InvalidArgument("line {}, column {}: {}", error.mark.line + 1, error.mark.column + 1,
                           error.msg);
  } catch (const std::exception& error) {
    return InvalidArgument("{}", error.what());
  }
  return Internal("no such format");
}

// Flattens nested tables to paths with dots. A list is a set of values under a path with "[]".
Status AddKeys(const Json& value, const std::string& path, Json& keys) {
  if (value.is_object()) {
    if (value.size() == 2 && value.contains("type") && value.contains("text")) {
      keys.push_back({{"path", path}, {"value", value}});
      return Ok();
    }
    for (const auto& [name, item] : value.items()) {
      DRIFTCAST_RETURN_IF_ERROR(AddKeys(item, path.empty() ? name : path + "." + name, keys));
    }
    return Ok();
  }
  if (!value.is_array()) {
    keys.push_back({{"path", path}, {"value", value}});
    return Ok();
  }
  if (!path.ends_with("[]")) {
    return InvalidArgument(
        "{0} is a list: write its items one by one, as `driftcast resource` shows them (\"{0}[0]\" "
        "= ...), or \"{0}[]\" for a set in any order",
        path);
  }
  for (const Json& item : value) {
    if (item.is_structured()) return InvalidArgument("{} may hold single values only", path);
    keys.push_back({{"path", path}, {"value", item}});
  }
  return Ok();
}

// "true" of YAML is text here, like every scalar of it.
StatusOr<bool> ReadFlag(const Json& value, const std::string& name) {
  if (value.is_boolean()) return value.get<bool>();
  if (value == "true") return true;
  if (value == "false") return false;
  return InvalidArgument("{} must be true or false", name);
}

StatusOr<Json> ReadEntry(const Json& entry) {
  if (!entry.is_object()) return InvalidArgument("must be a table");
  Json expectation = Json::object();
  for (const auto& [name, value] : entry.items()) {
    if (name == "keys") {
      if (!value.is_object()) return InvalidArgument("keys must be a table of paths and values");
      Json keys = Json::array();
      DRIFTCAST_RETURN_IF_ERROR(AddKeys(value, "", keys));
      expectation["keys"] = std::move(keys);
    } else if (name == "complete" || name == "absent") {
      const auto flag = ReadFlag(value, name);
      if (!flag.ok()) return flag.status();
      expectation[name] = *flag;
    } else if (name == "resource" || name == "role" || name == "kind" || name == "name" ||
               name == "unset") {
      expectation[name] = value;
    } else {
      return InvalidArgument("\"{}\" is not known here", name);
    }
  }
  const bool by_role = expectation.contains("role");
  if (by_role == expectation.contains("resource")) {
    return InvalidArgument("give either `resource` (stack/kind/name) or `role`, `kind` and `name`");
  }
  if (by_role && (!expectation.contains("kind") || !expectation.contains("name"))) {
    return InvalidArgument("`role` needs `kind` and `name`");
  }
  return expectation;
}

}  // namespace

StatusOr<ProvisionFormat> ProvisionFormatOf(std::string_view path) {
  if (path.ends_with(".toml")) return ProvisionFormat::kToml;
  if (path.ends_with(".yaml") || path.ends_with(".yml")) return ProvisionFormat::kYaml;
  if (path.ends_with(".json")) return ProvisionFormat::kJson;
  return InvalidArgument("{} does not end in .toml, .yaml, .yml or .json; give --format", path);
}

StatusOr<Json> ReadProvisionFile(std::string_view text, ProvisionFormat format) {
  DRIFTCAST_ASSIGN_OR_RETURN(const Json file, Parse(text, format));
  if (!file.is_structured()) return InvalidArgument("the file must hold a list `expect`");
  Json body = {{"expectations", Json::array()}};
  const Json named = file.is_array() ? Json{{"expect", file}} : file;
  for (const auto& [name, value] : named.items()) {
    if (name == "reason" && value.is_string()) {
      body["reason"] = value;
    } else if (name != "expect" || !value.is_array()) {
      return InvalidArgument(
          "\"{}\" is not known here: a file holds `expect`, a list, and `reason`", name);
    }
  }
  const Json entries = named.value("expect", Json::array());
  for (size_t i = 0; i < entries.size(); ++i) {
    auto expectation = ReadEntry(entries[i]);
    if (!expectation.ok()) {
      return Annotate(expectation.status(), fmt::format("entry {} of `expect`", i + 1));
    }
    body["expectations"].push_back(*std::move(expectation));
  }
  if (entries.empty()) return InvalidArgument("the file expects nothing: `expect` is empty");
  return body;
}

}  // namespace driftcast
