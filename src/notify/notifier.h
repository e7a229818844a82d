// Delivers the engine's outbox: at least once, in order, with retry.
#ifndef DRIFTCAST_NOTIFY_NOTIFIER_H_
#define DRIFTCAST_NOTIFY_NOTIFIER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "notify/channel.h"

namespace driftcast {

class Engine;

// Owns one thread, from construction to destruction. An effect leaves the outbox once every channel
// has taken it; a channel that fails is tried again after 1 s, 2 s, ... 5 min, while the outbox
// keeps what waits, over restarts too.
class Notifier {
 public:
  Notifier(Engine& engine, std::vector<std::unique_ptr<AlertChannel>> channels);
  ~Notifier();  // stops; what is not delivered waits for the next start

  // For /metrics, names without prefix.
  std::vector<std::pair<std::string, double>> Counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_NOTIFY_NOTIFIER_H_
