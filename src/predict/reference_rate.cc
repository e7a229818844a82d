#include "predict/reference_rate.h"

#include <algorithm>

namespace driftcast::predict {
namespace {

double BornTerm(const ReferenceResource& resource, int64_t now) {
  return std::exp(-kReferenceLambda *
                  static_cast<double>(std::max<int64_t>(now - resource.born, 0)));
}

}  // namespace

void ReferencePool::Enter(ReferenceResource* resource, int64_t now) {
  if (resource->alive != 0) return;
  resource->alive = 1;
  changes_.Add(resource->changes.At(now), now);
  born_.Add(BornTerm(*resource, now), now);
  ++live_;
}

void ReferencePool::Leave(ReferenceResource* resource, int64_t now) {
  if (resource->alive == 0) return;
  resource->alive = 0;
  --live_;
  if (live_ == 0) {  // start anew, free of rounding
    changes_ = DecayedSum();
    born_ = DecayedSum();
    return;
  }
  changes_.Add(-resource->changes.At(now), now);
  born_.Add(-BornTerm(*resource, now), now);
}

void ReferencePool::Change(ReferenceResource* resource, int64_t now) {
  if (now == resource->last_change) return;
  resource->last_change = now;
  resource->changes.Add(1, now);
  if (resource->alive != 0) changes_.Add(1, now);
}

double ReferencePool::PooledRate(int64_t now) const {
  const double changes = std::max(changes_.At(now), 0.0);
  const double exposure =
      std::max((static_cast<double>(live_) - born_.At(now)) / kReferenceLambda, 0.0);
  return (changes + 0.5) / (exposure + 30.0 * kDaySeconds);
}

double ReferencePool::YoungRate(const ReferenceResource& resource, int64_t now) const {
  static const double kMonth =
      (1 - std::exp(-kReferenceLambda * 30 * kDaySeconds)) / kReferenceLambda;
  const double changes = std::max(changes_.At(now), 0.0);
  const double live = static_cast<double>(live_);
  const double exposure = std::max((live - born_.At(now)) / kReferenceLambda, live * kMonth);
  const double pooled = (changes + 0.5) / (exposure + 30.0 * kDaySeconds);
  return (resource.changes.At(now) + 1) / (std::max(resource.Exposure(now), kMonth) + 1 / pooled);
}

double ReferencePool::Rate(const ReferenceResource& resource, int64_t now) const {
  return (resource.changes.At(now) + 1) / (resource.Exposure(now) + 1 / PooledRate(now));
}

}  // namespace driftcast::predict
