// Versions: what a key's value is a version of, who moved away from it, and how a stack follows.
#include <algorithm>

#include "predict/exposure.h"
#include "predict/fleet_state.h"
#include "predict/names.h"

namespace driftcast::predict {
namespace {

constexpr std::array<std::string_view, 8> kSubjectKeys = {
    "repository", "chart", "image", "url", "source", "name", "repo", "package"};

std::string_view Plain(std::string_view subject) {
  for (std::string_view prefix : {"docker.io/", "oci://", "https://", "library/"})
    if (subject.starts_with(prefix)) subject.remove_prefix(prefix.size());
  if (subject.ends_with(".git")) subject.remove_suffix(4);
  return subject;
}

std::string_view ParentPath(std::string_view path) {
  const std::string_view last = LastComponent(path);
  return last.size() == path.size() ? std::string_view()
                                    : path.substr(0, path.size() - last.size() - 1);
}

// The label of the innermost list item: "images[nginx]" -> "nginx".
std::string_view LabelOf(std::string_view parent) {
  if (!parent.ends_with(']')) return {};
  const size_t open = parent.rfind('[');
  return open == std::string_view::npos ? std::string_view()
                                        : parent.substr(open + 1, parent.size() - open - 2);
}

bool HasDigit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

// The text before the version within the value itself, else a sibling key that names what this is
// a version of, else the resource's own short name.
bool FleetState::SubjectOf(ResourceId id, const Leaf& leaf, std::string* subject,
                           std::string* version) const {
  const std::string_view value = texts_.Text(leaf.value);
  if (const auto split = SplitVersioned(value)) {
    *subject = Plain(split->subject);
    *version = split->version;
    return true;
  }
  *version = value.substr(0, value.find("@sha256"));
  const std::string_view path = texts_.Text(leaf.path);
  const std::string_view last = texts_.Text(path_last_[leaf.path]);
  if (IsVersionKey(last)) {
    std::string_view parent = ParentPath(path);
    for (int up = 0; up < 2; ++up, parent = ParentPath(parent)) {
      for (std::string_view name : kSubjectKeys) {
        const std::string sibling =
            parent.empty() ? std::string(name) : std::string(parent).append(1, '.').append(name);
        const uint32_t sibling_id = texts_.Find(sibling);
        if (sibling_id == kNone) continue;
        for (const Leaf& other : leaves_[id]) {
          if (other.path != sibling_id) continue;
          *subject = Plain(texts_.Text(other.value));
          return true;
        }
      }
      if (const std::string_view label = LabelOf(parent); !label.empty() && up == 0) {
        *subject = Plain(label);
        return true;
      }
      if (parent.empty()) break;
    }
  }
  *subject = "~";
  subject->append(texts_.Text(resources_[id].short_name)).append(1, '#').append(last);
  return true;
}

uint32_t FleetState::MoveOf(uint32_t subject_text, uint32_t value_text, bool* is_new) {
  const uint32_t id = moves_index_.Intern(PairIndex::Key(subject_text, value_text), is_new);
  if (*is_new) {
    moves_.emplace_back();
    newest_move_.push_back(0);
  }
  return id;
}

void FleetState::IdentifyVersions(ResourceId id, Leaf* leaf, uint32_t now, bool adopted) {
  leaf->subject_version = leaf->name_version = kNone;
  const std::string_view value = texts_.Text(leaf->value);
  const bool version_key = IsVersionKey(texts_.Text(path_last_[leaf->path])) && HasDigit(value);
  if (!IsVersionLike(value) && !(version_key && !value.starts_with("h:"))) return;
  bool is_new = false;
  leaf->name_version = MoveOf(path_last_[leaf->path], leaf->value, &is_new);
  std::string subject, version;
  if (!SubjectOf(id, *leaf, &subject, &version)) return;
  const uint32_t subject_text = texts_.Intern("\x1f" + subject);
  leaf->subject_version = MoveOf(subject_text, texts_.Intern(version), &is_new);
  if (!is_new) return;
  const uint32_t index = subject_index_.Intern(subject_text, &is_new);
  if (is_new) subjects_.emplace_back();
  moves_[leaf->subject_version].subject = index;
  if (!adopted) return;
  subjects_[index].releases.Add(now);
  subjects_[index].last_release = now;
}

void FleetState::MoveVersion(uint32_t move, uint32_t stack, uint32_t to, uint32_t now) {
  VersionMoves& m = moves_[move];
  for (size_t i = 0; i < m.stack.size(); ++i) {
    if (m.stack[i] == stack) {
      m.to[i] = to;
      return;
    }
    if (m.stack[i] == kNone) {
      m.stack[i] = stack;
      m.first[i] = now;
      newest_move_[move] = std::max(newest_move_[move], now);
      m.to[i] = to;
      return;
    }
  }
}

void FleetState::ListVersions(ResourceId id) {
  std::vector<HeldVersion>& held = versions_[id];
  held.clear();
  for (const Leaf& leaf : leaves_[id])
    if (leaf.name_version != kNone)
      held.push_back({leaf.subject_version, leaf.name_version, leaf.since});
  if (held.empty()) std::vector<HeldVersion>().swap(held);
}

// A key leaves its version: was it behind others, and did it follow within the week?
void FleetState::CloseExposure(ResourceId id, const MovedKey& key, uint32_t now) {
  if (key.subject_version == kNone) return;
  ResourceRecord& r = resources_[id];
  StackRecord& stack = stacks_[r.stack];
  const Exposure e = ExposureOf(moves_[key.subject_version], r.stack, key.since, now);
  if (e.outer_since != 0 && now - e.outer_since < 7 * kDay32) {
    stack.follow_yes += 1;
    stack.follow_all += 1;
    r.follow_yes += 1;
    r.follow_all += 1;
  }
  if (e.inner_since != 0 && now - e.inner_since < 7 * kDay32) {
    stack.inner_yes += 1;
    stack.inner_all += 1;
  }
}

// At the end of a change, when all sibling keys have their new values.
void FleetState::FinishMovedKeys(std::vector<Touched>* touched, uint32_t now) {
  for (const MovedKey& key : moved_) {
    Leaf* leaf = FindLeaf(key.resource, key.path);
    if (leaf == nullptr) continue;  // removed again within the change
    IdentifyVersions(key.resource, leaf, now, key.changed != 0);
    if (key.changed == 0) continue;
    const uint32_t stack = resources_[key.resource].stack;
    const bool subject_moved =
        key.subject_version != kNone && key.subject_version != leaf->subject_version;
    const bool name_moved = key.name_version != kNone && key.name_version != leaf->name_version;
    if (subject_moved) {
      CloseExposure(key.resource, key, now);
      MoveVersion(key.subject_version, stack, leaf->value, now);
    }
    if (name_moved) MoveVersion(key.name_version, stack, leaf->value, now);
    if ((subject_moved || name_moved) && key.touched != kNone) ++(*touched)[key.touched].versions;
  }
  moved_.clear();
}

}  // namespace driftcast::predict
