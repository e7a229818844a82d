#include "wire/value.h"

namespace driftcast {
namespace {

constexpr size_t kTextBytesMax = 1 << 20;
constexpr size_t kPathBytesMax = 8192;

}  // namespace

void ToProto(const Value& value, v1::Value* out) {
  out->set_type(static_cast<v1::Value::Type>(value.type));
  out->set_text(value.text);
}

StatusOr<Value> FromProto(const v1::Value& in) {
  DRIFTCAST_ASSIGN_OR_RETURN(const auto type, EnumFromProto<ValueType>(in.type(), 7, "value type"));
  if (in.text().size() > kTextBytesMax)
    return InvalidArgument("a value of {} bytes; at most {} are allowed", in.text().size(),
                           kTextBytesMax);
  return Value{type, in.text()};
}

void ToProto(const KeyValue& key, v1::KeyValue* out) {
  out->set_path(key.path);
  ToProto(key.value, out->mutable_value());
}

StatusOr<KeyValue> FromProto(const v1::KeyValue& in) {
  if (in.path().empty()) return InvalidArgument("a key has no path");
  if (in.path().size() > kPathBytesMax)
    return InvalidArgument("a key path of {} bytes; at most {} are allowed", in.path().size(),
                           kPathBytesMax);
  auto value = FromProto(in.value());
  if (!value.ok()) return Annotate(value.status(), "key " + in.path());
  return KeyValue{in.path(), *std::move(value)};
}

void ToProto(const ResourceId& id, v1::ResourceId* out) {
  out->set_stack(id.stack.value);
  out->set_kind(id.kind);
  out->set_name(id.name);
}

ResourceId FromProtoUnchecked(const v1::ResourceId& in) {
  return {StackId(in.stack()), in.kind(), in.name()};
}

StatusOr<ResourceId> FromProto(const v1::ResourceId& in) {
  ResourceId id = FromProtoUnchecked(in);
  DRIFTCAST_RETURN_IF_ERROR(ValidateResourceId(id));
  return id;
}

void ToProto(const Dependency& dependency, v1::Dependency* out) {
  out->set_kind(dependency.kind);
  out->set_to_kind(dependency.to_kind);
  out->set_to_name(dependency.to_name);
  out->set_to_stack(dependency.to_stack.value);
}

Dependency FromProto(const v1::Dependency& in) {
  return {in.kind(), in.to_kind(), in.to_name(), StackId(in.to_stack())};
}

void ToProto(const Cause& cause, v1::Cause* out) {
  out->set_kind(static_cast<v1::Cause::Kind>(cause.kind));
  out->set_id(cause.id);
  out->set_actor(cause.actor);
  out->set_text(cause.text);
  out->set_confidence(static_cast<v1::Cause::Confidence>(cause.confidence));
  out->set_seen_by(cause.seen_by);
}

StatusOr<Cause> FromProto(const v1::Cause& in) {
  Cause cause;
  DRIFTCAST_ASSIGN_OR_RETURN(cause.kind, EnumFromProto<CauseKind>(in.kind(), 6, "kind of cause"));
  DRIFTCAST_ASSIGN_OR_RETURN(cause.confidence,
                             EnumFromProto<Confidence>(in.confidence(), 3, "confidence"));
  cause.id = in.id();
  cause.actor = in.actor();
  cause.text = in.text();
  cause.seen_by = in.seen_by();
  return cause;
}

void ToProto(const ChangeEvent& event, v1::ChangeEvent* out) {
  out->set_at_us(ToUnixMicros(event.at));
  out->set_stack(event.stack);
  out->set_kind(event.kind);
  out->set_resource(event.resource);
  out->set_path(event.path);
  out->set_op(static_cast<v1::ChangeEvent::Op>(event.op));
  out->set_old_value(event.old_value);
  out->set_new_value(event.new_value);
  out->set_actor(event.actor);
  out->set_bot(event.bot);
  out->set_change_id(event.change_id);
  out->set_mass(event.mass);
}

StatusOr<ChangeEvent> FromProto(const v1::ChangeEvent& in) {
  if (in.op() < 1 || in.op() > 6)
    return InvalidArgument("change operation {} is not known", in.op());
  ChangeEvent event;
  event.at = FromUnixMicros(in.at_us());
  event.stack = in.stack();
  event.kind = in.kind();
  event.resource = in.resource();
  event.path = in.path();
  event.op = static_cast<ChangeOp>(in.op());
  event.old_value = in.old_value();
  event.new_value = in.new_value();
  event.actor = in.actor();
  event.bot = in.bot();
  event.change_id = in.change_id();
  event.mass = in.mass();
  return event;
}

void ToProto(const HistoryEntry& entry, v1::HistoryEntry* out) {
  ToProto(entry.event, out->mutable_event());
  ToProto(entry.cause, out->mutable_cause());
  out->set_drift(entry.drift);
}

StatusOr<HistoryEntry> FromProto(const v1::HistoryEntry& in) {
  HistoryEntry entry;
  DRIFTCAST_ASSIGN_OR_RETURN(entry.event, FromProto(in.event()));
  DRIFTCAST_ASSIGN_OR_RETURN(entry.cause, FromProto(in.cause()));
  entry.drift = in.drift();
  return entry;
}

}  // namespace driftcast
