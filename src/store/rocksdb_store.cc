#include "store/rocksdb_store.h"

#include <array>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

namespace driftcast {
namespace {

Status FromRocksDb(const rocksdb::Status& status, const std::string& what) {
  if (status.ok()) return Ok();
  const std::string text = what + ": " + status.ToString();
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::kNoSpace)
    return ResourceExhausted("{}", text);
  if (status.IsCorruption()) return DataLoss("{}", text);
  if (status.IsBusy() || text.find("lock ") != std::string::npos)
    return Unavailable("{} (another process holds it)", text);
  if (text.find("ermission denied") != std::string::npos) return PermissionDenied("{}", text);
  return Internal("{}", text);
}

rocksdb::Slice SliceOf(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ViewOf(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

rocksdb::ColumnFamilyOptions FamilyOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = 32 << 20;
  options.compression = rocksdb::kZSTD;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

rocksdb::Options DatabaseOptions() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.max_background_jobs = 2;
  options.db_write_buffer_size = 96 << 20;
  options.max_total_wal_size = 64 << 20;
  options.keep_log_file_num = 4;
  options.max_open_files = 512;
  // A torn last record is what a crash leaves; anything else in the log is damage and is said.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  return options;
}

class RocksDbStore : public Store {
 public:
  RocksDbStore(std::unique_ptr<rocksdb::DB> database,
               std::vector<rocksdb::ColumnFamilyHandle*> families)
      : database_(std::move(database)), families_(std::move(families)) {}

  ~RocksDbStore() override {
    for (auto* family : families_) database_->DestroyColumnFamilyHandle(family);
    database_->Close();
  }

  Status Commit(const WriteBatch& batch) override {
    rocksdb::WriteBatch writes;
    for (const auto& range : batch.deleted_ranges)
      DRIFTCAST_RETURN_IF_ERROR(FromRocksDb(
          writes.DeleteRange(Family(range.table), range.begin, range.end), "collecting a batch"));
    for (const auto& write : batch.writes) {
      auto* family = Family(write.table);
      const auto status = write.value ? writes.Put(family, write.key, *write.value)
                                      : writes.Delete(family, write.key);
      DRIFTCAST_RETURN_IF_ERROR(FromRocksDb(status, "collecting a batch"));
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    const auto status = database_->Write(options, &writes);
    if (status.ok()) return Ok();
    // After a write error RocksDB refuses writes until it is told that the cause is gone.
    database_->Resume();
    return FromRocksDb(status, "writing to the store");
  }

  StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) const override {
    std::string value;
    const auto status = database_->Get(rocksdb::ReadOptions(), Family(table), SliceOf(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    DRIFTCAST_RETURN_IF_ERROR(FromRocksDb(status, "reading the store"));
    return std::optional<std::string>(std::move(value));
  }

  Status Scan(Table table, std::string_view begin, std::string_view end,
              const ScanCallback& callback) const override {
    const std::unique_ptr<rocksdb::Iterator> entry(
        database_->NewIterator(rocksdb::ReadOptions(), Family(table)));
    for (entry->Seek(SliceOf(begin)); entry->Valid(); entry->Next()) {
      if (!end.empty() && ViewOf(entry->key()) >= end) break;
      if (!callback(ViewOf(entry->key()), ViewOf(entry->value()))) break;
    }
    return FromRocksDb(entry->status(), "reading the store");
  }

  Status ScanBackwards(Table table, std::string_view begin, std::string_view end,
                       const ScanCallback& callback) const override {
    const std::unique_ptr<rocksdb::Iterator> entry(
        database_->NewIterator(rocksdb::ReadOptions(), Family(table)));
    if (end.empty()) {
      entry->SeekToLast();
    } else {
      entry->SeekForPrev(SliceOf(end));
      if (entry->Valid() && ViewOf(entry->key()) == end) entry->Prev();
    }
    for (; entry->Valid() && ViewOf(entry->key()) >= begin; entry->Prev())
      if (!callback(ViewOf(entry->key()), ViewOf(entry->value()))) break;
    return FromRocksDb(entry->status(), "reading the store");
  }

  std::vector<std::pair<std::string, double>> Counters() const override {
    return {
        {"store_memtable_bytes", Property("rocksdb.cur-size-all-mem-tables")},
        {"store_disk_bytes", Property("rocksdb.total-sst-files-size")},
        {"store_pending_compaction_bytes", Property("rocksdb.estimate-pending-compaction-bytes")}};
  }

 private:
  rocksdb::ColumnFamilyHandle* Family(Table table) const {
    return families_[static_cast<size_t>(table)];
  }

  double Property(const char* name) const {
    uint64_t total = 0;
    database_->GetAggregatedIntProperty(name, &total);
    return static_cast<double>(total);
  }

  std::unique_ptr<rocksdb::DB> database_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;  // by Table
};

}  // namespace

StatusOr<std::unique_ptr<Store>> OpenRocksDbStore(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return PermissionDenied("creating {}: {}", folder.string(), error.message());
  const auto cache = rocksdb::NewLRUCache(64 << 20);
  // The unavoidable "default" family is opened and left empty.
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (size_t i = 0; i < kTableCount; ++i)
    descriptors.emplace_back(TableName(static_cast<Table>(i)), FamilyOptions(cache));
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, FamilyOptions(cache));
  rocksdb::DB* database = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  const auto status =
      rocksdb::DB::Open(DatabaseOptions(), folder.string(), descriptors, &families, &database);
  DRIFTCAST_RETURN_IF_ERROR(FromRocksDb(status, "opening the store in " + folder.string()));
  return std::unique_ptr<Store>(
      new RocksDbStore(std::unique_ptr<rocksdb::DB>(database), std::move(families)));
}

}  // namespace driftcast
