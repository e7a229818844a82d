// An authenticator in software, with an Ed25519 key, for tests: answers as Web Authentication
// Level 2, section 6.3.3, says.
#ifndef DRIFTCAST_MODEL_FAKE_AUTHENTICATOR_H_
#define DRIFTCAST_MODEL_FAKE_AUTHENTICATOR_H_

#include <string>

#include "base/crypto.h"
#include "model/approval.h"

namespace driftcast {

class FakeAuthenticator {
 public:
  explicit FakeAuthenticator(std::string site = "localhost") : site_(std::move(site)) {}

  // SubjectPublicKeyInfo (RFC 8410, section 4).
  std::string public_key() const { return *FromHex("302a300506032b6570032100") + key_.public_key; }
  ApproverKey Key(std::string name) const { return {std::move(name), site_, public_key()}; }
  std::string credential() const { return key_.public_key.substr(0, 16); }

  ApprovalProof Approve(const RemediationPlan& plan, Instant valid_until,
                        bool present = true) const {
    ApprovalProof proof;
    proof.credential = credential();
    proof.valid_until = valid_until;
    proof.client_data = R"({"type":"webauthn.get","challenge":")" +
                        Base64Url(ApprovalChallenge(plan, valid_until)) +
                        R"(","origin":"http://localhost:7117","crossOrigin":false})";
    proof.authenticator_data = Sha256(site_) + (present ? '\x05' : '\0') + std::string(4, '\0');
    proof.signature = *Sign(key_, proof.authenticator_data + Sha256(proof.client_data));
    return proof;
  }

 private:
  std::string site_;
  SigningKey key_ = GenerateSigningKey();
};

}  // namespace driftcast

#endif  // DRIFTCAST_MODEL_FAKE_AUTHENTICATOR_H_
