#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

namespace driftcast {
namespace {

constexpr size_t kEd25519KeyBytes = 32;

const unsigned char* Bytes(std::string_view s) {
  return reinterpret_cast<const unsigned char*>(s.data());
}
unsigned char* Bytes(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }

struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;

struct DigestFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Digest = std::unique_ptr<EVP_MD_CTX, DigestFree>;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Of the kinds that VerifySignatureByKey knows; none otherwise.
Key ReadPublicKey(std::string_view der) {
  constexpr int kRsaBitsMin = 2048;
  const unsigned char* at = Bytes(der);
  Key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (!key || at != Bytes(der) + der.size()) return nullptr;
  char curve[32] = {};
  size_t length = 0;
  switch (EVP_PKEY_get_base_id(key.get())) {
    case EVP_PKEY_ED25519:
      return key;
    case EVP_PKEY_RSA:
      return EVP_PKEY_get_bits(key.get()) >= kRsaBitsMin ? std::move(key) : nullptr;
    case EVP_PKEY_EC:
      if (EVP_PKEY_get_group_name(key.get(), curve, sizeof curve, &length) != 1) return nullptr;
      return std::string_view(curve, length) == "prime256v1" ? std::move(key) : nullptr;
    default:
      return nullptr;
  }
}

Status VerifyWith(const Key& key, const EVP_MD* digest, std::string_view message,
                  std::string_view signature) {
  const Digest context(EVP_MD_CTX_new());
  if (EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key.get()) != 1)
    return Internal("the verification of a signature could not start");
  if (EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                       message.size()) != 1)
    return PermissionDenied("the signature does not fit the message");
  return Ok();
}

}  // namespace

std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

StatusOr<std::string> FromHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return InvalidArgument("hex text of odd length {}", hex.size());
  std::string out;
  for (size_t i = 0; i < hex.size(); i += 2) {
    const int high = HexDigit(hex[i]), low = HexDigit(hex[i + 1]);
    if (high < 0 || low < 0) return InvalidArgument("not a hex digit at position {}", i);
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

std::string Base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int n = EVP_EncodeBlock(Bytes(out), Bytes(bytes), static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(n));
  return out;
}

StatusOr<std::string> FromBase64(std::string_view text) {
  if (text.size() % 4 != 0) return InvalidArgument("base64 text of length {}", text.size());
  std::string out(text.size() / 4 * 3, '\0');
  const int n = EVP_DecodeBlock(Bytes(out), Bytes(text), static_cast<int>(text.size()));
  if (n < 0) return InvalidArgument("not base64 text");
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<size_t>(n) - padding);
  return out;
}

std::string Base64Url(std::string_view bytes) {
  std::string text = Base64(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

StatusOr<std::string> FromBase64Url(std::string_view text) {
  std::string padded(text);
  if (padded.find_first_of("+/=") != std::string::npos)
    return InvalidArgument("not in the alphabet of base64url");
  std::ranges::replace(padded, '-', '+');
  std::ranges::replace(padded, '_', '/');
  padded.append((4 - padded.size() % 4) % 4, '=');
  return FromBase64(padded);
}

std::string Sha256(std::string_view data) {
  Sha256Stream stream;
  stream.Update(data);
  return stream.Finish();
}

std::string HmacSha256(std::string_view key, std::string_view data) {
  std::string out(32, '\0');
  unsigned int size = 0;
  const auto* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(data),
                          data.size(), Bytes(out), &size);
  DRIFTCAST_CHECK(done != nullptr && size == out.size());
  return out;
}

std::string RandomBytes(size_t count) {
  std::string out(count, '\0');
  DRIFTCAST_CHECK(RAND_bytes(Bytes(out), static_cast<int>(count)) == 1, "no randomness");
  return out;
}

bool ConstantTimeEqual(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct Sha256Stream::State {
  Digest context{EVP_MD_CTX_new()};
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
  DRIFTCAST_CHECK(EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr) == 1);
}
Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::Update(std::string_view data) {
  DRIFTCAST_CHECK(EVP_DigestUpdate(state_->context.get(), data.data(), data.size()) == 1);
}

std::string Sha256Stream::Finish() {
  std::string out(32, '\0');
  unsigned int size = 0;
  DRIFTCAST_CHECK(EVP_DigestFinal_ex(state_->context.get(), Bytes(out), &size) == 1);
  return out;
}

SigningKey GenerateSigningKey() {
  auto key = SigningKeyFromSeed(RandomBytes(kEd25519KeyBytes));
  DRIFTCAST_CHECK(key.ok());
  return *std::move(key);
}

StatusOr<SigningKey> SigningKeyFromSeed(std::string_view private_key) {
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, Bytes(private_key),
                                             private_key.size()));
  if (!key) return InvalidArgument("not an Ed25519 private key of {} bytes", kEd25519KeyBytes);
  SigningKey out{std::string(private_key), std::string(kEd25519KeyBytes, '\0')};
  size_t size = out.public_key.size();
  if (EVP_PKEY_get_raw_public_key(key.get(), Bytes(out.public_key), &size) != 1)
    return Internal("Ed25519: no public key");
  return out;
}

StatusOr<std::string> Sign(const SigningKey& signing_key, std::string_view message) {
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                             Bytes(std::string_view(signing_key.private_key)),
                                             signing_key.private_key.size()));
  if (!key) return InvalidArgument("not an Ed25519 private key");
  const Digest context(EVP_MD_CTX_new());
  std::string signature(64, '\0');
  size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), Bytes(signature), &size, Bytes(message), message.size()) != 1)
    return Internal("Ed25519: signing failed");
  return signature;
}

Status VerifySignature(std::string_view public_key, std::string_view message,
                       std::string_view signature) {
  const Key key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(public_key), public_key.size()));
  if (!key) return InvalidArgument("not an Ed25519 public key of {} bytes", kEd25519KeyBytes);
  return VerifyWith(key, nullptr, message, signature);
}

Status VerifySignatureByKey(std::string_view key, std::string_view message,
                            std::string_view signature) {
  const Key read = ReadPublicKey(key);
  if (!read)
    return InvalidArgument("not a public key on P-256, of RSA with 2048 bits or more, or Ed25519");
  const bool hashes_itself = EVP_PKEY_get_base_id(read.get()) == EVP_PKEY_ED25519;
  return VerifyWith(read, hashes_itself ? nullptr : EVP_sha256(), message, signature);
}

}  // namespace driftcast
