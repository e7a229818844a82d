// Facts to protobuf and back. Conventions: wire/value.h.
#ifndef DRIFTCAST_WIRE_FACT_H_
#define DRIFTCAST_WIRE_FACT_H_

#include "driftcast/v1/fact.pb.h"

#include "base/status.h"
#include "model/fact.h"

namespace driftcast {

void ToProto(const Fact& fact, v1::Fact* out);

// InvalidArgument when the body is missing or wrong. Fields that this version does not know are
// kept in `unknown_fields` and written back by ToProto: those of the fact itself as they are, and
// when its parts hold some, the whole fact as it came, in `received`.
StatusOr<Fact> FromProto(const v1::Fact& in);

// One fact as bytes, for the store, the spool and digests: deterministic.
std::string EncodeFact(const Fact& fact);
StatusOr<Fact> DecodeFact(std::string_view bytes);

}  // namespace driftcast

#endif  // DRIFTCAST_WIRE_FACT_H_
