#include "apply/host_reader.h"

#include <algorithm>
#include <charconv>

#include "apply/edit_candidates.h"
#include "apply/mounts.h"
#include "apply/sysctl.h"
#include "base/crypto.h"
#include "collect/account_collector.h"
#include "collect/certificate_collector.h"
#include "collect/names.h"

namespace driftcast {
namespace {

// Calls `entry(name, id)` for each line "name:x:id:..." until it returns true.
template <typename F>
void ForEachEntry(std::string_view text, F entry) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t first = line.find(':');
    const size_t second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string_view number =
        line.substr(second + 1, line.find(':', second + 1) - second - 1);
    uint32_t id = 0;
    const auto parsed = std::from_chars(number.data(), number.data() + number.size(), id);
    if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size()) continue;
    if (entry(line.substr(0, first), id)) return;
  }
}

std::vector<KeyValue> PackageKeys(const PackageState& state) {
  if (state.status.empty()) return {};
  return {{"hold", Value::Bool(state.hold)},
          {"status", Value::Text(state.status.substr(state.status.rfind(' ') + 1))},
          {"version", Value::Text(state.version)}};
}

// A hold that the agent reports only when there is one, and versions that look like numbers.
bool SameValue(const Value& base, const Value& now) { return base.text == now.text; }

bool Holds(const std::vector<KeyValue>& keys, const KeyValue& wanted) {
  return std::ranges::any_of(keys, [&](const KeyValue& key) {
    return PlainPath(key.path) == PlainPath(wanted.path) && SameValue(wanted.value, key.value);
  });
}

std::string ValuesOf(const std::vector<KeyValue>& keys, const std::string& path) {
  std::string out;
  for (const auto& key : keys)
    if (PlainPath(key.path) == PlainPath(path)) out += (out.empty() ? "" : ", ") + key.value.text;
  return out.empty() ? "absent" : "'" + out.substr(0, 200) + "'";
}

bool Mentions(const PlanBase* base, const std::string& path) {
  return base && std::ranges::any_of(base->observed, [&](const KeyValue& key) {
           return PlainPath(key.path) == PlainPath(path);
         });
}

const PlanBase* BaseOf(const RemediationPlan& plan, const ResourceId& resource) {
  const auto found = std::ranges::find(plan.base, resource, &PlanBase::resource);
  return found == plan.base.end() ? nullptr : &*found;
}

// Does the plan put the resource there as a whole? Then a base without keys means that it was
// absent.
bool Creates(const RemediationPlan& plan, const ResourceId& resource) {
  return std::ranges::any_of(plan.steps, [&](const PlanStep& step) {
    return step.resource == resource &&
           (step.kind == StepKind::kInstallPackage || step.kind == StepKind::kRestoreContent ||
            step.kind == StepKind::kWriteFile);
  });
}

// Of the others a plan says only that it is about them.
bool HasKeys(const ResourceId& resource) {
  return resource.kind == "file" || resource.kind == "package" || resource.kind == "sysctl";
}

// Read by the agent's own reader; its secrets come out as fingerprints that compare with nothing.
StatusOr<std::vector<KeyValue>> AccountKeys(const std::string& root, const ResourceId& resource) {
  const HostRoot host(root);
  const SecretGuard guard(RandomBytes(32));
  AccountCollector accounts(host, guard);
  DRIFTCAST_ASSIGN_OR_RETURN(const auto observed,
                             accounts.CollectOne(resource.kind, resource.name));
  return observed ? observed->keys : std::vector<KeyValue>{};
}

Status CompareOne(const RemediationPlan& plan, const PlanBase& base,
                  const std::vector<KeyValue>& now) {
  if (base.observed.empty() && !now.empty() && Creates(plan, base.resource))
    return Aborted("{} was not there when the plan was made, and is now", base.resource.name);
  for (const auto& key : base.observed) {
    if (key.value.type == ValueType::kSecret)
      return FailedPrecondition("{} of {} is a secret and cannot be compared", key.path,
                                base.resource.name);
    if (!Holds(now, key))
      return Aborted("{} of {} is {} and was '{}' when the plan was made", key.path,
                     base.resource.name, ValuesOf(now, key.path), key.value.Display());
  }
  return Ok();
}

}  // namespace

KeyReader HostReader::ReaderOf(const Format& format) const {
  if (format.syntax != Syntax::kLens || !lens_) return ReaderFor(format);
  return [lens = lens_, name = format.detail](std::string_view content) {
    return lens(name, content);
  };
}

