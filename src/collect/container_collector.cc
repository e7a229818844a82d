#include "collect/container_collector.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "collect/names.h"
#include "collect/parse.h"

namespace driftcast {
namespace {

using Json = nlohmann::json;
using Deadline = std::chrono::steady_clock::time_point;

constexpr size_t kAnswerBytesMax = 16 << 20;
constexpr size_t kItemsMax = 10000;
constexpr std::chrono::seconds kPatience(5);

std::string TextOf(const Json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_string() ? CleanText(found->get<std::string>(), 1024)
                                                     : "";
}

int64_t NumberOf(const Json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

Status WaitFor(int fd, short events, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return DeadlineExceeded("no answer in time");
    pollfd entry{fd, events, 0};
    const int n = poll(&entry, 1, static_cast<int>(left.count()) + 1);
    if (n > 0) return Ok();
    if (n < 0 && errno != EINTR) return ErrnoStatus(errno, "waiting");
  }
}

StatusOr<FileDescriptor> Connect(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path)
    return InvalidArgument("the path {} is too long for a socket", socket_path);
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  FileDescriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return ErrnoStatus(errno, socket_path);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == ECONNREFUSED) return Unavailable("nobody listens on {}", socket_path);
    return ErrnoStatus(errno, socket_path);
  }
  return fd;
}

// The body of an HTTP/1.0 answer: everything after the head, since the server closes.
StatusOr<std::string> BodyOf(std::string answer) {
  const size_t end = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.") || end == std::string::npos || answer.size() < 12)
    return Unavailable("the answer is not HTTP");
  if (answer.compare(9, 3, "200") != 0)
    return Unavailable("the answer is {}", CleanText(answer.substr(9, answer.find('\r') - 9), 80));
  std::string head = answer.substr(0, end);
  std::transform(head.begin(), head.end(), head.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (head.find("transfer-encoding: chunked") != std::string::npos)
    return Unavailable("the answer is chunked although HTTP/1.0 was asked for");
  return answer.substr(end + 4);
}

const Json* ArrayOf(const Json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_array() ? &*found : nullptr;
}

void AddImage(const Json& image, std::vector<ResourceObserved>& out) {
  const Json* names = ArrayOf(image, "RepoTags");
  if (names == nullptr) return;  // without a name it is nobody's configuration
  for (const Json& name : *names) {
    if (!name.is_string() || out.size() >= kItemsMax) continue;
    const std::string clean = CleanText(name.get<std::string>(), 512);
    if (clean.empty() || clean == "<none>:<none>") continue;
    ResourceObserved observed;
    observed.resource = {{}, "image", ResourceNameOfPath(clean)};
    observed.keys.push_back({"id", Value::Text(TextOf(image, "Id"))});
    if (const Json* digests = ArrayOf(image, "RepoDigests"))
      for (const Json& digest : *digests)
        if (digest.is_string())
          observed.keys.push_back(
              {"digest[]", Value::Text(CleanText(digest.get<std::string>(), 512))});
    Canonicalize(observed.keys);
    out.push_back(std::move(observed));
  }
}

void AddPorts(const Json& container, ResourceObserved& observed) {
  const Json* ports = ArrayOf(container, "Ports");
  for (size_t i = 0; ports != nullptr && i < ports->size() && i < 256; ++i) {
    const Json& port = (*ports)[i];
    if (!port.is_object()) continue;
    std::string text = fmt::format("{}/{}", NumberOf(port, "PrivatePort"), TextOf(port, "Type"));
    if (const int64_t number = NumberOf(port, "PublicPort"); number != 0)
      text = fmt::format("{}:{}->{}", TextOf(port, "IP"), number, text);
    observed.keys.push_back({"port[]", Value::Text(std::move(text))});
  }
}

void AddMounts(const Json& container, ResourceObserved& observed) {
  const Json* mounts = ArrayOf(container, "Mounts");
  for (size_t i = 0; mounts != nullptr && i < mounts->size() && i < 256; ++i) {
    const Json& mount = (*mounts)[i];
    if (!mount.is_object()) continue;
    const auto writable = mount.find("RW");
    observed.keys.push_back(
        {"mount[]",
         Value::Text(fmt::format("{}:{}{}", TextOf(mount, "Source"), TextOf(mount, "Destination"),
                                 writable != mount.end() && *writable == false ? ":ro" : ""))});
  }
}

void AddContainer(const Json& container, std::vector<ResourceObserved>& out) {
  const Json* names = ArrayOf(container, "Names");
  if (names == nullptr || names->empty() || !names->front().is_string()) return;
  std::string name = names->front().get<std::string>();
  if (name.starts_with('/')) name.erase(0, 1);
  if (name.empty() || out.size() >= kItemsMax) return;
  ResourceObserved observed;
  observed.resource = {{}, "container", ResourceNameOfPath(CleanText(name, 512))};
  for (const auto& [field, path] :
       {std::pair{"Image", "image"}, std::pair{"ImageID", "image_id"}, std::pair{"State", "state"}})
    observed.keys.push_back({path, Value::Text(TextOf(container, field))});
  AddPorts(container, observed);
  AddMounts(container, observed);
  const auto settings = container.find("NetworkSettings");
  if (settings != container.end() && settings->is_object() && settings->contains("Networks") &&
      (*settings)["Networks"].is_object())
    for (const auto& network : (*settings)["Networks"].items())
      observed.keys.push_back({"network[]", Value::Text(CleanText(network.key(), 256))});
  if (const std::string image = TextOf(container, "Image"); !image.empty())
    observed.depends_on.push_back({"runs", "image", ResourceNameOfPath(image), {}});
  Canonicalize(observed.keys);
  out.push_back(std::move(observed));
}

Status ReadArray(std::string_view text, std::vector<ResourceObserved>& out,
                 void (*add)(const Json&, std::vector<ResourceObserved>&)) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) return InvalidArgument("the container engine's answer is no list");
  for (const Json& item : json)
    if (item.is_object()) add(item, out);
  return Ok();
}

}  // namespace

