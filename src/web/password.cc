#include "web/password.h"

#include <argon2.h>

#include "base/crypto.h"

namespace driftcast {
namespace {

constexpr uint32_t kPasses = 2;
constexpr uint32_t kMemoryKib = 19456;
constexpr uint32_t kLanes = 1;
constexpr uint32_t kSaltBytes = 16;
constexpr uint32_t kHashBytes = 32;

}  // namespace

StatusOr<std::string> HashPassword(const std::string& password) {
  if (password.size() < kPasswordMin || password.size() > kPasswordMax)
    return InvalidArgument("a password has {} to {} bytes", kPasswordMin, kPasswordMax);
  const std::string salt = RandomBytes(kSaltBytes);
  std::string encoded(
      argon2_encodedlen(kPasses, kMemoryKib, kLanes, kSaltBytes, kHashBytes, Argon2_id), '\0');
  const int result =
      argon2id_hash_encoded(kPasses, kMemoryKib, kLanes, password.data(), password.size(),
                            salt.data(), salt.size(), kHashBytes, encoded.data(), encoded.size());
  if (result != ARGON2_OK) return Internal("argon2: {}", argon2_error_message(result));
  encoded.resize(encoded.find('\0'));
  return encoded;
}

bool PasswordMatches(const std::string& encoded, const std::string& password) {
  return password.size() <= kPasswordMax &&
         argon2id_verify(encoded.c_str(), password.data(), password.size()) == ARGON2_OK;
}

}  // namespace driftcast
