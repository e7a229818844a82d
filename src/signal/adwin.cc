#include "signal/adwin.h"

#include <algorithm>
#include <cmath>

namespace driftcast {
namespace {

constexpr size_t kBucketsMax = 5;  // of one size: M in the source
constexpr double kDelta = 0.002;   // the source's usual confidence
constexpr double kPartMin = 5;     // values in a part before it is compared
constexpr size_t kRowsMax = 48;

}  // namespace

// Chan, Golub, LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
// Variances", 1979.
void Adwin::Part::Join(const Part& other) {
  if (other.count == 0) return;
  const double all = count + other.count, apart = other.mean - mean;
  squares += other.squares + apart * apart * count * other.count / all;
  mean += apart * other.count / all;
  count = all;
}

Adwin::Part Adwin::All() const {
  Part all;
  for (auto row = rows_.rbegin(); row != rows_.rend(); ++row)
    for (const Part& bucket : *row) all.Join(bucket);
  return all;
}

double Adwin::mean() const { return All().mean; }
uint64_t Adwin::count() const { return static_cast<uint64_t>(All().count); }

bool Adwin::Add(double value) {
  if (rows_.empty()) rows_.emplace_back();
  rows_[0].push_back({1, std::clamp(std::isfinite(value) ? value : 0.5, 0.0, 1.0), 0});
  for (size_t k = 0; k < rows_.size() && rows_[k].size() > kBucketsMax; ++k) {
    if (k + 1 == rows_.size()) rows_.emplace_back();
    Part joined = rows_[k][0];
    joined.Join(rows_[k][1]);
    rows_[k].erase(rows_[k].begin(), rows_[k].begin() + 2);
    rows_[k + 1].push_back(joined);
  }
  const double before = mean();
  bool cut = false;
  while (CutOnce()) cut = true;
  if (cut) mean_before_ = before;
  return cut;
}

// Drops the oldest bucket when some border tells two distributions apart.
bool Adwin::CutOnce() {
  const Part all = All();
  if (all.count < 2 * kPartMin) return false;
  const double d = std::log(2 * std::log(all.count) / kDelta);
  const double variance = all.squares / all.count;
  Part old;
  for (auto row = rows_.rbegin(); row != rows_.rend(); ++row)
    for (const Part& bucket : *row) {
      old.Join(bucket);
      const double young = all.count - old.count;
      if (old.count < kPartMin || young < kPartMin) continue;
      const double young_mean = (all.mean * all.count - old.mean * old.count) / young;
      const double m = 1 / (1 / old.count + 1 / young);
      if (std::abs(old.mean - young_mean) <= std::sqrt(2 * variance * d / m) + 2 * d / (3 * m))
        continue;
      rows_.back().erase(rows_.back().begin());
      while (!rows_.empty() && rows_.back().empty()) rows_.pop_back();
      return true;
    }
  return false;
}

void Adwin::Write(ByteWriter& out) const {
  out.Real(mean_before_);
  out.Unsigned(rows_.size());
  for (const auto& row : rows_) {
    out.Unsigned(row.size());
    for (const Part& bucket : row) {
      out.Real(bucket.count);
      out.Real(bucket.mean);
      out.Real(bucket.squares);
    }
  }
}

Adwin Adwin::Read(ByteReader& in) {
  Adwin adwin;
  adwin.mean_before_ = in.Real();
  const uint64_t rows = in.Count();
  for (uint64_t k = 0; k < std::min<uint64_t>(rows, kRowsMax) && in.ok(); ++k) {
    auto& row = adwin.rows_.emplace_back();
    for (uint64_t n = in.Count(); n > 0 && in.ok(); --n) {
      Part bucket;
      bucket.count = in.Real();
      bucket.mean = in.Real();
      bucket.squares = in.Real();
      row.push_back(bucket);
    }
  }
  return adwin;
}

}  // namespace driftcast
