// What a history knows of one resource.
#ifndef DRIFTCAST_LEARN_RESOURCE_PAST_H_
#define DRIFTCAST_LEARN_RESOURCE_PAST_H_

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "model/change.h"

namespace driftcast::learn {

struct ResourcePast {
  std::string stack;
  std::string kind;
  std::string resource;
  // kInitial events are left out; `new_value` of a kCreate is the number of keys it had.
  std::vector<ChangeEvent> events;
  bool live = false;
  // The state at the end: path to value, or values of a set. Empty when it is not live.
  std::map<std::string, std::set<std::string>> state;
  // How often each key was changed, added or removed, most often first.
  std::vector<std::pair<std::string, size_t>> busiest_keys;
  Instant stack_end;  // time of the stack's last event
};

// Finds `query` in a history: `where` is a STACK.tsv.gz or a folder of them. An exact id wins over
// ids that contain the text. NotFound when nothing fits, with the nearest there is;
// InvalidArgument when several do, with their names.
StatusOr<ResourcePast> ReadResourcePast(const std::filesystem::path& where,
                                        const std::string& query);

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_RESOURCE_PAST_H_
