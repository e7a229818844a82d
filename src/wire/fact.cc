#include "wire/fact.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/unknown_field_set.h>

#include "wire/fact_body.h"

namespace driftcast {
namespace {

StatusOr<FactBody> AnyBodyFromProto(const v1::Fact& in) {
  switch (in.body_case()) {
    case v1::Fact::kStackEnrolled:
      return BodyFromProto(in.stack_enrolled());
    case v1::Fact::kResourceObserved:
      return BodyFromProto(in.resource_observed());
    case v1::Fact::kResourceVanished:
      return BodyFromProto(in.resource_vanished());
    case v1::Fact::kSnapshotCompleted:
      return BodyFromProto(in.snapshot_completed());
    case v1::Fact::kExpectationSet:
      return BodyFromProto(in.expectation_set());
    case v1::Fact::kActivityReported:
      return BodyFromProto(in.activity_reported());
    case v1::Fact::kMetricsObserved:
      return BodyFromProto(in.metrics_observed());
    case v1::Fact::kTimeAdvanced:
      return FactBody(TimeAdvanced{});
    case v1::Fact::kPastChanges:
      return BodyFromProto(in.past_changes());
    case v1::Fact::kIgnoreRule:
      return BodyFromProto(in.ignore_rule());
    case v1::Fact::kDecisionMade:
      return BodyFromProto(in.decision_made());
    case v1::Fact::kPlanProgressed:
      return BodyFromProto(in.plan_progressed());
    case v1::Fact::kBlobPublished:
      return BodyFromProto(in.blob_published());
    case v1::Fact::kAgentReported:
      return BodyFromProto(in.agent_reported());
    case v1::Fact::kPolicyPublished:
      return BodyFromProto(in.policy_published());
    case v1::Fact::kPauseSet:
      return BodyFromProto(in.pause_set());
    case v1::Fact::kPlanWritten:
      return BodyFromProto(in.plan_written());
    case v1::Fact::BODY_NOT_SET:
      break;
  }
  return InvalidArgument("a fact without a body that is known here");
}

}  // namespace

void ToProto(const Fact& fact, v1::Fact* out) {
  if (!fact.unknown_fields.empty())
    out->GetReflection()->MutableUnknownFields(out)->ParseFromString(fact.unknown_fields);
  out->set_at_us(ToUnixMicros(fact.at));
  out->set_stack(fact.stack.value);
  out->set_agent(fact.agent.value);
  out->set_sequence(fact.sequence);
  std::visit([out](const auto& body) { BodyToProto(body, out); }, fact.body);
}

StatusOr<Fact> FromProto(const v1::Fact& in) {
  Fact fact;
  fact.at = FromUnixMicros(in.at_us());
  fact.stack = StackId(in.stack());
  fact.agent = AgentId(in.agent());
  fact.sequence = in.sequence();
  DRIFTCAST_ASSIGN_OR_RETURN(fact.body, AnyBodyFromProto(in));
  const auto& unknown = in.GetReflection()->GetUnknownFields(in);
  if (!unknown.empty()) unknown.SerializeToString(&fact.unknown_fields);
  return fact;
}

std::string EncodeFact(const Fact& fact) {
  v1::Fact message;
  ToProto(fact, &message);
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  DRIFTCAST_CHECK(message.SerializeToCodedStream(&coded));
  coded.Trim();
  return bytes;
}

StatusOr<Fact> DecodeFact(std::string_view bytes) {
  v1::Fact message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return DataLoss("{} bytes that are no fact", bytes.size());
  return FromProto(message);
}

}  // namespace driftcast
