// Something that a page or a notifier may want to know at once.
#ifndef DRIFTCAST_ENGINE_LIVE_EVENT_H_
#define DRIFTCAST_ENGINE_LIVE_EVENT_H_

#include <cstdint>
#include <string>

#include "base/time.h"
#include "model/resource.h"

namespace driftcast {

struct LiveEvent {
  enum class Kind : uint8_t {
    kResource = 1,    // a shadow changed
    kDrift = 2,       // opened, changed or closed
    kPrediction = 3,  // crossed the alert threshold, either way
    kPlan = 4,        // decided, progressed, ended
    kStack = 5,       // enrolled, or its agent reported
    kAudit = 6,
    kOrder = 7,  // an approved plan, or its withdrawal, waits for the agent of `stack`
  };
  Kind kind = Kind::kResource;
  uint64_t number = 0;  // rises by one with every event, over restarts too
  Instant at;
  StackId stack;
  std::string id;    // resource id text, drift id, plan id, audit number
  std::string text;  // for people: "sshd_config: PermitRootLogin no -> yes"
};

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_LIVE_EVENT_H_
