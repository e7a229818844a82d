// The append-only audit log: each entry's hash covers the entry and the hash before it, so that no
// entry can be changed, taken out or put in without the chain breaking from there on.
#ifndef DRIFTCAST_ENGINE_AUDIT_CHAIN_H_
#define DRIFTCAST_ENGINE_AUDIT_CHAIN_H_

#include <string>
#include <string_view>

#include "base/status.h"
#include "engine/view.h"

namespace driftcast {

// The hash before the first entry: 64 zeros.
std::string AuditGenesis();

// Fills number, previous_hash and hash of `entry` as the successor of (`number`, `hash`).
void Chain(uint64_t previous_number, const std::string& previous_hash, AuditEntry& entry);

// DataLoss unless `entry` is the unaltered successor of (`number`, `hash`).
Status CheckChained(uint64_t previous_number, const std::string& previous_hash,
                    const AuditEntry& entry);

std::string EncodeAudit(const AuditEntry& entry);
StatusOr<AuditEntry> DecodeAudit(std::string_view bytes);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_AUDIT_CHAIN_H_
