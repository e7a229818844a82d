#include "apply/host_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "apply/probe.h"
#include "base/crypto.h"

namespace driftcast {
namespace {

constexpr size_t kSmallBytesMax = 64 << 10;

// Files on their way. The ending is one that readers of "*.d" folders, run-parts and our own
// collector leave alone.
constexpr const char* kLeftoverPrefix = ".driftcast-";

StatusOr<std::string> ReadAllOf(int fd, size_t bytes_max, const std::string& what) {
  std::string out;
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t n = read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "reading " + what);
    if (n == 0) return out;
    out.append(buffer.data(), static_cast<size_t>(n));
    if (out.size() > bytes_max)
      return ResourceExhausted("{} is larger than {} bytes", what, bytes_max);
  }
}

Status WriteAllTo(int fd, std::string_view content, const std::string& what) {
  while (!content.empty()) {
    const ssize_t n = write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "writing " + what);
    content.remove_prefix(static_cast<size_t>(n));
  }
  return Ok();
}

// Only attributes that mean something to the file's users; the kernel keeps others by itself.
bool IsCarried(std::string_view name) {
  return name.starts_with("user.") || name == "system.posix_acl_access" ||
         name == "security.selinux" || name == "security.capability";
}

StatusOr<std::map<std::string, std::string>> ReadAttributes(int fd, const std::string& what) {
  std::map<std::string, std::string> out;
  std::array<char, 65536> names;
  const ssize_t length = flistxattr(fd, names.data(), names.size());
  if (length < 0 && errno == ENOTSUP) return out;
  if (length < 0) return ErrnoStatus(errno, "attributes of " + what);
  std::array<char, 65536> value;
  for (const char* name = names.data(); name < names.data() + length;
       name += std::string_view(name).size() + 1) {
    if (!IsCarried(name)) continue;
    const ssize_t size = fgetxattr(fd, name, value.data(), value.size());
    if (size < 0) return ErrnoStatus(errno, fmt::format("attribute {} of {}", name, what));
    out[name] = std::string(value.data(), static_cast<size_t>(size));
  }
  return out;
}

Status SetMetadata(int fd, const FileImage& wanted, const std::string& what) {
  if (fchown(fd, wanted.uid, wanted.gid) != 0) return ErrnoStatus(errno, "owner of " + what);
  // After the owner: changing that clears set-user-id.
  if (fchmod(fd, wanted.mode) != 0) return ErrnoStatus(errno, "mode of " + what);
  for (const auto& [name, value] : wanted.attributes)
    if (fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) != 0)
      return ErrnoStatus(errno, fmt::format("attribute {} of {}", name, what));
  if (wanted.modified_ns != 0) {
    const timespec time{wanted.modified_ns / 1'000'000'000, wanted.modified_ns % 1'000'000'000};
    const std::array<timespec, 2> times = {time, time};
    if (futimens(fd, times.data()) != 0) return ErrnoStatus(errno, "time of " + what);
  }
  return Ok();
}

// Removes the file beside the target unless it was moved into place.
class Temporary {
 public:
  Temporary(int folder, std::string name) : folder_(folder), name_(std::move(name)) {}
  ~Temporary() {
    if (!name_.empty()) unlinkat(folder_, name_.c_str(), 0);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  const std::string& name() const { return name_; }
  void Keep() { name_.clear(); }

 private:
  int folder_;
  std::string name_;
};

}  // namespace

bool FileImage::SameAs(const FileImage& other) const { return DifferenceTo(other).empty(); }

std::string FileImage::DifferenceTo(const FileImage& other) const {
  if (!exists && !other.exists) return "";
  if (exists != other.exists) return other.exists ? "is there again" : "is not there";
  std::string out;
  const auto add = [&](std::string text) { out += (out.empty() ? "" : ", ") + text; };
  if (content != other.content) add("content differs");
  if (mode != other.mode) add(fmt::format("mode {:04o} instead of {:04o}", other.mode, mode));
  if (uid != other.uid) add(fmt::format("owner {} instead of {}", other.uid, uid));
  if (gid != other.gid) add(fmt::format("group {} instead of {}", other.gid, gid));
  if (attributes != other.attributes) add("extended attributes differ");
  return out;
}

