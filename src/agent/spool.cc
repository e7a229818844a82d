#include "agent/spool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "agent/spool_format.h"
#include "base/log.h"

namespace driftcast {
namespace {

constexpr uint64_t kReadBytes = 1 << 20;

// Reads up to `bytes_max` from an offset; what it got, empty at the end or on an error.
std::string ReadAt(int fd, uint64_t offset, uint64_t bytes_max) {
  struct stat info {};
  const uint64_t size = fstat(fd, &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
  std::string out(std::min(bytes_max, size - std::min(size, offset)), '\0');
  size_t used = 0;
  while (used < out.size()) {
    const ssize_t n =
        pread(fd, out.data() + used, out.size() - used, static_cast<off_t>(offset + used));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    used += static_cast<size_t>(n);
  }
  out.resize(used);
  return out;
}

Status WriteAt(int fd, uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "writing the spool");
    bytes.remove_prefix(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return Ok();
}

// Walks over the records of a segment from `offset` on. Returns the offset behind the last whole
// one that `visit` did not refuse (by returning false).
template <typename Visit>
uint64_t ForEachRecord(int fd, uint64_t offset, const Visit& visit) {
  for (uint64_t want = kReadBytes;;) {
    const std::string bytes = ReadAt(fd, offset, want);
    std::string_view rest = bytes;
    Record record;
    RecordState state;
    while ((state = DecodeRecord(rest, record)) == RecordState::kWhole) {
      if (!visit(record, offset)) return offset;
      rest.remove_prefix(record.bytes);
      offset += record.bytes;
    }
    const bool more_to_read = bytes.size() == want;
    if (state == RecordState::kDamaged || !more_to_read) return offset;
    // A record that is larger than the window needs a larger one.
    want = rest.size() == bytes.size() ? want * 2 : kReadBytes;
  }
}

}  // namespace

std::filesystem::path Spool::PathOf(uint64_t first) const {
  return options_.folder / fmt::format("{:020}.seg", first);
}

uint64_t Spool::BytesFor(SpoolLane lane) const {
  switch (lane) {
    case SpoolLane::kMetrics:
      return options_.bytes_max / 2;
    case SpoolLane::kConfig:
      return options_.bytes_max - options_.bytes_max / 16;
    case SpoolLane::kEssential:
      break;
  }
  return options_.bytes_max;
}

StatusOr<std::unique_ptr<Spool>> Spool::Open(SpoolOptions options) {
  options.bytes_max = std::max<uint64_t>(options.bytes_max, 64 << 10);
  options.segment_bytes_max = std::min(options.segment_bytes_max, options.bytes_max / 8);
  std::unique_ptr<Spool> spool(new Spool(std::move(options)));
  const MutexLock lock(spool->mutex_);
  DRIFTCAST_RETURN_IF_ERROR(spool->Load());
  return spool;
}

Status Spool::Load() {
  std::error_code error;
  std::filesystem::create_directories(options_.folder, error);
  if (error) return ErrnoStatus(error.value(), options_.folder.string());
  chmod(options_.folder.c_str(), 0700);
  lock_ =
      FileDescriptor(open((options_.folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock_) return ErrnoStatus(errno, (options_.folder / "lock").string());
  if (flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
    return FailedPrecondition("another agent uses {}", options_.folder.string());

  std::vector<uint64_t> firsts;
  for (const auto& entry : std::filesystem::directory_iterator(options_.folder, error)) {
    const std::string name = entry.path().filename().string();
    uint64_t first = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), first);
    if (bad == std::errc() && std::string_view(end) == ".seg") firsts.push_back(first);
  }
  std::sort(firsts.begin(), firsts.end());
  for (const uint64_t first : firsts) DRIFTCAST_RETURN_IF_ERROR(LoadSegment(first));
  if (segments_.empty()) return BeginSegment();
  sequence_durable_ = segments_.front().first - 1;
  return Ok();
}

Status Spool::LoadSegment(uint64_t first) {
  FileDescriptor fd(open(PathOf(first).c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) return ErrnoStatus(errno, PathOf(first).string());
  uint64_t header = 0;
  Segment segment{first, first - 1, kSegmentHeaderBytes};
  if (DecodeSegmentHeader(ReadAt(fd.get(), 0, kSegmentHeaderBytes), header) && header == first) {
    segment.bytes =
        ForEachRecord(fd.get(), kSegmentHeaderBytes, [&](const Record& record, uint64_t) {
          if (record.sequence <= segment.last) return false;
          segment.last = record.sequence;
          return true;
        });
  } else {
    DRIFTCAST_RETURN_IF_ERROR(WriteAt(fd.get(), 0, EncodeSegmentHeader(first)));
  }
  struct stat info {};
  fstat(fd.get(), &info);
  if (static_cast<uint64_t>(info.st_size) > segment.bytes) {
    Log("agent").warn("spool.tail_cut segment={} bytes={}", first,
                      static_cast<uint64_t>(info.st_size) - segment.bytes);
    if (ftruncate(fd.get(), static_cast<off_t>(segment.bytes)) != 0 || fdatasync(fd.get()) != 0)
      return ErrnoStatus(errno, "cutting the spool's torn end");
  }
  sequence_next_ = std::max(sequence_next_, segment.last + 1);
  segments_.push_back(segment);
  active_ = std::move(fd);
  return Ok();
}

Status Spool::BeginSegment() {
  const auto path = PathOf(sequence_next_);
  FileDescriptor fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return ErrnoStatus(errno, path.string());
  Status status = WriteAt(fd.get(), 0, EncodeSegmentHeader(sequence_next_));
  if (status.ok() && fdatasync(fd.get()) != 0) status = ErrnoStatus(errno, path.string());
  if (status.ok()) status = SyncFolder(options_.folder);
  if (!status.ok()) {
    unlink(path.c_str());
    return status;
  }
  active_ = std::move(fd);
  segments_.push_back({sequence_next_, sequence_next_ - 1, kSegmentHeaderBytes});
  return Ok();
}

StatusOr<uint64_t> Spool::Write(const std::vector<std::string>& facts, SpoolLane lane) {
  std::string bytes;
  for (size_t i = 0; i < facts.size(); ++i) {
    if (facts[i].size() > kRecordBytesMax)
      return InvalidArgument("a fact of {} bytes", facts[i].size());
    bytes += EncodeRecord(sequence_next_ + i, facts[i]);
  }
  uint64_t used = 0;
  for (const Segment& segment : segments_) used += segment.bytes;
  if (used + bytes.size() > BytesFor(lane))
    return ResourceExhausted("the spool holds {} of {} bytes", used, options_.bytes_max);
  if (segments_.back().bytes >= options_.segment_bytes_max &&
      segments_.back().last >= segments_.back().first)
    DRIFTCAST_RETURN_IF_ERROR(BeginSegment());
  Segment& segment = segments_.back();
  Status status = WriteAt(active_.get(), segment.bytes, bytes);
  if (status.ok() && fdatasync(active_.get()) != 0)
    status = ErrnoStatus(errno, "syncing the spool");
  if (!status.ok()) {
    // Nothing of it may be found by the next start.
    if (ftruncate(active_.get(), static_cast<off_t>(segment.bytes)) != 0)
      Log("agent").error("spool.truncate_failed error={}", errno);
    return status;
  }
  segment.bytes += bytes.size();
  sequence_next_ += facts.size();
  segment.last = sequence_next_ - 1;
  changed_.SignalAll();
  return segment.last;
}

std::vector<Spool::Entry> Spool::Read(uint64_t from, size_t count_max, size_t bytes_max) {
  const MutexLock lock(mutex_);
  std::vector<Entry> out;
  size_t bytes = 0;
  for (const Segment& segment : segments_) {
    if (segment.last < from || segment.last < segment.first) continue;
    const FileDescriptor fd(open(PathOf(segment.first).c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) continue;
    const bool continues = cursor_segment_ == segment.first && cursor_sequence_ <= from &&
                           cursor_offset_ >= kSegmentHeaderBytes;
    bool full = false;
    const uint64_t end =
        ForEachRecord(fd.get(), continues ? cursor_offset_ : kSegmentHeaderBytes,
                      [&](const Record& record, uint64_t offset) {
                        if (record.sequence < from) return true;
                        full = out.size() >= count_max ||
                               (!out.empty() && bytes + record.fact.size() > bytes_max);
                        if (full) {
                          cursor_segment_ = segment.first;
                          cursor_sequence_ = record.sequence;
                          cursor_offset_ = offset;
                          return false;
                        }
                        bytes += record.fact.size();
                        out.push_back({record.sequence, std::string(record.fact)});
                        return true;
                      });
    if (full) return out;
    cursor_segment_ = segment.first;
    cursor_sequence_ = segment.last + 1;
    cursor_offset_ = end;
  }
  return out;
}

void Spool::WaitFor(uint64_t from, std::chrono::milliseconds patience) {
  const MutexLock lock(mutex_);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (sequence_next_ <= from && !woken_) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left.count() <= 0 || !changed_.WaitFor(mutex_, left)) break;
  }
  woken_ = false;
}

void Spool::Wake() {
  const MutexLock lock(mutex_);
  woken_ = true;
  changed_.SignalAll();
}

void Spool::Trim(uint64_t sequence_durable) {
  const MutexLock lock(mutex_);
  if (sequence_durable <= sequence_durable_) return;
  sequence_durable_ = std::min(sequence_durable, sequence_next_ - 1);
  // The last segment holds the numbering: it goes only when the next one is there.
  const Segment& last = segments_.back();
  if (last.last <= sequence_durable_ && last.bytes > options_.segment_bytes_max / 4) {
    const Status begun = BeginSegment();
    if (!begun.ok()) Log("agent").warn("spool.no_new_segment reason='{}'", Message(begun));
  }
  while (segments_.size() > 1 && segments_.front().last <= sequence_durable_) {
    unlink(PathOf(segments_.front().first).c_str());
    segments_.pop_front();
  }
}

Status Spool::SkipTo(uint64_t sequence_durable) {
  const MutexLock lock(mutex_);
  if (sequence_durable < sequence_next_) return Ok();
  Log("agent").warn("spool.numbers_skipped from={} to={}", sequence_next_, sequence_durable + 1);
  sequence_next_ = sequence_durable + 1;
  DRIFTCAST_RETURN_IF_ERROR(BeginSegment());
  sequence_durable_ = sequence_durable;
  while (segments_.size() > 1) {
    unlink(PathOf(segments_.front().first).c_str());
    segments_.pop_front();
  }
  return Ok();
}

uint64_t Spool::sequence_next() const {
  const MutexLock lock(mutex_);
  return sequence_next_;
}

uint64_t Spool::sequence_oldest() const {
  const MutexLock lock(mutex_);
  return sequence_durable_ + 1;
}

uint64_t Spool::bytes() const {
  const MutexLock lock(mutex_);
  uint64_t used = 0;
  for (const Segment& segment : segments_) used += segment.bytes;
  return used;
}

bool Spool::HasRoom(SpoolLane lane) const { return bytes() + (16 << 10) <= BytesFor(lane); }

}  // namespace driftcast
