#include "apps/audit_export.h"

namespace driftcast {

std::string AuditLine(const nlohmann::json& entry, AuditFormat format, const std::string& source) {
  nlohmann::json line = entry;
  if (format == AuditFormat::kCloudEvents)
    line = {{"specversion", "1.0"},
            {"id", entry.at("number").dump()},
            {"source", source},
            {"type", "driftcast.audit." + entry.at("action").get<std::string>()},
            {"subject", entry.at("subject")},
            {"time", entry.at("at")},
            {"datacontenttype", "application/json"},
            {"data", entry}};
  // CloudEvents has no empty subject: one that is not known is left out.
  if (format == AuditFormat::kCloudEvents && line["subject"] == "") line.erase("subject");
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace driftcast
