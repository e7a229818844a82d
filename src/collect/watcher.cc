#include "collect/watcher.h"

#include <dirent.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace driftcast {
namespace {

constexpr int kDepthMax = 32;
constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
                             IN_ATTRIB | IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW |
                             IN_EXCL_UNLINK;

std::string Child(const std::string& folder, const std::string& name) {
  return folder == "/" ? "/" + name : folder + "/" + name;
}

std::string Parent(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

bool IsBelow(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder == "/" ? folder : folder + "/");
}

}  // namespace

Watcher::Watcher(const HostRoot& root, size_t paths_max)
    : root_(root), paths_max_(paths_max), inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

Status Watcher::AddFolder(const std::string& path, bool recursive) {
  const int watch = inotify_add_watch(inotify_.get(), root_.Real(path).c_str(), kEvents);
  if (watch < 0) {
    if (errno == ENOSPC)
      return ResourceExhausted("the kernel's limit of inotify watches is reached at {}", path);
    return ErrnoStatus(errno, path);
  }
  Folder& folder = folders_[watch];
  folder.recursive = folder.recursive || recursive;
  folder.path = path;
  if (told_) told_(path);
  return Ok();
}

Status Watcher::AddTree(const std::string& path, int depth, bool report) {
  if (depth > kDepthMax) return Ok();
  // The watch comes first: what appears after it is an event, what was there before is listed.
  DRIFTCAST_RETURN_IF_ERROR(AddFolder(path, true));
  std::vector<std::string> folders;
  Status listed = root_.List(path, [&](const std::string& name, unsigned char type) {
    std::string child = Child(path, name);
    if (type == DT_DIR) {
      folders.push_back(std::move(child));
    } else if (report) {
      Report(std::move(child));
    }
  });
  for (const std::string& folder : folders) {
    const Status added = AddTree(folder, depth + 1, report);
    if (added.code() == StatusCode::kResourceExhausted) return added;
  }
  return listed;
}

Status Watcher::Watch(const WatchedPlace& place) {
  if (!inotify_) return Unavailable("inotify is not available");
  const Status added =
      place.recursive ? AddTree(place.path, 0, false) : AddFolder(place.path, false);
  if (added.code() == StatusCode::kNotFound) {
    missing_.push_back(place);
    for (std::string parent = Parent(place.path);; parent = Parent(parent)) {
      if (AddFolder(parent, false).ok() || parent == "/") break;
    }
  }
  return added;
}

void Watcher::Report(std::string path) {
  if (touched_.paths.size() >= paths_max_) {
    touched_.lost = true;
    touched_.paths.clear();
  }
  if (!touched_.lost) touched_.paths.insert(std::move(path));
}

void Watcher::Forget(const std::string& path) {
  std::erase_if(folders_, [&](const auto& entry) {
    if (!IsBelow(entry.second.path, path)) return false;
    inotify_rm_watch(inotify_.get(), entry.first);
    return true;
  });
}

void Watcher::RetryMissing(const std::string& appeared) {
  std::vector<WatchedPlace> waiting;
  waiting.swap(missing_);
  for (const WatchedPlace& place : waiting) {
    if (!IsBelow(place.path, appeared)) {
      missing_.push_back(place);
    } else if (Watch(place).ok()) {
      touched_.lost = true;  // what is in it already must be read
    }
  }
}

void Watcher::OnEvent(int watch, uint32_t mask, const std::string& name) {
  if ((mask & IN_Q_OVERFLOW) != 0) {
    touched_.lost = true;
    return;
  }
  const auto found = folders_.find(watch);
  if (found == folders_.end()) return;
  const Folder folder = found->second;
  if ((mask & IN_IGNORED) != 0) {
    folders_.erase(found);
    return;
  }
  if (name.empty()) return;  // about the folder itself: its parent tells as well
  const std::string path = Child(folder.path, name);
  if ((mask & IN_ISDIR) == 0) {
    // A created file is empty until it is closed, but a created link or hard link is complete.
    Report(path);
    return;
  }
  if ((mask & (IN_MOVED_FROM | IN_DELETE)) != 0) {
    Forget(path);
    touched_.lost = touched_.lost || (mask & IN_MOVED_FROM) != 0;  // all below it is gone
  }
  if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0) {
    if (folder.recursive && AddTree(path, 0, true).code() == StatusCode::kResourceExhausted)
      touched_.lost = true;
    RetryMissing(path);
  }
}

void Watcher::Drain() {
  alignas(inotify_event) std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t n = read(inotify_.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    for (ssize_t at = 0; at < n;) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + static_cast<ssize_t>(sizeof event);
      OnEvent(event.wd, event.mask,
              event.len > 0 ? std::string(name, strnlen(name, event.len)) : std::string());
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
}

Touched Watcher::Take() {
  Drain();
  return std::exchange(touched_, {});
}

}  // namespace driftcast
