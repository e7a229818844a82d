// Compact encoding of state: variable-length integers (LEB128; zigzag for signed), fixed 8-byte
// doubles, length-prefixed strings. Little-endian everywhere, so equal state has equal bytes.
#ifndef DRIFTCAST_BASE_BYTES_H_
#define DRIFTCAST_BASE_BYTES_H_

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/time.h"

namespace driftcast {

class ByteWriter {
 public:
  void Unsigned(uint64_t value) {
    while (value >= 0x80) {
      out_ += static_cast<char>(value | 0x80);
      value >>= 7;
    }
    out_ += static_cast<char>(value);
  }
  void Signed(int64_t value) {
    Unsigned((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
  }
  void Bool(bool value) { Unsigned(value ? 1 : 0); }
  void Time(Instant t) { Signed(ToUnixMicros(t)); }
  void Real(double value) { Fixed64(std::bit_cast<uint64_t>(value)); }
  void Fixed64(uint64_t bits) {
    for (int i = 0; i < 8; ++i) out_ += static_cast<char>(bits >> (8 * i));
  }
  void Text(std::string_view text) {
    Unsigned(text.size());
    out_ += text;
  }
  std::string Take() { return std::move(out_); }
  const std::string& bytes() const { return out_; }

 private:
  std::string out_;
};

// Reads what ByteWriter wrote. After an error every read returns a zero value and ok() is false, so
// a caller checks once, at the end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  uint64_t Unsigned() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_[0]);
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return Fail();
  }
  int64_t Signed() {
    const uint64_t raw = Unsigned();
    return static_cast<int64_t>(raw >> 1) ^ -static_cast<int64_t>(raw & 1);
  }
  bool Bool() { return Unsigned() != 0; }
  Instant Time() { return FromUnixMicros(Signed()); }
  double Real() { return std::bit_cast<double>(Fixed64()); }
  uint64_t Fixed64() {
    if (rest_.size() < 8) return Fail();
    uint64_t bits = 0;
    for (int i = 0; i < 8; ++i)
      bits |= static_cast<uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
    rest_.remove_prefix(8);
    return bits;
  }
  std::string_view View() {
    const uint64_t size = Unsigned();
    if (size > rest_.size()) {
      Fail();
      return {};
    }
    const auto text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  std::string Text() { return std::string(View()); }

  // A count of things that take at least one byte each: never more than what is left.
  uint64_t Count() {
    const uint64_t count = Unsigned();
    return count > rest_.size() ? Fail() : count;
  }
  template <typename Enum>
  Enum Enumerator(uint64_t count) {
    const uint64_t value = Unsigned();
    return static_cast<Enum>(value < count ? value : Fail());
  }

  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }

 private:
  uint64_t Fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace driftcast

#endif  // DRIFTCAST_BASE_BYTES_H_
