#include "model/shadow.h"

namespace driftcast {

const char* ResourceStatusName(ResourceStatus status) {
  switch (status) {
    case ResourceStatus::kNotCompared:
      return "NOT_COMPARED";
    case ResourceStatus::kInSync:
      return "IN_SYNC";
    case ResourceStatus::kDrifted:
      return "DRIFTED";
    case ResourceStatus::kMissing:
      return "MISSING";
    case ResourceStatus::kUnmanaged:
      return "UNMANAGED";
  }
  return "UNKNOWN";
}

const char* KeyVerdictName(KeyVerdict verdict) {
  switch (verdict) {
    case KeyVerdict::kNotCompared:
      return "NOT_COMPARED";
    case KeyVerdict::kSame:
      return "SAME";
    case KeyVerdict::kAdded:
      return "ADDED";
    case KeyVerdict::kRemoved:
      return "REMOVED";
    case KeyVerdict::kChanged:
      return "CHANGED";
  }
  return "UNKNOWN";
}

const char* OriginName(Origin origin) {
  switch (origin) {
    case Origin::kNone:
      return "none";
    case Origin::kDeclared:
      return "declared";
    case Origin::kEnrolled:
      return "enrolled";
    case Origin::kAccepted:
      return "accepted";
  }
  return "unknown";
}

const char* MeansName(Means means) {
  switch (means) {
    case Means::kNone:
      return "none";
    case Means::kSnapshot:
      return "snapshot";
    case Means::kEvent:
      return "event";
    case Means::kRescan:
      return "rescan";
    case Means::kVerify:
      return "verify";
    case Means::kImport:
      return "import";
  }
  return "unknown";
}

const char* CauseKindName(CauseKind kind) {
  switch (kind) {
    case CauseKind::kUnknown:
      return "unknown";
    case CauseKind::kPackageRun:
      return "package_run";
    case CauseKind::kPerson:
      return "person";
    case CauseKind::kTool:
      return "tool";
    case CauseKind::kPlan:
      return "plan";
    case CauseKind::kDeclaration:
      return "declaration";
  }
  return "unknown";
}

}  // namespace driftcast
