#include "store/commit_mark.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

namespace driftcast {
namespace {

constexpr size_t kDigits = 20;
constexpr size_t kBytes = kDigits + 1;  // and an end of line

}  // namespace

StatusOr<std::unique_ptr<CommitMark>> CommitMark::Open(const std::filesystem::path& file,
                                                       uint64_t store_ends_at) {
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return PermissionDenied("opening {}: {}", file.string(), std::strerror(errno));
  std::unique_ptr<CommitMark> mark(new CommitMark(fd, 0));
  char text[kBytes + 1];
  const ssize_t read = pread(fd, text, sizeof(text), 0);
  uint64_t number = 0;
  if (read != 0) {  // not new
    const auto [end, error] = std::from_chars(text, text + kDigits, number);
    if (read != kBytes || error != std::errc() || end != text + kDigits)
      return DataLoss("{} is damaged; when the store beside it is known to be whole, remove it",
                      file.string());
  }
  if (store_ends_at < number)
    return DataLoss(
        "the store has lost its newest writes: it ends at number {} and had come to {}, so a file "
        "in {} was cut, replaced or removed; to go on with what is left, remove {}",
        store_ends_at, number, file.parent_path().string(), file.string());
  mark->Advance(store_ends_at);
  return mark;
}

CommitMark::~CommitMark() { close(fd_); }

void CommitMark::Advance(uint64_t number) {
  const MutexLock lock(mutex_);
  if (number <= number_) return;
  number_ = number;
  const std::string text = fmt::format("{:0{}}\n", number, kDigits);
  // A mark that could not be written is an older one: it finds less, and nothing that is not so.
  (void)!pwrite(fd_, text.data(), text.size(), 0);
}

}  // namespace driftcast
