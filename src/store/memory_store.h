// A store in memory: for tests, simulations and back-tests; and its faulty sister.
#ifndef DRIFTCAST_STORE_MEMORY_STORE_H_
#define DRIFTCAST_STORE_MEMORY_STORE_H_

#include <array>
#include <map>
#include <string>

#include "base/mutex.h"
#include "store/store.h"

namespace driftcast {

// Thread-safe. Nothing survives the object.
class MemoryStore : public Store {
 public:
  Status Commit(const WriteBatch& batch) override;
  StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) const override;
  Status Scan(Table table, std::string_view begin, std::string_view end,
              const ScanCallback& callback) const override;
  Status ScanBackwards(Table table, std::string_view begin, std::string_view end,
                       const ScanCallback& callback) const override;

  // SHA-256 over every entry of every table, hex: equal stores have equal digests.
  std::string Digest() const;

 private:
  using Entries = std::map<std::string, std::string, std::less<>>;
  Entries Range(Table table, std::string_view begin, std::string_view end) const;

  mutable Mutex mutex_;
  std::array<Entries, kTableCount> tables_ DRIFTCAST_GUARDED_BY(mutex_);
};

// Fails chosen commits, as a full disk would. Wraps another store, which must outlive it.
class FaultyStore : public Store {
 public:
  explicit FaultyStore(Store& inner) : inner_(inner) {}

  // The next `count` commits fail with ResourceExhausted and change nothing.
  void FailCommits(int count) { failures_left_ = count; }
  int commits_failed() const { return commits_failed_; }

  Status Commit(const WriteBatch& batch) override;
  StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) const override {
    return inner_.Get(table, key);
  }
  Status Scan(Table table, std::string_view begin, std::string_view end,
              const ScanCallback& callback) const override {
    return inner_.Scan(table, begin, end, callback);
  }
  Status ScanBackwards(Table table, std::string_view begin, std::string_view end,
                       const ScanCallback& callback) const override {
    return inner_.ScanBackwards(table, begin, end, callback);
  }

 private:
  Store& inner_;
  int failures_left_ = 0;
  int commits_failed_ = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_STORE_MEMORY_STORE_H_
