// Remediation plans to protobuf and back. Conventions: wire/value.h.
#ifndef DRIFTCAST_WIRE_PLAN_H_
#define DRIFTCAST_WIRE_PLAN_H_

#include "driftcast/v1/plan.pb.h"

#include "base/status.h"
#include "model/plan.h"

namespace driftcast {

void ToProto(const ApprovalProof& proof, v1::ApprovalProof* out);
ApprovalProof FromProto(const v1::ApprovalProof& in);

void ToProto(const RemediationPlan& plan, v1::RemediationPlan* out);
StatusOr<RemediationPlan> FromProto(const v1::RemediationPlan& in);

}  // namespace driftcast

#endif  // DRIFTCAST_WIRE_PLAN_H_
