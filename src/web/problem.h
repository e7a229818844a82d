// Errors of the API: problem+json (RFC 9457) that says what to fix.
#ifndef DRIFTCAST_WEB_PROBLEM_H_
#define DRIFTCAST_WEB_PROBLEM_H_

#include <string>
#include <vector>

#include "base/status.h"
#include "http/message.h"

namespace driftcast {

// One fault of a request: where ("query.limit", "/keys/0/path") and what about it.
struct Fault {
  std::string where;
  std::string message;
};

HttpResponse ProblemResponse(int status, const std::string& detail,
                             const std::vector<Fault>& faults = {});

// InvalidArgument 400, Unauthenticated 401, PermissionDenied 403, NotFound 404, AlreadyExists and
// FailedPrecondition and Aborted 409, ResourceExhausted 429, Unavailable, Unimplemented and
// DeadlineExceeded 503, else 500. 429 and 503 carry Retry-After.
HttpResponse ProblemOf(const Status& status);

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_PROBLEM_H_
