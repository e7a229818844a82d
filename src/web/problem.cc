#include "web/problem.h"

#include <nlohmann/json.hpp>

namespace driftcast {
namespace {

using Json = nlohmann::json;

int HttpStatusOf(StatusCode code) {
  switch (code) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kOutOfRange:
      return 400;
    case StatusCode::kUnauthenticated:
      return 401;
    case StatusCode::kPermissionDenied:
      return 403;
    case StatusCode::kNotFound:
      return 404;
    case StatusCode::kAlreadyExists:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kAborted:
      return 409;
    case StatusCode::kResourceExhausted:
      return 429;
    case StatusCode::kUnavailable:
    case StatusCode::kUnimplemented:
    case StatusCode::kDeadlineExceeded:
      return 503;
    default:
      return 500;
  }
}

}  // namespace

HttpResponse ProblemResponse(int status, const std::string& detail,
                             const std::vector<Fault>& faults) {
  Json problem = {{"type", "about:blank"},
                  {"title", HttpReason(status)},
                  {"status", status},
                  {"detail", detail}};
  for (const Fault& fault : faults) {
    problem["errors"].push_back({{"where", fault.where}, {"message", fault.message}});
  }
  HttpResponse response;
  response.status = status;
  response.Set("Content-Type", "application/problem+json");
  if (status == 429 || status == 503) response.Set("Retry-After", "1");
  if (status == 401) response.Set("WWW-Authenticate", "Bearer");
  response.body = problem.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

HttpResponse ProblemOf(const Status& status) {
  return ProblemResponse(HttpStatusOf(status.code()), Message(status));
}

}  // namespace driftcast
