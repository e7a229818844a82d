#include "intel/lifecycle.h"

#include "intel/osv_reader.h"

namespace driftcast::intel {
namespace {

struct System {
  std::string_view ecosystem, product, package;
};
constexpr System kSystems[] = {{"Debian", "debian", "base-files"},
                               {"Ubuntu", "ubuntu", "base-files"},
                               {"Alpine", "alpine-linux", "alpine-release"},
                               {"AlmaLinux", "almalinux", "almalinux-release"},
                               {"Rocky Linux", "rocky-linux", "rocky-release"}};

const System* SystemOf(std::string_view ecosystem) {
  const std::string_view name = ecosystem.substr(0, ecosystem.find(':'));
  for (const System& system : kSystems)
    if (system.ecosystem == name) return &system;
  return nullptr;
}

Instant FirstTime(JsonElement release, std::initializer_list<const char*> keys) {
  for (const char* key : keys)
    if (const auto at = Time(release, key)) return *at;
  return {};
}

}  // namespace

std::optional<std::pair<std::string, std::string>> ReleaseOfEcosystem(std::string_view ecosystem) {
  const System* system = SystemOf(ecosystem);
  const size_t colon = ecosystem.find(':');
  if (system == nullptr || colon == std::string_view::npos) return std::nullopt;
  std::string_view release = ecosystem.substr(colon + 1);
  release = release.substr(0, release.find(':'));
  if (release.starts_with('v')) release.remove_prefix(1);
  return std::pair(std::string(system->product), std::string(release));
}

std::string_view ReleasePackageOf(std::string_view ecosystem) {
  const System* system = SystemOf(ecosystem);
  return system == nullptr ? std::string_view{} : system->package;
}

LifecycleReader::LifecycleReader(std::function<void(FeedWarning)> warning)
    : warning_(std::move(warning)),
      by_name_(
          1, kFeedRecordBytesMax,
          [this](std::string_view text, uint64_t offset) {
            const auto product = parser_.Parse(text);
            if (!product) return warning_({offset, "a product cannot be read"});
            Product(by_name_.key(1), *product, offset);
          },
          [this](uint64_t offset) {
            warning_({offset, "a product is too large"});
          }),
      listed_(
          2, kFeedRecordBytesMax,
          [this](std::string_view text, uint64_t offset) {
            if (listed_.key(1) != "result") return;
            const auto product = parser_.Parse(text);
            if (!product) return warning_({offset, "a product cannot be read"});
            Product(Text(*product, "name"), *product, offset);
          },
          [](uint64_t) {}) {}

void LifecycleReader::Feed(std::string_view bytes) {
  by_name_.Feed(bytes);
  listed_.Feed(bytes);
}

void LifecycleReader::Product(std::string_view name, JsonElement product, uint64_t offset) {
  const std::string shown = OneLine(name, 100);
  const auto releases = Member(product, "releases");
  simdjson::dom::object by_release;
  if (shown.empty() || !releases) return warning_({offset, "'" + shown + "' has no releases"});
  if (releases->get(by_release) == simdjson::SUCCESS)
    for (const auto& [key, release] : by_release) Release(shown, key, release);
  EachItem(product, "releases",
           [&](JsonElement release) { Release(shown, Text(release, "name"), release); });
}

void LifecycleReader::Release(const std::string& product, std::string_view name,
                              JsonElement release) {
  if (name.empty()) return;
  ReleaseLife life;
  life.codename = OneLine(Text(release, "codename"), 60);
  life.released = FirstTime(release, {"releaseDate"});
  life.ends = FirstTime(release, {"eol", "eolFrom"});
  life.ended = IsTrue(release, "eol") || IsTrue(release, "isEol");
  lifecycles_[{product, OneLine(name, 60)}] = std::move(life);
}

StatusOr<Lifecycles> LifecycleReader::Finish() && {
  if (!by_name_.complete())
    return DataLoss("the feed ends early, after {} bytes", by_name_.offset());
  if (lifecycles_.empty()) return InvalidArgument("the feed holds no release");
  return std::move(lifecycles_);
}

}  // namespace driftcast::intel
