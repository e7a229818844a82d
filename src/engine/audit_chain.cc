#include "engine/audit_chain.h"

#include "base/bytes.h"
#include "base/crypto.h"

namespace driftcast {
namespace {

std::string HashOf(const AuditEntry& entry) {
  ByteWriter out;
  out.Text("driftcast-audit/1");
  out.Unsigned(entry.number);
  out.Time(entry.at);
  out.Text(entry.by.value);
  out.Text(entry.action);
  out.Text(entry.subject);
  out.Text(entry.detail);
  out.Text(entry.previous_hash);
  return Hex(Sha256(out.bytes()));
}

}  // namespace

std::string AuditGenesis() { return std::string(64, '0'); }

void Chain(uint64_t previous_number, const std::string& previous_hash, AuditEntry& entry) {
  entry.number = previous_number + 1;
  entry.previous_hash = previous_hash;
  entry.hash = HashOf(entry);
}

Status CheckChained(uint64_t previous_number, const std::string& previous_hash,
                    const AuditEntry& entry) {
  if (entry.number != previous_number + 1)
    return DataLoss("audit entry {} is missing", previous_number + 1);
  if (entry.previous_hash != previous_hash || entry.hash != HashOf(entry))
    return DataLoss("audit entry {} is not what was written", entry.number);
  return Ok();
}

std::string EncodeAudit(const AuditEntry& entry) {
  ByteWriter out;
  out.Unsigned(1);  // format
  out.Unsigned(entry.number);
  out.Time(entry.at);
  out.Text(entry.by.value);
  out.Text(entry.action);
  out.Text(entry.subject);
  out.Text(entry.detail);
  out.Text(entry.previous_hash);
  out.Text(entry.hash);
  return out.Take();
}

StatusOr<AuditEntry> DecodeAudit(std::string_view bytes) {
  ByteReader in(bytes);
  AuditEntry entry;
  if (in.Unsigned() != 1) return DataLoss("an audit entry of an unknown format");
  entry.number = in.Unsigned();
  entry.at = in.Time();
  entry.by = Principal(in.Text());
  entry.action = in.Text();
  entry.subject = in.Text();
  entry.detail = in.Text();
  entry.previous_hash = in.Text();
  entry.hash = in.Text();
  if (!in.done()) return DataLoss("an audit entry that cannot be read");
  return entry;
}

}  // namespace driftcast
