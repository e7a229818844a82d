#include "shadow/sensitivity.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "shadow/glob.h"

namespace driftcast {
namespace {

struct Row {
  const char* kind;
  const char* name;
  const char* path;
  Sensitivity sensitivity;
};

constexpr Row kTable[] = {
    {"file", "*/etc/ssh/sshd_config*", "*PermitRootLogin*", {8, "who may log in as root"}},
    {"file",
     "*/etc/ssh/sshd_config*",
     "*PasswordAuthentication*",
     {8, "passwords over the network"}},
    {"file", "*/etc/ssh/sshd_config*", "*PermitEmptyPasswords*", {9, "log in without a password"}},
    {"file", "*/etc/ssh/*", "*", {7, "remote access"}},
    {"file", "*/etc/sudoers*", "*", {8, "who may become root"}},
    {"file", "*/etc/pam.d/*", "*", {8, "how people prove who they are"}},
    {"file", "*/etc/security/*", "*", {7, "login limits"}},
    {"file", "*/etc/passwd", "*", {7, "accounts"}},
    {"file", "*/etc/shadow", "*", {8, "passwords"}},
    {"file", "*/etc/group", "*", {7, "group membership"}},
    {"file", "*/etc/nftables.conf", "*", {8, "the firewall"}},
    {"file", "*/etc/iptables/*", "*", {8, "the firewall"}},
    {"file", "*/etc/ssl/*", "*", {7, "trust in certificates"}},
    {"file", "*/etc/apt/trusted*", "*", {8, "whose packages are installed"}},
    {"file", "*/etc/apt/sources*", "*", {7, "where packages come from"}},
    {"file", "*/etc/cron*", "*", {7, "commands that run by themselves"}},
    {"file", "*/etc/systemd/*", "*", {5, "services"}},
    {"file", "*/etc/hosts", "*", {5, "names of machines"}},
    {"file", "*/etc/resolv.conf", "*", {3, "name servers, often written by DHCP"}},
    {"file", "*/etc/fstab", "*", {6, "what is mounted at boot"}},
    {"file", "*/etc/sysctl*", "*", {5, "kernel settings at boot"}},
    {"sysctl", "kernel.randomize_va_space", "*", {8, "address-space randomisation"}},
    {"sysctl", "kernel.kptr_restrict", "*", {6, "kernel addresses"}},
    {"sysctl", "kernel.yama.ptrace_scope", "*", {6, "who may trace processes"}},
    {"sysctl", "kernel.modules_disabled", "*", {7, "loading of modules"}},
    {"sysctl", "kernel.unprivileged_bpf_disabled", "*", {7, "kernel programs of users"}},
    {"sysctl", "net.ipv4.ip_forward", "*", {7, "routing between networks"}},
    {"sysctl", "net.ipv4.conf.*.accept_redirects", "*", {6, "routes from strangers"}},
    {"sysctl", "net.ipv4.conf.*.rp_filter", "*", {6, "forged senders"}},
    {"sysctl", "net.ipv4.tcp_syncookies", "*", {6, "flood protection"}},
    {"sysctl", "fs.protected_*", "*", {6, "link attacks in shared folders"}},
    {"sysctl", "fs.suid_dumpable", "*", {6, "memory of privileged programs"}},
    {"sysctl", "*", "*", {4, "a kernel setting"}},
    {"file", "*", "@mode", {6, "who may read or write it"}},
    {"file", "*", "@owner", {6, "who owns it"}},
    {"file", "*", "@group", {5, "which group owns it"}},
    {"file", "*", "*", {3, "a configuration file"}},
    {"package", "openssh-server*", "*", {6, "remote access"}},
    {"package", "openssl*", "*", {6, "cryptography"}},
    {"package", "libssl*", "*", {6, "cryptography"}},
    {"package", "linux-image*", "*", {6, "the kernel"}},
    {"package", "libc6*", "*", {6, "used by every program"}},
    {"package", "sudo*", "*", {6, "who may become root"}},
    {"package", "*", "hold", {4, "whether it is updated"}},
    {"package", "*", "*", {3, "a package"}},
    {"unit", "*", "*", {5, "a service"}},
    {"user", "*", "*", {7, "an account"}},
    {"authorized_key", "*", "*", {8, "a key that may log in"}},
    {"group", "*", "*", {7, "group membership"}},
    {"cron", "*", "*", {7, "commands that run by themselves"}},
    {"firewall", "*", "*", {8, "the firewall"}},
    {"socket", "*", "*", {7, "a port that answers"}},
    {"setting", "name_resolution", "*", {3, "name servers, often given by DHCP"}},
    {"setting", "restart", "*", {3, "programs that still run old code"}},
    {"setting", "time", "*", {4, "the clock"}},
    {"kernel", "*", "module[]", {4, "code in the kernel"}},
    {"kernel", "*", "*", {5, "the running kernel"}},
    {"certificate", "*", "*", {6, "a certificate"}},
    {"tls_certificate", "*", "*", {6, "a certificate"}},
    {"image", "*", "*", {5, "what containers are made from"}},
    {"container", "*", "*", {5, "a container"}},
    {"package:rpm", "*", "*", {3, "a package"}},
    {"package:pip", "*", "*", {4, "a package that no distribution checks"}},
    {"package:npm", "*", "*", {4, "a package that no distribution checks"}},
};

// Settings whose loose values are known. The texts are compared as written.
struct Loose {
  const char* path;  // last part of the path
  const char* loose;
};

constexpr Loose kLoose[] = {
    {"PermitRootLogin", "yes"},         {"PasswordAuthentication", "yes"},
    {"PermitEmptyPasswords", "yes"},    {"X11Forwarding", "yes"},
    {"kernel.randomize_va_space", "0"}, {"net.ipv4.ip_forward", "1"},
    {"net.ipv4.tcp_syncookies", "0"},
};

bool IsLoose(const Loose& row, const std::optional<Value>& value) {
  return value && value->text == row.loose;
}

}  // namespace

Sensitivity SensitivityOf(std::string_view kind, std::string_view name, std::string_view path) {
  for (const Row& row : kTable)
    if (row.kind == kind && MatchesGlob(row.name, name) && MatchesGlob(row.path, path))
      return row.sensitivity;
  return {3, "a setting"};
}

double DirectionOf(std::string_view path, const std::optional<Value>& before,
                   const std::optional<Value>& after) {
  for (const Loose& row : kLoose) {
    if (!path.ends_with(row.path)) continue;
    const bool was = IsLoose(row, before), is = IsLoose(row, after);
    if (was != is) return is ? 2 : -2;
  }
  return 0;
}

Severity SeverityOf(const ResourceId& id, std::span<const ShadowKey> differing, size_t dependents) {
  double worst = 0;
  std::string reason = "no key differs";
  for (const ShadowKey& key : differing) {
    const Sensitivity sensitivity = SensitivityOf(id.kind, id.name, key.path);
    // Live kernel settings carry their name in the resource, not in the path.
    const double direction =
        DirectionOf(id.kind == "sysctl" ? id.name : key.path, key.expected, key.observed);
    const double weight = std::clamp(sensitivity.weight + direction, 0.0, 10.0);
    if (weight <= worst) continue;
    worst = weight;
    reason = fmt::format("{} ({:.0f} of 10){}", sensitivity.why, sensitivity.weight,
                         direction > 0   ? ", loosened (+2)"
                         : direction < 0 ? ", tightened (-2)"
                                         : "");
  }
  if (worst > 0 && dependents > 0) {
    const double spread = 0.5 * std::log2(1.0 + static_cast<double>(dependents));
    worst = std::min(10.0, worst + spread);
    reason += fmt::format(", {} resources depend on it (+{:.1f})", dependents, spread);
  }
  return {worst, reason};
}

}  // namespace driftcast
