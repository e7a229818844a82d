// How an agent joins that knows nothing but its join token: finds the authority by its fingerprint
// in the TLS handshake, then enrols (docs/agent-protocol.md).
#ifndef DRIFTCAST_BENCH_FLEET_JOIN_H_
#define DRIFTCAST_BENCH_FLEET_JOIN_H_

#include <memory>
#include <string>

#include "base/status.h"
#include "rpc/x509.h"

namespace grpc {
class Channel;
}

namespace driftcast::fleet {

struct Identity {
  PrivateKey key = PrivateKey::Generate();
  std::string agent;
  std::string certificate_pem;
  std::string authority_pem;
};

// The authority's certificate (PEM) of the engine at `server` ("host:port"). PermissionDenied when
// no certificate of the handshake has the fingerprint; Unavailable when nobody answers.
StatusOr<std::string> FetchAuthority(const std::string& server, const std::string& fingerprint);

// Enrols an agent for `stack`; the token is a whole one.
StatusOr<Identity> Enroll(const std::string& server, const std::string& token,
                          const std::string& authority_pem, const std::string& stack,
                          const std::string& role);

// A connection of its own that trusts the authority alone; with the identity's certificate when it
// has one.
std::shared_ptr<grpc::Channel> OpenChannel(const std::string& server,
                                           const std::string& authority_pem,
                                           const Identity& identity);

}  // namespace driftcast::fleet

#endif  // DRIFTCAST_BENCH_FLEET_JOIN_H_
