#include "ingest/feed_file.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>

#include "base/file.h"

namespace driftcast {
namespace {

constexpr size_t kBufferBytes = 256 << 10;
constexpr size_t kHeadBytes = 64 << 10;

using Archive = std::unique_ptr<archive, int (*)(archive*)>;

Status ArchiveStatus(archive* from, const std::filesystem::path& file) {
  const char* text = archive_error_string(from);
  return DataLoss("{}: {}", file.string(), text == nullptr ? "cannot be unpacked" : text);
}

Archive NewArchive() {
  Archive reader(archive_read_new(), archive_read_free);
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_xz(reader.get());
  archive_read_support_filter_zstd(reader.get());
  archive_read_support_filter_bzip2(reader.get());
  archive_read_support_format_zip(reader.get());
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_read_support_format_empty(reader.get());
  return reader;
}

// Gives the parser what it is made for, once enough has come to tell the format.
class Reading {
 public:
  Reading(std::string format, const FeedFileLimits& limits)
      : format_(std::move(format)), limits_(limits) {}

  Status Take(std::string_view bytes) {
    bytes_ += bytes.size();
    if (bytes_ > limits_.bytes_max)
      return ResourceExhausted("it unpacks to more than {} bytes", limits_.bytes_max);
    if (parser_ != nullptr) return parser_->Feed(bytes), Ok();
    head_ += bytes;
    return head_.size() < kHeadBytes ? Ok() : Begin();
  }

  Status Entry() {
    if (++entries_ > limits_.entries_max)
      return ResourceExhausted("it holds more than {} files", limits_.entries_max);
    return Ok();
  }

  StatusOr<FeedFile> Finish() {
    if (parser_ == nullptr) DRIFTCAST_RETURN_IF_ERROR(Begin());
    FeedFile file;
    DRIFTCAST_ASSIGN_OR_RETURN(file.feed, parser_->Finish());
    file.format = format_;
    file.bytes = bytes_;
    return file;
  }

 private:
  Status Begin() {
    if (format_.empty()) format_ = intel::DetectFeedFormat(head_);
    if (format_.empty())
      return InvalidArgument("it looks like no feed that is known here; name its --format");
    DRIFTCAST_ASSIGN_OR_RETURN(parser_, intel::MakeFeedParser(format_));
    parser_->Feed(head_);
    head_ = {};
    return Ok();
  }

  std::string format_;
  const FeedFileLimits limits_;
  std::unique_ptr<intel::FeedParser> parser_;
  std::string head_;
  uint64_t bytes_ = 0, entries_ = 0;
};

Status ReadEntry(archive* from, const std::filesystem::path& file, Reading& reading) {
  std::vector<char> buffer(kBufferBytes);
  for (;;) {
    const la_ssize_t size = archive_read_data(from, buffer.data(), buffer.size());
    if (size < 0) return ArchiveStatus(from, file);
    if (size == 0) return reading.Take("\n");  // files of an archive stand on lines of their own
    const Status taken = reading.Take({buffer.data(), static_cast<size_t>(size)});
    if (!taken.ok()) return Annotate(taken, file.string());
  }
}

Status ReadOne(const std::filesystem::path& file, Reading& reading) {
  const Archive from = NewArchive();
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error))
    return NotFound("{}: there is no such file", file.string());
  if (archive_read_open_filename(from.get(), file.c_str(), kBufferBytes) != ARCHIVE_OK) {
    const int number = archive_errno(from.get());
    return number == EACCES ? ErrnoStatus(number, file.string()) : ArchiveStatus(from.get(), file);
  }
  for (;;) {
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(from.get(), &entry);
    if (result == ARCHIVE_EOF) return Ok();
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return ArchiveStatus(from.get(), file);
    if (archive_entry_filetype(entry) != AE_IFREG) continue;
    DRIFTCAST_RETURN_IF_ERROR(Annotate(reading.Entry(), file.string()));
    DRIFTCAST_RETURN_IF_ERROR(ReadEntry(from.get(), file, reading));
  }
}

}  // namespace

StatusOr<FeedFile> ReadFeedFiles(const std::vector<std::filesystem::path>& files,
                                 std::string format, const FeedFileLimits& limits) {
  Reading reading(std::move(format), limits);
  for (const auto& file : files) DRIFTCAST_RETURN_IF_ERROR(ReadOne(file, reading));
  auto read = reading.Finish();
  if (!read.ok() && !files.empty()) return Annotate(read.status(), files.front().string());
  return read;
}

}  // namespace driftcast
