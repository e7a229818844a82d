#include "agent/dial.h"

#include <fcntl.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include <grpcpp/grpcpp.h>

#include "driftcast/v1/agent.grpc.pb.h"

#include "base/crypto.h"
#include "base/file.h"

namespace driftcast {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr auto kPatience = std::chrono::seconds(20);
// In every certificate of an engine, whatever address it is reached under.
constexpr const char* kServerName = "driftcast-engine";

struct AddressFree {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
struct ContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

// "host:port" or "[v6]:port".
Status SplitAddress(const std::string& address, std::string& host, std::string& port) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == address.size())
    return InvalidArgument("'{}' is no address; write HOST:PORT", address);
  host = address.substr(0, colon);
  port = address.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  return Ok();
}

bool WaitFor(int fd, short events, SteadyClock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
  pollfd entry{fd, events, 0};
  return left > 0 && poll(&entry, 1, static_cast<int>(left)) > 0;
}

StatusOr<FileDescriptor> ConnectTcp(const std::string& address, SteadyClock::time_point deadline) {
  std::string host, port;
  DRIFTCAST_RETURN_IF_ERROR(SplitAddress(address, host, port));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0)
    return Unavailable("{}: {}", address, gai_strerror(error));
  const std::unique_ptr<addrinfo, AddressFree> list(found);
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    FileDescriptor fd(socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) continue;
    if (connect(fd.get(), a->ai_addr, a->ai_addrlen) != 0 &&
        (errno != EINPROGRESS || !WaitFor(fd.get(), POLLOUT, deadline)))
      continue;
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) return fd;
  }
  return Unavailable("{} cannot be reached", address);
}

Status Handshake(SSL* ssl, int fd, const std::string& address, SteadyClock::time_point deadline) {
  for (;;) {
    const int done = SSL_connect(ssl);
    if (done == 1) return Ok();
    const int reason = SSL_get_error(ssl, done);
    const bool reading = reason == SSL_ERROR_WANT_READ, writing = reason == SSL_ERROR_WANT_WRITE;
    if (!reading && !writing) return Unavailable("{} does not speak TLS", address);
    if (!WaitFor(fd, reading ? POLLIN : POLLOUT, deadline))
      return Unavailable("{} does not answer", address);
  }
}

std::string Der(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  std::string out(reinterpret_cast<char*>(der), size > 0 ? static_cast<size_t>(size) : 0);
  OPENSSL_free(der);
  return out;
}

std::string PemOf(const std::string& der) {
  std::string out = "-----BEGIN CERTIFICATE-----\n";
  const std::string base64 = Base64(der);
  for (size_t at = 0; at < base64.size(); at += 64) out += base64.substr(at, 64) + "\n";
  return out + "-----END CERTIFICATE-----\n";
}

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
}

Identity FromResponse(const v1::EnrollResponse& response, std::string key_pem) {
  return {response.agent(), std::move(key_pem), response.certificate_pem(),
          response.authority_pem(), response.order_public_key()};
}

}  // namespace

Status StatusFromRpc(const grpc::Status& status) {
  if (status.ok()) return Ok();
  return Status(static_cast<StatusCode>(status.error_code()), status.error_message());
}

StatusOr<std::string> FetchAuthority(const std::string& address, const std::string& fingerprint,
                                     std::chrono::milliseconds patience) {
  const auto deadline = SteadyClock::now() + patience;
  DRIFTCAST_ASSIGN_OR_RETURN(const FileDescriptor fd, ConnectTcp(address, deadline));
  const std::unique_ptr<SSL_CTX, ContextFree> context(SSL_CTX_new(TLS_client_method()));
  // Not verified here: the fingerprint decides, and only afterwards is anything believed.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  const std::unique_ptr<SSL, SslFree> ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), fd.get());
  SSL_set_tlsext_host_name(ssl.get(), kServerName);
  const unsigned char protocol[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl.get(), protocol, sizeof protocol);
  DRIFTCAST_RETURN_IF_ERROR(Handshake(ssl.get(), fd.get(), address, deadline));
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl.get());
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    const std::string der = Der(sk_X509_value(chain, i));
    if (ConstantTimeEqual(Hex(Sha256(der)), fingerprint)) return PemOf(der);
  }
  return PermissionDenied(
      "the engine at {} is not the one that made this join token: the fingerprint of its "
      "certificate authority differs",
      address);
}

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const std::string& authority_pem,
                                           const std::string& key_pem,
                                           const std::string& certificate_pem) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = authority_pem;
  tls.pem_private_key = key_pem;
  tls.pem_cert_chain = certificate_pem;
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride(kServerName);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // Channels with equal arguments would share a connection, and with it an old certificate.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel("dns:///" + address, grpc::SslCredentials(tls), arguments);
}

StatusOr<Identity> Enroll(const std::string& address, const std::string& join_token,
                          const std::string& stack, const std::string& role) {
  DRIFTCAST_ASSIGN_OR_RETURN(const Invitation invitation, ReadInvitation(join_token));
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string authority,
                             FetchAuthority(address, invitation.fingerprint, kPatience));
  DRIFTCAST_ASSIGN_OR_RETURN(std::string key_pem, MakePrivateKey());
  v1::EnrollRequest request;
  request.set_token(join_token);
  DRIFTCAST_ASSIGN_OR_RETURN(*request.mutable_csr_der(), MakeCertificateRequest(key_pem, stack));
  request.set_stack(stack);
  request.set_role(role);
  v1::EnrollResponse response;
  grpc::ClientContext context;
  SetDeadline(context);
  const auto stub = v1::AgentGate::NewStub(MakeChannel(address, authority));
  DRIFTCAST_RETURN_IF_ERROR(StatusFromRpc(stub->Enroll(&context, request, &response)));
  return FromResponse(response, std::move(key_pem));
}

StatusOr<Identity> Renew(const std::string& address, const Identity& present) {
  DRIFTCAST_ASSIGN_OR_RETURN(std::string key_pem, MakePrivateKey());
  v1::RenewRequest request;
  DRIFTCAST_ASSIGN_OR_RETURN(*request.mutable_csr_der(),
                             MakeCertificateRequest(key_pem, present.agent));
  v1::EnrollResponse response;
  grpc::ClientContext context;
  SetDeadline(context);
  const auto stub = v1::AgentGate::NewStub(
      MakeChannel(address, present.authority_pem, present.key_pem, present.certificate_pem));
  DRIFTCAST_RETURN_IF_ERROR(StatusFromRpc(stub->Renew(&context, request, &response)));
  return FromResponse(response, std::move(key_pem));
}

}  // namespace driftcast
