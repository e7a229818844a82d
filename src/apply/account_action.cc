// Steps on a user, a group or an SSH key: several files, changed together.
#include <fcntl.h>

#include <cerrno>

#include "apply/account_edit.h"
#include "apply/action.h"
#include "apply/diff.h"
#include "apply/journal.h"

namespace driftcast {
namespace {

// Who else changes accounts (lckpwdf(3)) is waited for that long.
constexpr Duration kLockPatience = 15 * kSecond;

struct Change {
  std::string path;
  FileImage before, wanted;
};

class AccountAction : public Action {
 public:
  AccountAction(std::vector<PlanStep> steps, const ActionTools& tools)
      : steps_(std::move(steps)), tools_(tools), resource_(steps_.front().resource) {}

  Status Prepare(bool) override {
    return resource_.kind == "authorized_key" ? PrepareKey() : PrepareAccount();
  }

  StatusOr<std::vector<Undo>> Undos() override {
    std::vector<Undo> undos;
    for (const Change& change : changes_) {
      Undo undo;
      undo.kind = Undo::Kind::kFile;
      undo.name = change.path;
      undo.before = change.before;
      undo.after_digest = ImageDigest(change.wanted);
      undos.push_back(std::move(undo));
    }
    return undos;
  }

  Status Do() override {
    FileDescriptor lock;
    if (resource_.kind != "authorized_key") {
      DRIFTCAST_ASSIGN_OR_RETURN(lock, tools_.files.LockRecords("/etc/.pwd.lock", kLockPatience));
    }
    for (const Change& change : changes_)
      DRIFTCAST_RETURN_IF_ERROR(tools_.files.Replace(change.path, change.before, change.wanted));
    return Ok();
  }

  Status Verify() override {
    for (const Change& change : changes_) {
      DRIFTCAST_ASSIGN_OR_RETURN(const FileImage now, tools_.files.Read(change.path));
      if (!change.wanted.SameAs(now))
        return FailedPrecondition("{}: {}", change.path, change.wanted.DifferenceTo(now));
    }
    DRIFTCAST_ASSIGN_OR_RETURN(const auto keys, tools_.reader.Keys(resource_));
    for (const PlanStep& step : steps_) DRIFTCAST_RETURN_IF_ERROR(CheckOne(step, keys));
    return Ok();
  }

  // Hashes of passwords do not leave the host: what is said of those tables is the steps.
  std::string Preview() const override {
    std::string out;
    for (const Change& change : changes_) {
      if (change.path.ends_with("shadow"))
        out += fmt::format("{}: the entry of {} changes\n", change.path, resource_.name);
      else
        out += UnifiedDiff(change.path, change.before.content, change.wanted.content, false, false);
    }
    return out;
  }

 private:
  Status PrepareAccount() {
    AccountTables tables;
    std::map<std::string, FileImage> images;
    for (const char* path : kAccountTables) {
      DRIFTCAST_ASSIGN_OR_RETURN(FileImage image, tools_.files.Read(path));
      if (!image.exists) continue;
      tables[path] = image.content;
      images[path] = std::move(image);
    }
    for (const PlanStep& step : steps_) DRIFTCAST_RETURN_IF_ERROR(EditAccount(step, tables));
    for (auto& [path, image] : images) Note(path, image, tables[path]);
    return Ok();
  }

  Status PrepareKey() {
    const size_t blank = resource_.name.find(' ');
    if (blank == std::string::npos)
      return InvalidArgument("'{}' names no key of a user", resource_.name.substr(0, 200));
    const std::string user = resource_.name.substr(0, blank);
    fingerprint_ = resource_.name.substr(blank + 1);
    DRIFTCAST_ASSIGN_OR_RETURN(const auto account,
                               tools_.reader.Keys({resource_.stack, "user", user}));
    std::string home;
    for (const KeyValue& key : account)
      if (key.path == "home") home = key.value.text;
    if (home.empty()) return NotFound("there is no user '{}' with a home", user);
    bool found = false;
    for (const char* file : {"/.ssh/authorized_keys", "/.ssh/authorized_keys2"}) {
      DRIFTCAST_ASSIGN_OR_RETURN(const FileImage image, tools_.files.Read(home + file));
      if (!image.exists) continue;
      std::string text = image.content;
      DRIFTCAST_ASSIGN_OR_RETURN(const bool here, EditIn(text, found));
      found = found || here;
      Note(home + file, image, text);
    }
    if (!found) return NotFound("{} has no such key", user);
    return Ok();
  }

  // False when this file does not hold the key.
  StatusOr<bool> EditIn(std::string& text, bool found) const {
    for (const PlanStep& step : steps_) {
      if (step.kind == StepKind::kRestoreContent) {
        if (found || !LineOfKey(text, fingerprint_).empty()) return true;
        DRIFTCAST_ASSIGN_OR_RETURN(const std::string line,
                                   KeptLine(tools_.data, [&](const std::string& kept) {
                                     return LineOfKey(kept, fingerprint_);
                                   }));
        text += (text.empty() || text.ends_with('\n') ? "" : "\n") + line + "\n";
        continue;
      }
      auto edited = EditAuthorizedKeys(step, text, fingerprint_);
      if (edited.status().code() == StatusCode::kNotFound) return false;
      if (!edited.ok()) return edited.status();
      text = *std::move(edited);
    }
    return true;
  }

  void Note(const std::string& path, const FileImage& before, const std::string& text) {
    if (before.content == text) return;
    Change change{path, before, before};
    change.wanted.content = text;
    change.wanted.modified_ns = 0;  // the time of the change
    changes_.push_back(std::move(change));
  }

  Status CheckOne(const PlanStep& step, const std::vector<KeyValue>& keys) const {
    if (step.kind == StepKind::kRemoveResource) {
      if (keys.empty()) return Ok();
      return FailedPrecondition("{} {} is still there", resource_.kind, resource_.name);
    }
    if (step.kind == StepKind::kRestoreContent) {
      if (!keys.empty()) return Ok();
      return FailedPrecondition("the key is not read back");
    }
    const std::string& path = step.parameters.at("path");
    const auto value = step.parameters.find("value");
    const bool wanted = step.kind != StepKind::kRemoveKey;
    bool found = false;
    for (const KeyValue& key : keys)
      found = found || (key.path == path &&
                        (value == step.parameters.end() || key.value.text == value->second));
    // An empty field is no key.
    if (found == wanted || (wanted && value->second.empty())) return Ok();
    return FailedPrecondition("{} does not read as it was set", path);
  }

  const std::vector<PlanStep> steps_;
  const ActionTools tools_;
  const ResourceId resource_;
  std::string fingerprint_;
  std::vector<Change> changes_;
};

}  // namespace

std::unique_ptr<Action> MakeAccountAction(std::vector<PlanStep> steps, const ActionTools& tools) {
  return std::make_unique<AccountAction>(std::move(steps), tools);
}

}  // namespace driftcast
