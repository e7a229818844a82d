// Status at the edge: the codes are numerically gRPC's, which does not convert them itself.
#ifndef DRIFTCAST_RPC_GRPC_STATUS_H_
#define DRIFTCAST_RPC_GRPC_STATUS_H_

#include <string>

#include <grpcpp/support/status.h>

#include "base/status.h"

namespace driftcast {

// The message travels in a header, so it is cut at 1 KiB.
inline grpc::Status ToGrpc(const Status& status) {
  constexpr size_t kBytesMax = 1024;
  return {static_cast<grpc::StatusCode>(static_cast<int>(status.code())),
          Message(status).substr(0, kBytesMax)};
}

inline Status FromGrpc(const grpc::Status& status) {
  return Status(static_cast<StatusCode>(static_cast<int>(status.error_code())),
                status.error_message());
}

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_GRPC_STATUS_H_
