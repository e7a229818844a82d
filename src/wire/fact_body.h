// The bodies of facts, one pair of functions each; used by wire/fact.cc only.
#ifndef DRIFTCAST_WIRE_FACT_BODY_H_
#define DRIFTCAST_WIRE_FACT_BODY_H_

#include "driftcast/v1/fact.pb.h"

#include "base/status.h"
#include "model/fact.h"

namespace driftcast {

void BodyToProto(const StackEnrolled& body, v1::Fact* out);
void BodyToProto(const ResourceObserved& body, v1::Fact* out);
void BodyToProto(const ResourceVanished& body, v1::Fact* out);
void BodyToProto(const SnapshotCompleted& body, v1::Fact* out);
void BodyToProto(const ExpectationSet& body, v1::Fact* out);
void BodyToProto(const ActivityReported& body, v1::Fact* out);
void BodyToProto(const MetricsObserved& body, v1::Fact* out);
void BodyToProto(const TimeAdvanced& body, v1::Fact* out);
void BodyToProto(const PastChanges& body, v1::Fact* out);
void BodyToProto(const IgnoreRule& body, v1::Fact* out);
void BodyToProto(const DecisionMade& body, v1::Fact* out);
void BodyToProto(const PlanProgressed& body, v1::Fact* out);
void BodyToProto(const ModelPublished& body, v1::Fact* out);
void BodyToProto(const AgentReported& body, v1::Fact* out);
void BodyToProto(const PolicyPublished& body, v1::Fact* out);
void BodyToProto(const PauseSet& body, v1::Fact* out);
void BodyToProto(const PlanWritten& body, v1::Fact* out);
void BodyToProto(const FeedPublished& body, v1::Fact* out);

StatusOr<FactBody> BodyFromProto(const v1::StackEnrolled& in);
StatusOr<FactBody> BodyFromProto(const v1::ResourceObserved& in);
StatusOr<FactBody> BodyFromProto(const v1::ResourceVanished& in);
StatusOr<FactBody> BodyFromProto(const v1::SnapshotCompleted& in);
StatusOr<FactBody> BodyFromProto(const v1::ExpectationSet& in);
StatusOr<FactBody> BodyFromProto(const v1::ActivityReported& in);
StatusOr<FactBody> BodyFromProto(const v1::MetricsObserved& in);
StatusOr<FactBody> BodyFromProto(const v1::PastChanges& in);
StatusOr<FactBody> BodyFromProto(const v1::IgnoreRule& in);
StatusOr<FactBody> BodyFromProto(const v1::DecisionMade& in);
StatusOr<FactBody> BodyFromProto(const v1::PlanProgressed& in);
StatusOr<FactBody> BodyFromProto(const v1::ModelPublished& in);
StatusOr<FactBody> BodyFromProto(const v1::AgentReported& in);
StatusOr<FactBody> BodyFromProto(const v1::PolicyPublished& in);
StatusOr<FactBody> BodyFromProto(const v1::PauseSet& in);
StatusOr<FactBody> BodyFromProto(const v1::PlanWritten& in);
StatusOr<FactBody> BodyFromProto(const v1::FeedPublished& in);

}  // namespace driftcast

#endif  // DRIFTCAST_WIRE_FACT_BODY_H_
