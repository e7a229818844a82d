// Who the agent is: its key, its certificate, and whom it trusts.
#ifndef DRIFTCAST_AGENT_IDENTITY_H_
#define DRIFTCAST_AGENT_IDENTITY_H_

#include <filesystem>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/time.h"

namespace driftcast {

struct Identity {
  std::string agent;             // id that the engine gave
  std::string key_pem;           // private, EC P-256, made on this host
  std::string certificate_pem;   // ours, with its chain
  std::string authority_pem;     // what the engine's certificate must be signed by
  std::string order_public_key;  // 32 bytes, Ed25519: signs plans
};

// One file, mode 0600, replaced atomically: a crash leaves the old identity or the new one.
Status SaveIdentity(const std::filesystem::path& file, const Identity& identity);
// NotFound when there is none; DataLoss when the file is damaged.
StatusOr<Identity> LoadIdentity(const std::filesystem::path& file);

// A new private key in PEM.
StatusOr<std::string> MakePrivateKey();
// A PKCS #10 request, DER, for that key.
StatusOr<std::string> MakeCertificateRequest(const std::string& key_pem, const std::string& name);

struct Validity {
  Instant from, until;
};
// Of the first certificate in the text.
StatusOr<Validity> ReadValidity(const std::string& certificate_pem);
// True once two thirds of the certificate's life are over.
bool IsRenewalDue(const Validity& validity, Instant now);

// "dcj1.<token>.<fingerprint>": what an operator hands to a new agent.
struct Invitation {
  std::string secret;       // hex
  std::string fingerprint;  // SHA-256 of the authority's DER certificate, lower-case hex
};
StatusOr<Invitation> ReadInvitation(std::string_view text);

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_IDENTITY_H_
