#include "engine/records.h"

#include <bit>

#include "base/bytes.h"
#include "wire/fact.h"
#include "wire/plan.h"
#include "wire/value.h"

namespace driftcast {
namespace {

constexpr uint64_t kFormat = 1;
constexpr uint64_t kNumbersFormat = 2;  // of the store as a whole
constexpr uint64_t kCohortFormat = 2;   // 1 had no inputs

// Parts that have a protobuf message already are stored as it.
template <typename Message, typename T>
void WriteMessage(ByteWriter& out, const T& value) {
  Message message;
  ToProto(value, &message);
  out.Text(message.SerializeAsString());
}

template <typename Message>
bool ReadMessage(ByteReader& in, Message& message) {
  const auto bytes = in.View();
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

// A fact's body, wrapped as a fact: bodies have no message of their own type outside of it.
template <typename Body>
void WriteBody(ByteWriter& out, const Body& body) {
  Fact fact;
  fact.body = body;
  out.Text(EncodeFact(fact));
}

template <typename Body>
Status ReadBody(ByteReader& in, Body& body) {
  DRIFTCAST_ASSIGN_OR_RETURN(Fact fact, DecodeFact(in.View()));
  auto* found = std::get_if<Body>(&fact.body);
  if (found == nullptr) return DataLoss("a record holds another kind of fact than it should");
  body = std::move(*found);
  return Ok();
}

void WriteOptional(ByteWriter& out, const std::optional<Value>& value) {
  out.Bool(value.has_value());
  if (!value) return;
  out.Unsigned(static_cast<uint64_t>(value->type));
  out.Text(value->text);
}

std::optional<Value> ReadOptional(ByteReader& in) {
  if (!in.Bool()) return std::nullopt;
  Value value;
  value.type = in.Enumerator<ValueType>(7);
  value.text = in.Text();
  return value;
}

void WriteKey(ByteWriter& out, const ShadowKey& key) {
  out.Text(key.path);
  WriteOptional(out, key.expected);
  WriteOptional(out, key.observed);
  WriteOptional(out, key.last_agreed);
  out.Unsigned(static_cast<uint64_t>(key.origin));
  out.Unsigned(static_cast<uint64_t>(key.verdict));
  out.Time(key.compared_at);
  out.Time(key.changed_at);
}

ShadowKey ReadKey(ByteReader& in) {
  ShadowKey key;
  key.path = in.Text();
  key.expected = ReadOptional(in);
  key.observed = ReadOptional(in);
  key.last_agreed = ReadOptional(in);
  key.origin = in.Enumerator<Origin>(4);
  key.verdict = in.Enumerator<KeyVerdict>(5);
  key.compared_at = in.Time();
  key.changed_at = in.Time();
  return key;
}

void WriteId(ByteWriter& out, const ResourceId& id) {
  out.Text(id.stack.value);
  out.Text(id.kind);
  out.Text(id.name);
}

ResourceId ReadId(ByteReader& in) {
  ResourceId id;
  id.stack = StackId(in.Text());
  id.kind = in.Text();
  id.name = in.Text();
  return id;
}

void WriteFloat(ByteWriter& out, float value) { out.Unsigned(std::bit_cast<uint32_t>(value)); }

float ReadFloat(ByteReader& in) {
  return std::bit_cast<float>(static_cast<uint32_t>(in.Unsigned()));
}

void WriteRow(ByteWriter& out, const InputRow& row) {
  for (const float shift : row.shift) WriteFloat(out, shift);
  out.Unsigned(row.values.size());
  for (const auto& family : row.values) {
    out.Unsigned(family.size());
    for (const float value : family) WriteFloat(out, value);
  }
}

// Inputs of families that are not there any more, or have other inputs now, are left out.
InputRow ReadRow(ByteReader& in) {
  InputRow row;
  for (float& shift : row.shift) shift = ReadFloat(in);
  const uint64_t families = in.Count();
  for (uint64_t f = 0; f < families && in.ok(); ++f) {
    std::vector<float> values(in.Count());
    for (float& value : values) value = ReadFloat(in);
    if (f < kInputFamilyCount && values.size() == kInputFamilies[f].inputs)
      row.values[f] = std::move(values);
  }
  return row;
}

Status ReadStackParts(ByteReader& in, StackRecord& record) {
  for (uint64_t n = in.Count(); n > 0; --n) record.enrolled_kinds.insert(in.Text());
  for (uint64_t n = in.Count(); n > 0; --n) {
    std::string kind = in.Text();
    record.kind_compared_at[std::move(kind)] = in.Time();
  }
  for (uint64_t n = in.Count(); n > 0; --n) {
    ActivityReported activity;
    DRIFTCAST_RETURN_IF_ERROR(ReadBody(in, activity));
    record.activities.push_back(std::move(activity));
  }
  for (uint64_t n = in.Count(); n > 0; --n) {
    std::string kind = in.Text();
    DriftShare& share = record.drift_share[std::move(kind)];
    share.changes = in.Unsigned();
    share.drifts = in.Unsigned();
  }
  for (Instant& at : record.cohort_made_at) at = in.Time();
  record.series_stored_at = in.Time();
  for (uint64_t n = in.Count(); n > 0; --n) record.alerted_causes.push_back(in.Text());
  if (!in.done()) record.series_forgotten = in.Unsigned();  // older records end here
  return in.done() ? Ok() : DataLoss("a stack's record that cannot be read");
}

}  // namespace

std::string Encode(const StackRecord& record) {
  ByteWriter out;
  out.Unsigned(kFormat);
  WriteBody(out, StackEnrolled{record.role, record.labels, record.allowed_kinds});
  WriteBody(out, record.report);
  out.Text(record.agent.value);
  out.Time(record.last_fact_at);
  out.Unsigned(record.enrolled_kinds.size());
  for (const auto& kind : record.enrolled_kinds) out.Text(kind);
  out.Unsigned(record.kind_compared_at.size());
  for (const auto& [kind, at] : record.kind_compared_at) {
    out.Text(kind);
    out.Time(at);
  }
  out.Unsigned(record.activities.size());
  for (const auto& activity : record.activities) WriteBody(out, activity);
  out.Unsigned(record.drift_share.size());
  for (const auto& [kind, share] : record.drift_share) {
    out.Text(kind);
    out.Unsigned(share.changes);
    out.Unsigned(share.drifts);
  }
  for (const Instant at : record.cohort_made_at) out.Time(at);
  out.Time(record.series_stored_at);
  out.Unsigned(record.alerted_causes.size());
  for (const auto& cause : record.alerted_causes) out.Text(cause);
  out.Unsigned(record.series_forgotten);
  return out.Take();
}

StatusOr<StackRecord> DecodeStackRecord(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.Unsigned() != kFormat) return DataLoss("a stack's record of an unknown format");
  StackRecord record;
  StackEnrolled enrolled;
  DRIFTCAST_RETURN_IF_ERROR(ReadBody(in, enrolled));
  record.role = enrolled.role;
  record.labels = std::move(enrolled.labels);
  record.allowed_kinds = std::move(enrolled.allowed_kinds);
  DRIFTCAST_RETURN_IF_ERROR(ReadBody(in, record.report));
  record.agent = AgentId(in.Text());
  record.last_fact_at = in.Time();
  DRIFTCAST_RETURN_IF_ERROR(ReadStackParts(in, record));
  return record;
}

std::string Encode(const Drift& drift) {
  ByteWriter out;
  out.Unsigned(kFormat);
  out.Text(drift.id);
  WriteId(out, drift.resource);
  out.Unsigned(static_cast<uint64_t>(drift.status));
  WriteMessage<v1::Cause>(out, drift.cause);
  out.Time(drift.opened_at);
  out.Time(drift.closed_at);
  out.Unsigned(drift.keys.size());
  for (const ShadowKey& key : drift.keys) WriteKey(out, key);
  out.Real(drift.severity);
  out.Text(drift.severity_reason);
  return out.Take();
}

StatusOr<Drift> DecodeDrift(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.Unsigned() != kFormat) return DataLoss("a drift of an unknown format");
  Drift drift;
  drift.id = in.Text();
  drift.resource = ReadId(in);
  drift.status = in.Enumerator<ResourceStatus>(5);
  v1::Cause cause;
  if (!ReadMessage(in, cause)) return DataLoss("a drift with a cause that cannot be read");
  DRIFTCAST_ASSIGN_OR_RETURN(drift.cause, FromProto(cause));
  drift.opened_at = in.Time();
  drift.closed_at = in.Time();
  for (uint64_t n = in.Count(); n > 0 && in.ok(); --n) drift.keys.push_back(ReadKey(in));
  drift.severity = in.Real();
  drift.severity_reason = in.Text();
  if (!in.done()) return DataLoss("a drift that cannot be read");
  return drift;
}

