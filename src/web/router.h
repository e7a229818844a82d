// Which request goes where, and who may make it.
#ifndef DRIFTCAST_WEB_ROUTER_H_
#define DRIFTCAST_WEB_ROUTER_H_

#include <functional>
#include <string>
#include <vector>

#include "http/message.h"
#include "web/access.h"

namespace driftcast {

// A request that was let in.
struct ApiCall {
  const HttpRequest& request;
  Caller caller;
  std::vector<std::string> parts;  // what the '*' of the route's pattern stood for
};

struct Route {
  const char* method;
  const char* pattern;  // "/api/v1/plans/*/decision"
  Role role;            // least
  std::function<HttpResponse(const ApiCall&)> handler;
  bool whole_fleet = false;  // not for people who may look at some stacks only
};

// Immutable once filled; thread-safe then.
class Router {
 public:
  void Add(Route route) { routes_.push_back(std::move(route)); }

  struct Match {
    const Route* route = nullptr;  // none: see below
    std::vector<std::string> parts;
    std::string allowed;  // other methods of this path ("GET, POST"); empty: no such path
  };
  Match Find(const HttpRequest& request) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_ROUTER_H_
