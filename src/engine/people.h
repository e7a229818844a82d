// When people are usually at work: what makes a login at another hour stand out.
#ifndef DRIFTCAST_ENGINE_PEOPLE_H_
#define DRIFTCAST_ENGINE_PEOPLE_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/time.h"

namespace driftcast {

// Counts of one person's logins and uses of sudo, by hour of the day in UTC, working days and
// weekends apart. The person is a pseudonym; nothing else about them is kept.
class PersonRhythm {
 public:
  static constexpr uint32_t kLearned = 20;  // below so many nothing is unusual

  // Whether this moment is one at which the person was never seen before, nor an hour earlier or
  // later.
  bool IsUnusual(Instant at) const;
  void Add(Instant at);
  uint32_t total() const { return total_; }

  std::string Encode() const;
  static StatusOr<PersonRhythm> Decode(std::string_view bytes);  // DataLoss

 private:
  static size_t BinOf(Instant at, int hours_off);
  std::array<uint32_t, 48> bins_{};  // 24 of working days, 24 of weekends
  uint32_t total_ = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_PEOPLE_H_
