// Reads resources of the host as keys, spelled as the agent reports them: for comparing a plan's
// base with what is there, and for checking what came of it.
#ifndef DRIFTCAST_APPLY_HOST_READER_H_
#define DRIFTCAST_APPLY_HOST_READER_H_

#include <functional>
#include <string>
#include <vector>

#include "apply/edit.h"
#include "apply/host_files.h"
#include "apply/package_tool.h"
#include "apply/units.h"
#include "base/status.h"
#include "collect/parse.h"
#include "model/plan.h"

namespace driftcast {

class HostReader {
 public:
  // Reads a format that needs the parser program; empty = there is none.
  using LensReader = std::function<StatusOr<std::vector<KeyValue>>(const std::string& lens,
                                                                   std::string_view content)>;

  // All outlive it.
  HostReader(const HostFiles& files, const PackageTool& packages, Units& units, LensReader lens)
      : files_(files), packages_(packages), units_(units), lens_(std::move(lens)) {}

  // Kinds "file", "package", "sysctl", "user", "group", "authorized_key", "mount", "certificate",
  // and of a "unit" its key "enabled". Empty when the resource
  // does not exist. Unimplemented for other kinds. Secrets are in the clear here, and stay here.
  StatusOr<std::vector<KeyValue>> Keys(const ResourceId& resource) const;
  std::vector<KeyValue> KeysOf(const std::string& path, const FileImage& image) const;

  KeyReader ReaderOf(const Format& format) const;

  // Ids of the host's own users and groups, by name or number. NotFound.
  StatusOr<uid_t> UserId(const std::string& name) const;
  StatusOr<gid_t> GroupId(const std::string& name) const;

 private:
  StatusOr<uint32_t> IdIn(const std::string& file, const std::string& name) const;
  std::string NameIn(const std::string& file, uint32_t id) const;

  const HostFiles& files_;
  const PackageTool& packages_;
  Units& units_;
  LensReader lens_;
};

// Is the host still as the plan's base says? Every key of the base must have its value, and a key
// that a step sets or removes and that the base does not name must not be there. Aborted names the
// first difference.
Status CompareWithBase(const RemediationPlan& plan, const HostReader& reader);

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_HOST_READER_H_
