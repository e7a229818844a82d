// Keeps secrets on their host: what looks like one is replaced by a keyed fingerprint, so that
// *that* it changed can be seen, and nothing else.
//
// Something is taken for a secret
//   by name:  a part of its path is a word such as "password", "token", "private_key";
//   by shape: PEM private keys, crypt(3) hashes, tokens of well-known services, JSON web tokens,
//             URLs with a password, "password=..." inside a longer text, long random-looking words;
//   by place: in a file that only its owner may read, every text, unless its format is known.
// It errs on the side of hiding: a checksum may look like a token. A short, word-like secret under
// an innocent name in a world-readable file cannot be told from a setting; nothing can.
#ifndef DRIFTCAST_COLLECT_SECRET_H_
#define DRIFTCAST_COLLECT_SECRET_H_

#include <string>
#include <string_view>
#include <vector>

#include "model/value.h"

namespace driftcast {

// True when a word of the path names a secret: "db.password", "AWS_SECRET_ACCESS_KEY",
// "PasswordHash"; not "PasswordAuthentication", "password_max_days" and the like.
bool IsSecretName(std::string_view path);

// True when the text has the shape of a secret, or holds one somewhere.
bool LooksSecret(std::string_view text);

// True when a secret's name and then something stand in the text: "--password=x",
// "login me password x". `assigned`: only with '=' or ':' between.
bool NamesSecretWithin(std::string_view text, bool assigned);

// How much a place says about what is in it.
struct Place {
  bool owner_only = false;    // nobody but its owner may read it, or its name says "credentials"
  bool known_format = false;  // its format is one that we know: place alone hides nothing
  bool names_mean_nothing = false;  // "passwd: files" in nsswitch.conf is no secret
};

// Fingerprints with a key that never leaves the host. Immutable, thread-safe.
class SecretGuard {
 public:
  // `host_key`: at least 32 random bytes, kept on this host alone.
  explicit SecretGuard(std::string host_key);

  // 32 hex digits: HMAC-SHA-256 over a label and the text, cut to 128 bits.
  std::string Fingerprint(std::string_view text) const;

  // Replaces what is secret by name, shape or place, in values and in paths. Digests of content
  // are left alone: whoever makes one decides (see Opaque).
  void Protect(std::vector<KeyValue>& keys, Place place) const;

  // The value for content that is not understood: its digest when everybody on the host may read
  // it and nothing in it looks secret, else a keyed fingerprint, since a short secret could be
  // guessed from a plain digest.
  Value Opaque(std::string_view content, Place place) const;

  // For texts that people read (command lines in logs): secret words become "[secret]".
  std::string Redact(std::string_view text) const;

 private:
  bool IsSecret(const KeyValue& key, Place place) const;

  const std::string key_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_SECRET_H_
