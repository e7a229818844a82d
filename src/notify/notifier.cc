#include "notify/notifier.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/log.h"
#include "base/mutex.h"
#include "engine/engine.h"

namespace driftcast {
namespace {

constexpr size_t kBatch = 100;
constexpr Duration kRetryFirst = kSecond;
constexpr Duration kRetryMax = kMinute * 5;
constexpr Duration kLookAgain = kSecond * 5;

}  // namespace

struct Notifier::Impl {
  explicit Impl(Engine& e) : engine(e) {}

  Engine& engine;
  std::vector<std::unique_ptr<AlertChannel>> channels;
  // How far each channel is: a channel that has taken an effect is not offered it again while
  // another one still fails.
  std::vector<uint64_t> delivered_to;
  Mutex mutex;
  CondVar wake;
  bool stopping DRIFTCAST_GUARDED_BY(mutex) = false;
  bool work DRIFTCAST_GUARDED_BY(mutex) = true;
  uint64_t subscription = 0;
  std::atomic<uint64_t> delivered{0}, failures{0};
  std::thread thread;

  void Run();
  bool DeliverAll();
  bool DeliverBatch(const std::vector<OutboxEffect>& effects);
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

bool Notifier::Impl::DeliverAll() {
  for (;;) {
    const auto effects = engine.Outbox(kBatch);
    if (!effects.ok()) {
      Log("notify").error("outbox.unreadable reason=\"{}\"", Message(effects.status()));
      return false;
    }
    if (effects->empty()) return true;
    if (!DeliverBatch(*effects)) return false;
  }
}

bool Notifier::Impl::DeliverBatch(const std::vector<OutboxEffect>& effects) {
  bool all = true;
  for (size_t i = 0; i < channels.size(); ++i) {
    std::vector<OutboxEffect> rest;
    for (const OutboxEffect& effect : effects)
      if (effect.number > delivered_to[i]) rest.push_back(effect);
    if (rest.empty()) continue;
    const Status status = channels[i]->Deliver(rest);
    if (status.ok()) {
      delivered_to[i] = rest.back().number;
    } else {
      all = false;
      Log("notify").warn("alert.not_delivered channel={} reason=\"{}\"", channels[i]->name(),
                         Message(status));
    }
  }
  if (!all) return false;
  std::vector<uint64_t> numbers;
  for (const OutboxEffect& effect : effects) numbers.push_back(effect.number);
  const Status status = engine.OutboxDelivered(numbers);
  if (status.ok()) delivered += numbers.size();
  return status.ok();
}

Notifier::Notifier(Engine& engine, std::vector<std::unique_ptr<AlertChannel>> channels)
    : impl_(std::make_unique<Impl>(engine)) {
  impl_->delivered_to.resize(channels.size(), 0);
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
