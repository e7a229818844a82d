// The file system of the host that is read: usually "/", in tests and containers a folder.
#ifndef DRIFTCAST_COLLECT_HOST_ROOT_H_
#define DRIFTCAST_COLLECT_HOST_ROOT_H_

#include <sys/stat.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/status.h"

namespace driftcast {

// Paths given to it are the host's own and absolute ("/etc/hosts"); symbolic links inside are
// followed as the host would and cannot lead out of the folder (openat2, RESOLVE_IN_ROOT; on a
// kernel without it links are not followed at all). Immutable, thread-safe. All opens are
// non-blocking, so that a FIFO cannot hold us up.
class HostRoot {
 public:
  explicit HostRoot(std::string folder = "/");

  const std::string& folder() const { return folder_; }
  bool is_machine() const { return folder_ == "/"; }

  // Where the path is for calls that need a name (inotify, statvfs). Follows links out of a
  // scratch root: for folders that we made ourselves or found by a walk.
  std::string Real(std::string_view path) const;

  // `flags` as for open(2); O_CLOEXEC, O_NONBLOCK and O_NOCTTY are added.
  StatusOr<FileDescriptor> Open(const std::string& path, int flags) const;

  // The whole regular file. Errors as base/file.h's ReadFile.
  StatusOr<std::string> Read(const std::string& path, size_t bytes_max) const;

  // Of the name itself; a link is not followed.
  StatusOr<struct stat> Stat(const std::string& path) const;

  // The target of a symbolic link.
  StatusOr<std::string> ReadLink(const std::string& path) const;

  // Each entry's name and DT_ type (see readdir(3)), without "." and "..". A folder that is a
  // symbolic link itself is not entered. Order is the disk's.
  Status List(const std::string& path,
              const std::function<void(const std::string& name, unsigned char type)>& entry) const;

 private:
  std::string folder_;
  FileDescriptor root_;  // O_PATH, only for a scratch root
};

// Reads what is left of an open regular file. ResourceExhausted beyond `bytes_max`.
StatusOr<std::string> ReadAll(int fd, size_t bytes_max, const std::string& name);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_HOST_ROOT_H_
