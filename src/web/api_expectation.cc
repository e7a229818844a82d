// What should be: declared by whoever provisions, or accepted from what is observed.
#include <algorithm>

#include "web/api.h"
#include "web/reader.h"

namespace driftcast {
namespace {

using InputJson = nlohmann::json;

std::optional<ValueType> TypeOf(const std::string& name) {
  static constexpr const char* kNames[] = {"null", "bool",   "integer", "real",
                                           "text", "secret", "digest"};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (name == kNames[i]) return static_cast<ValueType>(i);
  }
  return std::nullopt;
}

// A scalar of JSON, or {"type", "text"}; none when it is neither.
std::optional<Value> ReadValue(const InputJson& json) {
  if (json.is_null()) return Value::Null();
  if (json.is_boolean()) return Value::Bool(json.get<bool>());
  if (json.is_number_unsigned() && json.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) {
    return Value::Real(json.get<double>());
  }
  if (json.is_number_integer()) return Value::Integer(json.get<int64_t>());
  if (json.is_number()) return Value::Real(json.get<double>());
  if (json.is_string()) return Value::Guess(json.get<std::string>());
  if (!json.is_object() || json.size() != 2 || !json.contains("type") || !json.contains("text") ||
      !json["type"].is_string() || !json["text"].is_string()) {
    return std::nullopt;
  }
  const auto type = TypeOf(json["type"].get<std::string>());
  if (!type) return std::nullopt;
  Value value{*type, json["text"].get<std::string>()};
  // A secret's text comes as it is shown, "h:" and the fingerprint.
  if (*type == ValueType::kSecret && value.text.starts_with("h:")) value.text.erase(0, 2);
  return value;
}

// Versions of packages are text, also those that look like numbers: "6.4".
Value AsVersion(Value value, const InputJson& json) {
  if (json.is_number()) value.text = json.dump();
  return json.is_string()   ? Value::Text(json.get<std::string>())
         : json.is_object() ? value
                            : Value::Text(value.text);
}

std::vector<KeyValue> ReadKeys(ObjectReader& object, bool package, FaultList& faults) {
  std::vector<KeyValue> keys;
  const InputJson& array = object.Array("keys", 10000);
  for (size_t i = 0; i < array.size(); ++i) {
    const std::string place = fmt::format("{}/{}", object.Place("keys"), i);
    ObjectReader reader(array[i], place, faults);
    KeyValue key;
    key.path = reader.Required("path", 4096);
    if (array[i].is_object()) {
      reader.RefuseUnknownBut({"path", "value"});
      const auto value =
          array[i].contains("value") ? ReadValue(array[i]["value"]) : std::optional<Value>();
      if (!value) faults.Add(place + "/value", "must be a scalar, or a type and a text");
      key.value = value.value_or(Value());
      if (value && package && key.path == "version") {
        key.value = AsVersion(key.value, array[i]["value"]);
      }
    }
    keys.push_back(std::move(key));
  }
  Canonicalize(keys);
  return keys;
}

// For a whole role: kind and name without a stack.
ResourceId ReadRoleResource(ObjectReader& object) {
  ResourceId id{StackId("any"), object.Required("kind"), object.Required("name")};
  if (id.kind.empty() || id.name.empty()) return {};
  if (const Status valid = ValidateResourceId(id); !valid.ok()) {
    object.Fault("name", Message(valid));
  }
  id.stack = StackId();
  return id;
}

ExpectationSet ReadExpectation(const InputJson& json, const std::string& place, FaultList& faults) {
  ObjectReader object(json, place, faults);
  ExpectationSet set;
  set.origin = Origin::kDeclared;
  if (object.Has("resource")) {
    if (object.Has("role")) object.Fault("role", "give either a resource or a role, not both");
    set.resource = object.Resource("resource").value_or(ResourceId{});
  } else if (object.Has("role")) {
    set.role = RoleName(object.Required("role", 256));
    set.resource = ReadRoleResource(object);
  } else {
    object.Fault("resource", "give a resource, or a role with kind and name");
  }
  set.keys = ReadKeys(object, set.resource.kind == "package", faults);
  set.unset = object.Texts("unset", 10000);
  set.complete = object.Flag("complete", false);
  set.absent = object.Flag("absent", false);
  if (set.absent && !set.keys.empty()) object.Fault("absent", "what is absent has no keys");
  if (!set.absent && set.keys.empty() && set.unset.empty() && !set.complete) {
    object.Fault("keys", "say what is expected: keys, unset, complete or absent");
  }
  object.RefuseUnknownBut(
      {"resource", "role", "kind", "name", "keys", "unset", "complete", "absent"});
  return set;
}

HttpResponse PostExpectations(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  const std::string reason = reader.Text("reason", 2000);
  const InputJson& list = reader.Array("expectations", 1000);
  if (faults.empty() && list.empty()) reader.Fault("expectations", "is required: 1 to 1000");
  reader.RefuseUnknown();
  std::vector<Fact> facts;
  for (size_t i = 0; i < list.size(); ++i) {
    ExpectationSet set = ReadExpectation(list[i], fmt::format("/expectations/{}", i), faults);
    set.by = call.caller.principal;
    set.reason = reason;
    const StackId stack = set.resource.stack;
    facts.push_back(context.NewFact(stack, std::move(set)));
  }
  if (auto bad = faults.Problem()) return *std::move(bad);
  const size_t count = facts.size();
  const Status status = context.engine.SubmitAndWait(std::move(facts));
  if (!status.ok()) return ProblemOf(status);
  return JsonResponse({{"set", count}});
}

// Takes over the observed values of these keys; those that are gone are no longer expected.
void AcceptPaths(const ShadowResource& shadow, const std::vector<std::string>& paths,
                 ExpectationSet& set) {
  for (const std::string& path : paths) {
    bool observed = false;
    for (const ShadowKey& key : shadow.keys) {
      if (key.path != path || !key.observed) continue;
      set.keys.push_back({path, *key.observed});
      observed = true;
    }
    if (!observed) set.unset.push_back(path);
  }
  Canonicalize(set.keys);
}

HttpResponse PostAccept(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  reader.Required("resource");
  const auto id = reader.Resource("resource");
  const auto paths = reader.Texts("paths", 10000);
  const std::string reason = reader.Required("reason", 2000);
  reader.RefuseUnknown();
  if (auto bad = faults.Problem()) return *std::move(bad);
  const auto shadow = context.engine.Ask([&](const EngineView& view) { return view.Shadow(*id); });
  if (!shadow) return ProblemResponse(404, "no resource " + id->ToText());
  for (const std::string& path : paths) {
    const bool known = std::any_of(shadow->keys.begin(), shadow->keys.end(),
                                   [&](const ShadowKey& key) { return key.path == path; });
    if (!known) return ProblemResponse(400, fmt::format("{} has no key {}", id->ToText(), path));
  }
  if (shadow->status == ResourceStatus::kNotCompared && shadow->compared_at == Instant()) {
    return ProblemResponse(409,
                           id->ToText() + " was never compared: nothing is observed to accept");
  }
  ExpectationSet set;
  set.resource = *id;
  set.origin = Origin::kAccepted;
  set.by = call.caller.principal;
  set.reason = reason;
  set.absent = !shadow->exists && paths.empty();
  AcceptPaths(*shadow, paths, set);
  const Status status = context.engine.SubmitAndWait({context.NewFact(id->stack, std::move(set))});
  if (!status.ok()) return ProblemOf(status);
  return ResourceResponse(context, *id);
}

}  // namespace

void AddExpectationRoutes(ApiContext& context, Router& router) {
  router.Add({"POST", "/api/v1/expectations", Role::kOperator, Bind(context, PostExpectations)});
  router.Add({"POST", "/api/v1/resource/accept", Role::kOperator, Bind(context, PostAccept)});
}

}  // namespace driftcast
