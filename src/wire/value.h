// Values, ids, causes and changes to protobuf and back.
//
// ToProto appends to an empty message. FromProto validates: InvalidArgument says which field is
// wrong. Both are thread-safe.
#ifndef DRIFTCAST_WIRE_VALUE_H_
#define DRIFTCAST_WIRE_VALUE_H_

#include "driftcast/v1/value.pb.h"

#include "base/status.h"
#include "model/cause.h"
#include "model/change.h"
#include "model/resource.h"
#include "model/shadow.h"
#include "model/value.h"

namespace driftcast {

void ToProto(const Value& value, v1::Value* out);
StatusOr<Value> FromProto(const v1::Value& in);

void ToProto(const KeyValue& key, v1::KeyValue* out);
StatusOr<KeyValue> FromProto(const v1::KeyValue& in);

void ToProto(const ResourceId& id, v1::ResourceId* out);
StatusOr<ResourceId> FromProto(const v1::ResourceId& in);  // also validates the id
ResourceId FromProtoUnchecked(const v1::ResourceId& in);   // may be empty, for optional ids

void ToProto(const Dependency& dependency, v1::Dependency* out);
Dependency FromProto(const v1::Dependency& in);

void ToProto(const Cause& cause, v1::Cause* out);
StatusOr<Cause> FromProto(const v1::Cause& in);

void ToProto(const ChangeEvent& event, v1::ChangeEvent* out);
StatusOr<ChangeEvent> FromProto(const v1::ChangeEvent& in);

void ToProto(const HistoryEntry& entry, v1::HistoryEntry* out);
StatusOr<HistoryEntry> FromProto(const v1::HistoryEntry& in);

// Reads a stored or received number into an enum of `count` values from 0.
template <typename Enum>
StatusOr<Enum> EnumFromProto(int number, int count, const char* what) {
  if (number < 0 || number >= count)
    return InvalidArgument("{} {} is not known here", what, number);
  return static_cast<Enum>(number);
}

}  // namespace driftcast

#endif  // DRIFTCAST_WIRE_VALUE_H_
