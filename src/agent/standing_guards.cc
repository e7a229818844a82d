#include "agent/standing_guards.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/file.h"
#include "base/log.h"
#include "model/guard.h"
#include "wire/order.h"
#include "wire/value.h"

namespace driftcast {
namespace {

constexpr size_t kOrderBytesMax = 4 << 20;
constexpr Duration kLookGap = kSecond;
constexpr Duration kRetryGap = 5 * kSecond;

bool Concerns(const StandingGuard& guard, const ResourceId& resource) {
  return std::ranges::any_of(guard.order.plan().steps(), [&](const v1::PlanStep& step) {
    return step.kind() == static_cast<int>(StepKind::kArmGuard) &&
           step.resource().kind() == resource.kind && step.resource().name() == resource.name;
  });
}

}  // namespace

std::optional<Instant> GuardEndOf(const v1::SignedPlan& order) {
  const auto read = FromProto(order);
  if (!read.ok() || !IsGuard(read->plan)) return std::nullopt;
  const auto end = GuardEnd(read->plan);
  return end.ok() ? std::optional(*end) : std::nullopt;
}

std::filesystem::path StandingGuards::FileOf(const PlanId& plan) const {
  return folder_ / (Hex(Sha256(plan.value)).substr(0, 32) + ".guard");
}

void StandingGuards::Load(Instant now) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    if (entry.path().extension() != ".guard") continue;
    const auto bytes = ReadFile(entry.path(), kOrderBytesMax);
    StandingGuard guard;
    const bool read = bytes.ok() && guard.order.ParseFromString(*bytes);
    const auto until = read ? GuardEndOf(guard.order) : std::nullopt;
    if (!until) {
      Log("agent").error("guard.unreadable file={}", entry.path().string());
      continue;
    }
    guard.until = *until;
    guard.look_at = now;
    guards_[PlanId(guard.order.plan().id())] = std::move(guard);
  }
}

Status StandingGuards::Add(const v1::SignedPlan& order, Instant until) {
  if (guards_.size() >= kGuardsMax)
    return ResourceExhausted("{} guards stand on this host already", guards_.size());
  const PlanId plan(order.plan().id());
  DRIFTCAST_RETURN_IF_ERROR(WriteFileAtomically(FileOf(plan), order.SerializeAsString(), 0600));
  StandingGuard& guard = guards_[plan];
  guard.order = order;
  guard.until = until;
  return Ok();
}

void StandingGuards::Remove(const PlanId& plan) {
  std::error_code ignored;
  std::filesystem::remove(FileOf(plan), ignored);
  guards_.erase(plan);
}

const StandingGuard* StandingGuards::Find(const PlanId& plan) const {
  const auto found = guards_.find(plan);
  return found == guards_.end() ? nullptr : &found->second;
}

void StandingGuards::OnChange(const ResourceId& resource, Instant now) {
  for (auto& [plan, guard] : guards_)
    if (!guard.look_at && Concerns(guard, resource))
      guard.look_at = std::max(now, guard.looked_at + kLookGap);
}

std::optional<StandingGuard> StandingGuards::TakeDue(Instant now) {
  for (auto& [plan, guard] : guards_) {
    if (guard.until > now && !(guard.look_at && *guard.look_at <= now)) continue;
    guard.look_at.reset();
    return guard;
  }
  return std::nullopt;
}

Instant StandingGuards::NextDue() const {
  Instant next = Instant::max();
  for (const auto& [plan, guard] : guards_) {
    next = std::min(next, guard.until);
    if (guard.look_at) next = std::min(next, *guard.look_at);
  }
  return next;
}

bool StandingGuards::OnLooked(const PlanId& plan, bool changed, Instant now) {
  StandingGuard& guard = guards_.at(plan);
  guard.failures = 0;
  guard.looked_at = now;
  if (!changed) return true;
  ++guard.put_back_total;
  guard.put_back.push_back(now);
  while (guard.put_back.front() + kHour < now) guard.put_back.pop_front();
  return guard.put_back.size() < kPutBackPerHourMax;
}

bool StandingGuards::OnFailed(const PlanId& plan, Instant now) {
  StandingGuard& guard = guards_.at(plan);
  ++guard.failures;
  guard.look_at = now + kRetryGap * guard.failures;
  return guard.failures < kFailuresMax;
}

}  // namespace driftcast
