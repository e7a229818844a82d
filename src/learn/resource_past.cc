#include "learn/resource_past.h"

#include <algorithm>

#include "learn/history_file.h"

namespace driftcast::learn {
namespace {

constexpr size_t kNamesShown = 12;

struct Found {
  std::filesystem::path file;
  std::string kind;
  std::string resource;
  auto operator<=>(const Found&) const = default;
};

StatusOr<std::vector<std::filesystem::path>> FilesOf(const std::filesystem::path& where) {
  std::error_code error;
  if (std::filesystem::is_directory(where, error)) return ListHistories(where);
  // A stack may be named without its ending.
  const std::filesystem::path with_ending = where.string() + ".tsv.gz";
  if (!std::filesystem::exists(where, error) && std::filesystem::exists(with_ending, error))
    return std::vector{with_ending};
  return std::vector{where};
}

// The resources with this id, else those that contain the text.
Status Search(const std::filesystem::path& file, const std::string& query, std::set<Found>* exact,
              std::set<Found>* partial) {
  DRIFTCAST_ASSIGN_OR_RETURN(const auto reader, HistoryReader::Open(file));
  ChangeEvent event;
  for (;;) {
    DRIFTCAST_ASSIGN_OR_RETURN(const bool more, reader->Next(&event));
    if (!more) return Ok();
    if (event.op != ChangeOp::kCreate) continue;
    if (event.resource == query)
      exact->insert({file, event.kind, event.resource});
    else if (event.resource.find(query) != std::string::npos)
      partial->insert({file, event.kind, event.resource});
  }
}

std::string NamesOf(const std::set<Found>& found) {
  std::string text;
  size_t count = 0;
  for (const Found& one : found) {
    if (++count > kNamesShown)
      return text + fmt::format("\n  and {} more", found.size() - kNamesShown);
    text += fmt::format("\n  {}  ({}, stack {})", one.resource, one.kind, StackOfHistory(one.file));
  }
  return text;
}

StatusOr<Found> FindOne(const std::filesystem::path& where, const std::string& query) {
  DRIFTCAST_ASSIGN_OR_RETURN(const auto files, FilesOf(where));
  std::set<Found> exact, partial;
  for (const auto& file : files) DRIFTCAST_RETURN_IF_ERROR(Search(file, query, &exact, &partial));
  const std::set<Found>& found = exact.empty() ? partial : exact;
  if (found.empty()) return NotFound("no resource of '{}' contains '{}'", where.string(), query);
  if (found.size() > 1)
    return InvalidArgument("'{}' fits {} resources; name one of them:{}", query, found.size(),
                           NamesOf(found));
  return *found.begin();
}

void Follow(const ChangeEvent& event, std::map<std::string, std::set<std::string>>* state) {
  const auto erase = [&] {
    const auto found = state->find(event.path);
    if (found == state->end()) return;
    found->second.erase(event.old_value);
    if (found->second.empty()) state->erase(found);
  };
  switch (event.op) {
    case ChangeOp::kCreate:
    case ChangeOp::kDelete:
      state->clear();
      return;
    case ChangeOp::kChange:
      erase();
      (*state)[event.path].insert(event.new_value);
      return;
    case ChangeOp::kRemove:
      erase();
      return;
    case ChangeOp::kAdd:
    case ChangeOp::kInitial:
      (*state)[event.path].insert(event.new_value);
      return;
  }
}

}  // namespace

StatusOr<ResourcePast> ReadResourcePast(const std::filesystem::path& where,
                                        const std::string& query) {
  DRIFTCAST_ASSIGN_OR_RETURN(const Found found, FindOne(where, query));
  DRIFTCAST_ASSIGN_OR_RETURN(const auto reader, HistoryReader::Open(found.file));
  ResourcePast past{reader->stack(), found.kind, found.resource, {}, false, {}, {}, {}};
  std::map<std::string, size_t> counts;
  ChangeEvent event;
  for (;;) {
    DRIFTCAST_ASSIGN_OR_RETURN(const bool more, reader->Next(&event));
    if (!more) break;
    past.stack_end = event.at;
    if (event.resource != found.resource || event.kind != found.kind) continue;
    Follow(event, &past.state);
    if (event.op == ChangeOp::kCreate) past.live = true;
    if (event.op == ChangeOp::kDelete) past.live = false;
    if (event.op == ChangeOp::kInitial) continue;
    if (!event.path.empty()) ++counts[event.path];
    past.events.push_back(event);
  }
  past.busiest_keys.assign(counts.begin(), counts.end());
  std::stable_sort(past.busiest_keys.begin(), past.busiest_keys.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return past;
}

}  // namespace driftcast::learn
