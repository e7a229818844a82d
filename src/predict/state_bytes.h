// Bytes of plain state, for snapshots: fixed-size values as they lie in memory (little-endian
// machines of one CPU class, as the replay contract of the engine says), texts and vectors with
// their length in front. Reading checks every length against what is left.
#ifndef DRIFTCAST_PREDICT_STATE_BYTES_H_
#define DRIFTCAST_PREDICT_STATE_BYTES_H_

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace driftcast::predict {

class StateWriter {
 public:
  // Takes the bytes in pieces of `piece_bytes`, but for the last; without a sink they are Taken.
  using Sink = std::function<void(std::string piece)>;
  explicit StateWriter(Sink sink = nullptr, size_t piece_bytes = 0)
      : sink_(std::move(sink)), piece_bytes_(piece_bytes) {}

  template <typename T>
  void Put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    Append({reinterpret_cast<const char*>(&value), sizeof(T)});
  }
  void PutText(std::string_view text) {
    Put<uint64_t>(text.size());
    Append(text);
  }
  template <typename T>
  void PutVector(const std::vector<T>& values) {
    static_assert(std::is_trivially_copyable_v<T>);
    Put<uint64_t>(values.size());
    Append({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
  }
  std::string Take() { return std::move(bytes_); }
  void Finish() {  // with a sink: hands over the last piece
    if (!bytes_.empty()) sink_(std::move(bytes_));
    bytes_.clear();
  }

 private:
  void Append(std::string_view bytes) {
    if (!sink_) {
      bytes_.append(bytes);
      return;
    }
    while (bytes_.size() + bytes.size() >= piece_bytes_) {
      const size_t fits = piece_bytes_ - bytes_.size();
      bytes_.append(bytes.substr(0, fits));
      bytes.remove_prefix(fits);
      sink_(std::exchange(bytes_, {}));
    }
    if (bytes_.empty()) bytes_.reserve(piece_bytes_);
    bytes_.append(bytes);
  }

  Sink sink_;
  size_t piece_bytes_;
  std::string bytes_;
};

// Once a read fails, ok() is false for good and values read as zero.
class StateReader {
 public:
  explicit StateReader(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  T Get() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    if (!Need(sizeof(T))) return value;
    std::memcpy(static_cast<void*>(&value), bytes_.data(), sizeof(T));
    bytes_.remove_prefix(sizeof(T));
    return value;
  }
  std::string GetText() {
    const auto size = Get<uint64_t>();
    if (!Need(size)) return {};
    std::string text(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return text;
  }
  template <typename T>
  void GetVector(std::vector<T>* values) {
    static_assert(std::is_trivially_copyable_v<T>);
    values->clear();
    const auto count = Get<uint64_t>();
    if (count > bytes_.size() / sizeof(T)) ok_ = false;
    if (!ok_ || count == 0) return;
    values->resize(count);
    std::memcpy(static_cast<void*>(values->data()), bytes_.data(), count * sizeof(T));
    bytes_.remove_prefix(count * sizeof(T));
  }
  // A count of things that take at least `bytes_each`.
  uint64_t GetCount(size_t bytes_each) {
    const auto count = Get<uint64_t>();
    if (count > bytes_.size() / bytes_each) ok_ = false;
    return ok_ ? count : 0;
  }
  void Fail() { ok_ = false; }
  bool ok() const { return ok_; }
  bool at_end() const { return bytes_.empty(); }
  std::string_view rest() const { return bytes_; }  // what was not read yet

 private:
  bool Need(uint64_t size) {
    if (size > bytes_.size()) ok_ = false;
    return ok_;
  }

  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_STATE_BYTES_H_
