// Configuration files under globs: kind "file", name = absolute path on the host.
#ifndef DRIFTCAST_COLLECT_FILE_COLLECTOR_H_
#define DRIFTCAST_COLLECT_FILE_COLLECTOR_H_

#include <sys/stat.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "collect/collector.h"
#include "collect/host_root.h"
#include "collect/lens_client.h"
#include "collect/names.h"
#include "collect/secret.h"

namespace driftcast {

struct FileOptions {
  // '*' stays within a folder, "**" does not; a pattern that names a folder means all below it.
  std::vector<std::string> globs = {"/etc"};
  // What changes by itself or is derived from other files, and editors' leavings.
  std::vector<std::string> excluded = {
      "/etc/ld.so.cache", "/etc/mtab",    "/etc/.pwd.lock", "/etc/ssl/certs/????????.[0-9]",
      "/etc/.git/**",     "/etc/**.lock", "/etc/.updated",  "**~",
      "**.swp",           "**.swx",       "**/4913",        "**.dpkg-tmp",
      "**.dpkg-new",      "**/.#*",       "**/#*#",         "/etc/passwd-",
      "/etc/shadow-",     "/etc/group-",  "/etc/gshadow-",  "/etc/sub[ug]id-"};
  // Whose content another collector compares in detail: glob and that collector's kinds. Of such a
  // file only mode, owner and lines that are not understood are compared here.
  std::map<std::string, std::string> elsewhere = {{"/etc/passwd", "user"},
                                                  {"/etc/shadow", "user"},
                                                  {"/etc/group", "group and user"}};
  const Clock* clock = SystemClock();   // for the next run of cron's tables
  size_t content_bytes_max = 64 << 20;  // larger files are not read: "larger than ..."
  size_t parse_bytes_max = 512 << 10;   // larger ones are compared as a whole
  size_t resources_max = 20000;         // beyond, Collect fails rather than forget some
};

// Keys of a file: "@mode" ("0644"), "@owner", "@group", and what is in it (collect/file_content.h);
// of a symbolic link: "@target"; of anything else: "@type". Context: "format", "size", "owner"
// (package), "compared_as" (see FileOptions::elsewhere), "next_run" (of cron's tables). A file is
// read again only when its device, inode, size, times, mode or owner changed (as git does: a change
// within the clock tick of the last read is noticed by re-reading files that were younger than a
// second when they were read).
//
// Uncompared: "permission denied", "larger than 64 MiB", "not readable: ...".
class FileCollector : public Collector {
 public:
  // The package that a path belongs to, empty when none does.
  using OwnerOf = std::function<std::string(const std::string& path)>;

  // `root`, `guard` and `lenses` outlive it.
  FileCollector(const HostRoot& root, const SecretGuard& guard, LensClient& lenses,
                FileOptions options, OwnerOf owner_of);

  std::vector<WatchedPlace> Places() const override;
  Reaction OnPath(const std::string& path) const override;
  std::vector<std::string> FilesOf(const ResourceObserved& observed) const override;

 protected:
  Status DoCollect(Depth depth, Sink& sink) override;
  StatusOr<std::optional<ResourceObserved>> DoCollectOne(const std::string& kind,
                                                         const std::string& name) override;

 private:
  bool Covers(const std::string& path) const;
  Status Walk(const std::string& folder, int depth, const std::function<Status(std::string)>& file);
  Status Visit(const std::string& path, Depth depth, Sink& sink);
  ResourceObserved Read(const std::string& path, const struct stat& info);
  void ReadContent(const std::string& path, const struct stat& info, ResourceObserved& out);
  // 64 bits of everything that changes when the file does.
  uint64_t Stamp(const std::string& path, const struct stat& info) const;

  const HostRoot& root_;
  const SecretGuard& guard_;
  LensClient& lenses_;
  const FileOptions options_;
  const OwnerOf owner_of_;
  OwnerNames names_;
  std::vector<std::string> bases_;                         // folders or files to walk from
  std::unordered_map<std::string, uint64_t> stamps_;       // of what was last handed over
  std::unordered_map<std::string, uint64_t> stamps_next_;  // of the walk under way
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_FILE_COLLECTOR_H_
