// The files that make a systemd unit (systemd.unit(5)).
#ifndef DRIFTCAST_COLLECT_UNIT_FILES_H_
#define DRIFTCAST_COLLECT_UNIT_FILES_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "collect/host_root.h"
#include "model/value.h"

namespace driftcast {

// A unit as its files say.
struct UnitFiles {
  std::string name;
  std::string source;                // path of the file that counts; empty = masked by a link
  std::vector<std::string> dropins;  // in the order in which they count
  bool masked = false;
  bool linked = false;  // some other unit wants it: it is enabled
  // "Section.Key" -> values, after drop-ins and clearing assignments.
  std::map<std::string, std::vector<std::string>> settings;

  std::string EnabledState() const;  // "enabled", "disabled", "static", "masked"
};

// Reads all units of interest, or one. A file that is larger than 1 MiB or cannot be read counts as
// empty, and its unit is named in `unread`.
class UnitFolder {
 public:
  // Lists the folders; reads no unit yet.
  explicit UnitFolder(const HostRoot& root);

  std::vector<std::string> Names() const;
  bool Has(const std::string& name) const { return files_.contains(name); }
  std::optional<UnitFiles> Read(const std::string& name) const;  // nullopt: no such unit
  // Units of which a file could not be read so far, and why.
  const std::map<std::string, std::string>& unread() const { return unread_; }

  static const std::vector<std::string>& Folders();  // strongest first

 private:
  void ReadFile(const std::string& path, UnitFiles& unit) const;

  const HostRoot& root_;
  std::map<std::string, std::string> files_;                           // unit -> strongest file
  std::map<std::string, std::map<std::string, std::string>> dropins_;  // unit -> name -> path
  std::set<std::string> wanted_;  // linked from a .wants or .requires
  mutable std::map<std::string, std::string> unread_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_UNIT_FILES_H_