StatusOr<std::string> GetOverUnixSocket(const std::string& socket, const std::string& target,
                                        size_t bytes_max, std::chrono::milliseconds patience) {
  const Deadline deadline = std::chrono::steady_clock::now() + patience;
  DRIFTCAST_ASSIGN_OR_RETURN(const FileDescriptor fd, Connect(socket));
  const std::string request = "GET " + target + " HTTP/1.0\r\nHost: localhost\r\n\r\n";
  DRIFTCAST_RETURN_IF_ERROR(WaitFor(fd.get(), POLLOUT, deadline));
  if (send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size()))
    return Unavailable("{} does not take a request", socket);
  std::string answer;
  std::array<char, 16384> buffer;
  for (;;) {
    DRIFTCAST_RETURN_IF_ERROR(WaitFor(fd.get(), POLLIN, deadline));
    const ssize_t n = read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return ErrnoStatus(errno, socket);
    if (n == 0) return BodyOf(std::move(answer));
    answer.append(buffer.data(), static_cast<size_t>(n));
    if (answer.size() > bytes_max) return ResourceExhausted("{} answers without end", socket);
  }
}

Status ReadImages(std::string_view json, std::vector<ResourceObserved>& out) {
  return ReadArray(json, out, AddImage);
}

Status ReadContainers(std::string_view json, std::vector<ResourceObserved>& out) {
  return ReadArray(json, out, AddContainer);
}

Status ContainerCollector::ReadAll(std::vector<ResourceObserved>& out) {
  for (const std::string& socket : sockets_) {
    if (!root_.Stat(socket).ok()) continue;
    const std::string path = root_.Real(socket);
    auto images = GetOverUnixSocket(path, "/images/json", kAnswerBytesMax, kPatience);
    if (images.status().code() == StatusCode::kUnavailable) continue;  // left over from before
    if (!images.ok()) return images.status();
    DRIFTCAST_RETURN_IF_ERROR(ReadImages(*images, out));
    DRIFTCAST_ASSIGN_OR_RETURN(
        const std::string containers,
        GetOverUnixSocket(path, "/containers/json?all=1", kAnswerBytesMax, kPatience));
    CountBytes(images->size() + containers.size());
    DRIFTCAST_RETURN_IF_ERROR(ReadContainers(containers, out));
    return Ok();
  }
  return Ok();
}

}  // namespace driftcast
