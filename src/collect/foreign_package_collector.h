// Packages that are not dpkg's: rpm, and what pip and npm installed for the whole system.
#ifndef DRIFTCAST_COLLECT_FOREIGN_PACKAGE_COLLECTOR_H_
#define DRIFTCAST_COLLECT_FOREIGN_PACKAGE_COLLECTOR_H_

#include <string>
#include <string_view>
#include <vector>

#include "collect/host_root.h"
#include "collect/whole_collector.h"

namespace driftcast {

// Kind "package:rpm", name "bash" ("glibc.i686" when there are several architectures): "version"
// (epoch:version-release), "architecture". By the program rpm, since its database is its own.
// Needs no privilege. `rpm`: how to ask, the first word the program's absolute path; empty where
// there is none. What it is asked is added.
class RpmCollector : public WholeCollector {
 public:
  RpmCollector(const HostRoot& root, std::vector<std::string> rpm)
      : WholeCollector("rpm", {"package:rpm"}), root_(root), rpm_(std::move(rpm)) {}

  // The machine's rpm, if it has a database; for a scratch root, rpm --root.
  static std::vector<std::string> ProgramFor(const HostRoot& root);

 protected:
  Status ReadAll(std::vector<ResourceObserved>& out) override;

 private:
  const HostRoot& root_;
  const std::vector<std::string> rpm_;
};

// Kinds "package:pip" (below /usr/local/lib/python3.*, /usr/lib/python3*: those with an INSTALLER
// other than Debian's) and "package:npm" (/usr/local/lib/node_modules, /usr/lib/node_modules), name
// as the package's own ("@scope/name"). Keys: "version", "path", "installer". Needs no privilege.
class LanguagePackageCollector : public WholeCollector {
 public:
  explicit LanguagePackageCollector(const HostRoot& root)
      : WholeCollector("language_packages", {"package:pip", "package:npm"}), root_(root) {}

 protected:
  Status ReadAll(std::vector<ResourceObserved>& out) override;

 private:
  void ReadPython(const std::string& folder, std::vector<ResourceObserved>& out);
  void ReadNode(const std::string& folder, const std::string& scope,
                std::vector<ResourceObserved>& out);

  const HostRoot& root_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_FOREIGN_PACKAGE_COLLECTOR_H_
