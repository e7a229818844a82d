// Typed steps for users, groups, SSH keys and mounts, or the reason why there are none.
#include <algorithm>

#include "base/status.h"
#include "model/mount_option.h"
#include "remedy/strategies.h"

namespace driftcast {
namespace {

PlanStep KeyStep(const Situation& s, const std::string& path, const std::optional<Value>& set,
                 const std::string& removed = "") {
  PlanStep step;
  step.kind = set ? StepKind::kSetKey : StepKind::kRemoveKey;
  step.resource = s.shadow.id;
  step.parameters = {{"path", path}};
  if (set || !removed.empty()) step.parameters["value"] = set ? set->text : removed;
  return step;
}

void AddToBase(const ShadowKey* key, PlanBase& base) {
  if (key != nullptr && key->observed && key->observed->type != ValueType::kSecret)
    base.observed.push_back({key->path, *key->observed});
}

StatusOr<std::vector<PlanStep>> RemoveIt(const Situation& s, PlanBase& base,
                                         std::initializer_list<const char*> known_by) {
  for (const char* path : known_by) AddToBase(s.FindKey(path), base);
  PlanStep step;
  step.kind = StepKind::kRemoveResource;
  step.resource = s.shadow.id;
  return std::vector{std::move(step)};
}

StatusOr<PlanStep> PasswordStep(const Situation& s, const ShadowKey& key) {
  if (!key.expected || key.expected->text != "locked" || key.expected->type == ValueType::kSecret)
    return FailedPrecondition(
        "the password was another one, and only its fingerprint is known here: it can be locked, "
        "and set on the host alone");
  return KeyStep(s, key.path, *key.expected);
}

StatusOr<PlanStep> UserStep(const Situation& s, const ShadowKey& key) {
  if (key.path == "password") return PasswordStep(s, key);
  if (key.path == "group[]")
    return KeyStep(s, key.path, key.expected, key.observed ? key.observed->text : "");
  if (!IsSettableOfUser(key.path))
    return FailedPrecondition("{} of a user is not set by a step: files carry the numbers",
                              key.path);
  const bool may_go = key.path == "expires" || key.path == "max_days";
  if (!key.expected && !may_go) return KeyStep(s, key.path, Value::Text(""));
  return KeyStep(s, key.path, key.expected);
}

StatusOr<PlanStep> KeyOfSshStep(const Situation& s, const ShadowKey& key) {
  if (key.path != "options" && key.path != "comment")
    return FailedPrecondition("{} of an SSH key is what it is", key.path);
  if (key.expected && key.expected->type == ValueType::kSecret)
    return FailedPrecondition("{} holds a secret, which only its host knows", key.path);
  return KeyStep(s, key.path, key.expected);
}

}  // namespace

bool IsSettableOfUser(const std::string& path) {
  return path == "shell" || path == "home" || path == "comment" || path == "expires" ||
         path == "max_days";
}

StatusOr<std::vector<PlanStep>> AccountToExpected(const Situation& s, PlanBase& base) {
  const std::string& kind = s.shadow.id.kind;
  if (!s.shadow.exists)
    return FailedPrecondition(
        "{}",
        kind == "authorized_key"
            ? "the key is gone, and only its fingerprint is known here: whoever has it adds it "
              "again (or the plan that removed it is undone)"
            : "the account is gone, and its password and files are not known here");
  if (s.context.drift->status == ResourceStatus::kUnmanaged) {
    if (kind == "group") return RemoveIt(s, base, {"gid"});
    if (kind == "authorized_key") return RemoveIt(s, base, {"type", "options"});
    const ShadowKey* uid = s.FindKey("uid");
    if (uid == nullptr || !uid->observed || uid->observed->text == "0")
      return FailedPrecondition("a user with number 0 is removed by hand alone");
    return RemoveIt(s, base, {"uid", "gid", "shell"});
  }
  if (kind == "group")
    return FailedPrecondition("a group's number is not set by a step: files carry it");
  std::vector<PlanStep> steps;
  for (const ShadowKey& key : s.differing) {
    auto step = kind == "user" ? UserStep(s, key) : KeyOfSshStep(s, key);
    if (!step.ok()) return step.status();
    steps.push_back(*std::move(step));
    AddToBase(&key, base);
  }
  return steps;
}

StatusOr<std::vector<PlanStep>> MountToExpected(const Situation& s, PlanBase& base) {
  if (!s.shadow.exists || s.context.drift->status == ResourceStatus::kUnmanaged)
    return FailedPrecondition(
        "steps change how a file system is mounted, not whether: its unit (as in \"srv.mount\") or "
        "a registered command does");
  std::vector<PlanStep> steps;
  for (const ShadowKey& key : s.differing) {
    const std::optional<Value>& value = key.expected ? key.expected : key.observed;
    if (key.path != "option[]" || !value)
      return FailedPrecondition("{} of a mount cannot be changed while it is in use", key.path);
    if (!IsMountFlag(value->text))
      return FailedPrecondition(
          "{} is an option of the file system itself: it is set in /etc/fstab and takes effect "
          "when it is mounted anew",
          value->text);
    steps.push_back(KeyStep(s, key.path, key.expected, value->text));
    AddToBase(&key, base);
  }
  return steps;
}

}  // namespace driftcast
