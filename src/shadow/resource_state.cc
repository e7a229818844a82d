#include "shadow/resource_state.h"

#include <bit>

#include "base/bytes.h"

namespace driftcast {
namespace {

constexpr uint64_t kFormat = 2;
constexpr uint64_t kValueTypes = 7;

// Most keys are as expected, so values that are equal are written once.
enum KeyFlags : uint64_t {
  kHasExpected = 1,
  kHasObserved = 2,
  kHasAgreed = 4,
  kObservedIsExpected = 8,
  kAgreedIsExpected = 16,
  kHasMoved = 32,
  kLearnedVolatile = 64,
};

void WriteValue(ByteWriter& out, const Value& value) {
  out.Unsigned(static_cast<uint64_t>(value.type));
  out.Text(value.text);
}

Value ReadValue(ByteReader& in) {
  Value value;
  value.type = in.Enumerator<ValueType>(kValueTypes);
  value.text = in.Text();
  return value;
}

uint64_t FlagsOf(const KeyState& key) {
  uint64_t flags = 0;
  if (key.expected) flags |= kHasExpected;
  if (key.observed) flags |= kHasObserved;
  if (key.agreed) flags |= kHasAgreed;
  if (key.expected && key.observed == key.expected) flags |= kObservedIsExpected;
  if (key.expected && key.agreed == key.expected) flags |= kAgreedIsExpected;
  if (key.changed_at != Instant()) flags |= kHasMoved;
  if (key.learned_volatile) flags |= kLearnedVolatile;
  return flags;
}

void WriteKey(ByteWriter& out, const KeyState& key) {
  const uint64_t flags = FlagsOf(key);
  out.Text(key.path);
  out.Unsigned(flags);
  out.Unsigned(static_cast<uint64_t>(key.origin));
  if (key.expected) WriteValue(out, *key.expected);
  if (key.observed && !(flags & kObservedIsExpected)) WriteValue(out, *key.observed);
  if (key.agreed && !(flags & kAgreedIsExpected)) WriteValue(out, *key.agreed);
  if (!(flags & kHasMoved)) return;
  out.Time(key.changed_at);
  out.Unsigned(std::bit_cast<uint32_t>(key.volatility.count));
  out.Time(key.volatility.at);
}

KeyState ReadKey(ByteReader& in) {
  KeyState key;
  key.path = in.Text();
  const uint64_t flags = in.Unsigned();
  key.origin = in.Enumerator<Origin>(4);
  if (flags & kHasExpected) key.expected = ReadValue(in);
  if (flags & kObservedIsExpected)
    key.observed = key.expected;
  else if (flags & kHasObserved)
    key.observed = ReadValue(in);
  if (flags & kAgreedIsExpected)
    key.agreed = key.expected;
  else if (flags & kHasAgreed)
    key.agreed = ReadValue(in);
  key.learned_volatile = (flags & kLearnedVolatile) != 0;
  if (!(flags & kHasMoved)) return key;
  key.changed_at = in.Time();
  key.volatility.count = std::bit_cast<float>(static_cast<uint32_t>(in.Unsigned()));
  key.volatility.at = in.Time();
  return key;
}

void WriteDependency(ByteWriter& out, const Dependency& dependency) {
  out.Text(dependency.kind);
  out.Text(dependency.to_kind);
  out.Text(dependency.to_name);
  out.Text(dependency.to_stack.value);
}

Dependency ReadDependency(ByteReader& in) {
  Dependency dependency;
  dependency.kind = in.Text();
  dependency.to_kind = in.Text();
  dependency.to_name = in.Text();
  dependency.to_stack = StackId(in.Text());
  return dependency;
}

template <typename T, typename Write>
void WriteList(ByteWriter& out, const std::vector<T>& list, Write write) {
  out.Unsigned(list.size());
  for (const T& item : list) write(out, item);
}

template <typename T, typename Read>
void ReadList(ByteReader& in, std::vector<T>& list, Read read) {
  const uint64_t count = in.Count();
  list.reserve(count);
  for (uint64_t i = 0; i < count && in.ok(); ++i) list.push_back(read(in));
}

void WriteKeyValue(ByteWriter& out, const KeyValue& key) {
  out.Text(key.path);
  WriteValue(out, key.value);
}

KeyValue ReadKeyValue(ByteReader& in) {
  std::string path = in.Text();
  return {std::move(path), ReadValue(in)};
}

void WriteUncompared(ByteWriter& out, const UncomparedKey& key) {
  out.Text(key.path);
  out.Text(key.reason);
}

UncomparedKey ReadUncompared(ByteReader& in) {
  std::string path = in.Text();
  return {std::move(path), in.Text()};
}

}  // namespace

std::string Encode(const ResourceState& state) {
  ByteWriter out;
  out.Unsigned(kFormat);
  WriteList(out, state.keys, WriteKey);
  WriteList(out, state.depends_on, WriteDependency);
  WriteList(out, state.context, WriteKeyValue);
  WriteList(out, state.uncompared, WriteUncompared);
  out.Unsigned(static_cast<uint64_t>(state.status));
  out.Unsigned(static_cast<uint64_t>(state.means));
  out.Time(state.compared_at);
  out.Time(state.first_seen_at);
  out.Time(state.changed_at);
  out.Time(state.changed_before_at);
  out.Time(state.treated_at);
  out.Time(state.snoozed_until);
  out.Time(state.alerted_at);
  out.Bool(state.exists);
  out.Bool(state.managed);
  out.Bool(state.complete);
  out.Bool(state.expected_absent);
  out.Text(state.drift_id);
  out.Unsigned(state.drift_count);
  out.Unsigned(state.touched_by);
  return out.Take();
}

StatusOr<ResourceState> DecodeResourceState(std::string_view bytes) {
  ByteReader in(bytes);
  if (const uint64_t format = in.Unsigned(); format != kFormat)
    return DataLoss("a shadow of format {}; this program reads format {}", format, kFormat);
  ResourceState state;
  ReadList(in, state.keys, ReadKey);
  ReadList(in, state.depends_on, ReadDependency);
  ReadList(in, state.context, ReadKeyValue);
  ReadList(in, state.uncompared, ReadUncompared);
  state.status = in.Enumerator<ResourceStatus>(5);
  state.means = in.Enumerator<Means>(6);
  state.compared_at = in.Time();
  state.first_seen_at = in.Time();
  state.changed_at = in.Time();
  state.changed_before_at = in.Time();
  state.treated_at = in.Time();
  state.snoozed_until = in.Time();
  state.alerted_at = in.Time();
  state.exists = in.Bool();
  state.managed = in.Bool();
  state.complete = in.Bool();
  state.expected_absent = in.Bool();
  state.drift_id = in.Text();
  state.drift_count = in.Unsigned();
  state.touched_by = in.Unsigned();
  if (!in.done()) return DataLoss("a shadow of {} bytes that cannot be read", bytes.size());
  return state;
}

}  // namespace driftcast
