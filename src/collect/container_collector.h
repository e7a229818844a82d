// Container images and running containers, from an engine's socket (Docker, Podman).
#ifndef DRIFTCAST_COLLECT_CONTAINER_COLLECTOR_H_
#define DRIFTCAST_COLLECT_CONTAINER_COLLECTOR_H_

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "collect/host_root.h"
#include "collect/whole_collector.h"

namespace driftcast {

// Kinds and names:
//   "image"     / "nginx:1.25"   "id", "digest[]" (of the registry)
//   "container" / "web"          "image", "image_id", "state" ("running", "exited", ...),
//                                "port[]" ("0.0.0.0:80->80/tcp"), "mount[]", "network[]";
//                                depends on its image ("runs"). Labels and environment, which
//                                often hold secrets, are not asked for.
// The first of the sockets that answers is used; none = no resources. Asks GET /images/json and
// /containers/json?all=1, nothing else. Needs access to the socket, which is as good as root; left
// to the site. Without it Collect fails with PermissionDenied.
class ContainerCollector : public WholeCollector {
 public:
  explicit ContainerCollector(const HostRoot& root,
                              std::vector<std::string> sockets = {"/run/docker.sock",
                                                                  "/run/podman/podman.sock"})
      : WholeCollector("containers", {"image", "container"}),
        root_(root),
        sockets_(std::move(sockets)) {}

 protected:
  Status ReadAll(std::vector<ResourceObserved>& out) override;

 private:
  const HostRoot& root_;
  const std::vector<std::string> sockets_;
};

// The body of the answer to GET `target` over a Unix socket. Errors: NotFound (no such socket),
// PermissionDenied, DeadlineExceeded, ResourceExhausted beyond `bytes_max`, Unavailable (nobody
// listens; the answer is not 200 or not HTTP).
StatusOr<std::string> GetOverUnixSocket(const std::string& socket, const std::string& target,
                                        size_t bytes_max, std::chrono::milliseconds patience);

// The answers' texts, as resources. InvalidArgument when a text is not the API's.
Status ReadImages(std::string_view json, std::vector<ResourceObserved>& out);
Status ReadContainers(std::string_view json, std::vector<ResourceObserved>& out);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_CONTAINER_COLLECTOR_H_
