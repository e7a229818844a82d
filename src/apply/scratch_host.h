// For tests: a host in a folder, with files, kernel settings and a real dpkg database of its own.
#ifndef DRIFTCAST_APPLY_SCRATCH_HOST_H_
#define DRIFTCAST_APPLY_SCRATCH_HOST_H_

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "apply/executor.h"
#include "apply/journal.h"
#include "apply/probe.h"
#include "base/crypto.h"
#include "base/file.h"

namespace driftcast {

namespace fs = std::filesystem;

// Runs a test's part in a process of its own; its failed expectations count here.
inline void InChild(const std::function<void()>& part) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    part();
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "in the child; status " << status;
}

// Goes into a mount namespace of its own, where what is mounted stays unseen outside. False where
// that is not to be had: without root, in a chroot, in many containers.
inline bool EnterOwnMounts() {
  return unshare(CLONE_NEWNS) == 0 &&
         mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}
// Whether a child could.
inline bool MayOwnMounts() {
  const pid_t child = fork();
  if (child == 0) _exit(EnterOwnMounts() ? 0 : 1);
  int status = 1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class ScratchHost {
 public:
  ScratchHost() {
    std::string name = fs::temp_directory_path() / "driftcast_apply_XXXXXX";
    base_ = mkdtemp(name.data());
    Fill();
  }
  explicit ScratchHost(const fs::path& base) : base_(base), borrowed_(true) { Fill(); }
  ~ScratchHost() {
    if (!borrowed_) fs::remove_all(base_);
  }
  ScratchHost(const ScratchHost&) = delete;

  fs::path root() const { return base_ / "root"; }
  fs::path data() const { return base_ / "data"; }
  fs::path debs() const { return base_ / "debs"; }

  void Write(const std::string& path, const std::string& content, mode_t mode = 0644) const {
    fs::create_directories((root() / path.substr(1)).parent_path());
    std::ofstream(root() / path.substr(1), std::ios::binary) << content;
    chmod((root() / path.substr(1)).c_str(), mode);
  }
  std::string Read(const std::string& path) const {
    std::ifstream in(root() / path.substr(1), std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }
  bool Exists(const std::string& path) const { return fs::exists(root() / path.substr(1)); }

  void Allow(const std::string& text) const {
    std::ofstream(base_ / "allow") << text;
    chmod((base_ / "allow").c_str(), 0644);
  }

  // A package with /etc/<name>.conf and /usr/share/<name>/version. `scripts`: "postinst" -> text.
  void MakeDeb(const std::string& name, const std::string& version,
               const std::map<std::string, std::string>& scripts = {},
               const std::string& more_control = "") const {
    const fs::path tree = base_ / "tree";
    fs::remove_all(tree);
    fs::create_directories(tree / "DEBIAN");
    fs::create_directories(tree / "etc");
    fs::create_directories(tree / "usr/share" / name);
    std::ofstream(tree / "DEBIAN/control")
        << "Package: " << name << "\nVersion: " << version
        << "\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\n"
        << more_control << "Description: made for a test\n";
    std::ofstream(tree / "DEBIAN/conffiles") << "/etc/" << name << ".conf\n";
    std::ofstream(tree / "etc" / (name + ".conf")) << "of = " << version << "\n";
    std::ofstream(tree / "usr/share" / name / "version") << version << "\n";
    for (const auto& [script, text] : scripts) {
      std::ofstream(tree / "DEBIAN" / script) << "#!/bin/sh\n" << text << "\n";
      chmod((tree / "DEBIAN" / script).c_str(), 0755);
    }
    fs::create_directories(debs());
    const auto built =
        Run({.arguments = {"/usr/bin/dpkg-deb", "--root-owner-group", "-Znone", "-b", tree.string(),
                           (debs() / (name + "_" + version + "_all.deb")).string()},
             .environment = {},
             .input = ""});
    ASSERT_TRUE(built.ok() && built->exit_code == 0) << (built.ok() ? built->output : "");
    fs::remove_all(tree);
  }
  void Install(const std::string& name, const std::string& version) const {
    Dpkg({"--install", (debs() / (name + "_" + version + "_all.deb")).string()});
  }
  void Dpkg(const std::vector<std::string>& arguments, const std::string& input = "") const {
    Subprocess dpkg;
    dpkg.arguments = {"/usr/bin/dpkg", "--root=" + root().string()};
    dpkg.arguments.insert(dpkg.arguments.end(), arguments.begin(), arguments.end());
    dpkg.input = input;
    const auto result = Run(dpkg);
    ASSERT_TRUE(result.ok() && result->exit_code == 0) << (result.ok() ? result->output : "");
  }
  PackageState Package(const std::string& name) const {
    auto files = HostFiles::Open(root());
    PackageTool tool(*files, {.root = root(), .debs = data() / "debs", .sources = {}});
    return *tool.Read(name);
  }

  // What must be as before after a rollback: path -> mode, owner, content; package -> state. Not
  // dpkg's own bookkeeping.
  std::map<std::string, std::string> Snapshot(const std::set<std::string>& packages = {}) const {
    std::map<std::string, std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(root())) {
      const std::string path = entry.path().string().substr(root().string().size());
      if (path.starts_with("/var/lib/dpkg/") || path.starts_with("/var/log/")) continue;
      struct stat info {};
      lstat(entry.path().c_str(), &info);
      std::string text = fmt::format("{:o} {} {} ", info.st_mode, info.st_uid, info.st_gid);
      if (entry.is_regular_file() && !entry.is_symlink())
        text += info.st_size < 4096 ? Read(path) : Hex(Sha256(Read(path)));
      out[path] = text;
    }
    for (const auto& name : packages) {
      const auto state = Package(name);
      out["package " + name] = state.status + " " + state.version;
    }
    return out;
  }

  // Everything under the host's and our own folders, with times: nothing at all was written.
  std::string Fingerprint() const {
    std::set<std::string> lines;
    for (const auto& entry : fs::recursive_directory_iterator(base_)) {
      struct stat info {};
      lstat(entry.path().c_str(), &info);
      lines.insert(fmt::format("{} {:o} {} {}.{} {}.{}", entry.path().string(), info.st_mode,
                               info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                               info.st_ctim.tv_sec, info.st_ctim.tv_nsec));
    }
    std::string all;
    for (const auto& line : lines) all += line + "\n";
    return all;
  }

  ApplyOptions Options() const {
    ApplyOptions options;
    options.root = root();
    options.data = data();
    options.allow = base_ / "allow";
    options.commands = base_ / "commands";
    options.bus_address = bus_address;
    options.public_key = key_.public_key;
    options.stack = StackId("web-7");
    options.package_sources = {debs()};
    options.may_download = false;
    return options;
  }
  Order Signed(RemediationPlan plan, const std::string& by = "alice") const {
    plan.hash = Hex(Sha256(CanonicalPlanBytes(plan)));
    return *SignOrder(key_, std::move(plan), now_, Principal(by));
  }
  Instant now() const { return now_; }
  const SigningKey& key() const { return key_; }

  ApplyResult Apply(const RemediationPlan& plan) const {
    const ManualClock clock(now_);
    ApplyOptions options = Options();
    options.stop = stop;
    return Execute(Signed(plan), options, clock, progress);
  }
  std::vector<ApplyResult> RecoverAll() const {
    const ManualClock clock(now_);
    auto results = Recover(Options(), clock, progress);
    EXPECT_TRUE(results.ok()) << Describe(results.status());
    return results.ok() ? *results : std::vector<ApplyResult>{};
  }

  ResourceId Id(const std::string& kind, const std::string& name) const {
    return {StackId("web-7"), kind, name};
  }
  static PlanStep Step(StepKind kind, const ResourceId& resource,
                       std::map<std::string, std::string> parameters = {}) {
    PlanStep step;
    step.kind = kind;
    step.resource = resource;
    step.parameters = std::move(parameters);
    return step;
  }
  RemediationPlan Plan(const std::string& id, std::vector<PlanStep> steps,
                       std::vector<PlanBase> base) const {
    RemediationPlan plan;
    plan.id = PlanId(id);
    plan.strategy = Strategy::kRevert;
    plan.stack = StackId("web-7");
    plan.steps = std::move(steps);
    plan.base = std::move(base);
    plan.made_at = now_;
    plan.expires_at = now_ + kDay;
    return plan;
  }

  void Commands(const std::string& text) const {
    std::ofstream(base_ / "commands") << text;
    chmod((base_ / "commands").c_str(), 0644);
  }
  fs::path base() const { return base_; }

  ProgressSink progress;
  std::function<bool()> stop;  // see ApplyOptions
  std::string bus_address;     // of a mock of the service manager

 private:
  void Fill() {
    for (const char* folder :
         {"etc/sysctl.d", "proc/sys/vm", "var/lib/dpkg/info", "var/lib/dpkg/updates",
          "var/lib/dpkg/triggers", "var/log", "bin", "tmp"})
      fs::create_directories(root() / folder);
    fs::create_directories(data());
    fs::create_directories(debs());
    Write("/var/lib/dpkg/status", "");
    Write("/var/lib/dpkg/available", "");
    Write("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nweb:x:33:33::/srv:/bin/sh\n");
    Write("/etc/group", "root:x:0:\nweb:x:33:\n");
    Allow("file\npackage\nsysctl\nunit\ncommand\nuser\ngroup\nauthorized_key\nmount\n");
  }

  fs::path base_;
  bool borrowed_ = false;
  Instant now_ = FromUnixSeconds(1'780'000'000);
  SigningKey key_ = GenerateSigningKey();
};

// Maintainer scripts run in the scratch root and need a shell there.
inline void AddShell(const ScratchHost& host) {
  const auto copy = [&](const std::string& from, const std::string& to) {
    fs::create_directories((host.root() / to).parent_path());
    fs::copy_file(from, host.root() / to, fs::copy_options::overwrite_existing);
  };
  copy("/bin/dash", "bin/sh");
  for (const char* library : {"/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"})
    if (fs::exists(library)) copy(library, std::string(library).substr(1));
}

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_SCRATCH_HOST_H_
