// Reaching the engine: the first time with a join token, later with the agent's own certificate.
#ifndef DRIFTCAST_AGENT_DIAL_H_
#define DRIFTCAST_AGENT_DIAL_H_

#include <chrono>
#include <memory>
#include <string>

#include "agent/identity.h"
#include "base/status.h"

namespace grpc {
class Channel;
class Status;
}  // namespace grpc

namespace driftcast {

// The certificate authority that the server at "host:port" shows in its TLS handshake, as PEM, when
// the SHA-256 of its DER form is `fingerprint` (hex). Nothing is sent but the handshake.
// PermissionDenied when the server shows another one, Unavailable when it cannot be reached.
StatusOr<std::string> FetchAuthority(const std::string& address, const std::string& fingerprint,
                                     std::chrono::milliseconds patience);

// A channel on which the engine must prove to be signed by the authority. With a key and a
// certificate, when given, it proves who the agent is.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const std::string& authority_pem,
                                           const std::string& key_pem = "",
                                           const std::string& certificate_pem = "");

// Makes a key and has it certified. Errors as the engine gives them (Unauthenticated: the token is
// unknown, used or expired), and those of FetchAuthority.
StatusOr<Identity> Enroll(const std::string& address, const std::string& join_token,
                          const std::string& stack, const std::string& role);

// A new key and certificate under the present one.
StatusOr<Identity> Renew(const std::string& address, const Identity& present);

// gRPC's status as ours: the codes are the same numbers.
Status StatusFromRpc(const grpc::Status& status);

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_DIAL_H_
