// A log that grows and is rotated away, line by line.
#ifndef DRIFTCAST_COLLECT_LOG_TAIL_H_
#define DRIFTCAST_COLLECT_LOG_TAIL_H_

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/status.h"
#include "collect/host_root.h"

namespace driftcast {

// Reads what is new at each call and follows the name when another file stands under it (rotation
// by renaming: the old file is read to its end first) or when the file became shorter (rotation by
// copying). Begins shortly before the end of what is there. Bounded: a line beyond the limit is
// dropped, a backlog beyond the limit skipped, both are counted. Not thread-safe.
class LogTail {
 public:
  struct Options {
    size_t line_bytes_max = 64 << 10;
    uint64_t backlog_bytes_max = 4 << 20;  // of one call; of more, the newest are read
    uint64_t first_bytes = 256 << 10;      // before the end, that the first call reads
  };

  LogTail(const HostRoot& root, std::string path) : LogTail(root, std::move(path), Options()) {}
  LogTail(const HostRoot& root, std::string path, Options options)
      : root_(root), path_(std::move(path)), options_(options) {}

  // Calls `line` with each whole line that is new, without its end. NotFound, PermissionDenied or
  // FailedPrecondition (no regular file) when the log cannot be read; a later call tries again.
  Status Read(const std::function<void(std::string_view line)>& line);

  const std::string& path() const { return path_; }
  uint64_t bytes_read() const { return bytes_read_; }        // since the start
  uint64_t bytes_skipped() const { return bytes_skipped_; }  // of backlogs
  uint64_t lines_dropped() const { return lines_dropped_; }  // for their length

 private:
  Status Open(bool first);
  void ReadToEnd(const std::function<void(std::string_view line)>& line);
  void Take(std::string_view bytes, const std::function<void(std::string_view line)>& line);

  const HostRoot& root_;
  const std::string path_;
  const Options options_;
  FileDescriptor fd_;
  struct stat opened_ {};
  uint64_t offset_ = 0;
  std::string partial_;    // the beginning of a line whose end is not there yet
  bool dropping_ = false;  // until the next end of a line
  bool began_ = false;
  uint64_t bytes_read_ = 0, bytes_skipped_ = 0, lines_dropped_ = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_LOG_TAIL_H_
