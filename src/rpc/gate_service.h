// The three calls of the door, as gRPC dispatches them.
#ifndef DRIFTCAST_RPC_GATE_SERVICE_H_
#define DRIFTCAST_RPC_GATE_SERVICE_H_

#include "driftcast/v1/agent.grpc.pb.h"

#include "rpc/gate_parts.h"

namespace driftcast {

// Thread-safe. Enrolment and renewal wait for the engine, so they run on the clerk.
class GateService : public v1::AgentGate::CallbackService {
 public:
  explicit GateService(GateParts& parts) : parts_(parts) {}

  grpc::ServerUnaryReactor* Enroll(grpc::CallbackServerContext* call,
                                   const v1::EnrollRequest* request,
                                   v1::EnrollResponse* response) override;
  grpc::ServerUnaryReactor* Renew(grpc::CallbackServerContext* call,
                                  const v1::RenewRequest* request,
                                  v1::EnrollResponse* response) override;
  grpc::ServerBidiReactor<v1::AgentMessage, v1::EngineMessage>* Connect(
      grpc::CallbackServerContext* call) override;

 private:
  template <typename Body>
  grpc::ServerUnaryReactor* OnClerk(grpc::CallbackServerContext* call, const char* what, Body body);
  void Answer(const Enrolment& enrolment, v1::EnrollResponse* response) const;

  GateParts& parts_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_GATE_SERVICE_H_
