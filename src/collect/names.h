// Names of users and groups on the host that is read, and names of files as resources.
#ifndef DRIFTCAST_COLLECT_NAMES_H_
#define DRIFTCAST_COLLECT_NAMES_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "collect/host_root.h"

namespace driftcast {

// Ids to names, from the host's own /etc/passwd and /etc/group. Not thread-safe.
class OwnerNames {
 public:
  explicit OwnerNames(const HostRoot& root) : root_(root) {}
  // Reads both files again when they changed. Unreadable ones leave the ids without names.
  void Refresh();
  // The name, else the number.
  std::string User(uint32_t id) const;
  std::string Group(uint32_t id) const;

 private:
  struct Table {
    std::map<uint32_t, std::string> names;
    int64_t stamp = -1;
  };
  void Read(const char* path, Table& table);

  const HostRoot& root_;
  Table users_, groups_;
};

// A path as a resource's name: control characters, bytes that are not UTF-8, and '%' before two hex
// digits become "%XX", so that every file has one name that can be shown, and every name one file.
std::string ResourceNameOfPath(std::string_view path);
std::string PathOfResourceName(std::string_view name);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_NAMES_H_
