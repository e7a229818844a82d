#include "web/id_token.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <memory>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/crypto.h"

namespace driftcast {
namespace {

using Json = nlohmann::json;

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Number = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freer<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freer<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;

constexpr size_t kTokenMax = 64 << 10;
constexpr Duration kClockDifference = kMinute;
constexpr size_t kCoordinate = 32;  // bytes, of P-256
constexpr int kRsaBitsMin = 2048;

const unsigned char* Bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Key BuildKey(const char* type, Builder builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  return Key(key);
}

Key RsaKey(const std::string& modulus, const std::string& exponent) {
  const Number n(BN_bin2bn(Bytes(modulus), static_cast<int>(modulus.size()), nullptr));
  const Number e(BN_bin2bn(Bytes(exponent), static_cast<int>(exponent.size()), nullptr));
  if (!n || !e || BN_num_bits(n.get()) < kRsaBitsMin) return nullptr;
  Builder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return BuildKey("RSA", std::move(builder));
}

Key P256Key(const std::string& x, const std::string& y) {
  if (x.size() != kCoordinate || y.size() != kCoordinate) return nullptr;
  const std::string point = '\x04' + x + y;
  Builder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  return BuildKey("EC", std::move(builder));
}

// The key of a JWK for this algorithm; none when it is for another or cannot be read.
Key KeyOf(const Json& jwk, const std::string& algorithm) {
  const auto part = [&](const char* name) {
    return FromBase64Url(jwk.value(name, "")).value_or("");
  };
  if (jwk.value("use", "sig") != "sig") return nullptr;
  if (algorithm == "RS256" && jwk.value("kty", "") == "RSA") return RsaKey(part("n"), part("e"));
  if (algorithm == "ES256" && jwk.value("kty", "") == "EC" && jwk.value("crv", "") == "P-256")
    return P256Key(part("x"), part("y"));
  return nullptr;
}

// JSON Web Signature writes r and s one behind the other; OpenSSL wants them in DER.
std::string ToDer(const std::string& raw) {
  if (raw.size() != 2 * kCoordinate) return "";
  const EcdsaSignature signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(Bytes(raw), kCoordinate, nullptr),
                 BN_bin2bn(Bytes(raw) + kCoordinate, kCoordinate, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  std::string result(reinterpret_cast<char*>(der), static_cast<size_t>(std::max(0, size)));
  OPENSSL_free(der);
  return result;
}

bool Verifies(EVP_PKEY* key, const std::string& message, const std::string& signature) {
  const Digest digest(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(digest.get(), Bytes(signature), signature.size(), Bytes(message),
                          message.size()) == 1;
}

// Whether one of the keys that the header points at signed the message.
Status CheckSignature(const Json& header, const Json& keys, const std::string& message,
                      const std::string& raw) {
  const std::string algorithm = header.value("alg", "");
  if (algorithm != "RS256" && algorithm != "ES256")
    return PermissionDenied("the token is signed with \"{}\"; RS256 and ES256 are known",
                            algorithm);
  const std::string signature = algorithm == "ES256" ? ToDer(raw) : raw;
  const std::string wanted = header.value("kid", "");
  bool found = false;
  for (const Json& jwk : keys.value("keys", Json::array())) {
    if (!wanted.empty() && jwk.value("kid", "") != wanted) continue;
    const Key key = KeyOf(jwk, algorithm);
    if (!key) continue;
    found = true;
    if (Verifies(key.get(), message, signature)) return Ok();
  }
  if (!found) return NotFound("the token is signed by a key that the provider does not list");
  return PermissionDenied("the token's signature is wrong");
}

bool IsFor(const Json& claims, const std::string& client_id) {
  const Json audience = claims.value("aud", Json());
  if (audience.is_string()) return audience == client_id;
  return audience.is_array() && std::ranges::count(audience, Json(client_id)) > 0 &&
         (audience.size() == 1 || claims.value("azp", "") == client_id);
}

Status CheckClaims(const Json& claims, const IdTokenRule& rule) {
  if (claims.value("iss", "") != rule.issuer)
    return PermissionDenied("the token is by another issuer");
  if (!IsFor(claims, rule.client_id)) return PermissionDenied("the token is for somebody else");
  if (!ConstantTimeEqual(claims.value("nonce", ""), rule.nonce))
    return PermissionDenied("the token answers another question than ours");
  const auto until = FromUnixSeconds(claims.at("exp").get<int64_t>());
  const auto from = FromUnixSeconds(claims.at("iat").get<int64_t>());
  if (until + kClockDifference <= rule.now) return PermissionDenied("the token has expired");
  if (from - kClockDifference > rule.now) return PermissionDenied("the token is from the future");
  if (claims.value("sub", "").empty()) return PermissionDenied("the token names nobody");
  return Ok();
}

StatusOr<Json> ParsePart(std::string_view text) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string bytes, FromBase64Url(text));
  const Json json = Json::parse(bytes, nullptr, false);
  if (!json.is_object()) return PermissionDenied("a part of the token is no JSON object");
  return json;
}

}  // namespace

StatusOr<Json> CheckIdToken(const std::string& token, const Json& keys, const IdTokenRule& rule) {
  const size_t first = token.find('.'), second = token.find('.', first + 1);
  if (token.size() > kTokenMax || first == std::string::npos || second == std::string::npos ||
      token.find('.', second + 1) != std::string::npos)
    return PermissionDenied("the provider's token is not header.claims.signature");
  const std::string_view view = token;
  try {
    DRIFTCAST_ASSIGN_OR_RETURN(const Json header, ParsePart(view.substr(0, first)));
    DRIFTCAST_ASSIGN_OR_RETURN(Json claims, ParsePart(view.substr(first + 1, second - first - 1)));
    DRIFTCAST_ASSIGN_OR_RETURN(const std::string signature, FromBase64Url(view.substr(second + 1)));
    DRIFTCAST_RETURN_IF_ERROR(CheckSignature(header, keys, token.substr(0, second), signature));
    DRIFTCAST_RETURN_IF_ERROR(CheckClaims(claims, rule));
    return claims;
  } catch (const Json::exception& error) {
    return PermissionDenied("the provider's token cannot be read: {}", error.what());
  }
}

}  // namespace driftcast
