// The reference forecast: each resource's exponentially decayed change rate, shrunk towards the
// rate of its stack. It is the simplest forecast that is hard to beat, the baseline of every figure
// we report, and what a prediction falls back to.
//
// With half-life H = 60 days, lambda = ln 2 / H, a resource's changes at t_1..t_n (distinct
// seconds), and `born` its first creation (else the stack's first event):
//   num(t) = sum_j exp(-lambda (t - t_j))               decayed count
//   den(t) = (1 - exp(-lambda (t - born))) / lambda      decayed exposure, seconds
//   pooled = (sum of num + 0.5) / (sum of den + 30 days)  over the live resources of the stack
//   rate   = (num + 1) / (den + 1 / pooled)               Gamma prior with one pseudo-change
//   P(change within h) = 1 - exp(-rate h)
// Both sums decay with one common factor, so they are kept up to date in O(1) per event.
#ifndef DRIFTCAST_PREDICT_REFERENCE_RATE_H_
#define DRIFTCAST_PREDICT_REFERENCE_RATE_H_

#include <cmath>
#include <cstdint>
#include <limits>

namespace driftcast::predict {

inline constexpr int64_t kDaySeconds = 86400;
inline constexpr double kReferenceHalfLifeSeconds = 60.0 * kDaySeconds;
inline constexpr double kReferenceLambda = 0.69314718055994530942 / kReferenceHalfLifeSeconds;

// A sum that decays with the reference's half-life. Times in seconds, never backwards.
class DecayedSum {
 public:
  void Add(double amount, int64_t now) {
    value_ = At(now) + amount;
    at_ = now;
  }
  double At(int64_t now) const {
    return value_ == 0 ? 0 : value_ * std::exp(-kReferenceLambda * static_cast<double>(now - at_));
  }

 private:
  double value_ = 0;
  int64_t at_ = 0;
};

// One resource's part.
struct ReferenceResource {
  DecayedSum changes;
  int64_t born = 0;
  int64_t last_change = std::numeric_limits<int64_t>::min();
  uint32_t alive = 0;  // 1 = counted in its stack's pool
  uint32_t unused = 0;

  double Exposure(int64_t now) const {
    const double age = static_cast<double>(now > born ? now - born : 0);
    return (1 - std::exp(-kReferenceLambda * age)) / kReferenceLambda;
  }
};

// The stack's part: sums over its live resources.
class ReferencePool {
 public:
  // A resource starts to live (again), or ceases to. `resource.alive` is set accordingly.
  void Enter(ReferenceResource* resource, int64_t now);
  void Leave(ReferenceResource* resource, int64_t now);

  // A change of the resource at `now`; a second one in the same second counts as the same.
  void Change(ReferenceResource* resource, int64_t now);

  double PooledRate(int64_t now) const;                               // per second
  double Rate(const ReferenceResource& resource, int64_t now) const;  // per second

  // The same for a stack that is younger than a month: what was seen in its first days (an
  // installation, its first upgrade) is taken for what a month brings, so no exposure, the
  // resource's or another's, counts as less than 30 days. Equal to Rate where all are older.
  double YoungRate(const ReferenceResource& resource, int64_t now) const;
  int64_t live() const { return live_; }

 private:
  DecayedSum changes_;  // sum of num over the live
  DecayedSum born_;     // sum of exp(-lambda (t - born)) over the live
  int64_t live_ = 0;
};

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_REFERENCE_RATE_H_
