// Errors as values. Every fallible function of Driftcast returns Status or StatusOr<T>.
//
// The codes are Abseil's, which are numerically gRPC's. Nothing else of Abseil is used: Debian's
// package has its own string_view, distinct from the standard one, so messages are built with fmt
// as std::string and read back with Message().
#ifndef DRIFTCAST_BASE_STATUS_H_
#define DRIFTCAST_BASE_STATUS_H_

#include <string>
#include <utility>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <fmt/core.h>

namespace driftcast {

using absl::Status;
using absl::StatusCode;
using absl::StatusOr;

inline Status Ok() { return absl::OkStatus(); }

// The status' text, without its code; empty for OK.
inline std::string Message(const Status& status) {
  return std::string(status.message().data(), status.message().size());
}

// "NOT_FOUND: no such resource", for logs and command lines.
std::string Describe(const Status& status);

// The same status with `context` and ": " in front of its message. OK stays OK.
Status Annotate(const Status& status, const std::string& context);

#define DRIFTCAST_DEFINE_STATUS_MAKER(Name, code)                                    \
  template <typename... Args>                                                        \
  Status Name(fmt::format_string<Args...> text, Args&&... args) {                    \
    return Status(StatusCode::code, fmt::format(text, std::forward<Args>(args)...)); \
  }

DRIFTCAST_DEFINE_STATUS_MAKER(InvalidArgument, kInvalidArgument)        // the input is wrong
DRIFTCAST_DEFINE_STATUS_MAKER(NotFound, kNotFound)                      // no such thing
DRIFTCAST_DEFINE_STATUS_MAKER(AlreadyExists, kAlreadyExists)            // there already
DRIFTCAST_DEFINE_STATUS_MAKER(PermissionDenied, kPermissionDenied)      // may not
DRIFTCAST_DEFINE_STATUS_MAKER(Unauthenticated, kUnauthenticated)        // who are you?
DRIFTCAST_DEFINE_STATUS_MAKER(FailedPrecondition, kFailedPrecondition)  // not in this state
DRIFTCAST_DEFINE_STATUS_MAKER(ResourceExhausted, kResourceExhausted)    // a bound was reached
DRIFTCAST_DEFINE_STATUS_MAKER(OutOfRange, kOutOfRange)                  // outside of what exists
DRIFTCAST_DEFINE_STATUS_MAKER(Aborted, kAborted)                        // lost a race; try again
DRIFTCAST_DEFINE_STATUS_MAKER(Unavailable, kUnavailable)                // not now; try again
DRIFTCAST_DEFINE_STATUS_MAKER(DeadlineExceeded, kDeadlineExceeded)      // took too long
DRIFTCAST_DEFINE_STATUS_MAKER(DataLoss, kDataLoss)                      // stored bytes are damaged
DRIFTCAST_DEFINE_STATUS_MAKER(Unimplemented, kUnimplemented)            // not supported
DRIFTCAST_DEFINE_STATUS_MAKER(Internal, kInternal)                      // something else failed

#undef DRIFTCAST_DEFINE_STATUS_MAKER

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              const std::string& message);

}  // namespace driftcast

#define DRIFTCAST_CONCAT_INNER(a, b) a##b
#define DRIFTCAST_CONCAT(a, b) DRIFTCAST_CONCAT_INNER(a, b)

// Returns the status of `expression` from this function unless it is OK.
#define DRIFTCAST_RETURN_IF_ERROR(expression)                                        \
  do {                                                                               \
    if (::driftcast::Status driftcast_status = (expression); !driftcast_status.ok()) \
      return driftcast_status;                                                       \
  } while (false)

// DRIFTCAST_ASSIGN_OR_RETURN(const auto file, ReadFile(path));
#define DRIFTCAST_ASSIGN_OR_RETURN(declaration, expression)                                \
  DRIFTCAST_ASSIGN_OR_RETURN_INNER(DRIFTCAST_CONCAT(driftcast_or_, __LINE__), declaration, \
                                   expression)
#define DRIFTCAST_ASSIGN_OR_RETURN_INNER(or_value, declaration, expression) \
  auto or_value = (expression);                                             \
  if (!or_value.ok()) return or_value.status();                             \
  declaration = *std::move(or_value)

// An invariant of the program, checked in every build. Bugs are not errors: it ends the process.
#define DRIFTCAST_CHECK(condition, ...)                                                        \
  do {                                                                                         \
    if (!(condition)) [[unlikely]]                                                             \
      ::driftcast::CheckFailed(__FILE__, __LINE__, #condition, ::fmt::format("" __VA_ARGS__)); \
  } while (false)

#endif  // DRIFTCAST_BASE_STATUS_H_
