#include "model/prediction.h"

namespace driftcast {

const char* OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOpen:
      return "open";
    case Outcome::kHit:
      return "hit";
    case Outcome::kMiss:
      return "miss";
    case Outcome::kVoid:
      return "void";
    case Outcome::kTreated:
      return "treated";
  }
  return "unknown";
}

}  // namespace driftcast
