// From what collectors read to facts in the spool: only what is news, nothing lost when it is full.
#ifndef DRIFTCAST_AGENT_REPORTER_H_
#define DRIFTCAST_AGENT_REPORTER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/spool.h"
#include "base/time.h"
#include "collect/collector.h"
#include "model/fact.h"

namespace driftcast {

// Not thread-safe: the agent's loop owns it.
//
// When the spool is full, the name of a resource whose observation found no room is kept (at most
// one entry for each resource that exists) and PayDebts reads it anew later: the engine may miss a
// state in between, never the present one.
class Reporter {
 public:
  // Why a resource changed just now; unknown when nobody can tell.
  using CauseOf = std::function<Cause(const ResourceObserved& observation, Instant now)>;

  Reporter(StackId stack, Spool& spool, const Clock& clock, CauseOf cause_of);

  // Called for each resource that has changed, appeared or vanished since the first look.
  void OnChange(std::function<void(const ResourceId& resource)> tell) { tell_ = std::move(tell); }

  // While `asked` says true, scans report nothing more and end as Unavailable.
  void StopWhen(std::function<bool()> asked) { stop_asked_ = std::move(asked); }

  // Reads through a collector and reports what differs from what was reported last; with kAll
  // everything, and then that it is complete. What is gone is reported as vanished.
  // An error: the collector could not see everything; what it saw is reported, nothing vanishes.
  Status Scan(Collector& collector, Depth depth, Means means);

  // Reads one resource and reports it if it is news, or in any case (`always`).
  Status ReadOne(Collector& collector, const std::string& kind, const std::string& name,
                 Means means, bool always = false);

  // Any other fact.
  Status Report(FactBody body, SpoolLane lane);

  // Tries again what found no room. `find` gives the collector of a kind.
  void PayDebts(const std::function<Collector*(const std::string& kind)>& find);
  size_t debts() const { return owed_.size() + snapshots_owed_.size(); }

  size_t resources() const { return known_.size(); }
  uint64_t changes() const { return changes_; }  // that were news, since start

 private:
  class ScanSink;
  struct Known {
    uint64_t hash = 0;  // of what was reported last
    uint32_t scan = 0;  // number of the last scan that saw it
  };
  using Key = std::pair<std::string, std::string>;  // kind, name
  struct KeyHash {
    size_t operator()(const Key& key) const {
      return std::hash<std::string>()(key.first) * 31 + std::hash<std::string>()(key.second);
    }
  };

  void Offer(ResourceObserved observation, Means means, bool always);
  void Flush();
  void OfferVanished(const Key& key, Means means);
  bool Owes(const std::vector<std::string>& kinds) const;
  void CompleteSnapshots();
  void VanishUnseen(const Collector& collector, Means means);
  Status Append(std::vector<Fact>& facts, SpoolLane lane);

  const StackId stack_;
  Spool& spool_;
  const Clock& clock_;
  const CauseOf cause_of_;
  std::function<bool()> stop_asked_ = [] { return false; };
  std::function<void(const ResourceId&)> tell_ = [](const ResourceId&) {};
  std::unordered_map<Key, Known, KeyHash> known_;
  std::set<Key> owed_;  // resources whose last state found no room
  // Snapshots (kinds, begun at) whose end was not said yet, because they owe something.
  std::map<std::vector<std::string>, Instant> snapshots_owed_;
  std::vector<Fact> pending_;  // what was seen and what vanished, in the scan under way
  uint32_t scan_ = 0;
  uint64_t changes_ = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_REPORTER_H_
