// The agent behind a certificate.
#ifndef DRIFTCAST_RPC_SPEAKER_H_
#define DRIFTCAST_RPC_SPEAKER_H_

#include "model/resource.h"

namespace driftcast {

struct Speaker {
  AgentId agent;
  StackId stack;  // the only one that it may speak for
};

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_SPEAKER_H_
