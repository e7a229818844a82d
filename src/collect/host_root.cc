#include "collect/host_root.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>

namespace driftcast {
namespace {

constexpr int kAlways = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

std::string WithoutTrailingSlash(std::string folder) {
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  return folder;
}

// openat2 is younger than the C library's header for it.
int OpenInRoot(int root, const char* relative, int flags) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(syscall(SYS_openat2, root, relative, &how, sizeof how));
}

struct FolderCloser {
  void operator()(DIR* folder) const { closedir(folder); }
};

}  // namespace

HostRoot::HostRoot(std::string folder) : folder_(WithoutTrailingSlash(std::move(folder))) {
  if (!is_machine())
    root_ = FileDescriptor(open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

std::string HostRoot::Real(std::string_view path) const {
  return is_machine() ? std::string(path) : folder_ + std::string(path);
}

StatusOr<FileDescriptor> HostRoot::Open(const std::string& path, int flags) const {
  if (path.find('\0') != std::string::npos) return InvalidArgument("a path with a NUL byte");
  FileDescriptor fd;
  if (is_machine()) {
    fd = FileDescriptor(open(path.c_str(), flags | kAlways));
  } else {
    const size_t start = std::min(path.find_first_not_of('/'), path.size());
    const std::string relative = start == path.size() ? "." : path.substr(start);
    // With O_PATH the kernel accepts no other flags than these two.
    const int wanted = (flags & O_PATH) ? (flags & (O_PATH | O_NOFOLLOW | O_DIRECTORY)) | O_CLOEXEC
                                        : flags | kAlways;
    fd = FileDescriptor(OpenInRoot(root_.get(), relative.c_str(), wanted));
    if (!fd && errno == ENOSYS)
      fd = FileDescriptor(openat(root_.get(), relative.c_str(), wanted | O_NOFOLLOW));
  }
  if (!fd) return ErrnoStatus(errno, path);
  return fd;
}

StatusOr<std::string> ReadAll(int fd, size_t bytes_max, const std::string& name) {
  struct stat info;
  if (fstat(fd, &info) != 0) return ErrnoStatus(errno, name);
  if (!S_ISREG(info.st_mode)) return FailedPrecondition("{} is not a regular file", name);
  std::string content;
  // Files in /proc say that they are empty, so the size is only a hint.
  content.resize(std::min<size_t>(static_cast<size_t>(info.st_size), bytes_max) + 512);
  size_t used = 0;
  for (;;) {
    if (used == content.size()) content.resize(content.size() * 2);
    const ssize_t n = read(fd, content.data() + used, content.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, name);
    if (n == 0) break;
    used += static_cast<size_t>(n);
    if (used > bytes_max) return ResourceExhausted("{} is larger than {} bytes", name, bytes_max);
  }
  content.resize(used);
  return content;
}

StatusOr<std::string> HostRoot::Read(const std::string& path, size_t bytes_max) const {
  DRIFTCAST_ASSIGN_OR_RETURN(const FileDescriptor fd, Open(path, O_RDONLY));
  return ReadAll(fd.get(), bytes_max, path);
}

StatusOr<struct stat> HostRoot::Stat(const std::string& path) const {
  struct stat info;
  if (is_machine()) {
    if (lstat(path.c_str(), &info) != 0) return ErrnoStatus(errno, path);
    return info;
  }
  DRIFTCAST_ASSIGN_OR_RETURN(const FileDescriptor fd, Open(path, O_PATH | O_NOFOLLOW));
  if (fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, path);
  return info;
}

StatusOr<std::string> HostRoot::ReadLink(const std::string& path) const {
  DRIFTCAST_ASSIGN_OR_RETURN(const FileDescriptor fd, Open(path, O_PATH | O_NOFOLLOW));
  std::array<char, PATH_MAX> target;
  const ssize_t n = readlinkat(fd.get(), "", target.data(), target.size());
  if (n < 0) return ErrnoStatus(errno, path);
  return std::string(target.data(), static_cast<size_t>(n));
}

Status HostRoot::List(
    const std::string& path,
    const std::function<void(const std::string& name, unsigned char type)>& entry) const {
  DRIFTCAST_ASSIGN_OR_RETURN(FileDescriptor fd, Open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  const std::unique_ptr<DIR, FolderCloser> folder(fdopendir(fd.get()));
  if (!folder) return ErrnoStatus(errno, path);
  fd.Release();
  for (;;) {
    errno = 0;
    const dirent* found = readdir(folder.get());
    if (found == nullptr) return errno == 0 ? Ok() : ErrnoStatus(errno, path);
    const std::string name = found->d_name;
    if (name != "." && name != "..") entry(name, found->d_type);
  }
}

}  // namespace driftcast
