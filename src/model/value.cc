#include "model/value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace driftcast {
namespace {

// True when `text` is exactly what std::to_chars would print for the integer it denotes.
bool IsCanonicalInteger(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && std::to_string(value) == text;
}

}  // namespace

Value Value::Bool(bool value) { return {ValueType::kBool, value ? "true" : "false"}; }

Value Value::Integer(int64_t value) { return {ValueType::kInteger, std::to_string(value)}; }

Value Value::Real(double value) {
  if (std::isnan(value)) return Text("nan");
  if (std::isinf(value)) return Text(value > 0 ? "inf" : "-inf");
  std::array<char, 32> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {ValueType::kReal, std::string(buffer.data(), end)};
}

Value Value::Guess(std::string_view text) {
  if (text.empty()) return Null();
  if (text == "true" || text == "false") return {ValueType::kBool, std::string(text)};
  if (IsCanonicalInteger(text)) return {ValueType::kInteger, std::string(text)};
  return Text(std::string(text));
}

std::optional<double> Value::AsNumber() const {
  if (type != ValueType::kInteger && type != ValueType::kReal) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string Value::Display() const { return type == ValueType::kSecret ? "h:" + text : text; }

void Canonicalize(std::vector<KeyValue>& keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
}

}  // namespace driftcast
