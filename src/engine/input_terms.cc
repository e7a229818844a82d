#include "engine/input_terms.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"

namespace driftcast {
namespace {

constexpr uint64_t kFormat = 1;
constexpr double kQuietPrior = 5;  // changes that speak for forecasts being right on the whole

const InputFamily* FamilyNamed(std::string_view name) {
  const auto* found = std::find_if(std::begin(kInputFamilies), std::end(kInputFamilies),
                                   [&](const InputFamily& family) { return name == family.name; });
  return found == std::end(kInputFamilies) ? nullptr : found;
}

}  // namespace

InputTerms::InputTerms() {
  for (const InputFamily& family : kInputFamilies) terms_.emplace_back(family.inputs);
}

double InputTerms::ShiftOf(size_t family, const Inputs& inputs) const {
  return inputs[family].empty() ? 0 : terms_[family].Shift(inputs[family]);
}

double InputTerms::ShiftOf(const Inputs& inputs) const {
  double sum = 0;
  for (size_t f = 0; f < kInputFamilyCount; ++f) sum += ShiftOf(f, inputs);
  return sum;
}

bool InputTerms::Speaks() const {
  return std::any_of(terms_.begin(), terms_.end(), [](const auto& term) { return term.speaks(); });
}

// By whole days, so that it does not matter how lessons are spread over a day.
void InputTerms::Advance(Instant now) {
  if (told_ == Instant()) told_ = now;
  const auto days = std::chrono::duration_cast<std::chrono::days>(now - told_);
  if (days.count() <= 0) return;
  told_ += days;
  const auto count = static_cast<double>(days.count());
  for (predict::AdditiveTerm& term : terms_) term.Forget(count);
  const double kept = std::exp2(-count / predict::AdditiveTerm::kHalfLifeDays);
  quiet_forecasts_ *= kept;
  quiet_expected_ *= kept;
  quiet_happened_ *= kept;
}

void InputTerms::Learn(std::span<const Lesson> lessons) {
  const double offset = QuietOffset();
  std::array<std::vector<predict::AdditiveTerm::Outcome>, kInputFamilyCount> outcomes;
  for (const Lesson& lesson : lessons) {
    const Inputs& inputs = *lesson.inputs;
    const double all = ShiftOf(inputs);
    for (size_t f = 0; f < kInputFamilyCount; ++f) {
      if (inputs[f].empty()) continue;
      // Each family learns beside what the others say.
      const double beside = lesson.logit + offset + all - ShiftOf(f, inputs);
      outcomes[f].push_back({inputs[f], beside, lesson.happened, lesson.weight});
    }
  }
  for (size_t f = 0; f < kInputFamilyCount; ++f) terms_[f].Learn(outcomes[f]);
}

void InputTerms::LearnQuiet(double forecasts, double expected, double happened) {
  quiet_forecasts_ += forecasts;
  quiet_expected_ += expected;
  quiet_happened_ += happened;
}

// The ratio of the odds that came to those expected.
double InputTerms::QuietOffset() const {
  const auto logit = [&](double changes) {
    return std::log((changes + kQuietPrior) / (quiet_forecasts_ - changes + kQuietPrior));
  };
  return logit(quiet_happened_) - logit(quiet_expected_);
}

std::string InputTerms::Serialize() const {
  ByteWriter out;
  out.Unsigned(kFormat);
  out.Time(told_);
  out.Real(quiet_forecasts_);
  out.Real(quiet_expected_);
  out.Real(quiet_happened_);
  out.Unsigned(kInputFamilyCount);
  for (size_t f = 0; f < kInputFamilyCount; ++f) {
    out.Text(kInputFamilies[f].name);
    out.Text(terms_[f].Serialize());
  }
  return out.Take();
}

StatusOr<InputTerms> InputTerms::Restore(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.Unsigned() != kFormat) return DataLoss("terms of inputs of an unknown format");
  InputTerms terms;
  terms.told_ = in.Time();
  terms.quiet_forecasts_ = in.Real();
  terms.quiet_expected_ = in.Real();
  terms.quiet_happened_ = in.Real();
  for (uint64_t n = in.Count(); n > 0 && in.ok(); --n) {
    const InputFamily* family = FamilyNamed(in.Text());
    DRIFTCAST_ASSIGN_OR_RETURN(auto term, predict::AdditiveTerm::Restore(in.View()));
    if (family != nullptr && term.inputs() == family->inputs)
      terms.terms_[static_cast<size_t>(family - kInputFamilies)] = std::move(term);
  }
  const double most = terms.quiet_forecasts_;
  const auto sane_count = [&](double count) { return count >= 0 && count <= most; };
  const bool sane = sane_count(terms.quiet_expected_) && sane_count(terms.quiet_happened_);
  if (!in.done() || !sane) return DataLoss("terms of inputs that cannot be read");
  return terms;
}

}  // namespace driftcast
