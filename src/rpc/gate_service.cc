#include "rpc/gate_service.h"

#include <utility>

#include "base/log.h"
#include "rpc/agent_stream.h"
#include "rpc/grpc_status.h"
#include "rpc/peer_certificate.h"

namespace driftcast {

// Runs `body`, which returns a Status, on the clerk and ends the call with it. What gRPC handed us
// stays valid until then.
template <typename Body>
grpc::ServerUnaryReactor* GateService::OnClerk(grpc::CallbackServerContext* call, const char* what,
                                               Body body) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  const auto run = [this, what, call, reactor, body = std::move(body)] {
    const Status status = body();
    if (status.ok()) {
      ++parts_.counters.enrolments_total;
    } else {
      ++parts_.counters.refused_total;
      Log("rpc").warn("{}.refused peer={} reason={}", what, call->peer(), Describe(status));
    }
    reactor->Finish(ToGrpc(status));
  };
  if (const Status posted = parts_.clerk.Post(run); !posted.ok()) reactor->Finish(ToGrpc(posted));
  return reactor;
}

grpc::ServerUnaryReactor* GateService::Enroll(grpc::CallbackServerContext* call,
                                              const v1::EnrollRequest* request,
                                              v1::EnrollResponse* response) {
  return OnClerk(call, "enrol", [this, request, response] {
    DRIFTCAST_ASSIGN_OR_RETURN(
        const Enrolment enrolment,
        parts_.roster.Enroll(request->token(), request->csr_der(), StackId(request->stack()),
                             RoleName(request->role()), parts_.clock.Now()));
    Log("rpc").info("agent.enrolled agent={} stack={}", enrolment.agent.value, request->stack());
    Answer(enrolment, response);
    return Ok();
  });
}

grpc::ServerUnaryReactor* GateService::Renew(grpc::CallbackServerContext* call,
                                             const v1::RenewRequest* request,
                                             v1::EnrollResponse* response) {
  return OnClerk(call, "renew", [this, call, request, response] {
    const Instant now = parts_.clock.Now();
    DRIFTCAST_ASSIGN_OR_RETURN(const Certificate certificate, PeerCertificate(*call));
    DRIFTCAST_ASSIGN_OR_RETURN(const Speaker speaker, parts_.roster.Admit(certificate, now));
    DRIFTCAST_ASSIGN_OR_RETURN(const Enrolment enrolment,
                               parts_.roster.Renew(speaker.agent, request->csr_der(), now));
    Answer(enrolment, response);
    return Ok();
  });
}

grpc::ServerBidiReactor<v1::AgentMessage, v1::EngineMessage>* GateService::Connect(
    grpc::CallbackServerContext* call) {
  return AgentStream::Start(*call, parts_);
}

void GateService::Answer(const Enrolment& enrolment, v1::EnrollResponse* response) const {
  response->set_agent(enrolment.agent.value);
  response->set_certificate_pem(enrolment.certificate_pem);
  response->set_authority_pem(parts_.authority.certificate_pem());
  response->set_order_public_key(parts_.authority.order_key().public_key);
}

}  // namespace driftcast
