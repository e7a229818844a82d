#include "store/memory_store.h"

#include "base/bytes.h"
#include "base/crypto.h"

namespace driftcast {

Status MemoryStore::Commit(const WriteBatch& batch) {
  const MutexLock lock(mutex_);
  for (const auto& range : batch.deleted_ranges) {
    Entries& entries = tables_[static_cast<size_t>(range.table)];
    if (range.begin < range.end)
      entries.erase(entries.lower_bound(range.begin), entries.lower_bound(range.end));
  }
  for (const auto& write : batch.writes) {
    Entries& entries = tables_[static_cast<size_t>(write.table)];
    if (write.value)
      entries[write.key] = *write.value;
    else
      entries.erase(write.key);
  }
  return Ok();
}

StatusOr<std::optional<std::string>> MemoryStore::Get(Table table, std::string_view key) const {
  const MutexLock lock(mutex_);
  const Entries& entries = tables_[static_cast<size_t>(table)];
  const auto found = entries.find(key);
  if (found == entries.end()) return std::optional<std::string>();
  return std::optional<std::string>(found->second);
}

MemoryStore::Entries MemoryStore::Range(Table table, std::string_view begin,
                                        std::string_view end) const {
  if (!end.empty() && end <= begin) return {};
  const MutexLock lock(mutex_);
  const Entries& entries = tables_[static_cast<size_t>(table)];
  return {entries.lower_bound(begin), end.empty() ? entries.end() : entries.lower_bound(end)};
}

Status MemoryStore::Scan(Table table, std::string_view begin, std::string_view end,
                         const ScanCallback& callback) const {
  for (const auto& [key, value] : Range(table, begin, end))
    if (!callback(key, value)) break;
  return Ok();
}

Status MemoryStore::ScanBackwards(Table table, std::string_view begin, std::string_view end,
                                  const ScanCallback& callback) const {
  const Entries entries = Range(table, begin, end);
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
    if (!callback(entry->first, entry->second)) break;
  return Ok();
}

std::string MemoryStore::Digest() const {
  const MutexLock lock(mutex_);
  ByteWriter out;
  for (size_t table = 0; table < kTableCount; ++table) {
    // Blobs are named by their own digest in the state that uses them.
    if (table == static_cast<size_t>(Table::kBlobs)) continue;
    const Entries& entries = tables_[table];
    out.Unsigned(entries.size());
    for (const auto& [key, value] : entries) {
      out.Text(key);
      out.Text(value);
    }
  }
  return Hex(Sha256(out.bytes()));
}

Status FaultyStore::Commit(const WriteBatch& batch) {
  if (failures_left_ > 0) {
    --failures_left_;
    ++commits_failed_;
    return ResourceExhausted("no space left on device");
  }
  return inner_.Commit(batch);
}

}  // namespace driftcast
