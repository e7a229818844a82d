// A configuration value: a typed scalar with one canonical text.
//
// Two values are the same when type and canonical text are the same, so values can be compared,
// interned, hashed and stored without knowing their type.
#ifndef DRIFTCAST_MODEL_VALUE_H_
#define DRIFTCAST_MODEL_VALUE_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace driftcast {

// Stored: never renumber.
enum class ValueType : uint8_t {
  kNull = 0,     // there, and empty
  kBool = 1,     // "true" or "false"
  kInteger = 2,  // decimal, 64 bit, "-17"
  kReal = 3,     // shortest decimal that reads back to the same double
  kText = 4,     // UTF-8
  kSecret = 5,   // a keyed fingerprint of the secret, made on its host; hex
  kDigest = 6,   // "sha256:<hex>:<bytes>" of content that is not understood or too large
};

struct Value {
  ValueType type = ValueType::kNull;
  std::string text;  // canonical; see ValueType

  static Value Null() { return {}; }
  static Value Bool(bool value);
  static Value Integer(int64_t value);
  static Value Real(double value);  // not finite: kText "nan", "inf", "-inf"
  static Value Text(std::string value) { return {ValueType::kText, std::move(value)}; }
  static Value Secret(std::string fingerprint) {
    return {ValueType::kSecret, std::move(fingerprint)};
  }
  static Value Digest(std::string digest) { return {ValueType::kDigest, std::move(digest)}; }

  // The scalar that people would read in an unquoted configuration text: true/false, a number,
  // empty for null, else text. "yes", "on", "007" and "1e3" stay text: they are not ours to judge.
  static Value Guess(std::string_view text);

  std::optional<double> AsNumber() const;  // of kInteger and kReal

  // What is shown and what the forecast learns from; a secret is "h:" and its fingerprint.
  std::string Display() const;

  friend auto operator<=>(const Value&, const Value&) = default;
};

// A leaf of a resource's configuration. Paths join names with '.', as in the source; items of a
// list are "list[label]", members of a set "set[]".
struct KeyValue {
  std::string path;
  Value value;

  friend auto operator<=>(const KeyValue&, const KeyValue&) = default;
};

// Sorts by path (then value) and drops exact repetitions, so that equal configurations are equal
// lists. Set members share a path and keep their values apart.
void Canonicalize(std::vector<KeyValue>& keys);

}  // namespace driftcast

#endif  // DRIFTCAST_MODEL_VALUE_H_
