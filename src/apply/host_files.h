// Files of the host that is changed, reached without following a single symbolic link.
//
// A path is the host's own ("/etc/hosts"); it is walked from the root folder one component at a
// time with O_NOFOLLOW, and the file itself is handled by name inside its opened folder, so that
// no link, and no rename of a folder while we work, leads anywhere else. Refused: relative paths,
// "." and "..", control characters, links, devices, files with a second name (hard links), which
// replacing would tear apart.
#ifndef DRIFTCAST_APPLY_HOST_FILES_H_
#define DRIFTCAST_APPLY_HOST_FILES_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "base/time.h"

namespace driftcast {

inline constexpr size_t kFileBytesMax = 16 << 20;  // larger files are not changed

// A regular file, whole. `exists` false: the rest has no meaning.
struct FileImage {
  bool exists = false;
  std::string content;
  mode_t mode = 0;  // permission bits
  uid_t uid = 0;
  gid_t gid = 0;
  std::map<std::string, std::string> attributes;  // extended ones: access lists, labels
  int64_t modified_ns = 0;                        // since 1970

  // Same content, mode, owner and attributes; the time does not count.
  bool SameAs(const FileImage& other) const;
  // "mode 0644 instead of 0600, content differs": what `other` is, for people; empty when the same.
  std::string DifferenceTo(const FileImage& other) const;
};

class HostFiles {
 public:
  // NotFound when the folder is not there.
  static StatusOr<HostFiles> Open(const std::string& root);

  const std::string& root() const { return root_; }

  // An image with `exists` false when there is no such file (its folder may be missing too).
  // FailedPrecondition for what is refused (see above), ResourceExhausted beyond kFileBytesMax.
  StatusOr<FileImage> Read(const std::string& path) const;

  // Makes the file `wanted`, in one step: a reader or a crash sees the old one or the new one.
  // Aborted, and nothing is changed, when the file is not `expected` any more.
  Status Replace(const std::string& path, const FileImage& expected, const FileImage& wanted) const;

  // The last resort on a full disk: writes `wanted` over the content of a file that is there, which
  // needs no room when it is not longer. A crash meanwhile leaves a mixture.
  Status Overwrite(const std::string& path, const FileImage& expected,
                   const FileImage& wanted) const;

  // Writes into a file that is not to be replaced, such as one of the kernel's settings.
  Status WriteInto(const std::string& path, std::string_view content) const;

  // Content of a file that has no size of its own (/proc), at most 64 KiB. NotFound.
  StatusOr<std::string> ReadSmall(const std::string& path) const;

  // Removes what an interrupted Replace of this path may have left in its folder.
  Status RemoveLeftovers(const std::string& path) const;

  // A folder, opened only to be named by its descriptor (O_PATH). NotFound.
  StatusOr<FileDescriptor> OpenFolder(const std::string& path) const;

  // The lock of a table of records (fcntl(2)), made when missing, held as long as the descriptor.
  // ResourceExhausted when somebody else still holds it after `patience`.
  StatusOr<FileDescriptor> LockRecords(const std::string& path, Duration patience) const;

  // Names of regular files in a folder, sorted; empty when it is not there.
  StatusOr<std::vector<std::string>> List(const std::string& folder) const;

 private:
  struct Place {
    FileDescriptor folder;
    std::string name;
  };
  HostFiles(std::string root, FileDescriptor fd) : root_(std::move(root)), fd_(std::move(fd)) {}
  StatusOr<Place> Find(const std::string& path) const;

  std::string root_;
  FileDescriptor fd_;
};

// InvalidArgument unless absolute, without "." and ".." and control characters, at most 4096 bytes.
Status ValidateHostPath(const std::string& path);

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_HOST_FILES_H_
