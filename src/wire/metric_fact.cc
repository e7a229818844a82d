#include "wire/metric_fact.h"

#include <bit>

namespace driftcast {
namespace {

// Field numbers of proto/driftcast/v1/fact.proto; encoding:
// https://protobuf.dev/programming-guides/encoding
constexpr uint32_t kVarint = 0, kFixed64 = 1, kBytes = 2;
constexpr uint32_t Tag(uint32_t number, uint32_t type) { return number << 3 | type; }

size_t VarintSize(uint64_t value) { return static_cast<size_t>(std::bit_width(value | 1) + 6) / 7; }

void Varint(uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void Fixed(uint32_t number, uint64_t bits, std::string& out) {
  if (bits == 0) return;
  char bytes[9] = {static_cast<char>(Tag(number, kFixed64))};
  for (int i = 0; i < 8; ++i) bytes[i + 1] = static_cast<char>(bits >> (8 * i));
  out.append(bytes, sizeof bytes);
}

size_t FixedSize(uint64_t bits) { return bits == 0 ? 0 : 9; }

void Text(uint32_t number, const std::string& text, std::string& out) {
  if (text.empty()) return;
  Varint(Tag(number, kBytes), out);
  Varint(text.size(), out);
  out += text;
}

size_t TextSize(const std::string& text) {
  return text.empty() ? 0 : 1 + VarintSize(text.size()) + text.size();
}

uint64_t Bits(Instant at) { return static_cast<uint64_t>(ToUnixMicros(at)); }

size_t PointSize(const MetricPoint& point) {
  return TextSize(point.resource_kind) + TextSize(point.resource_name) + TextSize(point.metric) +
         FixedSize(Bits(point.at)) + FixedSize(std::bit_cast<uint64_t>(point.value));
}

void Point(const MetricPoint& point, std::string& out) {
  Varint(Tag(1, kBytes), out);
  Varint(PointSize(point), out);
  Text(1, point.resource_kind, out);
  Text(2, point.resource_name, out);
  Text(3, point.metric, out);
  Fixed(4, Bits(point.at), out);
  Fixed(5, std::bit_cast<uint64_t>(point.value), out);
}

}  // namespace

std::string EncodeMetricFact(const Fact& fact, const MetricsObserved& body) {
  size_t size = 0;
  for (const MetricPoint& point : body.points) {
    const size_t inside = PointSize(point);
    size += 1 + VarintSize(inside) + inside;
  }
  std::string out;
  out.reserve(size + fact.stack.value.size() + fact.agent.value.size() + 48);
  Fixed(1, Bits(fact.at), out);
  Text(2, fact.stack.value, out);
  Text(3, fact.agent.value, out);
  if (fact.sequence != 0) {
    Varint(Tag(4, kVarint), out);
    Varint(fact.sequence, out);
  }
  Varint(Tag(22, kBytes), out);
  Varint(size, out);
  for (const MetricPoint& point : body.points) Point(point, out);
  return out;
}

}  // namespace driftcast
