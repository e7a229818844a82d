// Files of expected values for `driftcast provision`: TOML, YAML or JSON (docs/provision.md).
#ifndef DRIFTCAST_APPS_PROVISION_FILE_H_
#define DRIFTCAST_APPS_PROVISION_FILE_H_

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/status.h"

namespace driftcast {

enum class ProvisionFormat { kToml, kYaml, kJson };

// By the file's ending: .toml, .yaml or .yml, .json. InvalidArgument otherwise.
StatusOr<ProvisionFormat> ProvisionFormatOf(std::string_view path);

// The body of POST /api/v1/expectations. InvalidArgument says what is wrong and where, with line
// and column where the format's reader knows them. What is written but not known is an error.
StatusOr<nlohmann::ordered_json> ReadProvisionFile(std::string_view text, ProvisionFormat format);

}  // namespace driftcast

#endif  // DRIFTCAST_APPS_PROVISION_FILE_H_