Status ValidateHostPath(const std::string& path) {
  if (path.empty() || path[0] != '/' || path.size() > 4096)
    return InvalidArgument("'{}' is not an absolute path", path.substr(0, 80));
  for (const char c : path)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      return InvalidArgument("a path holds a control character");
  size_t at = 1;
  while (at <= path.size()) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = std::string_view(path).substr(at, end - at);
    if (part.empty() || part == "." || part == "..")
      return InvalidArgument("'{}' is not a plain path: '{}' is not allowed", path, part);
    at = end + 1;
  }
  return Ok();
}

StatusOr<HostFiles> HostFiles::Open(const std::string& root) {
  FileDescriptor fd(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return ErrnoStatus(errno, "root folder " + root);
  return HostFiles(root, std::move(fd));
}

StatusOr<HostFiles::Place> HostFiles::Find(const std::string& path) const {
  DRIFTCAST_RETURN_IF_ERROR(ValidateHostPath(path));
  Place place;
  place.folder = FileDescriptor(fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
  size_t at = 1;
  for (size_t slash = path.find('/', at); slash != std::string::npos; slash = path.find('/', at)) {
    const std::string part = path.substr(at, slash - at);
    FileDescriptor next(
        openat(place.folder.get(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next && (errno == ENOTDIR || errno == ELOOP))
      return FailedPrecondition("{}: {} is a symbolic link or no folder, and is not followed", path,
                                path.substr(0, slash));
    if (!next) return ErrnoStatus(errno, path.substr(0, slash));
    place.folder = std::move(next);
    at = slash + 1;
  }
  place.name = path.substr(at);
  return place;
}

StatusOr<FileImage> HostFiles::Read(const std::string& path) const {
  auto place = Find(path);
  if (place.status().code() == StatusCode::kNotFound) return FileImage{};
  if (!place.ok()) return place.status();
  FileDescriptor fd(openat(place->folder.get(), place->name.c_str(),
                           O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return FileImage{};
  if (!fd && errno == ELOOP)
    return FailedPrecondition("{} is a symbolic link, and is not followed", path);
  if (!fd) return ErrnoStatus(errno, path);
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, path);
  if (!S_ISREG(info.st_mode)) return FailedPrecondition("{} is no regular file", path);
  if (info.st_nlink > 1)
    return FailedPrecondition("{} has {} names (hard links)", path, info.st_nlink);
  FileImage image;
  image.exists = true;
  DRIFTCAST_ASSIGN_OR_RETURN(image.content, ReadAllOf(fd.get(), kFileBytesMax, path));
  DRIFTCAST_ASSIGN_OR_RETURN(image.attributes, ReadAttributes(fd.get(), path));
  image.mode = info.st_mode & 07777;
  image.uid = info.st_uid;
  image.gid = info.st_gid;
  image.modified_ns = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
  return image;
}

Status HostFiles::Replace(const std::string& path, const FileImage& expected,
                          const FileImage& wanted) const {
  DRIFTCAST_ASSIGN_OR_RETURN(const Place place, Find(path));
  std::unique_ptr<Temporary> fresh;
  if (wanted.exists) {
    const std::string name = kLeftoverPrefix + Hex(RandomBytes(8)) + ".dpkg-tmp";
    FileDescriptor fd(openat(place.folder.get(), name.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) return ErrnoStatus(errno, "a new file beside " + path);
    fresh = std::make_unique<Temporary>(place.folder.get(), name);
    DRIFTCAST_RETURN_IF_ERROR(WriteAllTo(fd.get(), wanted.content, path));
    DRIFTCAST_RETURN_IF_ERROR(SetMetadata(fd.get(), wanted, path));
    if (fsync(fd.get()) != 0) return ErrnoStatus(errno, "writing " + path);
  }
  // As late as can be: somebody else may have written meanwhile.
  DRIFTCAST_ASSIGN_OR_RETURN(const FileImage now, Read(path));
  if (!expected.SameAs(now))
    return Aborted("{} changed meanwhile: {}", path, expected.DifferenceTo(now));
  Probe("file.before_rename");
  if (wanted.exists) {
    if (renameat(place.folder.get(), fresh->name().c_str(), place.folder.get(),
                 place.name.c_str()) != 0)
      return ErrnoStatus(errno, "replacing " + path);
    fresh->Keep();
  } else if (unlinkat(place.folder.get(), place.name.c_str(), 0) != 0 && errno != ENOENT) {
    return ErrnoStatus(errno, "removing " + path);
  }
  Probe("file.after_rename");
  FileDescriptor folder(openat(place.folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || fsync(folder.get()) != 0) return ErrnoStatus(errno, "the folder of " + path);
  return Ok();
}

Status HostFiles::Overwrite(const std::string& path, const FileImage& expected,
                            const FileImage& wanted) const {
  if (!expected.exists || !wanted.exists)
    return InvalidArgument("{} cannot be overwritten: it is not there", path);
  DRIFTCAST_ASSIGN_OR_RETURN(const FileImage now, Read(path));
  if (!expected.SameAs(now))
    return Aborted("{} changed meanwhile: {}", path, expected.DifferenceTo(now));
  DRIFTCAST_ASSIGN_OR_RETURN(const Place place, Find(path));
  FileDescriptor fd(openat(place.folder.get(), place.name.c_str(),
                           O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) return ErrnoStatus(errno, path);
  DRIFTCAST_RETURN_IF_ERROR(WriteAllTo(fd.get(), wanted.content, path));
  if (ftruncate(fd.get(), static_cast<off_t>(wanted.content.size())) != 0)
    return ErrnoStatus(errno, path);
  DRIFTCAST_RETURN_IF_ERROR(SetMetadata(fd.get(), wanted, path));
  if (fsync(fd.get()) != 0) return ErrnoStatus(errno, "writing " + path);
  return Ok();
}

Status HostFiles::WriteInto(const std::string& path, std::string_view content) const {
  DRIFTCAST_ASSIGN_OR_RETURN(const Place place, Find(path));
  FileDescriptor fd(openat(place.folder.get(), place.name.c_str(),
                           O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
  if (!fd) return ErrnoStatus(errno, path);
  // The kernel takes a setting only in one piece.
  const ssize_t n = write(fd.get(), content.data(), content.size());
  if (n < 0) return ErrnoStatus(errno, "writing " + path);
  if (static_cast<size_t>(n) != content.size()) return Internal("{} was written in part", path);
  return Ok();
}

StatusOr<std::string> HostFiles::ReadSmall(const std::string& path) const {
  DRIFTCAST_ASSIGN_OR_RETURN(const Place place, Find(path));
  FileDescriptor fd(openat(place.folder.get(), place.name.c_str(),
                           O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) return ErrnoStatus(errno, path);
  return ReadAllOf(fd.get(), kSmallBytesMax, path);
}

Status HostFiles::RemoveLeftovers(const std::string& path) const {
  const auto place = Find(path);
  if (place.status().code() == StatusCode::kNotFound) return Ok();
  if (!place.ok()) return place.status();
  DRIFTCAST_ASSIGN_OR_RETURN(const auto names, List(path.substr(0, path.rfind('/'))));
  for (const auto& name : names)
    if (name.starts_with(kLeftoverPrefix) && unlinkat(place->folder.get(), name.c_str(), 0) != 0)
      return ErrnoStatus(errno, "removing a file that was on its way to " + path);
  return Ok();
}

StatusOr<FileDescriptor> HostFiles::OpenFolder(const std::string& path) const {
  if (path == "/") return FileDescriptor(fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
  DRIFTCAST_ASSIGN_OR_RETURN(const Place place, Find(path));
  FileDescriptor folder(openat(place.folder.get(), place.name.c_str(),
                               O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return ErrnoStatus(errno, path);
  return folder;
}

StatusOr<FileDescriptor> HostFiles::LockRecords(const std::string& path, Duration patience) const {
  DRIFTCAST_ASSIGN_OR_RETURN(const Place place, Find(path));
  FileDescriptor fd(openat(place.folder.get(), place.name.c_str(),
                           O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return ErrnoStatus(errno, path);
  struct flock how {};
  how.l_type = F_WRLCK;
  how.l_whence = SEEK_SET;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (fcntl(fd.get(), F_SETLK, &how) != 0) {
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) return ErrnoStatus(errno, path);
    if (std::chrono::steady_clock::now() >= deadline)
      return ResourceExhausted("{} is held by somebody else", path);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return fd;
}

StatusOr<std::vector<std::string>> HostFiles::List(const std::string& folder) const {
  std::vector<std::string> names;
  auto place = Find(folder + "/x");
  if (place.status().code() == StatusCode::kNotFound) return names;
  if (!place.ok()) return place.status();
  const int fd = openat(place->folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, folder);
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(fdopendir(fd), closedir);
  if (!dir) return ErrnoStatus(errno, folder);
  while (const dirent* entry = readdir(dir.get())) {
    struct stat info {};
    if (fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode))
      names.emplace_back(entry->d_name);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace driftcast
