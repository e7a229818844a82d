// Where the shard's state, history and outbox are kept: ordered tables of byte strings, changed by
// atomic batches.
#ifndef DRIFTCAST_STORE_STORE_H_
#define DRIFTCAST_STORE_STORE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace driftcast {

// Persistent: never renumber, never rename.
enum class Table : uint8_t {
  kState = 0,     // the shard: shadows, stacks, drifts, plans, rules, agents, scores
  kHistory = 1,   // what changed, by resource and time
  kFacts = 2,     // configuration facts and decisions as they came, by number
  kAudit = 3,     // the audit log, by number
  kPoints = 4,    // metric points, by stack and time
  kSettings = 5,  // small values of other rooms: certificates, tokens
  kOutbox = 6,    // effects to be delivered outside, by number
  kBlobs = 7,     // large immutable values by digest, in pieces (store/blob.h)
};
inline constexpr size_t kTableCount = 8;
const char* TableName(Table table);

// Changes that happen together or not at all. Ranges are deleted first, whatever the order in which
// the changes were asked for.
struct WriteBatch {
  struct Write {
    Table table;
    std::string key;
    std::optional<std::string> value;  // none = delete
  };
  struct Range {
    Table table;
    std::string begin, end;  // begin <= key < end
  };
  std::vector<Write> writes;
  std::vector<Range> deleted_ranges;

  void Put(Table table, std::string key, std::string value) {
    writes.push_back({table, std::move(key), std::move(value)});
  }
  void Delete(Table table, std::string key) {
    writes.push_back({table, std::move(key), std::nullopt});
  }
  void DeleteRange(Table table, std::string begin, std::string end) {
    deleted_ranges.push_back({table, std::move(begin), std::move(end)});
  }
  bool empty() const { return writes.empty() && deleted_ranges.empty(); }
};

// Called for each entry; false stops the scan.
using ScanCallback = std::function<bool(std::string_view key, std::string_view value)>;

// Reads are thread-safe and may run beside one writer.
class Store {
 public:
  virtual ~Store() = default;

  // Applies the batch and makes it durable before it returns. On an error nothing of it is
  // applied, and it may be tried again: ResourceExhausted (disk full), Internal.
  virtual Status Commit(const WriteBatch& batch) = 0;

  // None when the key is not there. DataLoss when the store is damaged.
  virtual StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) const = 0;

  // Entries with begin <= key < end in the order of bytes; an empty `end` means to the last.
  virtual Status Scan(Table table, std::string_view begin, std::string_view end,
                      const ScanCallback& callback) const = 0;

  // The same entries, last first.
  virtual Status ScanBackwards(Table table, std::string_view begin, std::string_view end,
                               const ScanCallback& callback) const = 0;

  // Figures about itself for /metrics, names without prefix.
  virtual std::vector<std::pair<std::string, double>> Counters() const { return {}; }
};

// The first key that does not begin with `prefix`: the end of a scan over it. Empty for a prefix of
// 0xff bytes only, and for the empty prefix.
std::string PrefixEnd(std::string_view prefix);

// A number as 8 bytes whose order is that of the numbers.
std::string OrderedNumber(uint64_t number);
uint64_t FromOrderedNumber(std::string_view bytes);  // of exactly 8 bytes

}  // namespace driftcast

#endif  // DRIFTCAST_STORE_STORE_H_