std::string Encode(const RemediationPlan& plan) {
  v1::RemediationPlan message;
  ToProto(plan, &message);
  return message.SerializeAsString();
}

StatusOr<RemediationPlan> DecodePlan(std::string_view bytes) {
  v1::RemediationPlan message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return DataLoss("a plan that cannot be read");
  return FromProto(message);
}

std::string Encode(const Cohort& cohort) {
  ByteWriter out;
  out.Unsigned(kCohortFormat);
  out.Unsigned(cohort.members.size());
  for (const Cohort::Member& member : cohort.members) {
    out.Text(member.slot_key);
    WriteFloat(out, member.p);
    out.Unsigned(member.inputs);
  }
  out.Unsigned(cohort.rows.size());
  for (const InputRow& row : cohort.rows) WriteRow(out, row);
  return out.Take();
}

StatusOr<Cohort> DecodeCohort(std::string_view bytes) {
  ByteReader in(bytes);
  const uint64_t format = in.Unsigned();
  if (format < 1 || format > kCohortFormat) return DataLoss("a cohort of an unknown format");
  Cohort cohort;
  for (uint64_t n = in.Count(); n > 0 && in.ok(); --n) {
    Cohort::Member member;
    member.slot_key = in.Text();
    member.p = ReadFloat(in);
    if (format >= 2) member.inputs = static_cast<uint16_t>(in.Unsigned());
    cohort.members.push_back(std::move(member));
  }
  if (format >= 2)
    for (uint64_t n = in.Count(); n > 0 && in.ok(); --n) cohort.rows.push_back(ReadRow(in));
  bool placed = true;
  for (const Cohort::Member& member : cohort.members)
    placed = placed && member.inputs <= cohort.rows.size();
  if (!in.done() || !placed) return DataLoss("a cohort that cannot be read");
  return cohort;
}

