#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace driftcast {
namespace {

StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return StatusCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return StatusCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
      return StatusCode::kResourceExhausted;
    case EEXIST:
      return StatusCode::kAlreadyExists;
    case EAGAIN:
    case EBUSY:
      return StatusCode::kUnavailable;
    default:
      return StatusCode::kInternal;
  }
}

Status WriteAll(int fd, std::string_view content, const std::string& name) {
  while (!content.empty()) {
    const ssize_t n = write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "writing " + name);
    content.remove_prefix(static_cast<size_t>(n));
  }
  return Ok();
}

}  // namespace

Status ErrnoStatus(int error, const std::string& what) {
  return Status(CodeOf(error), what + ": " + std::generic_category().message(error));
}

StatusOr<std::string> ReadFile(const std::filesystem::path& path, size_t bytes_max) {
  // O_NONBLOCK: opening a FIFO must not wait for its other end.
  const FileDescriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return ErrnoStatus(errno, "opening " + path.string());
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, "reading " + path.string());
  if (!S_ISREG(info.st_mode)) return FailedPrecondition("{} is not a regular file", path.string());
  std::string content;
  // Files in /proc say that they are empty, so the size is only a hint.
  content.resize(std::min<size_t>(static_cast<size_t>(info.st_size), bytes_max) + 4096);
  size_t used = 0;
  for (;;) {
    if (used == content.size()) content.resize(content.size() * 2);
    const ssize_t n = read(fd.get(), content.data() + used, content.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "reading " + path.string());
    if (n == 0) break;
    used += static_cast<size_t>(n);
    if (used > bytes_max)
      return ResourceExhausted("{} is larger than {} bytes", path.string(), bytes_max);
  }
  content.resize(used);
  return content;
}

Status WriteFileAtomically(const std::filesystem::path& path, std::string_view content,
                           unsigned mode) {
  std::string temporary = path.string() + ".XXXXXX";
  const FileDescriptor fd(mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return ErrnoStatus(errno, "creating a file beside " + path.string());
  Status status = WriteAll(fd.get(), content, temporary);
  if (status.ok() && fchmod(fd.get(), mode) != 0)
    status = ErrnoStatus(errno, "setting the mode of " + temporary);
  if (status.ok() && fsync(fd.get()) != 0) status = ErrnoStatus(errno, "flushing " + temporary);
  if (status.ok() && rename(temporary.c_str(), path.c_str()) != 0)
    status = ErrnoStatus(errno, "replacing " + path.string());
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  const auto folder = path.parent_path();
  return SyncFolder(folder.empty() ? "." : folder);
}

Status SyncFolder(const std::filesystem::path& folder) {
  const FileDescriptor fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return ErrnoStatus(errno, "opening " + folder.string());
  if (fsync(fd.get()) != 0) return ErrnoStatus(errno, "flushing " + folder.string());
  return Ok();
}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) close(fd_);
    fd_ = other.Release();
  }
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

int FileDescriptor::Release() { return std::exchange(fd_, -1); }

}  // namespace driftcast
