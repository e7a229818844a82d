#include "engine/input_gate.h"

#include <cmath>

namespace driftcast {

void InputGate::Advance(Instant now, Duration horizon, const std::vector<double>& learned) {
  const Duration length = horizon + kHour;
  const int64_t period = (now - Instant()) / length;
  if (period <= period_) return;
  if (cohorts_ > 0) test_.Add(static_cast<uint64_t>(period_), saved_ / cohorts_, worst_ / cohorts_);
  saved_ = worst_ = cohorts_ = 0;
  // Over a gap nothing was learnt: the weights are those from before it.
  held_ = period == period_ + 1 ? next_ : learned;
  next_ = learned;
  period_ = period;
  held_at_ = Instant() + length * (period - 1);
}

void InputGate::Add(Instant made_at, double saved, double worst) {
  if (made_at < held_at_) return;
  saved_ += saved;
  worst_ += worst;
  cohorts_ += 1;
}

std::string InputGate::Serialize() const {
  predict::StateWriter out;
  out.PutVector(held_);
  out.PutVector(next_);
  out.Put(period_);
  out.Put(ToUnixMicros(held_at_));
  for (const double value : {saved_, worst_, cohorts_}) out.Put(value);
  test_.Write(out);
  return out.Take();
}

StatusOr<InputGate> InputGate::Restore(std::string_view bytes) {
  predict::StateReader in(bytes);
  InputGate gate(0);
  in.GetVector(&gate.held_);
  in.GetVector(&gate.next_);
  gate.period_ = in.Get<int64_t>();
  gate.held_at_ = FromUnixMicros(in.Get<int64_t>());
  bool sane = gate.held_.size() == gate.next_.size();
  for (double* value : {&gate.saved_, &gate.worst_, &gate.cohorts_}) {
    *value = in.Get<double>();
    sane &= std::isfinite(*value);
  }
  for (const auto* weights : {&gate.held_, &gate.next_})
    for (const double weight : *weights) sane &= std::isfinite(weight);
  if (!gate.test_.Read(in) || !in.ok() || !in.at_end() || !sane)
    return DataLoss("a test of inputs that cannot be read");
  return gate;
}

}  // namespace driftcast