std::string Encode(const ShardNumbers& numbers) {
  ByteWriter out;
  out.Unsigned(kNumbersFormat);
  out.Time(numbers.now);
  out.Unsigned(numbers.fact_number);
  out.Unsigned(numbers.live_number);
  out.Unsigned(numbers.outbox_number);
  out.Unsigned(numbers.forecast_number);
  out.Unsigned(numbers.scored_number);
  out.Unsigned(numbers.audit_number);
  out.Text(numbers.audit_hash);
  return out.Take();
}

StatusOr<ShardNumbers> DecodeShardNumbers(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.Unsigned() != kNumbersFormat)
    return DataLoss("the store was written by another format of this program");
  ShardNumbers numbers;
  numbers.now = in.Time();
  numbers.fact_number = in.Unsigned();
  numbers.live_number = in.Unsigned();
  numbers.outbox_number = in.Unsigned();
  numbers.forecast_number = in.Unsigned();
  numbers.scored_number = in.Unsigned();
  numbers.audit_number = in.Unsigned();
  numbers.audit_hash = in.Text();
  if (!in.done()) return DataLoss("the shard's numbers cannot be read");
  return numbers;
}

std::string Encode(const OutboxEffect& effect) {
  ByteWriter out;
  out.Unsigned(kFormat);
  out.Unsigned(effect.number);
  out.Text(effect.kind);
  out.Text(effect.key);
  out.Time(effect.at);
  out.Text(effect.stack.value);
  out.Text(effect.subject);
  out.Text(effect.text);
  out.Real(effect.severity);
  return out.Take();
}

StatusOr<OutboxEffect> DecodeOutboxEffect(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.Unsigned() != kFormat) return DataLoss("an effect of an unknown format");
  OutboxEffect effect;
  effect.number = in.Unsigned();
  effect.kind = in.Text();
  effect.key = in.Text();
  effect.at = in.Time();
  effect.stack = StackId(in.Text());
  effect.subject = in.Text();
  effect.text = in.Text();
  effect.severity = in.Real();
  if (!in.done()) return DataLoss("an effect that cannot be read");
  return effect;
}

std::string StackKey(const StackId& stack) { return "s/" + stack.value; }
std::string ShadowPrefix() { return "r/"; }
std::string SlotKey(const ResourceId& id) { return id.kind + '\0' + id.name; }

std::string ShadowKeyOf(const ResourceId& id) {
  return ShadowPrefix() + id.stack.value + '\0' + SlotKey(id);
}

ResourceId IdFromSlotKey(const StackId& stack, std::string_view slot_key) {
  const size_t zero = slot_key.find('\0');
  DRIFTCAST_CHECK(zero != slot_key.npos);
  return {stack, std::string(slot_key.substr(0, zero)), std::string(slot_key.substr(zero + 1))};
}

}  // namespace driftcast
