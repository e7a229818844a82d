#include "engine/input_terms.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"

namespace driftcast {
namespace {

constexpr uint64_t kFormat = 2;    // 1 had no gates
constexpr double kQuietPrior = 5;  // changes that speak for forecasts being right on the whole

const InputFamily* FamilyNamed(std::string_view name) {
  const auto* found = std::find_if(std::begin(kInputFamilies), std::end(kInputFamilies),
                                   [&](const InputFamily& family) { return name == family.name; });
  return found == std::end(kInputFamilies) ? nullptr : found;
}

}  // namespace

InputTerms::InputTerms() {
  for (const InputFamily& family : kInputFamilies) {
    terms_.emplace_back(family.inputs);
    gates_.emplace_back(family.inputs);
  }
}

double InputTerms::ShiftOf(size_t family, const Inputs& inputs) const {
  const bool silent = kInputFamilies[family].centred() && !gates_[family].open();
  return silent || inputs[family].empty() ? 0 : terms_[family].Shift(inputs[family]);
}

double InputTerms::ShiftOf(const Inputs& inputs) const {
  double sum = 0;
  for (size_t f = 0; f < kInputFamilyCount; ++f) sum += ShiftOf(f, inputs);
  return sum;
}

bool InputTerms::Speaks() const {
  for (size_t f = 0; f < kInputFamilyCount; ++f)
    if (terms_[f].speaks() && (!kInputFamilies[f].centred() || gates_[f].open())) return true;
  return false;
}

// By whole days, so that it does not matter how lessons are spread over a day.
void InputTerms::Advance(Instant now, Duration horizon) {
  for (size_t f = 0; f < kInputFamilyCount; ++f)
    if (kInputFamilies[f].centred()) gates_[f].Advance(now, horizon, terms_[f].learned());
  if (told_ == Instant()) told_ = now;
  const auto days = std::chrono::duration_cast<std::chrono::days>(now - told_);
  if (days.count() <= 0) return;
  told_ += days;
  const auto count = static_cast<double>(days.count());
  for (predict::AdditiveTerm& term : terms_) term.Forget(count);
  const double kept = std::exp2(-count / predict::AdditiveTerm::kHalfLifeDays);
  for (InputGate& gate : gates_) gate.Forget(kept);
  quiet_forecasts_ *= kept;
  quiet_expected_ *= kept;
  quiet_happened_ *= kept;
}

void InputTerms::Learn(const Lessons& lessons) {
  const double quiet = QuietOffset();
  std::array<std::vector<predict::AdditiveTerm::Outcome>, kInputFamilyCount> outcomes;
  for (const Lesson& lesson : lessons.of) {
    const Inputs& inputs = *lesson.inputs;
    const double all = ShiftOf(inputs);
    for (size_t f = 0; f < kInputFamilyCount; ++f) {
      if (inputs[f].empty()) continue;
      const bool centred = kInputFamilies[f].centred();
      // Each family learns beside what the others say.
      const double beside =
          lesson.logit + (centred ? lessons.offset : quiet) + all - ShiftOf(f, inputs);
      const double weight = centred ? 1 / static_cast<double>(lessons.resources) : lesson.weight;
      outcomes[f].push_back({inputs[f], beside, lesson.happened, weight});
    }
  }
  for (size_t f = 0; f < kInputFamilyCount; ++f) {
    if (kInputFamilies[f].centred()) LearnCentred(f, lessons, outcomes[f]);
    terms_[f].Learn(outcomes[f]);
  }
}

// What the weights of some time ago would have saved goes to the gate.
void InputTerms::LearnCentred(size_t family, const Lessons& lessons,
                              std::span<const predict::AdditiveTerm::Outcome> outcomes) {
  if (outcomes.empty()) return;
  InputGate& gate = gates_[family];
  double saved = 0, worst = 0;
  for (const auto& outcome : outcomes) {
    const double told = outcome.logit + predict::AdditiveTerm::Sum(gate.held(), outcome.inputs);
    const auto gain = [&](bool happened) {
      return outcome.weight *
             (predict::LogLoss(outcome.logit, happened) - predict::LogLoss(told, happened));
    };
    saved += gain(outcome.happened);
    worst += std::min(gain(true), gain(false));
  }
  gate.Add(lessons.made_at, saved, worst);
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
    out.Text(kInputFamilies[f].centred() ? gates_[f].Serialize() : "");
  }
  return out.Take();
}

StatusOr<InputTerms> InputTerms::Restore(std::string_view bytes) {
  ByteReader in(bytes);
  const uint64_t format = in.Unsigned();
  if (format < 1 || format > kFormat) return DataLoss("terms of inputs of an unknown format");
  InputTerms terms;
  terms.told_ = in.Time();
  terms.quiet_forecasts_ = in.Real();
  terms.quiet_expected_ = in.Real();
  terms.quiet_happened_ = in.Real();
  for (uint64_t n = in.Count(); n > 0 && in.ok(); --n) {
    const InputFamily* family = FamilyNamed(in.Text());
    DRIFTCAST_ASSIGN_OR_RETURN(auto term, predict::AdditiveTerm::Restore(in.View()));
    const std::string_view gate = format >= 2 ? in.View() : std::string_view();
    if (family == nullptr || term.inputs() != family->inputs) continue;
    const auto place = static_cast<size_t>(family - kInputFamilies);
    terms.terms_[place] = std::move(term);
    if (!gate.empty()) {
      DRIFTCAST_ASSIGN_OR_RETURN(terms.gates_[place], InputGate::Restore(gate));
      if (terms.gates_[place].held().size() != family->inputs)
        return DataLoss("a test of other inputs than its term");
    }
  }
  const double most = terms.quiet_forecasts_;
  const auto sane_count = [&](double count) { return count >= 0 && count <= most; };
  const bool sane = sane_count(terms.quiet_expected_) && sane_count(terms.quiet_happened_);
  if (!in.done() || !sane) return DataLoss("terms of inputs that cannot be read");
  return terms;
}

}  // namespace driftcast
