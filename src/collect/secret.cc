#include "collect/secret.h"

#include <algorithm>
#include <array>

#include "base/crypto.h"

namespace driftcast {
namespace {

constexpr std::string_view kLabel = "driftcast-secret/1:";
constexpr size_t kFingerprintHexDigits = 32;

// Values that stand for "no secret here", whatever the name: locked accounts, placeholders.
constexpr std::array kHarmless = {"",   "*",   "!",    "!*",    "!!",   "x",   "yes", "no",
                                  "on", "off", "true", "false", "none", "ask", "auto"};

bool IsHarmless(std::string_view text) {
  return std::find(kHarmless.begin(), kHarmless.end(), text) != kHarmless.end();
}

// Numbers of a few digits and yes/no are settings, wherever they stand.
bool IsPlainSetting(const Value& value) {
  if (value.type == ValueType::kBool || value.type == ValueType::kNull) return true;
  if (value.type == ValueType::kInteger || value.type == ValueType::kReal)
    return value.text.size() <= 6;
  return IsHarmless(value.text);
}

// The content without what is public by nature: certificates, public keys and signatures in PEM or
// OpenPGP armour.
std::string WithoutPublicBlocks(std::string_view content) {
  std::string out;
  for (;;) {
    const size_t begin = content.find("-----BEGIN ");
    const std::string_view head = content.substr(begin == std::string_view::npos ? 0 : begin + 11);
    const bool is_public =
        head.starts_with("CERTIFICATE-----") || head.starts_with("TRUSTED CERTIFICATE-----") ||
        head.starts_with("PUBLIC KEY-----") || head.starts_with("PGP PUBLIC KEY BLOCK-----") ||
        head.starts_with("PGP SIGNATURE-----");
    const size_t end = begin == std::string_view::npos || !is_public
                           ? std::string_view::npos
                           : content.find("-----END ", begin);
    if (end == std::string_view::npos) return out + std::string(content);
    out += content.substr(0, begin);
    content.remove_prefix(std::min(content.find('\n', end), content.size()));
  }
}

std::string_view NextWord(std::string_view& text) {
  const size_t start = std::min(text.find_first_not_of(" \t\n"), text.size());
  const size_t end = std::min(text.find_first_of(" \t\n", start), text.size());
  const std::string_view word = text.substr(start, end - start);
  text.remove_prefix(end);
  return word;
}

}  // namespace

SecretGuard::SecretGuard(std::string host_key) : key_(std::move(host_key)) {
  DRIFTCAST_CHECK(key_.size() >= 32, "the host key is too short");
}

std::string SecretGuard::Fingerprint(std::string_view text) const {
  std::string labelled(kLabel);
  labelled += text;
  return Hex(HmacSha256(key_, labelled)).substr(0, kFingerprintHexDigits);
}

bool SecretGuard::IsSecret(const KeyValue& key, Place place) const {
  const Value& value = key.value;
  if (value.type == ValueType::kSecret || value.type == ValueType::kDigest ||
      value.type == ValueType::kNull || value.type == ValueType::kBool || IsHarmless(value.text))
    return false;
  if (LooksSecret(value.text) || NamesSecretWithin(value.text, place.names_mean_nothing))
    return true;
  if (!place.names_mean_nothing && IsSecretName(key.path)) return true;
  return place.owner_only && !place.known_format && !IsPlainSetting(value);
}

void SecretGuard::Protect(std::vector<KeyValue>& keys, Place place) const {
  for (KeyValue& key : keys) {
    if (IsSecret(key, place)) key.value = Value::Secret(Fingerprint(key.value.text));
    // The path itself is shown everywhere; names hold secrets rarely, but they do.
    if (LooksSecret(key.path)) key.path = "h:" + Fingerprint(key.path);
  }
}

Value SecretGuard::Opaque(std::string_view content, Place place) const {
  const std::string open = WithoutPublicBlocks(content);
  if (place.owner_only || LooksSecret(open) || NamesSecretWithin(open, true))
    return Value::Secret(Fingerprint(content));
  return Value::Digest("sha256:" + Hex(Sha256(content)) + ":" + std::to_string(content.size()));
}

std::string SecretGuard::Redact(std::string_view text) const {
  std::string out;
  bool previous_names_secret = false;
  while (!text.empty()) {
    const std::string_view word = NextWord(text);
    if (word.empty()) break;
    if (!out.empty()) out += ' ';
    const bool named = previous_names_secret;
    previous_names_secret = IsSecretName(word) && word.find('=') == std::string_view::npos;
    const bool hide = LooksSecret(word) || (named && word[0] != '-');
    out += hide ? std::string_view("[secret]") : word;
  }
  return out;
}

}  // namespace driftcast
