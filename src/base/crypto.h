// Hashes, signatures and random bytes, by OpenSSL. Binary results are std::string of raw bytes;
// use Hex() to show them. All functions are thread-safe.
#ifndef DRIFTCAST_BASE_CRYPTO_H_
#define DRIFTCAST_BASE_CRYPTO_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace driftcast {

std::string Hex(std::string_view bytes);              // lower case
StatusOr<std::string> FromHex(std::string_view hex);  // InvalidArgument unless pairs of digits
std::string Base64(std::string_view bytes);           // standard alphabet, padded
StatusOr<std::string> FromBase64(std::string_view text);
std::string Base64Url(std::string_view bytes);  // RFC 4648 section 5, without padding
StatusOr<std::string> FromBase64Url(std::string_view text);

std::string Sha256(std::string_view data);                            // 32 bytes
std::string HmacSha256(std::string_view key, std::string_view data);  // 32 bytes
std::string RandomBytes(size_t count);                                // cryptographic quality
bool ConstantTimeEqual(std::string_view a, std::string_view b);       // for tokens

// Streaming SHA-256. Single use.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  void Update(std::string_view data);
  std::string Finish();  // 32 bytes

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// An Ed25519 key pair (RFC 8032). Keys travel as raw 32-byte strings.
struct SigningKey {
  std::string private_key;  // 32 bytes, the seed
  std::string public_key;   // 32 bytes
};
SigningKey GenerateSigningKey();
StatusOr<SigningKey> SigningKeyFromSeed(std::string_view private_key);
StatusOr<std::string> Sign(const SigningKey& key, std::string_view message);  // 64 bytes
// PermissionDenied when the signature is not that key's over that message.
Status VerifySignature(std::string_view public_key, std::string_view message,
                       std::string_view signature);

// The same for a public key of another's choice, as SubjectPublicKeyInfo (RFC 5280, DER): P-256
// with SHA-256 and a DER signature, RSA of 2048 bits or more (PKCS #1 v1.5, SHA-256), or Ed25519.
// InvalidArgument: none of these.
Status VerifySignatureByKey(std::string_view key, std::string_view message,
                            std::string_view signature);

}  // namespace driftcast

#endif  // DRIFTCAST_BASE_CRYPTO_H_
