#include "notify/notifier.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "base/log.h"
#include "base/mutex.h"
#include "engine/engine.h"

namespace driftcast {
namespace {

constexpr size_t kBatch = 100;        // in one delivery
constexpr size_t kLookedAt = 10'000;  // of the outbox at once; what is held back counts
constexpr Duration kRetryFirst = kSecond;
constexpr Duration kRetryMax = kMinute * 5;
constexpr Duration kLookAgain = kSecond * 5;

}  // namespace

struct Notifier::Impl {
  explicit Impl(Engine& e) : engine(e) {}

  Engine& engine;
  std::vector<std::unique_ptr<AlertChannel>> channels;
  // What each channel has taken of what is still in the outbox: it is not offered again while
  // another channel fails, or holds it back for its quiet hours.
  std::vector<std::set<uint64_t>> taken;
  Mutex mutex;
  CondVar wake;
  bool stopping DRIFTCAST_GUARDED_BY(mutex) = false;
  bool work DRIFTCAST_GUARDED_BY(mutex) = true;
  uint64_t subscription = 0;
  std::atomic<uint64_t> delivered{0}, failures{0};
  std::thread thread;

  void Run();
  bool DeliverAll();
  bool DeliverTo(size_t channel, const std::vector<OutboxEffect>& effects, Instant now);
  bool Forget(const std::vector<OutboxEffect>& effects);
  bool WaitFor(Duration timeout);
};

// False when stopping.
bool Notifier::Impl::WaitFor(Duration timeout) {
  const MutexLock lock(mutex);
  if (!work && !stopping) wake.WaitFor(mutex, timeout);
  work = false;
  return !stopping;
}

void Notifier::Impl::Run() {
  pthread_setname_np(pthread_self(), "notify");
  Duration retry = kRetryFirst;
  Duration wait = kLookAgain;
  while (WaitFor(wait)) {
    if (DeliverAll()) {
      retry = kRetryFirst;
      wait = kLookAgain;
    } else {
      ++failures;
      wait = retry;
      retry = std::min(retry * 2, kRetryMax);
    }
  }
}

// False when a channel failed. What is held back stays in the outbox.
bool Notifier::Impl::DeliverAll() {
  const auto effects = engine.Outbox(kLookedAt);
  if (!effects.ok()) {
    Log("notify").error("outbox.unreadable reason=\"{}\"", Message(effects.status()));
    return false;
  }
  const Instant now = SystemClock()->Now();
  bool all = true;
  for (size_t i = 0; i < channels.size(); ++i) all = DeliverTo(i, *effects, now) && all;
  return Forget(*effects) && all;
}

bool Notifier::Impl::DeliverTo(size_t i, const std::vector<OutboxEffect>& effects, Instant now) {
  const AlertTiming timing = channels[i]->timing();
  std::vector<OutboxEffect> wanted;
  for (const OutboxEffect& effect : effects) {
    if (taken[i].contains(effect.number)) continue;
    if (!timing.Wants(effect)) {
      taken[i].insert(effect.number);
    } else if (!timing.HoldsBack(effect, now)) {
      wanted.push_back(effect);
    }
  }
  for (size_t at = 0; at < wanted.size(); at += kBatch) {
    const auto batch = std::span(wanted).subspan(at, std::min(kBatch, wanted.size() - at));
    if (const Status status = channels[i]->Deliver(batch); !status.ok()) {
      Log("notify").warn("alert.not_delivered channel={} reason=\"{}\"", channels[i]->name(),
                         Message(status));
      return false;
    }
    for (const OutboxEffect& effect : batch) taken[i].insert(effect.number);
  }
  return true;
}

// What every channel has taken leaves the outbox.
bool Notifier::Impl::Forget(const std::vector<OutboxEffect>& effects) {
  std::vector<uint64_t> numbers;
  for (const OutboxEffect& effect : effects)
    if (std::ranges::all_of(taken, [&](const auto& set) { return set.contains(effect.number); }))
      numbers.push_back(effect.number);
  if (numbers.empty()) return true;
  if (!engine.OutboxDelivered(numbers).ok()) return false;
  delivered += numbers.size();
  for (auto& set : taken)
    for (const uint64_t number : numbers) set.erase(number);
  return true;
}

Notifier::Notifier(Engine& engine, std::vector<std::unique_ptr<AlertChannel>> channels)
    : impl_(std::make_unique<Impl>(engine)) {
  impl_->taken.resize(channels.size());
  impl_->channels = std::move(channels);
  impl_->subscription = engine.Subscribe([this](const LiveEvent& event) {
    if (event.kind == LiveEvent::Kind::kResource || event.kind == LiveEvent::Kind::kStack) return;
    const MutexLock lock(impl_->mutex);
    impl_->work = true;
    impl_->wake.Signal();
  });
  impl_->thread = std::thread([this] { impl_->Run(); });
}

Notifier::~Notifier() {
  impl_->engine.Unsubscribe(impl_->subscription);
  {
    const MutexLock lock(impl_->mutex);
    impl_->stopping = true;
    impl_->wake.SignalAll();
  }
  impl_->thread.join();
}

std::vector<std::pair<std::string, double>> Notifier::Counters() const {
  return {{"alerts_delivered_total", static_cast<double>(impl_->delivered)},
          {"alert_failures_total", static_cast<double>(impl_->failures)}};
}

}  // namespace driftcast
