#include "wire/fact.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include "wire/fact_body.h"
#include "wire/metric_fact.h"

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
    case v1::Fact::kModelPublished:
      return BodyFromProto(in.model_published());
    case v1::Fact::kAgentReported:
      return BodyFromProto(in.agent_reported());
    case v1::Fact::kPolicyPublished:
      return BodyFromProto(in.policy_published());
    case v1::Fact::kPauseSet:
      return BodyFromProto(in.pause_set());
    case v1::Fact::kPlanWritten:
      return BodyFromProto(in.plan_written());
    case v1::Fact::kFeedPublished:
      return BodyFromProto(in.feed_published());
    case v1::Fact::BODY_NOT_SET:
      break;
  }
  return InvalidArgument("a fact without a body that is known here");
}

// Does a part of the message, at any depth, hold fields that this version does not know?
bool HasUnknownInside(const google::protobuf::Message& message) {
  const auto* descriptor = message.GetDescriptor();
  const auto* reflection = message.GetReflection();
  const auto has_unknown = [](const google::protobuf::Message& part) {
    return !part.GetReflection()->GetUnknownFields(part).empty() || HasUnknownInside(part);
  };
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      if (reflection->HasField(message, field) &&
          has_unknown(reflection->GetMessage(message, field)))
        return true;
      continue;
    }
    for (int n = 0; n < reflection->FieldSize(message, field); ++n)
      if (has_unknown(reflection->GetRepeatedMessage(message, field, n))) return true;
  }
  return false;
}

// What this version does not understand of a fact, as the fields of a v1.Fact; usually nothing.
std::string WhatIsUnknown(const v1::Fact& in) {
  const auto& unknown = in.GetReflection()->GetUnknownFields(in);
  const bool inside = in.received().empty() && HasUnknownInside(in);
  if (unknown.empty() && in.received().empty() && !inside) return "";
  v1::Fact out;
  if (!unknown.empty()) out.GetReflection()->MutableUnknownFields(&out)->MergeFrom(unknown);
  out.set_received(in.received());
  // What was received first is the most complete.
  if (inside) in.SerializeToString(out.mutable_received());
  return out.SerializeAsString();
}

}  // namespace

void ToProto(const Fact& fact, v1::Fact* out) {
  // Our own bytes, from WhatIsUnknown.
  if (!fact.unknown_fields.empty()) DRIFTCAST_CHECK(out->ParseFromString(fact.unknown_fields));
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
  fact.unknown_fields = WhatIsUnknown(in);
  return fact;
}

std::string EncodeFact(const Fact& fact) {
  const auto* metrics = std::get_if<MetricsObserved>(&fact.body);
  if (metrics != nullptr && fact.unknown_fields.empty()) return EncodeMetricFact(fact, *metrics);
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
