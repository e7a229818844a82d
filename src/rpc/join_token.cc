#include "rpc/join_token.h"

#include <algorithm>

#include "base/crypto.h"

namespace driftcast {
namespace {

constexpr std::string_view kPrefix = "dcj1.";
constexpr size_t kSecretDigits = 32;
constexpr size_t kFingerprintDigits = 64;

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool IsLowerHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

JoinToken MakeJoinToken(const std::string& authority_fingerprint) {
  return {Hex(RandomBytes(kSecretDigits / 2)), authority_fingerprint};
}

StatusOr<JoinToken> ParseJoinToken(std::string_view text) {
  const std::string_view token = Trim(text);
  const size_t dot = kPrefix.size() + kSecretDigits;
  if (!token.starts_with(kPrefix) || token.size() != dot + 1 + kFingerprintDigits ||
      token[dot] != '.')
    return InvalidArgument("not a join token: 'dcj1.<{} hex digits>.<{} hex digits>' is expected",
                           kSecretDigits, kFingerprintDigits);
  const std::string_view secret = token.substr(kPrefix.size(), kSecretDigits);
  const std::string_view fingerprint = token.substr(dot + 1);
  if (!IsLowerHex(secret) || !IsLowerHex(fingerprint))
    return InvalidArgument("not a join token: only lower-case hex digits are expected");
  return JoinToken{std::string(secret), std::string(fingerprint)};
}

}  // namespace driftcast
