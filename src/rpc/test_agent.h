// An agent of the door's tests: enrols and talks over real gRPC and TLS, one message at a time.
#ifndef DRIFTCAST_RPC_TEST_AGENT_H_
#define DRIFTCAST_RPC_TEST_AGENT_H_

#include "driftcast/v1/agent.grpc.pb.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "rpc/authority.h"
#include "rpc/grpc_status.h"
#include "rpc/x509.h"
#include "wire/fact.h"

namespace driftcast {

inline void SetTimeout(grpc::ClientContext& call, int seconds = 20) {
  call.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(seconds));
}

struct TestIdentity {
  PrivateKey key = PrivateKey::Generate();
  std::string agent, certificate_pem, authority_pem, order_key;
};

// A channel that trusts `root` alone and presents the identity's certificate, if it has one.
inline std::shared_ptr<grpc::Channel> TestChannel(int port, const std::string& root,
                                                  const TestIdentity& identity) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = root;
  if (!identity.certificate_pem.empty()) {
    options.pem_cert_chain = identity.certificate_pem;
    options.pem_private_key = identity.key.ToPem();
  }
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride(kServerName);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port),
                                   grpc::SslCredentials(options), arguments);
}

inline StatusOr<TestIdentity> TestEnroll(int port, const std::string& root,
                                         const std::string& token, const std::string& stack,
                                         TestIdentity identity = {}) {
  const auto stub = v1::AgentGate::NewStub(TestChannel(port, root, TestIdentity()));
  grpc::ClientContext call;
  SetTimeout(call);
  v1::EnrollRequest request;
  request.set_token(token);
  request.set_csr_der(MakeCsrDer(identity.key, stack));
  request.set_stack(stack);
  v1::EnrollResponse response;
  const auto status = stub->Enroll(&call, request, &response);
  if (!status.ok()) return FromGrpc(status);
  identity.agent = response.agent();
  identity.certificate_pem = response.certificate_pem();
  identity.authority_pem = response.authority_pem();
  identity.order_key = response.order_public_key();
  return identity;
}

// One Connect call.
class TestStream {
 public:
  TestStream(int port, const TestIdentity& identity, const std::string& root = "") {
    stub_ = v1::AgentGate::NewStub(
        TestChannel(port, root.empty() ? identity.authority_pem : root, identity));
    SetTimeout(call_);
    stream_ = stub_->Connect(&call_);
  }
  ~TestStream() {
    if (!ended_) {
      call_.TryCancel();
      (void)End();
    }
  }

  bool Hello(uint64_t next, uint64_t oldest, Instant now = {}) {
    v1::AgentMessage message;
    message.mutable_hello()->set_version("test");
    message.mutable_hello()->set_sequence_next(next);
    message.mutable_hello()->set_sequence_oldest(oldest);
    message.mutable_hello()->set_now_us(ToUnixMicros(now));
    return stream_->Write(message);
  }
  bool Send(const std::vector<Fact>& facts) {
    v1::AgentMessage message;
    message.mutable_batch();
    for (const auto& fact : facts) ToProto(fact, message.mutable_batch()->add_facts());
    return stream_->Write(message);
  }
  bool Write(const v1::AgentMessage& message) { return stream_->Write(message); }
  bool WritesDone() { return stream_->WritesDone(); }

  std::optional<v1::EngineMessage> Read() {
    v1::EngineMessage message;
    if (!stream_->Read(&message)) return std::nullopt;
    return message;
  }
  // Reads on until facts up to `sequence` are acknowledged; false when the stream ends before.
  bool ReadAckOf(uint64_t sequence) {
    while (const auto message = Read())
      if (message->has_ack() && message->ack().sequence_durable() >= sequence) return true;
    return false;
  }

  // The status that the call ended with; reads what is left.
  Status End() {
    while (Read()) {
    }
    ended_ = true;
    return FromGrpc(stream_->Finish());
  }
  std::string trailer(const std::string& name) const {
    const auto& all = call_.GetServerTrailingMetadata();
    const auto found = all.find(name);
    return found == all.end() ? "" : std::string(found->second.data(), found->second.size());
  }

 private:
  std::unique_ptr<v1::AgentGate::Stub> stub_;
  grpc::ClientContext call_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::AgentMessage, v1::EngineMessage>> stream_;
  bool ended_ = false;
};

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_TEST_AGENT_H_
