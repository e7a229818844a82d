// Entries of the audit log as lines for other systems.
#ifndef DRIFTCAST_APPS_AUDIT_EXPORT_H_
#define DRIFTCAST_APPS_AUDIT_EXPORT_H_

#include <string>

#include <nlohmann/json.hpp>

namespace driftcast {

enum class AuditFormat { kJsonLines, kCloudEvents };

// One entry, as the API gives it, as one line without its end. CloudEvents: version 1.0 in the JSON
// event format; `source` says which engine (a URI), and with the id, the entry's number, is unique.
// The data is the entry with its hashes, so that the chain can be checked there as well.
std::string AuditLine(const nlohmann::json& entry, AuditFormat format, const std::string& source);

}  // namespace driftcast

#endif  // DRIFTCAST_APPS_AUDIT_EXPORT_H_
