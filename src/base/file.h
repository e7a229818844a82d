// Whole files, read with a bound and replaced atomically.
#ifndef DRIFTCAST_BASE_FILE_H_
#define DRIFTCAST_BASE_FILE_H_

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/status.h"

namespace driftcast {

// The Status for `errno` after a failed call: NotFound, PermissionDenied, ResourceExhausted (disk
// full, quota), AlreadyExists, else Internal. The text is "<what>: <reason>".
Status ErrnoStatus(int error, const std::string& what);

// Reads a regular file. ResourceExhausted if it is larger than `bytes_max`, NotFound,
// PermissionDenied, or FailedPrecondition if it is not a regular file.
StatusOr<std::string> ReadFile(const std::filesystem::path& path, size_t bytes_max = 64 << 20);

// Replaces or creates a file so that a reader, or a crash, sees the old content or the new one and
// nothing between: write beside it, fsync, rename, fsync of the folder. `mode` as for chmod.
Status WriteFileAtomically(const std::filesystem::path& path, std::string_view content,
                           unsigned mode = 0644);

// Flushes a folder's entries to disk, so that a rename in it survives a power cut.
Status SyncFolder(const std::filesystem::path& folder);

// An open file descriptor that closes itself. Move-only; -1 means none.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.Release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int Release();  // gives up ownership

 private:
  int fd_ = -1;
};

}  // namespace driftcast

#endif  // DRIFTCAST_BASE_FILE_H_
