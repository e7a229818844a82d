// For tests: a host in a temporary folder, removed at the end.
#ifndef DRIFTCAST_COLLECT_SCRATCH_ROOT_H_
#define DRIFTCAST_COLLECT_SCRATCH_ROOT_H_

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collect/collector.h"
#include "collect/host_root.h"

namespace driftcast {

class ScratchRoot {
 public:
  ScratchRoot() {
    std::string name = (std::filesystem::temp_directory_path() / "driftcast-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    root_.emplace(folder_.string());
  }
  ~ScratchRoot() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void Write(const std::string& path, std::string_view content, mode_t mode = 0644) const {
    const auto real = Real(path);
    std::filesystem::create_directories(real.parent_path());
    std::ofstream(real, std::ios::binary) << content;
    chmod(real.c_str(), mode);
  }
  void Link(const std::string& path, const std::string& target) const {
    std::filesystem::create_directories(Real(path).parent_path());
    std::filesystem::create_symlink(target, Real(path));
  }
  std::filesystem::path Real(const std::string& path) const {
    return folder_ / path.substr(path.find_first_not_of('/'));
  }
  const HostRoot& root() const { return *root_; }

 private:
  std::filesystem::path folder_;
  std::optional<HostRoot> root_;
};

// Keeps what a collector hands over.
class RecordingSink : public Sink {
 public:
  void Observed(ResourceObserved observation) override {
    observed.push_back(std::move(observation));
  }
  void Unchanged(std::string_view, std::string_view name) override { unchanged.emplace_back(name); }

  const ResourceObserved* Find(std::string_view name) const {
    for (const ResourceObserved& o : observed)
      if (o.resource.name == name) return &o;
    return nullptr;
  }

  std::vector<ResourceObserved> observed;
  std::vector<std::string> unchanged;
};

// The value of a key as people see it; "(none)" when it is not there.
inline std::string ValueOf(const std::vector<KeyValue>& keys, std::string_view path) {
  for (const KeyValue& key : keys)
    if (key.path == path) return key.value.Display();
  return "(none)";
}

// Everything that would leave the host, as one text.
inline std::string TextOf(const ResourceObserved& o) {
  std::string out = o.resource.ToText();
  for (const KeyValue& key : o.keys) out += "\n" + key.path + "=" + key.value.text;
  for (const KeyValue& key : o.context) out += "\n" + key.path + "=" + key.value.text;
  for (const UncomparedKey& key : o.uncompared) out += "\n" + key.path + ": " + key.reason;
  for (const Dependency& edge : o.depends_on) out += "\n" + edge.kind + " " + edge.to_name;
  return out + "\n" + o.cause.text;
}

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_SCRATCH_ROOT_H_
