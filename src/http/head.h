// The bytes in front of a response's body.
#ifndef DRIFTCAST_HTTP_HEAD_H_
#define DRIFTCAST_HTTP_HEAD_H_

#include <ctime>
#include <string>

#include "http/message.h"

namespace driftcast {

struct HeadOptions {
  bool keep_alive = true;
  bool chunked = false;  // instead of a length
  std::time_t now = 0;   // Unix seconds, for the Date header
};

// Status line and headers up to the empty line. A header whose name or value could break out of
// its line is left out: a bug of ours must not become somebody's header.
std::string ResponseHead(const HttpResponse& response, const HeadOptions& options);

// An error that the server itself gives, as problem+json (RFC 9457). Plain ASCII texts only.
HttpResponse ServerProblem(int status, const std::string& detail);

}  // namespace driftcast

#endif  // DRIFTCAST_HTTP_HEAD_H_
