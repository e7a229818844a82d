#include "wire/metric_fact.h"

#include <bit>
#include <cstring>
#include <string_view>

#include "base/status.h"

namespace driftcast {
namespace {

static_assert(std::endian::native == std::endian::little, "as protobuf's numbers are");

// Field numbers of proto/driftcast/v1/fact.proto; encoding:
// https://protobuf.dev/programming-guides/encoding
constexpr uint32_t kVarint = 0, kFixed64 = 1, kBytes = 2;
constexpr uint32_t Tag(uint32_t number, uint32_t type) { return number << 3 | type; }

size_t VarintSize(uint64_t value) { return static_cast<size_t>(std::bit_width(value | 1) + 6) / 7; }

// Writes into memory that is known to be large enough.
class Writer {
 public:
  explicit Writer(char* at) : at_(at) {}
  const char* at() const { return at_; }

  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) *at_++ = static_cast<char>(value | 0x80);
    *at_++ = static_cast<char>(value);
  }
  void Fixed(uint32_t number, uint64_t bits) {
    if (bits == 0) return;
    *at_++ = static_cast<char>(Tag(number, kFixed64));
    std::memcpy(at_, &bits, sizeof bits);
    at_ += sizeof bits;
  }
  void Text(uint32_t number, std::string_view text) {
    if (text.empty()) return;
    Varint(Tag(number, kBytes));
    Varint(text.size());
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }

 private:
  char* at_;
};

size_t FixedSize(uint64_t bits) { return bits == 0 ? 0 : 9; }

size_t TextSize(const std::string& text) {
  return text.empty() ? 0 : 1 + VarintSize(text.size()) + text.size();
}

uint64_t Bits(Instant at) { return static_cast<uint64_t>(ToUnixMicros(at)); }

size_t PointSize(const MetricPoint& point) {
  return TextSize(point.resource_kind) + TextSize(point.resource_name) + TextSize(point.metric) +
         FixedSize(Bits(point.at)) + FixedSize(std::bit_cast<uint64_t>(point.value));
}

void Point(const MetricPoint& point, Writer& out) {
  out.Varint(Tag(1, kBytes));
  out.Varint(PointSize(point));
  out.Text(1, point.resource_kind);
  out.Text(2, point.resource_name);
  out.Text(3, point.metric);
  out.Fixed(4, Bits(point.at));
  out.Fixed(5, std::bit_cast<uint64_t>(point.value));
}

}  // namespace

std::string EncodeMetricFact(const Fact& fact, const MetricsObserved& body) {
  size_t size = 0;
  for (const MetricPoint& point : body.points) {
    const size_t inside = PointSize(point);
    size += 1 + VarintSize(inside) + inside;
  }
  const size_t head = FixedSize(Bits(fact.at)) + TextSize(fact.stack.value) +
                      TextSize(fact.agent.value) +
                      (fact.sequence == 0 ? 0 : 1 + VarintSize(fact.sequence)) +
                      VarintSize(Tag(22, kBytes)) + VarintSize(size);
  std::string bytes(head + size, '\0');
  Writer out(bytes.data());
  out.Fixed(1, Bits(fact.at));
  out.Text(2, fact.stack.value);
  out.Text(3, fact.agent.value);
  if (fact.sequence != 0) {
    out.Varint(Tag(4, kVarint));
    out.Varint(fact.sequence);
  }
  out.Varint(Tag(22, kBytes));
  out.Varint(size);
  for (const MetricPoint& point : body.points) Point(point, out);
  DRIFTCAST_CHECK(out.at() == bytes.data() + bytes.size(), "a metric fact's size was wrong");
  return bytes;
}

}  // namespace driftcast