std::vector<KeyValue> HostReader::KeysOf(const std::string& path, const FileImage& image) const {
  if (!image.exists) return {};
  std::vector<KeyValue> keys;
  if (auto content = ReaderOf(FormatOf(path, image.content))(image.content); content.ok())
    keys = *std::move(content);
  std::erase_if(keys, [](const KeyValue& key) { return key.path.starts_with("@"); });
  keys.push_back({"@content", Value::Digest(fmt::format("sha256:{}:{}", Hex(Sha256(image.content)),
                                                        image.content.size()))});
  keys.push_back({"@mode", Value::Text(fmt::format("{:04o}", image.mode))});
  keys.push_back({"@owner", Value::Text(NameIn("/etc/passwd", image.uid))});
  keys.push_back({"@group", Value::Text(NameIn("/etc/group", image.gid))});
  return keys;
}

StatusOr<std::vector<KeyValue>> HostReader::Keys(const ResourceId& resource) const {
  if (resource.kind == "file") {
    const std::string path = PathOfResourceName(resource.name);
    DRIFTCAST_ASSIGN_OR_RETURN(const FileImage image, files_.Read(path));
    return KeysOf(path, image);
  }
  if (resource.kind == "package") {
    DRIFTCAST_ASSIGN_OR_RETURN(const PackageState state, packages_.Read(resource.name));
    return PackageKeys(state);
  }
  if (resource.kind == "sysctl") {
    auto value = ReadSysctl(files_, resource.name);
    if (value.status().code() == StatusCode::kNotFound) return std::vector<KeyValue>{};
    if (!value.ok()) return value.status();
    return std::vector<KeyValue>{{"value", Value::Guess(*value)}};
  }
  if (resource.kind == "unit") {
    DRIFTCAST_ASSIGN_OR_RETURN(const UnitState state, units_.Read(resource.name));
    return std::vector<KeyValue>{{"enabled", Value::Text(state.file_state)}};
  }
  if (resource.kind == "user" || resource.kind == "group" || resource.kind == "authorized_key")
    return AccountKeys(files_.root(), resource);
  if (resource.kind == "mount") return ReadMount(files_, PathOfResourceName(resource.name));
  if (resource.kind == "certificate") {
    DRIFTCAST_ASSIGN_OR_RETURN(const FileImage image,
                               files_.Read(PathOfResourceName(resource.name)));
    ResourceObserved observed;
    if (const auto facts = ReadCertificate(image.content)) AddCertificate(*facts, observed);
    return observed.keys;
  }
  return Unimplemented("resources of kind {} cannot be changed", resource.kind);
}

std::string HostReader::NameIn(const std::string& file, uint32_t id) const {
  std::string found = std::to_string(id);
  const auto image = files_.Read(file);
  if (!image.ok()) return found;
  ForEachEntry(image->content, [&](std::string_view name, uint32_t number) {
    if (number != id) return false;
    found = name;
    return true;
  });
  return found;
}

StatusOr<uint32_t> HostReader::IdIn(const std::string& file, const std::string& name) const {
  uint32_t number = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
  if (!name.empty() && parsed.ec == std::errc() && parsed.ptr == name.data() + name.size())
    return number;
  DRIFTCAST_ASSIGN_OR_RETURN(const FileImage image, files_.Read(file));
  bool found = false;
  ForEachEntry(image.content, [&](std::string_view entry, uint32_t id) {
    if (entry != name) return false;
    number = id;
    return found = true;
  });
  if (!found) return NotFound("{} knows no '{}'", file, name);
  return number;
}

StatusOr<uid_t> HostReader::UserId(const std::string& name) const {
  return IdIn("/etc/passwd", name);
}

StatusOr<gid_t> HostReader::GroupId(const std::string& name) const {
  return IdIn("/etc/group", name);
}

Status CompareWithBase(const RemediationPlan& plan, const HostReader& reader) {
  for (const auto& base : plan.base) {
    if (base.observed.empty() && !HasKeys(base.resource)) continue;
    DRIFTCAST_ASSIGN_OR_RETURN(const auto now, reader.Keys(base.resource));
    DRIFTCAST_RETURN_IF_ERROR(CompareOne(plan, base, now));
  }
  for (const auto& step : plan.steps) {
    if (step.kind == StepKind::kAcceptObserved || IsCheckStep(step.kind)) continue;
    const PlanBase* base = BaseOf(plan, step.resource);
    if (!base) return InvalidArgument("the plan does not say what {} was", step.resource.name);
    const auto path = step.parameters.find("path");
    if (path == step.parameters.end() || path->second.ends_with("[]") ||
        Mentions(base, path->second))
      continue;
    DRIFTCAST_ASSIGN_OR_RETURN(auto now, reader.Keys(step.resource));
    // A secret is in no base: the engine does not know it.
    std::erase_if(now, [](const KeyValue& key) { return key.value.type == ValueType::kSecret; });
    if (const auto values = ValuesOf(now, path->second); values != "absent")
      return Aborted("{} of {} is {} and was absent when the plan was made", path->second,
                     step.resource.name, values);
  }
  return Ok();
}

}  // namespace driftcast
