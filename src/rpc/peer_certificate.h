// The certificate that a caller proved to hold in the TLS handshake.
#ifndef DRIFTCAST_RPC_PEER_CERTIFICATE_H_
#define DRIFTCAST_RPC_PEER_CERTIFICATE_H_

#include <string_view>

#include <grpcpp/server_context.h>

#include "base/status.h"
#include "rpc/x509.h"

namespace driftcast {

// Unauthenticated when the caller presented none. The handshake has verified it against the
// authority; whether its owner may speak is for the roster.
inline StatusOr<Certificate> PeerCertificate(const grpc::ServerContextBase& call) {
  const auto auth = call.auth_context();
  const auto values = auth->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (!auth->IsPeerAuthenticated() || values.size() != 1)
    return Unauthenticated("a client certificate is needed; enrol first");
  return Certificate::FromPem(std::string_view(values[0].data(), values[0].size()));
}

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_PEER_CERTIFICATE_H_
