#include "apps/history_feed.h"

#include <algorithm>
#include <map>
#include <set>

#include "learn/replay.h"

namespace driftcast {
namespace {

constexpr size_t kEventsPerFact = 1000;  // as many as an agent tells of its host's past at once
constexpr size_t kFactsAtOnce = 512;
constexpr int64_t kDaySeconds = 86400;

// How much of each history the engine has been told already.
class Known {
 public:
  Status Read(const Engine& engine, const std::vector<std::filesystem::path>& files) {
    for (const auto& file : files) {
      const std::string stack = learn::StackOfHistory(file);
      DRIFTCAST_ASSIGN_OR_RETURN(const auto past, engine.PastOf(StackId(stack)));
      if (past.empty()) continue;
      DRIFTCAST_ASSIGN_OR_RETURN(const auto reader, learn::HistoryReader::Open(file));
      ChangeEvent event;
      for (const ChangeEvent& known : past) {
        DRIFTCAST_ASSIGN_OR_RETURN(const bool any, reader->Next(&event));
        if (!any || event.at != known.at || event.resource != known.resource ||
            event.path != known.path || event.op != known.op)
          return FailedPrecondition(
              "the stack {} has a past here that is not this history; give the history another "
              "name, or feed it to an engine that does not know the stack",
              stack);
      }
      count_[stack] = past.size();
    }
    return Ok();
  }
  // True when the event was told before; call it for every event in order.
  bool Skip(const ChangeEvent& event) {
    const auto known = count_.find(event.stack);
    if (known == count_.end() || known->second == 0) return false;
    --known->second;
    return true;
  }

 private:
  std::map<std::string, size_t, std::less<>> count_;
};

// Gathers a day's events by stack, and tells the engine many days at once.
class Teller {
 public:
  explicit Teller(Engine& engine) : engine_(engine) {}

  Status Tell(const ChangeEvent& event) {
    const int64_t day = ToUnixMicros(event.at) / 1'000'000 / kDaySeconds;
    if (day != day_) DRIFTCAST_RETURN_IF_ERROR(EndDay());
    day_ = day;
    auto& events = today_[event.stack];
    events.push_back(event);
    if (events.size() >= kEventsPerFact) DRIFTCAST_RETURN_IF_ERROR(EndDay());
    return facts_.size() >= kFactsAtOnce ? Send() : Ok();
  }
  Status Finish() {
    DRIFTCAST_RETURN_IF_ERROR(EndDay());
    return facts_.empty() ? Ok() : Send();
  }

 private:
  Status EndDay() {
    for (auto& [stack, events] : today_) {
      Fact fact;
      fact.at = events.back().at;
      fact.stack = StackId(stack);
      fact.body = PastChanges{std::move(events)};
      facts_.push_back(std::move(fact));
    }
    today_.clear();
    return Ok();
  }
  Status Send() { return engine_.SubmitAndWait(std::exchange(facts_, {})); }

  Engine& engine_;
  int64_t day_ = INT64_MIN;
  std::map<std::string, std::vector<ChangeEvent>> today_;
  std::vector<Fact> facts_;
};

}  // namespace

StatusOr<FedHistory> FeedHistories(Engine& engine, const std::vector<std::filesystem::path>& files,
                                   const std::function<void(uint64_t events)>& progress) {
  Known known;
  DRIFTCAST_RETURN_IF_ERROR(known.Read(engine, files));
  DRIFTCAST_ASSIGN_OR_RETURN(const auto history, learn::MergedHistory::Open(files));
  Teller teller(engine);
  FedHistory fed;
  fed.stacks = files.size();
  while (true) {
    DRIFTCAST_ASSIGN_OR_RETURN(const ChangeEvent* event, history->Next());
    if (event == nullptr) break;
    if (known.Skip(*event)) {
      ++fed.skipped;
      continue;
    }
    DRIFTCAST_RETURN_IF_ERROR(teller.Tell(*event));
    if (++fed.events % 1000 == 0 && progress) progress(fed.events);
  }
  DRIFTCAST_RETURN_IF_ERROR(teller.Finish());
  return fed;
}

}  // namespace driftcast
