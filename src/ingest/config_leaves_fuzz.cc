// Two versions of a file, in any of the formats: what changed must turn the leaves of the first
// into those of the second, labels must be distinct, and texts must fit into a history file.
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>

#include "ingest/config_file.h"

namespace driftcast::ingest {
namespace {

constexpr const char* kPaths[] = {"a.yaml",   "a.json", "a.toml", "a.tf",
                                  "a.tfvars", "a.env",  "a.ini"};

std::vector<ConfigDocument> Read(const char* path, std::string_view text) {
  auto read = ReadDocuments(path, FormatOf(path, TreeKind::kSources), TreeKind::kSources, text);
  return read.ok() ? *std::move(read) : std::vector<ConfigDocument>();
}

void CheckText(std::string_view text) {
  DRIFTCAST_CHECK(text.find_first_of("\t\n\r") == std::string_view::npos);
  DRIFTCAST_CHECK(ValidUtf8(text) == text);
}

void CheckDiff(const ConfigNode& before, const ConfigNode& after) {
  const std::vector<Leaf> old_leaves = LeavesOf(before);
  const std::vector<Leaf> new_leaves = LeavesOf(after);
  std::set<Leaf> state(old_leaves.begin(), old_leaves.end());
  for (const LeafChange& change : DiffLeaves(old_leaves, new_leaves)) {
    CheckText(change.path);
    CheckText(change.new_value);
    if (change.op != ChangeOp::kAdd)
      DRIFTCAST_CHECK(state.erase({change.path, change.old_value}) == 1);
    if (change.op != ChangeOp::kRemove)
      DRIFTCAST_CHECK(state.insert({change.path, change.new_value}).second);
  }
  DRIFTCAST_CHECK(state == std::set<Leaf>(new_leaves.begin(), new_leaves.end()));
}

void CheckLabels(const ConfigNode& node) {
  std::set<std::string_view> seen;
  for (const ConfigEntry& entry : node.children) {
    if (node.is_list()) DRIFTCAST_CHECK(seen.insert(entry.key).second);
    CheckLabels(entry.node);
  }
}

}  // namespace
}  // namespace driftcast::ingest

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast::ingest;
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const char* path = kPaths[data[0] % std::size(kPaths)];
  const size_t half = text.find("\n=====\n");
  auto before = Read(path, text.substr(0, half));
  auto after = Read(path, half == std::string_view::npos ? text : text.substr(half + 7));
  if (before.empty() || after.empty()) return 0;
  AssignLabels(nullptr, &before[0].root);
  AssignLabels(&before[0].root, &after[0].root);
  CheckLabels(after[0].root);
  CheckDiff(before[0].root, after[0].root);
  return 0;
}
