#include "fleet/population.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace driftcast::fleet {
namespace {

constexpr std::array kRoles = {"web", "database", "cache", "queue", "build", "edge"};
constexpr std::array kPackages = {"openssl",
                                  "openssh-server",
                                  "nginx",
                                  "postgresql-15",
                                  "redis-server",
                                  "curl",
                                  "bash",
                                  "coreutils",
                                  "systemd",
                                  "libc6",
                                  "apt",
                                  "dpkg",
                                  "python3",
                                  "perl-base",
                                  "git",
                                  "rsync",
                                  "sudo",
                                  "cron",
                                  "chrony",
                                  "rsyslog",
                                  "logrotate",
                                  "haproxy",
                                  "rabbitmq-server",
                                  "docker.io",
                                  "postfix",
                                  "bind9-libs",
                                  "vim-tiny",
                                  "tzdata",
                                  "ca-certificates",
                                  "zlib1g",
                                  "libgcrypt20",
                                  "libgnutls30",
                                  "libssl3",
                                  "libsystemd0",
                                  "libpam-modules",
                                  "util-linux"};
constexpr std::array kLibraries = {"atk",   "boost",    "cairo", "dbus",    "event",    "ffi",
                                   "glib",  "harfbuzz", "icu",   "jansson", "krb5",     "lz4",
                                   "magic", "nettle",   "odbc",  "pcre2",   "quadmath", "rdkafka"};
constexpr std::array kDaemons = {"ssh",     "nginx",   "postgresql", "redis",   "haproxy", "chrony",
                                 "rsyslog", "postfix", "docker",     "systemd", "cron",    "apt"};
constexpr std::array kKeys = {"MaxConnections", "Timeout",         "LogLevel",  "ListenAddress",
                              "Port",           "PermitRootLogin", "KeepAlive", "BufferSize",
                              "CacheSize",      "UseTLS",          "Workers",   "Compression"};
constexpr std::array kSysctls = {"vm.swappiness",
                                 "vm.dirty_ratio",
                                 "net.core.somaxconn",
                                 "net.ipv4.ip_forward",
                                 "net.ipv4.tcp_syncookies",
                                 "net.ipv4.tcp_fin_timeout",
                                 "fs.file-max",
                                 "fs.inotify.max_user_watches",
                                 "kernel.pid_max",
                                 "kernel.randomize_va_space",
                                 "net.ipv4.tcp_keepalive_time",
                                 "vm.overcommit_memory"};

// A number that belongs to these words, for values that are the same wherever they are asked for.
uint64_t Mix(uint64_t seed, std::string_view text, uint64_t more = 0) {
  uint64_t hash = 14695981039346656037ull ^ seed;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  hash ^= more + 0x9e3779b97f4a7c15ull + (hash << 6) + (hash >> 2);
  return hash * 0xff51afd7ed558ccdull;
}

std::string Version(uint64_t number) {
  return fmt::format("{}.{}.{}-{}+deb12u{}", 1 + number % 9, (number >> 8) % 30,
                     (number >> 16) % 12, 1 + (number >> 24) % 4, 1 + (number >> 32) % 3);
}

Value KeyValueOf(std::string_view key, uint64_t number) {
  switch (number % 4) {
    case 0:
      return Value::Integer(static_cast<int64_t>(number >> 8) % 10'000);
    case 1:
      return Value::Text((number >> 8) % 2 == 0 ? "yes" : "no");
    case 2:
      return Value::Text(fmt::format("{}-{}", key, (number >> 8) % 7));
    default:
      return Value::Bool((number >> 8) % 2 == 0);
  }
}

}  // namespace

Host::Host(const PopulationOptions& options, int number)
    : options_(options),
      stack_(fmt::format("{}-{:04}", options.stack_prefix, number)),
      role_(kRoles[static_cast<size_t>(number) % kRoles.size()]),
      random_(options.seed * 1'000'003 + static_cast<uint64_t>(number)) {}

StackEnrolled Host::Enrolled() const {
  StackEnrolled body;
  body.role = role_;
  body.labels = {{"os", "Debian 12"}, {"simulated", "true"}};
  return body;
}

ResourceObserved Host::Package(int index) const {
  const auto i = static_cast<size_t>(index);
  const std::string name =
      i < kPackages.size()
          ? std::string(kPackages[i])
          : fmt::format("lib{}{}-{}", kLibraries[i % kLibraries.size()],
                        (i / kLibraries.size()) % 10, i / (kLibraries.size() * 10));
  ResourceObserved out;
  out.resource = {stack_, "package", name};
  out.keys = {{"hold", Value::Bool(false)},
              {"version", Value::Text(Version(Mix(options_.seed, name)))}};
  if (i >= 1) out.depends_on = {{"requires", "package", "libc6", StackId()}};
  return out;
}

ResourceObserved Host::File(int index) const {
  const auto i = static_cast<size_t>(index);
  const std::string daemon = kDaemons[i % kDaemons.size()];
  ResourceObserved out;
  out.resource = {stack_, "file",
                  fmt::format("/etc/{}/{}.conf", daemon,
                              i < kDaemons.size() ? "main" : fmt::format("conf.d/{:03}", i))};
  for (size_t k = 0; k < 6; ++k) {
    const std::string key = kKeys[(i + k * 5) % kKeys.size()];
    const uint64_t number = Mix(options_.seed, role_.value + out.resource.name, k);
    out.keys.push_back({key, KeyValueOf(key, number)});
  }
  out.context = {{"owner", Value::Text(daemon)}};
  Canonicalize(out.keys);
  return out;
}

ResourceObserved Host::Sysctl(int index) const {
  const auto i = static_cast<size_t>(index);
  const std::string name = i < kSysctls.size()
                               ? std::string(kSysctls[i])
                               : fmt::format("net.ipv4.conf.eth{}.rp_filter{}", i % 8,
                                             i < 20 ? "" : fmt::format("_{}", i));
  ResourceObserved out;
  out.resource = {stack_, "sysctl", name};
  out.keys = {{"value", Value::Integer(static_cast<int64_t>(Mix(options_.seed, role_.value + name) %
                                                            65'536))}};
  return out;
}

ResourceObserved Host::Baseline(int index) const {
  const int packages = options_.resources * 6 / 10, files = options_.resources * 3 / 10;
  if (index < packages) return Package(index);
  if (index < packages + files) return File(index - packages);
  return Sysctl(index - packages - files);
}

ResourceObserved Host::Observe(int index, Means means) const {
  ResourceObserved out = Baseline(index);
  out.means = means;
  const auto moved = moved_.find(index);
  if (moved == moved_.end()) return out;
  for (auto& key : out.keys)
    if (const auto value = moved->second.find(key.path); value != moved->second.end())
      key.value = value->second;
  return out;
}

ResourceObserved Host::Change(Changed* changed) {
  ++changes_;
  // Two changes in three meet one resource in ten, as on real hosts: few change often.
  const uint64_t draw = random_();
  const auto count = static_cast<uint64_t>(options_.resources);
  const int index = static_cast<int>(draw % 3 != 0 ? (draw >> 8) % (count / 10 + 1) * 10 % count
                                                   : (draw >> 8) % count);
  ResourceObserved out = Observe(index, Means::kEvent);
  const auto moved = moved_.find(index);
  if (moved != moved_.end() && random_() % 10 < 4) return Restore(index, changed);
  auto& key = out.keys[random_() % out.keys.size()];
  key.value = Value::Guess(NewValue(out, key));
  moved_[index][key.path] = key.value;
  *changed = {out.resource, key.path, key.value.text};
  if (out.resource.kind == "package" && !options_.unique_values)
    out.cause = {CauseKind::kPackageRun, fmt::format("run-{}", changes_ / 5), "root",
                 "unattended-upgrade", Confidence::kExact};
  return out;
}

// Somebody puts one key back to where it began.
ResourceObserved Host::Restore(int index, Changed* changed) {
  auto& moved = moved_[index];
  const std::string path =
      std::next(moved.begin(), static_cast<int64_t>(random_() % moved.size()))->first;
  moved.erase(path);
  if (moved.empty()) moved_.erase(index);
  ResourceObserved out = Observe(index, Means::kEvent);
  for (const auto& key : out.keys)
    if (key.path == path) *changed = {out.resource, path, key.value.text};
  return out;
}

std::string Host::NewValue(const ResourceObserved& resource, const KeyValue& key) {
  if (options_.unique_values) return fmt::format("{}", 1'000'000'000 + changes_);
  if (resource.resource.kind == "package")  // the next wave, the same for every host
    return Version(Mix(options_.seed, resource.resource.name, 1 + changes_ / 20));
  for (;;) {
    const std::string text = KeyValueOf(key.path, random_()).text;
    if (text != key.value.text) return text;
  }
}

}  // namespace driftcast::fleet
