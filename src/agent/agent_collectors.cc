// The agent's collectors: which there are, which one speaks of a kind, and why a resource changed.
#include <algorithm>

#include "agent/agent.h"
#include "base/crypto.h"
#include "collect/account_collector.h"
#include "collect/certificate_collector.h"
#include "collect/container_collector.h"
#include "collect/cron_collector.h"
#include "collect/firewall_collector.h"
#include "collect/foreign_package_collector.h"
#include "collect/kernel_collector.h"
#include "collect/setting_collector.h"
#include "collect/sysctl_collector.h"
#include "collect/unit_collector.h"

namespace driftcast {
namespace {

constexpr size_t kHostKeyBytes = 32;

}  // namespace

Status Agent::LoadHostKey() {
  const auto file = options_.data / "host.key";
  auto key = ReadFile(file, 4096);
  if (!key.ok() && key.status().code() == StatusCode::kNotFound) {
    key = RandomBytes(kHostKeyBytes);
    DRIFTCAST_RETURN_IF_ERROR(WriteFileAtomically(file, *key, 0600));
  }
  if (!key.ok()) return key.status();
  if (key->size() != kHostKeyBytes)
    return DataLoss("{} is damaged: without it every secret would seem changed", file.string());
  guard_ = std::make_unique<SecretGuard>(*std::move(key));
  return Ok();
}

Status Agent::Preview(Sink& sink) {
  // With the host's own key when there is one: the fingerprints are then those that are sent.
  auto key = ReadFile(options_.data / "host.key", 4096);
  guard_ = std::make_unique<SecretGuard>(
      key.ok() && key->size() == kHostKeyBytes ? *key : RandomBytes(kHostKeyBytes));
  MakeCollectors();
  for (Source& source : sources_)
    DRIFTCAST_RETURN_IF_ERROR(source.collector->Collect(Depth::kAll, sink));
  return Ok();
}

void Agent::MakeCollectors() {
  lenses_ = std::make_unique<LensClient>(options_.lens_program);
  auto packages = std::make_unique<PackageCollector>(
      root_, [this] { return UnitCollector::NextUnattendedUpgrade(root_, clock_.Now()); });
  packages_ = packages.get();
  history_ = std::make_unique<PackageHistory>(root_, *guard_, [this](const std::string& package) {
    return packages_->owners().FilesOf(package);
  });
  sessions_ = std::make_unique<SessionHistory>(root_, *guard_, options_.people, options_.teams);
  metrics_ = std::make_unique<HostMetrics>(root_);
  const auto add = [&](std::unique_ptr<Collector> collector, Duration every, Risk risk) {
    sources_.push_back({std::move(collector), Cadence(every, risk), {}, {}, {}, false, {}});
  };
  // Packages first: they know whose the files are.
  add(std::move(packages), options_.packages_every, Risk::kLow);
  add(std::make_unique<FileCollector>(
          root_, *guard_, *lenses_, options_.files,
          [this](const std::string& path) { return packages_->owners().OwnerOf(path); }),
      options_.files_every, Risk::kUsual);
  add(std::make_unique<SysctlCollector>(root_, *guard_), options_.sysctl_every, Risk::kHigh);
  add(std::make_unique<UnitCollector>(
          root_, *guard_, clock_,
          [this](const std::string& path) { return packages_->owners().OwnerOf(path); },
          UnitCollector::BusOf(root_)),
      options_.sysctl_every, Risk::kUsual);
  add(std::make_unique<CertificateCollector>(root_), options_.packages_every, Risk::kLow);
  add(std::make_unique<AccountCollector>(root_, *guard_), options_.files_every, Risk::kHigh);
  add(std::make_unique<CronCollector>(root_, *guard_, clock_), options_.files_every, Risk::kHigh);
  add(std::make_unique<RpmCollector>(root_, RpmCollector::ProgramFor(root_)),
      options_.packages_every, Risk::kLow);
  add(std::make_unique<LanguagePackageCollector>(root_), options_.packages_every, Risk::kLow);
  MakeLiveCollectors(add);
}

void Agent::MakeLiveCollectors(
    const std::function<void(std::unique_ptr<Collector>, Duration, Risk)>& add) {
  processes_ = std::make_unique<ProcessTable>(root_);
  program_owners_ = std::make_unique<ProgramOwners>(root_);
  add(std::make_unique<KernelCollector>(root_, *guard_,
                                        [this](const std::set<std::string>& programs) {
                                          return program_owners_->OwnersOf(
                                              programs, packages_->native_architecture());
                                        }),
      options_.sysctl_every, Risk::kHigh);
  add(std::make_unique<SettingCollector>(root_, *processes_), options_.packages_every,
      Risk::kUsual);
  if (root_.is_machine())
    add(std::make_unique<FirewallCollector>(MachineFirewall()), options_.sysctl_every, Risk::kHigh);
  if (options_.containers)
    add(std::make_unique<ContainerCollector>(root_), options_.sysctl_every, Risk::kUsual);
  if (!options_.tls_ports.empty())
    add(std::make_unique<TlsCollector>(root_, TlsOptions{.ports = options_.tls_ports}),
        options_.packages_every, Risk::kLow);
}

Cause Agent::CauseOf(const ResourceObserved& observation, Instant now) const {
  const ResourceId& id = observation.resource;
  std::string package;
  if (id.kind == "package") package = id.name;
  // What a run of packages left to be restarted is its doing, whichever package it was.
  if (id.kind == "setting" && id.name == "restart") return history_->RunAround(now);
  if (id.kind == "file") package = packages_->owners().OwnerOf(PathOfResourceName(id.name));
  // A package run names itself in its log, with the packages that it touched. Else the process that
  // wrote the file is asked for.
  const Cause run = package.empty() ? Cause{} : history_->CauseOf(package, now);
  if (!authors_) return run;
  for (const Source& source : sources_) {
    const auto& kinds = source.collector->kinds();
    if (std::find(kinds.begin(), kinds.end(), id.kind) == kinds.end()) continue;
    for (const std::string& path : source.collector->FilesOf(observation)) {
      Cause seen = authors_->Of(path);
      if (seen.text.empty()) continue;
      if (seen.kind != CauseKind::kPackageRun) return seen.known() || !run.known() ? seen : run;
      // The log says which run, the kernel that it really was one.
      Cause both = run.known() ? run : history_->RunAround(now);
      both.confidence = seen.confidence;
      both.seen_by = seen.seen_by + ", package log";
      return both.known() ? both : seen;
    }
  }
  return run;
}

Collector* Agent::CollectorFor(const std::string& kind) {
  for (Source& source : sources_) {
    const auto& kinds = source.collector->kinds();
    if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) return source.collector.get();
  }
  return nullptr;
}

}  // namespace driftcast
