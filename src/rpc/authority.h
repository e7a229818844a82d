// The engine's own certificate authority, made at first start, and the key that signs orders.
//
// Folder (mode 0700; each file 0600, written atomically):
//   authority.key  EC P-256 private key, PKCS #8 in PEM
//   authority.pem  its certificate: 10 years, may sign certificates and nothing below them
//   order.key      Ed25519 seed that signs plans, 64 hex digits
//   server.pem     the server's own key and certificate (2 years), in one file so that they are
//                  replaced together
// Open makes the server's certificate anew when a third of its time or less is left, when it lacks
// a name, or when it cannot be used: agents trust the authority and not this certificate, so that
// costs nothing. A certificate is not changed under an open door; ServerCertificateEnds is for who
// keeps one open for years.
//
// An agent verifies the engine against authority.pem alone, under one of the names that the
// certificate holds: localhost, 127.0.0.1, ::1, the host's name, what the options add, and always
// kServerName, which a client may demand whatever address it dials. Agents' certificates are for
// clients only, so no agent can pass for the engine.
//
// Thread-safe after Open.
#ifndef DRIFTCAST_RPC_AUTHORITY_H_
#define DRIFTCAST_RPC_AUTHORITY_H_

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/status.h"
#include "base/time.h"
#include "model/resource.h"
#include "rpc/x509.h"

namespace driftcast {

// A name that every server certificate holds.
inline constexpr char kServerName[] = "driftcast-engine";

struct AuthorityOptions {
  std::filesystem::path folder;                // DATA/pki; created when missing
  std::vector<std::string> server_names = {};  // more DNS names and IP addresses of this server
  Duration agent_validity = 30 * kDay;         // of an agent's certificate; renewed at two thirds
};

class Authority {
 public:
  // Reads the authority, or makes it when the folder has none. DataLoss when a file is damaged or
  // only half of a pair is there: nothing is replaced silently, for every agent trusts it.
  static StatusOr<std::unique_ptr<Authority>> Open(AuthorityOptions options, Instant now);

  // A certificate for the key behind a PKCS #10 request; its common name is the agent's id. From an
  // hour before `now`, for agents whose clocks are slow. InvalidArgument for a bad request.
  StatusOr<Certificate> IssueAgent(std::string_view csr_der, const AgentId& agent,
                                   Instant now) const;

  const std::string& certificate_pem() const { return certificate_pem_; }
  // SHA-256 of the authority's DER certificate, 64 hex digits: what join tokens carry.
  const std::string& fingerprint() const { return fingerprint_; }

  // The server's certificate, followed by the authority's: an agent that only knows the
  // fingerprint finds the authority in the handshake.
  const std::string& server_chain_pem() const { return server_chain_pem_; }
  const std::string& server_key_pem() const { return server_key_pem_; }
  Instant ServerCertificateEnds() const { return server_ends_; }

  const SigningKey& order_key() const { return order_key_; }

 private:
  Authority(AuthorityOptions options, PrivateKey key, SigningKey order_key,
            Certificate certificate);
  Status OpenServerCertificate(Instant now);
  bool MayServe(const Certificate& server, const PrivateKey& key, Instant now) const;
  Status MakeServerCertificate(Instant now);
  void Serve(const Certificate& server, const PrivateKey& key);

  AuthorityOptions options_;
  PrivateKey key_;
  SigningKey order_key_;
  Certificate certificate_;
  std::string certificate_pem_, fingerprint_;
  std::string server_chain_pem_, server_key_pem_;
  Instant server_ends_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_AUTHORITY_H_
