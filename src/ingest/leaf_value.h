// How a value is written into a history: one line, bounded, and without secrets.
//
// Secrets, encrypted values, keys, password hashes, opaque tokens, personal names and e-mail
// addresses are replaced by "h:" and 8 hex digits of the SHA-256 of the value: equal values have
// equal fingerprints, so that a change stays visible. The rules err towards replacing.
#ifndef DRIFTCAST_INGEST_LEAF_VALUE_H_
#define DRIFTCAST_INGEST_LEAF_VALUE_H_

#include <string>
#include <string_view>

namespace driftcast::ingest {

// Longest value, label and path, in characters; longer ones end in '#' and 8 hex digits of the
// SHA-256 of the whole.
inline constexpr size_t kValueCharsMax = 80;
inline constexpr size_t kLabelCharsMax = 60;
inline constexpr size_t kPathCharsMax = 240;

std::string CollapseSpace(std::string_view text);
// Cuts a text that is too long. The fingerprint is of `whole` where that is not empty: the text
// before white space was collapsed.
std::string CutTo(size_t chars_max, std::string text, std::string_view whole = {});

// "h:" and 8 hex digits of the SHA-256 of `value`.
std::string Fingerprint(std::string_view value);

// True when a key of this name usually holds a secret ("dbPassword", "API_TOKEN") or a personal
// name, and not the name or place of one ("secretName", "tokenFile").
bool IsSecretKey(std::string_view key);

// True when `value` only refers to a value: "${X}", "{{ x }}", "op://vault/item", "var.x", or says
// nothing ("true", "null", "").
bool IsReference(std::string_view value);

// The value as it stands in a history. `secret`: its key or place says that it is one.
std::string LeafValue(std::string_view text, bool secret);

// A key, label or resource name as it stands in a path: addresses and tokens replaced.
std::string LeafKey(std::string_view text);

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_LEAF_VALUE_H_
