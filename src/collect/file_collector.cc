#include "collect/file_collector.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/core.h>

#include "base/crypto.h"
#include "collect/cron_collector.h"
#include "collect/file_content.h"
#include "collect/glob.h"

namespace driftcast {
namespace {

constexpr int kFolderDepthMax = 32;

bool HasWildcard(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

// "/etc/app/*.conf" -> "/etc/app"; a pattern without wildcards stays whole.
std::string BaseOf(const std::string& glob) {
  if (!HasWildcard(glob)) return glob;
  const size_t slash = glob.rfind('/', glob.find_first_of("*?["));
  return slash == 0 || slash == std::string::npos ? "/" : glob.substr(0, slash);
}

// Leaves out what is below another one.
std::vector<std::string> WithoutNested(std::vector<std::string> bases) {
  std::sort(bases.begin(), bases.end());
  std::vector<std::string> out;
  for (const std::string& base : bases) {
    const bool nested = std::any_of(out.begin(), out.end(), [&](const std::string& outer) {
      return base == outer || base.starts_with(outer == "/" ? "/" : outer + "/");
    });
    if (!nested) out.push_back(base);
  }
  return out;
}

void Mix(uint64_t& hash, uint64_t value) {
  hash ^= value;
  hash *= 0x9E3779B97F4A7C15;
  hash ^= hash >> 29;
}

const char* TypeName(mode_t mode) {
  if (S_ISDIR(mode)) return "directory";
  if (S_ISFIFO(mode)) return "fifo";
  if (S_ISSOCK(mode)) return "socket";
  if (S_ISCHR(mode)) return "character device";
  if (S_ISBLK(mode)) return "block device";
  return "other";
}

std::string ReasonFor(const Status& status) {
  if (status.code() == StatusCode::kPermissionDenied) return "permission denied";
  return "not readable: " + CleanText(Message(status), 200);
}

// SHA-256 of a large file without holding it. The digest is keyed unless everybody may read it.
StatusOr<Value> DigestOf(int fd, bool owner_only, const SecretGuard& guard) {
  Sha256Stream stream;
  std::array<char, 65536> buffer;
  uint64_t size = 0;
  for (;;) {
    const ssize_t n = read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "reading");
    if (n == 0) break;
    stream.Update({buffer.data(), static_cast<size_t>(n)});
    size += static_cast<uint64_t>(n);
  }
  const std::string digest = Hex(stream.Finish());
  if (owner_only) return Value::Secret(guard.Fingerprint(digest));
  return Value::Digest("sha256:" + digest + ":" + std::to_string(size));
}

}  // namespace

FileCollector::FileCollector(const HostRoot& root, const SecretGuard& guard, LensClient& lenses,
                             FileOptions options, OwnerOf owner_of)
    : Collector("files", {"file"}),
      root_(root),
      guard_(guard),
      lenses_(lenses),
      options_(std::move(options)),
      owner_of_(std::move(owner_of)),
      names_(root) {
  for (const std::string& glob : options_.globs) bases_.push_back(BaseOf(glob));
  bases_ = WithoutNested(std::move(bases_));
}

bool FileCollector::Covers(const std::string& path) const {
  const auto matches = [&](const std::string& glob) { return MatchGlob(glob, path); };
  const auto below = [&](const std::string& glob) {
    return matches(glob) || (!HasWildcard(glob) && path.starts_with(glob + "/"));
  };
  return std::any_of(options_.globs.begin(), options_.globs.end(), below) &&
         std::none_of(options_.excluded.begin(), options_.excluded.end(), matches);
}

std::vector<WatchedPlace> FileCollector::Places() const {
  std::vector<WatchedPlace> places;
  for (const std::string& base : bases_) {
    const auto info = root_.Stat(base);
    if (info.ok() && S_ISDIR(info->st_mode)) {
      places.push_back({base, true});
    } else if (const size_t slash = base.rfind('/'); slash != std::string::npos) {
      places.push_back({slash == 0 ? "/" : base.substr(0, slash), false});
    }
  }
  return places;
}

Reaction FileCollector::OnPath(const std::string& path) const {
  Reaction reaction;
  if (Covers(path)) reaction.names.push_back(ResourceNameOfPath(path));
  return reaction;
}

std::vector<std::string> FileCollector::FilesOf(const ResourceObserved& observed) const {
  return {PathOfResourceName(observed.resource.name)};
}

Status FileCollector::Walk(const std::string& folder, int depth,
                           const std::function<Status(std::string)>& file) {
  if (depth > kFolderDepthMax) return Ok();
  std::vector<std::string> folders;
  Status inner = Ok();
  const Status listed = root_.List(folder, [&](const std::string& name, unsigned char type) {
    std::string path = folder == "/" ? "/" + name : folder + "/" + name;
    if (type == DT_UNKNOWN) {
      const auto info = root_.Stat(path);
      if (info.ok() && S_ISDIR(info->st_mode)) type = DT_DIR;
    }
    if (type == DT_DIR) {
      folders.push_back(std::move(path));
    } else if (inner.ok() && Covers(path)) {
      inner = file(std::move(path));
    }
  });
  DRIFTCAST_RETURN_IF_ERROR(inner);
  // A folder that vanished meanwhile has no files; one that cannot be read hides some.
  if (!listed.ok() && listed.code() != StatusCode::kNotFound) return listed;
  for (const std::string& path : folders) DRIFTCAST_RETURN_IF_ERROR(Walk(path, depth + 1, file));
  return Ok();
}

Status FileCollector::DoCollect(Depth depth, Sink& sink) {
  names_.Refresh();
  stamps_next_.clear();
  Status result = Ok();
  for (const std::string& base : bases_) {
    const auto info = root_.Stat(base);
    if (!info.ok()) continue;  // not there (yet): no files
    const auto visit = [&](std::string path) { return Visit(path, depth, sink); };
    Status status = Ok();
    if (S_ISDIR(info->st_mode)) {
      status = Walk(base, 0, visit);
    } else if (Covers(base)) {
      status = visit(base);
    }
    if (!status.ok() && result.ok()) result = status;
  }
  lenses_.Stop();
  CountChildCpu(lenses_.TakeCpuMs());
  stamps_ = std::move(stamps_next_);
  stamps_next_ = {};
  return result;
}

Status FileCollector::Visit(const std::string& path, Depth depth, Sink& sink) {
  if (stamps_next_.size() >= options_.resources_max)
    return ResourceExhausted("more than {} files under the watched globs", options_.resources_max);
  const auto info = root_.Stat(path);
  if (!info.ok()) return Ok();  // vanished between the listing and now
  std::string name = ResourceNameOfPath(path);
  const uint64_t stamp = Stamp(path, *info);
  const auto known = stamps_.find(name);
  if (depth == Depth::kChanged && known != stamps_.end() && known->second == stamp) {
    sink.Unchanged("file", name);
  } else {
    sink.Observed(Read(path, *info));
  }
  stamps_next_[std::move(name)] = stamp;
  return Ok();
}

StatusOr<std::optional<ResourceObserved>> FileCollector::DoCollectOne(const std::string&,
                                                                      const std::string& name) {
  const std::string path = PathOfResourceName(name);
  const auto info = root_.Stat(path);
  if (!info.ok() && info.status().code() != StatusCode::kNotFound) return info.status();
  if (!info.ok() || S_ISDIR(info->st_mode) || !Covers(path)) {
    stamps_.erase(name);
    return std::nullopt;
  }
  names_.Refresh();
  stamps_[name] = Stamp(path, *info);
  ResourceObserved observed = Read(path, *info);
  CountChildCpu(lenses_.TakeCpuMs());
  return observed;
}

uint64_t FileCollector::Stamp(const std::string& path, const struct stat& info) const {
  uint64_t hash = 0x100;
  for (const auto part :
       {static_cast<uint64_t>(info.st_dev), static_cast<uint64_t>(info.st_ino),
        static_cast<uint64_t>(info.st_size), static_cast<uint64_t>(info.st_mode),
        static_cast<uint64_t>(info.st_mtim.tv_sec), static_cast<uint64_t>(info.st_mtim.tv_nsec),
        static_cast<uint64_t>(info.st_ctim.tv_sec), static_cast<uint64_t>(info.st_ctim.tv_nsec)})
    Mix(hash, part);
  for (const char c : names_.User(info.st_uid) + ":" + names_.Group(info.st_gid) + ":" +
                          (owner_of_ ? owner_of_(path) : ""))
    Mix(hash, static_cast<unsigned char>(c));
  // Kernels stamp times by the tick: what was written within it may be written again unnoticed.
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (std::abs(now.tv_sec - info.st_ctim.tv_sec) <= 1) Mix(hash, 1);
  return hash;
}

ResourceObserved FileCollector::Read(const std::string& path, const struct stat& info) {
  ResourceObserved out;
  out.resource.kind = "file";
  out.resource.name = ResourceNameOfPath(path);
  if (S_ISLNK(info.st_mode)) {
    const auto target = root_.ReadLink(path);
    if (target.ok()) {
      out.keys.push_back({"@target", Value::Text(CleanText(*target, 4096))});
    } else {
      out.uncompared.push_back({"@target", ReasonFor(target.status())});
    }
  } else {
    out.keys.push_back({"@mode", Value::Text(fmt::format("{:04o}", info.st_mode & 07777))});
    if (S_ISREG(info.st_mode)) {
      ReadContent(path, info, out);
    } else {
      out.keys.push_back({"@type", Value::Text(TypeName(info.st_mode))});
    }
  }
  out.keys.push_back({"@owner", Value::Text(CleanText(names_.User(info.st_uid), 64))});
  out.keys.push_back({"@group", Value::Text(CleanText(names_.Group(info.st_gid), 64))});
  if (const std::string package = owner_of_ ? owner_of_(path) : ""; !package.empty()) {
    out.depends_on.push_back({"owned_by", "package", package, {}});
    out.context.push_back({"owner", Value::Text(package)});
  }
  out.context.push_back({"size", Value::Integer(info.st_size)});
  Canonicalize(out.keys);
  Canonicalize(out.context);
  return out;
}

void FileCollector::ReadContent(const std::string& path, const struct stat& info,
                                ResourceObserved& out) {
  const bool owner_only = (info.st_mode & 0004) == 0;
  const auto size = static_cast<uint64_t>(info.st_size);
  if (size > options_.content_bytes_max) {
    out.uncompared.push_back(
        {"@content", fmt::format("larger than {} MiB", options_.content_bytes_max >> 20)});
    return;
  }
  const auto fd = root_.Open(path, O_RDONLY | O_NOFOLLOW);
  if (!fd.ok()) {
    out.uncompared.push_back({"", ReasonFor(fd.status())});
    return;
  }
  CountBytes(size);
  if (size > options_.parse_bytes_max) {
    const auto digest = DigestOf(fd->get(), owner_only, guard_);
    if (digest.ok()) {
      out.keys.push_back({"@content", *digest});
    } else {
      out.uncompared.push_back({"", ReasonFor(digest.status())});
    }
    return;
  }
  const auto content = ReadAll(fd->get(), options_.parse_bytes_max * 2, path);
  if (!content.ok()) {
    out.uncompared.push_back({"", ReasonFor(content.status())});
    return;
  }
  FileContent read = ReadFileContent(path, *content, owner_only, guard_, lenses_);
  for (const auto& [glob, kinds] : options_.elsewhere) {
    if (!MatchGlob(glob, path)) continue;
    std::erase_if(read.keys, [](const KeyValue& key) { return key.path != "@unparsed[]"; });
    out.context.push_back({"compared_as", Value::Text(kinds)});
    break;
  }
  std::move(read.keys.begin(), read.keys.end(), std::back_inserter(out.keys));
  out.context.push_back({"format", Value::Text(read.format)});
  if (path == "/etc/crontab" || path.starts_with("/etc/cron.d/"))
    if (const auto next = NextCronRun(*content, /*system=*/true, options_.clock->Now()))
      out.context.push_back({"next_run", Value::Text(FormatInstant(*next))});
}

}  // namespace driftcast
