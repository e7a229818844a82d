// What dpkg knows: which packages are there, and which files are theirs.
#ifndef DRIFTCAST_COLLECT_DPKG_H_
#define DRIFTCAST_COLLECT_DPKG_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "collect/host_root.h"

namespace driftcast {

// A package that is not wholly gone. Views live as long as the text that was parsed.
struct DpkgPackage {
  std::string_view name, architecture, version;
  std::string_view source;     // "glibc (2.36-9)"; empty = named and versioned as the package
  std::string_view selection;  // "install", "hold", "deinstall", "purge"
  std::string_view state;      // "installed", "half-configured", "config-files", ...
  std::string_view depends, pre_depends, provides;
  std::string_view conffiles;  // lines " /path md5"

  bool installed() const { return state == "installed"; }
};

// The packages in the text of /var/lib/dpkg/status, in its order.
std::vector<DpkgPackage> ParseDpkgStatus(std::string_view text);

// The architecture of most packages: those of another have it in their resource's name.
std::string NativeArchitecture(const std::vector<DpkgPackage>& packages);

// "openssl", or "libc6:i386" where the architecture is foreign.
std::string PackageResourceName(std::string_view name, std::string_view architecture,
                                std::string_view native);

// "a (>= 1) | b, c:any" -> {{"a", "b"}, {"c"}}: a list of alternatives each, names alone.
std::vector<std::vector<std::string_view>> ParseDepends(std::string_view text);

// Which package a configuration file belongs to: conffiles of the status file, and what the
// packages' own file lists have below /etc and among systemd's units. Not thread-safe.
class FileOwners {
 public:
  explicit FileOwners(const HostRoot& root) : root_(root) {}
  // Brings the table up to date; reads only lists that changed.
  void Update(const std::vector<DpkgPackage>& packages, std::string_view native);
  // The package's resource name; empty when nobody owns the path.
  std::string OwnerOf(const std::string& path) const;
  // Paths below /etc that the package owns.
  std::vector<std::string> FilesOf(const std::string& package) const;
  uint64_t TakeBytesRead() { return std::exchange(bytes_read_, 0); }

 private:
  struct Owned {
    int64_t stamp = -1;  // of its list file
    std::vector<std::string> paths;
    bool seen = false;
  };
  void ReadList(const std::string& list_path, Owned& owned);

  const HostRoot& root_;
  std::map<std::string, Owned> packages_;
  std::unordered_map<std::string, std::string> owners_;
  uint64_t bytes_read_ = 0;
};

// Which package any path belongs to, of dpkg's lists. What was asked is kept until dpkg changes a
// list. Not thread-safe.
class ProgramOwners {
 public:
  explicit ProgramOwners(const HostRoot& root) : root_(root) {}
  // Path -> package ("libc6:i386" for a foreign architecture's list); those nobody owns are left
  // out. Reads every list once when a path was not asked for before.
  std::map<std::string, std::string> OwnersOf(const std::set<std::string>& paths,
                                              std::string_view native);
  uint64_t TakeBytesRead() { return std::exchange(bytes_read_, 0); }

 private:
  const HostRoot& root_;
  std::map<std::string, std::string> known_;  // path -> package, empty = nobody's
  int64_t stamp_ = -1;                        // of the folder of lists
  uint64_t bytes_read_ = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_DPKG_H_
