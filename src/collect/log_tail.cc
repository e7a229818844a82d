#include "collect/log_tail.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace driftcast {

Status LogTail::Open(bool first) {
  DRIFTCAST_ASSIGN_OR_RETURN(FileDescriptor fd, root_.Open(path_, O_RDONLY));
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, path_);
  if (!S_ISREG(info.st_mode)) return FailedPrecondition("{} is not a regular file", path_);
  const auto size = static_cast<uint64_t>(info.st_size);
  fd_ = std::move(fd);
  opened_ = info;
  partial_.clear();
  // What was there before us is not ours to tell; its last part is, for changes under way.
  offset_ = first && size > options_.first_bytes ? size - options_.first_bytes : 0;
  dropping_ = offset_ > 0;  // in the middle of a line
  return Ok();
}

void LogTail::Take(std::string_view bytes, const std::function<void(std::string_view)>& line) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (!dropping_ && partial_.size() + part.size() > options_.line_bytes_max) {
      ++lines_dropped_;
      dropping_ = true;
      partial_ = {};
    }
    if (!dropping_) partial_ += part;
    if (end == std::string_view::npos) return;
    if (!dropping_) line(partial_);
    dropping_ = false;
    partial_.clear();
    bytes.remove_prefix(end + 1);
  }
}

void LogTail::ReadToEnd(const std::function<void(std::string_view)>& line) {
  struct stat info {};
  if (fstat(fd_.get(), &info) != 0) return;
  const auto size = static_cast<uint64_t>(info.st_size);
  if (size < offset_) {  // it was emptied
    offset_ = 0;
    partial_.clear();
    dropping_ = false;
  }
  if (size - offset_ > options_.backlog_bytes_max) {
    const uint64_t begin = size - options_.backlog_bytes_max;
    bytes_skipped_ += begin - offset_;
    offset_ = begin;
    partial_.clear();
    dropping_ = true;
  }
  std::array<char, 64 << 10> buffer;
  while (offset_ < size) {
    const size_t want = std::min<uint64_t>(buffer.size(), size - offset_);
    const ssize_t n = pread(fd_.get(), buffer.data(), want, static_cast<off_t>(offset_));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    offset_ += static_cast<uint64_t>(n);
    bytes_read_ += static_cast<uint64_t>(n);
    Take({buffer.data(), static_cast<size_t>(n)}, line);
  }
}

Status LogTail::Read(const std::function<void(std::string_view)>& line) {
  if (!fd_) {
    DRIFTCAST_RETURN_IF_ERROR(Open(!began_));
    began_ = true;
  }
  ReadToEnd(line);
  const auto now = root_.Stat(path_);
  if (!now.ok()) return Ok();  // between the renaming and the new file
  if (now->st_ino == opened_.st_ino && now->st_dev == opened_.st_dev) return Ok();
  DRIFTCAST_RETURN_IF_ERROR(Open(false));
  ReadToEnd(line);
  return Ok();
}

}  // namespace driftcast
