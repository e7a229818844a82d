#include "learn/key_score.h"

#include <algorithm>
#include <vector>

namespace driftcast::learn {
namespace {

constexpr size_t kCounted = 5;

}  // namespace

void KeyScore::Add(const ResourceOutline& resource, int64_t cutoff,
                   std::span<const NamedKey> named) {
  std::vector<NamedKey> truth;  // the first change of each key
  const auto begin = std::upper_bound(resource.keys.begin(), resource.keys.end(), cutoff,
                                      [](int64_t t, const KeyChange& k) { return t < k.seconds; });
  for (auto key = begin; key != resource.keys.end() && key->seconds <= cutoff + kDaySeconds; ++key)
    if (std::none_of(truth.begin(), truth.end(),
                     [&](const NamedKey& t) { return t.path == key->path; }))
      truth.push_back({key->path, key->value});
  if (truth.empty()) return;
  ++rows;
  size_t hits = 0, right = 0;
  for (size_t i = 0; i < std::min(named.size(), kCounted); ++i) {
    const auto hit = std::find_if(truth.begin(), truth.end(),
                                  [&](const NamedKey& t) { return t.path == named[i].path; });
    if (hit == truth.end()) continue;
    ++hits;
    if (i == 0) ++first;
    right += named[i].value != 0 && named[i].value == hit->value;
  }
  five += hits > 0;
  const auto most = static_cast<double>(std::min(truth.size(), kCounted));
  values += std::min(static_cast<double>(right), most) / most;
}

}  // namespace driftcast::learn
