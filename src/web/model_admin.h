// What the web lets people ask of whoever keeps the forecast's model learning. Plugged in by the
// program; without one the API lists models and refuses a refit.
#ifndef DRIFTCAST_WEB_MODEL_ADMIN_H_
#define DRIFTCAST_WEB_MODEL_ADMIN_H_

#include <string>

#include "base/status.h"
#include "base/time.h"
#include "model/resource.h"

namespace driftcast {

// Thread-safe.
class ModelAdmin {
 public:
  struct RefitState {
    bool running = false;
    double done = 0;   // in [0, 1], of the one that runs
    Instant last_at;   // epoch = there was none
    std::string last;  // what came of it, in words
    Instant next_at;   // epoch = none is planned
  };

  virtual ~ModelAdmin() = default;
  virtual RefitState State() const = 0;
  // Begins a refit in the background. FailedPrecondition while one runs.
  virtual Status Refit(const Principal& by, const std::string& reason) = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_MODEL_ADMIN_H_
