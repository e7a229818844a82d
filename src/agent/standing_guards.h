// The guards that stand on this host: approved orders to put keys back when they move, until a date
// (model/guard.h).
//
// FOLDER/<hash of plan id>.guard holds the signed order, so that a guard outlives the agent. Which
// of them is to look now, when, and which has been fought too often is worked out here; carrying
// it out, and its checks, are driftcast-apply's. What was put back lately is only remembered while
// the agent runs. Not thread-safe.
#ifndef DRIFTCAST_AGENT_STANDING_GUARDS_H_
#define DRIFTCAST_AGENT_STANDING_GUARDS_H_

#include "driftcast/v1/plan.pb.h"

#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/status.h"
#include "base/time.h"
#include "model/plan.h"

namespace driftcast {

struct StandingGuard {
  v1::SignedPlan order;
  Instant until;
  std::optional<Instant> look_at;  // something moved: look then
  Instant looked_at;               // last
  std::deque<Instant> put_back;    // within the last hour
  uint32_t put_back_total = 0;     // since the agent started
  uint32_t failures = 0;           // in a row
};

class StandingGuards {
 public:
  static constexpr size_t kPutBackPerHourMax = 5;  // this often, and somebody fights it
  static constexpr uint32_t kFailuresMax = 3;      // in a row; a file may be away for a moment
  static constexpr size_t kGuardsMax = 1000;

  explicit StandingGuards(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Those on disk; each is to look at once, for what moved while nobody did.
  void Load(Instant now);

  // ResourceExhausted beyond kGuardsMax; on disk when it returns.
  Status Add(const v1::SignedPlan& order, Instant until);
  void Remove(const PlanId& plan);
  const StandingGuard* Find(const PlanId& plan) const;

  // A resource has moved: its guards are to look, a second after they did last at the earliest.
  void OnChange(const ResourceId& resource, Instant now);

  // The next that has ended or is to look now, which it then does not owe any more; nullopt when
  // there is none.
  std::optional<StandingGuard> TakeDue(Instant now);
  // When there will be one; Instant::max() when nothing is known to come.
  Instant NextDue() const;

  // What became of a look. False: it is fought, or fails too often, and has to give up.
  bool OnLooked(const PlanId& plan, bool changed, Instant now);
  bool OnFailed(const PlanId& plan, Instant now);

 private:
  std::filesystem::path FileOf(const PlanId& plan) const;

  const std::filesystem::path folder_;
  std::map<PlanId, StandingGuard> guards_;
};

// The order's end when it is a sound guard; nullopt when it is none.
std::optional<Instant> GuardEndOf(const v1::SignedPlan& order);

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_STANDING_GUARDS_H_
