#include "intel/ecosystem.h"

#include <string_view>

namespace driftcast::intel {
namespace {

std::string LabelOf(const std::map<std::string, std::string>& labels, const char* name) {
  const auto found = labels.find(name);
  return found == labels.end() ? "" : found->second;
}

std::string Major(const std::string& version) { return version.substr(0, version.find('.')); }

// Ubuntu's April releases of even years are the long-lived ones, and OSV names them so.
std::string UbuntuOf(const std::string& version) {
  const bool april = version.size() == 5 && version.ends_with(".04");
  const bool even = april && (version[1] - '0') % 2 == 0;
  return "Ubuntu:" + version + (even ? ":LTS" : "");
}

std::string AlpineOf(const std::string& version) {
  const size_t dot = version.find('.');
  return "Alpine:v" + version.substr(0, version.find('.', dot == version.npos ? dot : dot + 1));
}

std::string FromPrettyName(const std::string& os) {
  constexpr std::string_view kDebian = "Debian GNU/Linux ";
  if (!os.starts_with(kDebian)) return "";
  const std::string version =
      os.substr(kDebian.size(), os.find(' ', kDebian.size()) - kDebian.size());
  const bool number = !version.empty() && version[0] >= '0' && version[0] <= '9';
  return number ? "Debian:" + Major(version) : "";
}

}  // namespace

std::string EcosystemOf(const std::map<std::string, std::string>& labels) {
  const std::string id = LabelOf(labels, "os_id"), version = LabelOf(labels, "os_version");
  if (id.empty() || version.empty()) return FromPrettyName(LabelOf(labels, "os"));
  if (id == "debian") return "Debian:" + Major(version);
  if (id == "ubuntu") return UbuntuOf(version);
  if (id == "alpine") return AlpineOf(version);
  if (id == "almalinux") return "AlmaLinux:" + Major(version);
  if (id == "rocky") return "Rocky Linux:" + Major(version);
  return "";
}

SourcePackage SourceOf(const std::string& package, const std::string& version,
                       const std::string& source, const std::string& source_version) {
  SourcePackage found;
  found.name = source.empty() ? package.substr(0, package.find(':')) : source;
  found.version = source_version.empty() ? version : source_version;
  if (found.name.starts_with("linux-signed-")) return {"linux", version};
  return found;
}

}  // namespace driftcast::intel
