#include "fleet/join.h"

#include "driftcast/v1/agent.grpc.pb.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <chrono>

#include <grpcpp/grpcpp.h>

#include "base/crypto.h"
#include "rpc/authority.h"
#include "rpc/grpc_status.h"

namespace driftcast::fleet {
namespace {

struct ContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct BioFree {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};

}  // namespace

StatusOr<std::string> FetchAuthority(const std::string& server, const std::string& fingerprint) {
  const std::unique_ptr<SSL_CTX, ContextFree> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);  // the fingerprint verifies
  const std::unique_ptr<BIO, BioFree> bio(BIO_new_ssl_connect(context.get()));
  SSL* ssl = nullptr;
  BIO_get_ssl(bio.get(), &ssl);
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl, kHttp2, sizeof kHttp2);
  BIO_set_conn_hostname(bio.get(), server.c_str());
  if (BIO_do_connect(bio.get()) != 1 || BIO_do_handshake(bio.get()) != 1)
    return Unavailable("no TLS handshake with {}", server);
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    X509* x509 = sk_X509_value(chain, i);
    X509_up_ref(x509);
    const Certificate certificate(std::shared_ptr<X509>(x509, X509_free));
    if (Hex(Sha256(certificate.ToDer())) == fingerprint) return certificate.ToPem();
  }
  return PermissionDenied("the engine at {} is not the one that the join token is for", server);
}

std::shared_ptr<grpc::Channel> OpenChannel(const std::string& server,
                                           const std::string& authority_pem,
                                           const Identity& identity) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = authority_pem;
  if (!identity.certificate_pem.empty()) {
    options.pem_cert_chain = identity.certificate_pem;
    options.pem_private_key = identity.key.ToPem();
  }
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride(kServerName);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  return grpc::CreateCustomChannel(server, grpc::SslCredentials(options), arguments);
}

StatusOr<Identity> Enroll(const std::string& server, const std::string& token,
                          const std::string& authority_pem, const std::string& stack,
                          const std::string& role) {
  Identity identity;
  const auto stub = v1::AgentGate::NewStub(OpenChannel(server, authority_pem, Identity()));
  grpc::ClientContext call;
  call.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  call.set_wait_for_ready(true);
  v1::EnrollRequest request;
  request.set_token(token);
  request.set_csr_der(MakeCsrDer(identity.key, "agent"));
  request.set_stack(stack);
  request.set_role(role);
  v1::EnrollResponse response;
  const grpc::Status status = stub->Enroll(&call, request, &response);
  if (!status.ok()) return Annotate(FromGrpc(status), "enrolling " + stack);
  identity.agent = response.agent();
  identity.certificate_pem = response.certificate_pem();
  identity.authority_pem = response.authority_pem();
  return identity;
}

}  // namespace driftcast::fleet
