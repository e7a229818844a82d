// Join tokens: what an operator carries to a new host, so that engine and agent know each other.
//
//   dcj1.<32 hex digits: a secret>.<64 hex digits: SHA-256 of the authority's DER certificate>
//
// The secret tells the engine that somebody invited this agent. The fingerprint tells the agent
// which engine invited it: before it sends the secret it looks for a certificate with that
// fingerprint in the TLS handshake, and then trusts that one alone.
#ifndef DRIFTCAST_RPC_JOIN_TOKEN_H_
#define DRIFTCAST_RPC_JOIN_TOKEN_H_

#include <string>
#include <string_view>

#include "base/status.h"

namespace driftcast {

struct JoinToken {
  std::string secret;       // 32 lower-case hex digits
  std::string fingerprint;  // 64 lower-case hex digits

  std::string ToText() const { return "dcj1." + secret + "." + fingerprint; }
};

// A token with a new random secret of 128 bits.
JoinToken MakeJoinToken(const std::string& authority_fingerprint);

// InvalidArgument for anything but a whole token. White space around it is ignored.
StatusOr<JoinToken> ParseJoinToken(std::string_view text);

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_JOIN_TOKEN_H_
