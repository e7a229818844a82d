// A plan as a patch of a configuration repository.
#ifndef DRIFTCAST_APPS_PLAN_PATCH_H_
#define DRIFTCAST_APPS_PLAN_PATCH_H_

#include <filesystem>
#include <string>

#include "base/status.h"
#include "model/plan.h"

namespace driftcast {

// A unified diff that `git apply` takes, made from the repository's own files. `root` is the folder
// of the repository that stands for "/" on the host: of a clone of /etc, a folder that holds it as
// "etc". Keys of files are edited in place, kernel settings where they are set at boot.
// Unimplemented, with the reason, for a step that is no change of a file; NotFound when the
// repository has no such file. Nothing is left out silently.
StatusOr<std::string> PlanPatch(const RemediationPlan& plan, const std::filesystem::path& root);

}  // namespace driftcast

#endif  // DRIFTCAST_APPS_PLAN_PATCH_H_
