// Which version apt would install: read from its local lists, without running apt.
#ifndef DRIFTCAST_COLLECT_APT_LISTS_H_
#define DRIFTCAST_COLLECT_APT_LISTS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "collect/host_root.h"

namespace driftcast {

// The best offer for one package.
struct AptOffer {
  std::string version;
  bool security = false;  // from a suite whose name says so
};

// Reads /var/lib/apt/lists/*_Packages, plain, .gz or .lz4 (apt also keeps .xz and .zst when told
// so: those are counted as `unread`). Follows apt's rule without pins: the highest version of
// sources with priority 500; those marked NotAutomatic (backports, experimental) only continue what
// was installed from them. Not thread-safe.
//
// Limitations: /etc/apt/preferences is not evaluated; `pinned` says that there is one.
class AptLists {
 public:
  explicit AptLists(const HostRoot& root) : root_(root) {}

  // Wanted: name and installed version of each package of interest, "name:arch" for every
  // architecture. Reads the lists only when one of them changed, or, at most once a minute, when
  // the set of packages did.
  void Update(const std::unordered_map<std::string, std::string>& installed,
              const std::string& native);

  // The version that apt would install, which may be the installed one; nullptr when no list
  // mentions the package.
  const AptOffer* Candidate(const std::string& package) const;

  int unread() const { return unread_; }
  bool pinned() const { return pinned_; }
  uint64_t TakeBytesRead() { return std::exchange(bytes_read_, 0); }

 private:
  struct List {
    std::string path;
    bool automatic = true;
    bool security = false;
  };
  std::vector<List> FindLists(uint64_t& stamp);
  void ReadList(const List& list, const std::unordered_map<std::string, std::string>& installed,
                const std::string& native);

  const HostRoot& root_;
  std::unordered_map<std::string, AptOffer> offers_;
  uint64_t stamp_ = 0;  // of the lists
  uint64_t names_ = 0;  // of the packages asked for
  std::chrono::steady_clock::time_point read_at_;
  uint64_t bytes_read_ = 0;
  int unread_ = 0;
  bool pinned_ = false;
};

// Where a text may be cut: lists of stanzas and logs of lines.
inline constexpr std::string_view kAfterStanza = "\n\n", kAfterLine = "\n";

// Calls `block` with pieces of a text, each up to a `cut`; false when the bytes are damaged or more
// than `text_bytes_max`. `kind`: "", ".gz" or ".lz4". For texts that are too large to hold; what
// goes on for a MiB without a cut is dropped.
bool ForEachBlock(int fd, std::string_view kind, uint64_t text_bytes_max, std::string_view cut,
                  const std::function<void(std::string_view)>& block);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_APT_LISTS_H_
