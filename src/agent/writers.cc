#include "agent/writers.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/core.h>

namespace driftcast {
namespace {

constexpr size_t kProcessesMax = 1024;
constexpr size_t kFoldersMax = 65536;
constexpr size_t kLotsAtOnce = 64;  // that CatchUp reads
// A lot is what one read gives, some hundred events.
constexpr double kLotsPerSecond = 10, kLotsInABurst = 100;
constexpr int kGatherMs = 100;
constexpr double kLookupsPerSecond = 50, kLookupsInABurst = 500;
constexpr uint64_t kChanges = FAN_CLOSE_WRITE | FAN_MOVED_TO | FAN_MOVED_FROM | FAN_CREATE |
                              FAN_DELETE | FAN_ATTRIB | FAN_EVENT_ON_CHILD | FAN_ONDIR;

// A folder's identity within its file system, as bytes: events carry the same ones.
std::string HandleBytes(const file_handle& handle) {
  std::string bytes(reinterpret_cast<const char*>(&handle.handle_type), sizeof handle.handle_type);
  bytes.append(reinterpret_cast<const char*>(handle.f_handle), handle.handle_bytes);
  return bytes;
}

StatusOr<std::string> HandleOf(const std::string& path) {
  alignas(file_handle) std::array<char, sizeof(file_handle) + MAX_HANDLE_SZ> storage{};
  auto* handle = reinterpret_cast<file_handle*>(storage.data());
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount = 0;
  if (name_to_handle_at(AT_FDCWD, path.c_str(), handle, &mount, 0) != 0)
    return ErrnoStatus(errno, path);
  return HandleBytes(*handle);
}

// The folder's handle and the entry's name in an event; false when it has none.
bool ReadName(const char* info, size_t size, std::string& handle, std::string& name) {
  fanotify_event_info_fid head;
  if (size < sizeof head + sizeof(file_handle)) return false;
  std::memcpy(&head, info, sizeof head);
  if (head.hdr.info_type != FAN_EVENT_INFO_TYPE_DFID_NAME || head.hdr.len > size) return false;
  const auto* folder = reinterpret_cast<const file_handle*>(info + sizeof head);
  const size_t name_at = sizeof head + sizeof(file_handle) + folder->handle_bytes;
  if (name_at >= head.hdr.len) return false;
  handle = HandleBytes(*folder);
  name.assign(info + name_at, strnlen(info + name_at, head.hdr.len - name_at));
  return true;
}

}  // namespace

Writers::Writers(const HostRoot& root, const HostRoot& machine, const Clock& clock,
                 std::function<std::string(const std::string& text)> redact)
    : root_(root),
      machine_(machine),
      clock_(clock),
      redact_(std::move(redact)),
      names_(machine),
      lookups_(kLookupsPerSecond, kLookupsInABurst) {}

Writers::~Writers() { Stop(); }

Status Writers::Start() {
  fanotify_ = FileDescriptor(fanotify_init(
      FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_DFID_NAME, O_RDONLY | O_CLOEXEC));
  if (!fanotify_) {
    if (errno == EPERM) return PermissionDenied("fanotify needs CAP_SYS_ADMIN");
    return Unavailable("fanotify: {}", Message(ErrnoStatus(errno, "this kernel")));
  }
  stop_ = FileDescriptor(eventfd(0, EFD_CLOEXEC));
  if (!stop_) return ErrnoStatus(errno, "eventfd");
  // Without the privilege newer kernels open it all the same, and hide the process.
  if (geteuid() != 0) {
    const auto status = machine_.Read("/proc/self/status", 64 << 10);
    const size_t at = status.ok() ? status->find("CapEff:\t") : std::string::npos;
    constexpr uint64_t kSysAdmin = 1ull << 21;
    if (at == std::string::npos ||
        (strtoull(status->c_str() + at + 8, nullptr, 16) & kSysAdmin) == 0) {
      fanotify_ = {};
      return PermissionDenied("fanotify needs CAP_SYS_ADMIN to name processes");
    }
  }
  thread_ = std::thread([this] { Run(); });
  return Ok();
}

void Writers::Stop() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  (void)!write(stop_.get(), &one, sizeof one);
  thread_.join();
}

Status Writers::Watch(const std::string& folder) {
  if (!fanotify_) return Unavailable("fanotify is not available");
  const std::string real = root_.Real(folder);
  DRIFTCAST_ASSIGN_OR_RETURN(std::string handle, HandleOf(real));
  {
    const MutexLock lock(mutex_);
    if (folders_.size() >= kFoldersMax) return ResourceExhausted("too many folders are watched");
    folders_[std::move(handle)] = folder;
  }
  if (fanotify_mark(fanotify_.get(), FAN_MARK_ADD | FAN_MARK_ONLYDIR, kChanges, AT_FDCWD,
                    real.c_str()) != 0)
    return ErrnoStatus(errno, folder);
  return Ok();
}

