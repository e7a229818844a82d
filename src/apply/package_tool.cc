#include "apply/package_tool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "apply/probe.h"

namespace driftcast {
namespace {

namespace fs = std::filesystem;

constexpr Duration kShortTimeout = std::chrono::seconds(30);
constexpr const char* kStatusFile = "/var/lib/dpkg/status";
constexpr const char* kUpdatesFolder = "/var/lib/dpkg/updates";

struct Name {
  std::string package, architecture;  // the latter may be empty
};

Name SplitName(const std::string& name) {
  const size_t colon = name.find(':');
  if (colon == std::string::npos) return {name, ""};
  return {name.substr(0, colon), name.substr(colon + 1)};
}

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// Calls `field(name, value)` for each field of one stanza; `value` keeps its continuation lines.
template <typename F>
void ForEachField(std::string_view stanza, F field) {
  while (!stanza.empty()) {
    size_t end = stanza.find('\n');
    while (end != std::string_view::npos && end + 1 < stanza.size() &&
           (stanza[end + 1] == ' ' || stanza[end + 1] == '\t'))
      end = stanza.find('\n', end + 1);
    const std::string_view whole = stanza.substr(0, end);
    stanza.remove_prefix(end == std::string_view::npos ? stanza.size() : end + 1);
    const size_t colon = whole.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view value = whole.substr(colon + 1);
    while (!value.empty() && value[0] == ' ') value.remove_prefix(1);
    field(whole.substr(0, colon), value);
  }
}

std::vector<std::string> ConffilesOf(std::string_view value) {
  std::vector<std::string> out;
  while (!value.empty()) {
    const size_t end = std::min(value.find('\n'), value.size());
    std::string_view line = value.substr(0, end);
    value.remove_prefix(std::min(end + 1, value.size()));
    while (!line.empty() && line[0] == ' ') line.remove_prefix(1);
    if (line.starts_with("/")) out.emplace_back(line.substr(0, line.find(' ')));
  }
  return out;
}

// Takes the package's state from a stanza that is about it.
void ReadStanza(std::string_view stanza, const Name& wanted, PackageState& state) {
  PackageState read;
  std::string package;
  ForEachField(stanza, [&](std::string_view field, std::string_view value) {
    if (field == "Package") package = value;
    if (field == "Version") read.version = value;
    if (field == "Architecture") read.architecture = value;
    if (field == "Status") read.status = value;
    if (field == "Conffiles") read.conffiles = ConffilesOf(value);
  });
  if (package != wanted.package) return;
  if (!wanted.architecture.empty() && read.architecture != wanted.architecture) return;
  read.installed = read.status.ends_with(" ok installed");
  read.hold = read.status.starts_with("hold ");
  if (read.status == "unknown ok not-installed" || read.status.ends_with(" not-installed"))
    read = PackageState{};
  // Of several architectures the one that is there counts, when none was asked for.
  const bool other = !state.architecture.empty() && state.architecture != read.architecture;
  if (other && state.installed) return;
  state = std::move(read);
}

void ReadStanzas(std::string_view text, const Name& wanted, PackageState& state) {
  while (!text.empty()) {
    const size_t end = std::min(text.find("\n\n"), text.size());
    const std::string_view stanza = text.substr(0, end);
    text.remove_prefix(std::min(end + 2, text.size()));
    if (stanza.find("Package: " + wanted.package) != std::string_view::npos)
      ReadStanza(stanza, wanted, state);
  }
}

std::string FileNameOf(const std::string& package, const std::string& version,
                       const std::string& architecture) {
  std::string escaped;
  for (const char c : version) escaped += c == ':' ? "%3a" : std::string(1, c);
  return package + "_" + escaped + "_" + architecture + ".deb";
}

std::string WithoutEpoch(const std::string& version) {
  const size_t colon = version.find(':');
  return colon == std::string::npos ? version : version.substr(colon + 1);
}

// Is the file really this package? Its name alone says nothing.
bool IsPackage(const fs::path& file, const std::string& package, const std::string& version,
               const std::string& architecture) {
  const auto result = Run({.arguments = {"/usr/bin/dpkg-deb", "-f", file.string(), "Package",
                                         "Version", "Architecture"},
                           .environment = {},
                           .input = "",
                           .timeout = kShortTimeout});
  return result.ok() && result->exit_code == 0 &&
         result->output == fmt::format("Package: {}\nVersion: {}\nArchitecture: {}\n", package,
                                       version, architecture);
}

Status CopyFile(const fs::path& from, const fs::path& to) {
  const fs::path part = to.string() + ".part";
  std::error_code error;
  fs::copy_file(from, part, fs::copy_options::overwrite_existing, error);
  if (error) return ErrnoStatus(error.value(), "copying " + from.string());
  const FileDescriptor fd(open(part.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || fsync(fd.get()) != 0) return ErrnoStatus(errno, part.string());
  fs::rename(part, to, error);
  if (error) return ErrnoStatus(error.value(), to.string());
  return SyncFolder(to.parent_path());
}

}  // namespace

Status ValidatePackageName(const std::string& name) {
  const Name parts = SplitName(name);
  const auto plain = [](char c) { return IsLowerOrDigit(c) || c == '+' || c == '-' || c == '.'; };
  const auto lower = [](char c) { return IsLowerOrDigit(c) || c == '-'; };
  const bool good =
      parts.package.size() >= 2 && parts.package.size() <= 256 &&
      IsLowerOrDigit(parts.package[0]) && std::ranges::all_of(parts.package, plain) &&
      parts.architecture.size() <= 32 && std::ranges::all_of(parts.architecture, lower) &&
      (parts.architecture.empty() || IsLowerOrDigit(parts.architecture[0])) && name.back() != ':';
  if (!good) return InvalidArgument("'{}' is no package name", name.substr(0, 80));
  return Ok();
}

Status ValidatePackageVersion(const std::string& version) {
  const auto plain = [](char c) {
    return IsLowerOrDigit(c) || (c >= 'A' && c <= 'Z') ||
           std::string_view(".+-~:").find(c) != std::string_view::npos;
  };
  const bool good = !version.empty() && version.size() <= 256 && version[0] >= '0' &&
                    version[0] <= '9' && std::ranges::all_of(version, plain);
  if (!good) return InvalidArgument("'{}' is no package version", version.substr(0, 80));
  return Ok();
}

bool PackageState::SameAs(const PackageState& other) const {
  return installed == other.installed && hold == other.hold &&
         (installed ? version == other.version && Wanted() == other.Wanted()
                    : status == other.status);
}

StatusOr<PackageState> PackageTool::Read(const std::string& name) const {
  DRIFTCAST_RETURN_IF_ERROR(ValidatePackageName(name));
  PackageState state;
  DRIFTCAST_ASSIGN_OR_RETURN(const FileImage status, files_.Read(kStatusFile));
  if (!status.exists) return FailedPrecondition("the host has no dpkg database");
  const Name wanted = SplitName(name);
  ReadStanzas(status.content, wanted, state);
  // What an interrupted dpkg has not merged yet; later files count more.
  DRIFTCAST_ASSIGN_OR_RETURN(const auto updates, files_.List(kUpdatesFolder));
  for (const auto& update : updates) {
    if (update.empty() || !std::ranges::all_of(update, [](char c) { return c >= '0' && c <= '9'; }))
      continue;
    DRIFTCAST_ASSIGN_OR_RETURN(const auto image,
                               files_.Read(std::string(kUpdatesFolder) + "/" + update));
    ReadStanzas(image.content, wanted, state);
  }
  return state;
}

std::vector<fs::path> PackageTool::Places() const {
  std::vector<fs::path> places = {options_.debs};
  places.insert(places.end(), options_.sources.begin(), options_.sources.end());
  places.push_back(fs::path(options_.root) / "var/cache/apt/archives");
  return places;
}

StatusOr<fs::path> PackageTool::Find(const std::string& name, const std::string& version,
                                     const std::string& architecture) const {
  DRIFTCAST_RETURN_IF_ERROR(ValidatePackageName(name));
  DRIFTCAST_RETURN_IF_ERROR(ValidatePackageVersion(version));
  const Name parts = SplitName(name);
  std::vector<std::string> architectures = {parts.architecture, architecture, "all"};
  if (parts.architecture.empty() && architecture.empty()) architectures.emplace_back("amd64");
  std::error_code error;
  for (const auto& place : Places()) {
    for (const auto& arch : architectures) {
      if (arch.empty()) continue;
      for (const auto& text : {version, WithoutEpoch(version)}) {
        const fs::path file = place / FileNameOf(parts.package, text, arch);
        if (fs::is_regular_file(file, error) && IsPackage(file, parts.package, version, arch))
          return file;
      }
    }
  }
  return NotFound("{} {} is not on this host", name, version);
}

Status PackageTool::Download(const std::string& name, const std::string& version,
                             Duration timeout) {
  Subprocess apt;
  apt.arguments = {"/usr/bin/apt-get", "-q", "-o", "APT::Sandbox::User=root"};
  if (options_.root != "/") {
    apt.arguments.emplace_back("-o");
    apt.arguments.push_back("RootDir=" + options_.root);
  }
  apt.arguments.emplace_back("download");
  apt.arguments.push_back(name + "=" + version);
  apt.folder = options_.debs.string();
  apt.timeout = timeout;
  DRIFTCAST_ASSIGN_OR_RETURN(const auto result, Run(apt));
  if (result.exit_code != 0)
    return NotFound("apt cannot get {} {}: {}", name, version, TailOf(result.output));
  return Ok();
}

StatusOr<std::string> PackageTool::Secure(const std::string& name, const std::string& version,
                                          const std::string& architecture, Duration timeout) {
  std::error_code error;
  fs::create_directories(options_.debs, error);
  if (error) return ErrnoStatus(error.value(), options_.debs.string());
  auto found = Find(name, version, architecture);
  if (found.status().code() == StatusCode::kNotFound && options_.may_download) {
    const Status downloaded = Download(name, version, timeout);
    if (!downloaded.ok()) return NotFound("{}; {}", Message(found.status()), Message(downloaded));
    found = Find(name, version, architecture);
  }
  if (!found.ok()) return found.status();
  const std::string file = found->filename().string();
  if (found->parent_path() != options_.debs)
    DRIFTCAST_RETURN_IF_ERROR(CopyFile(*found, options_.debs / file));
  return file;
}

StatusOr<std::vector<std::string>> PackageTool::ConffilesIn(const std::string& deb) const {
  const auto list = Run(
      {.arguments = {"/usr/bin/dpkg-deb", "--info", (options_.debs / deb).string(), "conffiles"},
       .environment = {},
       .input = "",
       .timeout = kShortTimeout});
  if (!list.ok()) return list.status();
  if (list->exit_code != 0) return std::vector<std::string>{};  // it has none
  return ConffilesOf(list->output);
}

StatusOr<FileDescriptor> PackageTool::Lock(Duration patience) const {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  FileDescriptor held;
  // As apt does: the frontend's lock is held throughout, dpkg's own only until it is known free.
  for (const char* name : {"/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock"}) {
    const std::string path = (options_.root == "/" ? "" : options_.root) + name;
    FileDescriptor fd(open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640));
    if (!fd) return ErrnoStatus(errno, path);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    while (fcntl(fd.get(), F_SETLK, &lock) != 0) {
      if (errno != EACCES && errno != EAGAIN) return ErrnoStatus(errno, path);
      if (std::chrono::steady_clock::now() > deadline)
        return ResourceExhausted("another package manager is at work on this host");
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    if (!held) held = std::move(fd);
  }
  return held;
}

Status PackageTool::Dpkg(std::vector<std::string> arguments, const std::string& input,
                         Duration timeout) {
  Subprocess dpkg;
  dpkg.arguments = {"/usr/bin/dpkg"};
  if (options_.root != "/") dpkg.arguments.push_back("--root=" + options_.root);
  dpkg.arguments.emplace_back("--force-confold");
  dpkg.arguments.emplace_back("--force-confdef");
  const std::string what = arguments.front();
  dpkg.arguments.insert(dpkg.arguments.end(), arguments.begin(), arguments.end());
  dpkg.environment = {"DEBIAN_FRONTEND=noninteractive", "DPKG_FRONTEND_LOCKED=1",
                      "APT_LISTCHANGES_FRONTEND=none", "NEEDRESTART_MODE=l"};
  dpkg.input = input;
  dpkg.timeout = timeout;
  Probe("package.before_dpkg");
  DRIFTCAST_ASSIGN_OR_RETURN(const auto result, Run(dpkg));
  Probe("package.after_dpkg");
  if (result.exit_code != 0)
    return FailedPrecondition("dpkg {} failed: {}", what, TailOf(result.output));
  return Ok();
}

Status PackageTool::Install(const std::string& deb, Duration timeout) {
  return Dpkg({"--install", deb}, "", timeout);
}

Status PackageTool::Configure(const std::string& name, Duration timeout) {
  DRIFTCAST_RETURN_IF_ERROR(ValidatePackageName(name));
  return Dpkg({"--configure", name}, "", timeout);
}

Status PackageTool::Remove(const std::string& name, bool purge, Duration timeout) {
  DRIFTCAST_RETURN_IF_ERROR(ValidatePackageName(name));
  return Dpkg({purge ? "--purge" : "--remove", name}, "", timeout);
}

Status PackageTool::SetHold(const std::string& name, bool hold) {
  DRIFTCAST_RETURN_IF_ERROR(ValidatePackageName(name));
  return Dpkg({"--set-selections"}, name + (hold ? " hold\n" : " install\n"), kShortTimeout);
}

}  // namespace driftcast
