// The outline of one stack's history: who lived when and changed when. It looks at the whole
// history, so it is for labels and for the rows of an evaluation only, never for features.
//
// Protocol (drift-forecast/1). Cutoffs are UTC midnights (every seventh, Thursdays, in a stack of
// more than 10,000 resources). At each cutoff every live resource is a row. Label: an add, change
// or remove outside `mass` in (cutoff, cutoff + horizon]. Evaluation period: from the later of
// `from` and the 60 % point in time (the 60 % point alone when the stack ends before from + 60
// days), at most two years, to the last event less 7 days.
#ifndef DRIFTCAST_LEARN_OUTLINE_H_
#define DRIFTCAST_LEARN_OUTLINE_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "model/change.h"

namespace driftcast::learn {

inline constexpr int64_t kDaySeconds = 86400;

// A key that changed: for the labels of keys and values.
struct KeyChange {
  int64_t seconds = 0;
  uint64_t path = 0;   // HashText of the path
  uint64_t value = 0;  // HashText of the new value; 0 when the key was removed
};

uint64_t HashText(std::string_view text);  // never 0

struct ResourceOutline {
  std::string kind, name;
  std::vector<int64_t> changes;               // distinct seconds with a change, ascending
  std::vector<std::pair<int64_t, int>> life;  // (time, +1 created or -1 deleted), ascending
  std::vector<KeyChange> keys;                // ascending

  bool AliveAt(int64_t cutoff) const;
  bool ChangesWithin(int64_t cutoff, int64_t horizon) const;
};

struct Period {
  int64_t first = 0;  // first cutoff
  int64_t last = 0;   // last cutoff; before `first` when there is none
};

// A stack's outline. Copyable.
class Outline {
 public:
  static StatusOr<Outline> Read(const std::filesystem::path& events);

  void Add(const ChangeEvent& event);

  const std::string& stack() const { return stack_; }
  const std::vector<ResourceOutline>& resources() const { return resources_; }
  int64_t first() const { return first_; }
  int64_t last() const { return last_; }
  uint64_t event_count() const { return event_count_; }

  int64_t StepSeconds() const;            // between cutoffs
  Period Evaluation(int64_t from) const;  // as the protocol says

 private:
  std::string stack_;
  std::vector<ResourceOutline> resources_;
  std::unordered_map<std::string, size_t> index_;  // "kind\tname"
  int64_t first_ = 0, last_ = 0;
  uint64_t event_count_ = 0;
};

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_OUTLINE_H_
