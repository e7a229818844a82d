// The past of a stack as one stream of changes, out of the stored history: what can be learnt from.
#ifndef DRIFTCAST_ENGINE_PAST_H_
#define DRIFTCAST_ENGINE_PAST_H_

#include <string>
#include <vector>

#include "base/status.h"
#include "model/change.h"
#include "model/resource.h"
#include "store/store.h"

namespace driftcast {

// All changes of the stack in the order of time, those of one change together, with change ids
// from 1. What enrolment found is kInitial without a kCreate; what was only told is left out.
// Reads the store alone, so it may run on any thread, and sees what is durable when it begins.
// Memory: all of the stack's history. DataLoss on entries that cannot be read.
StatusOr<std::vector<ChangeEvent>> PastOf(const Store& store, const StackId& stack);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_PAST_H_
