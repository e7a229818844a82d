#include <augeas.h>

#include <cstdlib>
#include <memory>
#include <string_view>

#include "lens/documents.h"

namespace driftcast {
namespace {

struct Closer {
  void operator()(augeas* handle) const { aug_close(handle); }
};

// Lenses are loaded when they are first named; reading all of them takes a second or more.
augeas* Handle() {
  static const std::unique_ptr<augeas, Closer> handle(
      aug_init("/nonexistent", nullptr, AUG_NO_LOAD | AUG_NO_MODL_AUTOLOAD | AUG_NO_ERR_CLOSE));
  return handle.get();
}

// What aug_match gives back.
struct Matches {
  char** paths = nullptr;
  int count = 0;
  explicit Matches(const std::string& pattern) {
    count = aug_match(Handle(), pattern.c_str(), &paths);
  }
  ~Matches() {
    for (int i = 0; i < count; ++i) free(paths[i]);
    free(paths);
  }
};

bool IsComment(std::string_view label) { return label == "#comment" || label == "#empty"; }

// Lenses number the items of a list "1", "2", ...; in our tree these have no name.
bool IsPosition(std::string_view label) {
  return label.find_first_not_of("0123456789") == std::string_view::npos;
}

Status Read(const std::string& path, int depth, TreeNode& node) {
  if (depth > kTreeDepthMax) return InvalidArgument("nested deeper than {}", kTreeDepthMax);
  const char* value = nullptr;
  if (aug_get(Handle(), path.c_str(), &value) == 1 && value != nullptr)
    node.value = Value::Guess(value);
  const Matches children(path + "/*");
  for (int i = 0; i < children.count; ++i) {
    const char* label = nullptr;
    if (aug_label(Handle(), children.paths[i], &label) != 1 || label == nullptr) continue;
    if (IsComment(label)) continue;
    TreeNode& child = node.children.emplace_back();
    if (!IsPosition(label)) child.name = label;
    DRIFTCAST_RETURN_IF_ERROR(Read(children.paths[i], depth + 1, child));
  }
  return Ok();
}

std::string GetText(const char* path) {
  const char* value = nullptr;
  if (aug_get(Handle(), path, &value) != 1 || value == nullptr) return "?";
  return value;
}

}  // namespace

StatusOr<TreeNode> ReadWithAugeas(const std::string& lens, const std::string& content) {
  if (Handle() == nullptr) return Internal("Augeas cannot be started");
  // Lenses expect a text to end with a line's end.
  const std::string text = content.ends_with('\n') ? content : content + "\n";
  aug_set(Handle(), "/driftcast-content", text.c_str());
  const bool parsed = aug_text_store(Handle(), lens.c_str(), "/driftcast-content", "/tree") == 0 &&
                      aug_error(Handle()) == AUG_NOERROR;
  TreeNode root;
  Status status = Ok();
  if (!parsed) {
    status = InvalidArgument("the lens {} stops at line {}", lens,
                             GetText("/augeas/text/tree/error/line"));
  } else {
    status = Read("/tree", 0, root);
    root.value.reset();
  }
  aug_rm(Handle(), "/tree");
  aug_rm(Handle(), "/driftcast-content");
  aug_rm(Handle(), "/augeas/text");
  if (!status.ok()) return status;
  return root;
}

}  // namespace driftcast
