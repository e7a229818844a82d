#include "collect/apt_lists.h"

#include <fcntl.h>

#include <algorithm>

#include "collect/control_file.h"
#include "collect/dpkg.h"

namespace driftcast {
namespace {

constexpr const char* kFolder = "/var/lib/apt/lists/";
constexpr size_t kReleaseBytesMax = 4 << 20;
constexpr uint64_t kListTextBytesMax = 1ull << 30;
constexpr auto kRereadGap = std::chrono::minutes(1);

// ".gz" for "x_Packages.gz"; false when it is no list that we can read.
bool IsPackageList(const std::string& name, std::string_view& kind) {
  for (const std::string_view ending : {"_Packages", "_Packages.gz", "_Packages.lz4"})
    if (name.ends_with(ending)) {
      kind = ending.substr(std::string_view("_Packages").size());
      return true;
    }
  return false;
}

void Mix(uint64_t& hash, uint64_t value) { hash = (hash ^ value) * 0x9E3779B97F4A7C15; }

}  // namespace

std::vector<AptLists::List> AptLists::FindLists(uint64_t& stamp) {
  std::vector<List> lists;
  std::vector<std::string> releases;
  unread_ = 0;
  const Status listed = root_.List(kFolder, [&](const std::string& name, unsigned char) {
    std::string_view kind;
    if (IsPackageList(name, kind)) {
      lists.push_back({kFolder + name, true, name.find("security") != std::string::npos});
    } else if (name.find("_Packages.") != std::string::npos) {
      ++unread_;
    } else if (name.ends_with("_InRelease") || name.ends_with("_Release")) {
      releases.push_back(name);
    }
  });
  if (!listed.ok()) return {};
  std::sort(lists.begin(), lists.end(),
            [](const List& a, const List& b) { return a.path < b.path; });
  for (const List& list : lists) {
    const auto info = root_.Stat(list.path);
    if (!info.ok()) continue;
    for (const char c : list.path) Mix(stamp, static_cast<unsigned char>(c));
    Mix(stamp, static_cast<uint64_t>(info->st_size));
    Mix(stamp, static_cast<uint64_t>(info->st_mtim.tv_sec * 1'000'000'000 + info->st_mtim.tv_nsec));
  }
  for (const std::string& name : releases) {
    const auto text = root_.Read(kFolder + name, kReleaseBytesMax);
    if (!text.ok() || text->find("\nNotAutomatic: yes") == std::string::npos) continue;
    const std::string prefix = kFolder + name.substr(0, name.rfind('_') + 1);
    for (List& list : lists)
      if (list.path.starts_with(prefix)) list.automatic = false;
  }
  return lists;
}

void AptLists::ReadList(const List& list,
                        const std::unordered_map<std::string, std::string>& installed,
                        const std::string& native) {
  const auto fd = root_.Open(list.path, O_RDONLY);
  if (!fd.ok()) return;
  const auto stanza = [&](ControlReader& reader) {
    std::string_view name, architecture, version;
    ControlField field;
    // Lists begin each stanza with these; the rest is skipped without being looked at.
    while ((name.empty() || architecture.empty() || version.empty()) && reader.NextField(field)) {
      if (field.name == "Package") name = field.value;
      if (field.name == "Architecture") architecture = field.value;
      if (field.name == "Version") version = field.value;
    }
    const auto found = installed.find(PackageResourceName(name, architecture, native));
    if (found == installed.end() || version.empty()) return;
    // A source that is not automatic only continues what already came from one.
    if (!list.automatic) {
      const auto offer = offers_.find(found->first);
      const bool newer = CompareDebianVersions(found->second, version) <= 0;
      const bool beyond =
          offer == offers_.end() || CompareDebianVersions(found->second, offer->second.version) > 0;
      if (!newer || !beyond) return;
    }
    AptOffer& offer = offers_[found->first];
    if (offer.version.empty() || CompareDebianVersions(version, offer.version) > 0)
      offer = {std::string(version), list.security};
  };
  std::string_view kind;
  IsPackageList(list.path, kind);
  const bool good = ForEachBlock(fd->get(), kind, kListTextBytesMax, kAfterStanza,
                                 [&](std::string_view block) {
                                   bytes_read_ += block.size();
                                   ControlReader reader(block);
                                   while (reader.NextStanza()) stanza(reader);
                                 });
  if (!good) ++unread_;
}

void AptLists::Update(const std::unordered_map<std::string, std::string>& installed,
                      const std::string& native) {
  uint64_t stamp = 1;
  std::vector<List> lists = FindLists(stamp);
  uint64_t names = 0;
  for (const auto& [name, version] : installed) names += std::hash<std::string>()(name);
  // While packages are being installed the set changes every moment; what is new is as new as its
  // candidate, so that can wait.
  const auto now = std::chrono::steady_clock::now();
  const bool new_names = names != names_ && now - read_at_ > kRereadGap;
  if (stamp == stamp_ && !new_names) return;
  stamp_ = stamp;
  names_ = names;
  read_at_ = now;
  offers_.clear();
  std::stable_sort(lists.begin(), lists.end(),
                   [](const List& a, const List& b) { return a.automatic && !b.automatic; });
  for (const List& list : lists) ReadList(list, installed, native);
  pinned_ = root_.Stat("/etc/apt/preferences").ok();
  (void)root_.List("/etc/apt/preferences.d",
                   [&](const std::string&, unsigned char) { pinned_ = true; });
}

const AptOffer* AptLists::Candidate(const std::string& package) const {
  const auto found = offers_.find(package);
  return found == offers_.end() ? nullptr : &found->second;
}

}  // namespace driftcast