size_t Writers::folders() const {
  const MutexLock lock(mutex_);
  return folders_.size();
}

void Writers::Run() {
  Allowance lots(kLotsPerSecond, kLotsInABurst);
  for (;;) {
    std::array<pollfd, 2> entries = {pollfd{fanotify_.get(), POLLIN, 0},
                                     pollfd{stop_.get(), POLLIN, 0}};
    if (poll(entries.data(), entries.size(), -1) < 0 && errno != EINTR) return;
    if (entries[1].revents != 0) return;
    lots.Advance(clock_.Now());
    if (!lots.Take() && poll(&entries[1], 1, kGatherMs) > 0) return;
    const MutexLock lock(reading_);
    ReadLot();
  }
}

void Writers::CatchUp() {
  const MutexLock lock(reading_);
  for (size_t lot = 0; lot < kLotsAtOnce && ReadLot();) ++lot;
}

bool Writers::ReadLot() {
  alignas(fanotify_event_metadata) std::array<char, 64 << 10> buffer;
  const ssize_t n = read(fanotify_.get(), buffer.data(), buffer.size());
  if (n <= 0) return false;
  size_t left = static_cast<size_t>(n);
  const auto* event = reinterpret_cast<const fanotify_event_metadata*>(buffer.data());
  std::string handle, name;
  for (; FAN_EVENT_OK(event, left); event = FAN_EVENT_NEXT(event, left)) {
    ++events_;
    if ((event->mask & FAN_Q_OVERFLOW) != 0) ++lost_;
    const char* info = reinterpret_cast<const char*>(event) + event->metadata_len;
    if (event->event_len > event->metadata_len &&
        ReadName(info, event->event_len - event->metadata_len, handle, name))
      OnEvent(handle, name, static_cast<uint32_t>(event->pid));
  }
  return true;
}

void Writers::OnEvent(const std::string& handle, const std::string& name, uint32_t pid) {
  std::string path;
  {
    const MutexLock lock(mutex_);
    const auto folder = folders_.find(handle);
    if (folder == folders_.end()) return;
    path = folder->second == "/" ? "/" + name : folder->second + "/" + name;
  }
  const Instant now = clock_.Now();
  auto cause = CauseOfProcess(pid, now);
  const MutexLock lock(mutex_);
  recent_.Put(path, std::move(cause), now);
}

std::shared_ptr<const Cause> Writers::CauseOfProcess(uint32_t pid, Instant now) {
  if (pid == 0) return std::make_shared<Cause>();  // of another pid namespace
  const auto known = processes_.find(pid);
  // The same number within a second is the same process: numbers are not given anew that fast.
  if (known != processes_.end() && now - known->second.at < kSecond) return known->second.cause;
  Cause cause;
  Lineage lineage;
  lookups_.Advance(now);
  const bool looked = lookups_.Take();
  if (looked) {
    lineage = ReadLineage(machine_, pid);
  } else {
    ++unnamed_;
  }
  if (!lineage.ancestors.empty()) {
    names_.Refresh();
    cause = CauseOfLineage(
        lineage, now, [&](uint32_t uid) { return names_.User(uid); }, redact_);
    cause.confidence = Confidence::kExact;
  } else if (known != processes_.end()) {
    cause = *known->second.cause;
    cause.confidence = Confidence::kRacy;
  } else {
    cause.text = fmt::format("process {}, {}", pid,
                             looked ? "which has ended" : "one of too many to look at");
    cause.confidence = Confidence::kRacy;
  }
  cause.seen_by = "fanotify";
  if (processes_.size() >= kProcessesMax) processes_.clear();
  auto shared = std::make_shared<const Cause>(std::move(cause));
  processes_[pid] = {shared, now};
  return shared;
}

Cause Writers::Of(const std::string& path) {
  const MutexLock lock(mutex_);
  const auto cause = recent_.Find(path, clock_.Now());
  return cause == nullptr ? Cause{} : *cause;
}

uint64_t Writers::lost() const {
  const MutexLock lock(mutex_);
  return lost_ + recent_.lost();
}

std::string Writers::Account() const {
  return fmt::format("events={} lost={} not_looked_up={} folders={}", events(), lost(), unnamed(),
                     folders());
}

}  // namespace driftcast
