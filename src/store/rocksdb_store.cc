#include "store/rocksdb_store.h"

#include <array>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include "base/mutex.h"
#include "store/commit_mark.h"

namespace driftcast {
namespace {

Status FromRocksDb(const rocksdb::Status& status, const std::string& what) {
  if (status.ok()) return Ok();
  const std::string text = what + ": " + status.ToString();
  if (status.IsNoSpace() || text.find("File too large") != std::string::npos ||
      text.find("quota exceeded") != std::string::npos)
    return ResourceExhausted("{}", text);
  if (status.IsCorruption() || status.IsPathNotFound()) return DataLoss("{}", text);
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

// See RocksDbStore::Writable.
class NoRecovery : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

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
  options.max_bgerror_resume_count = 0;
  options.listeners.push_back(std::make_shared<NoRecovery>());
  return options;
}

// RocksDB, opened: closed when the last user lets go of it.
class Database {
 public:
  static StatusOr<std::shared_ptr<const Database>> Open(const std::filesystem::path& folder);

  Database(rocksdb::DB* database, std::vector<rocksdb::ColumnFamilyHandle*> families)
      : database_(database), families_(std::move(families)) {}
  ~Database() {
    for (auto* family : families_) database_->DestroyColumnFamilyHandle(family);
    database_->Close();
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB* operator->() const { return database_.get(); }
  rocksdb::ColumnFamilyHandle* Family(Table table) const {
    return families_[static_cast<size_t>(table)];
  }
  std::unique_ptr<rocksdb::Iterator> Iterate(Table table) const {
    return std::unique_ptr<rocksdb::Iterator>(
        database_->NewIterator(rocksdb::ReadOptions(), Family(table)));
  }

  // The newest write is durable.
  void Mark() const { mark_->Advance(database_->GetLatestSequenceNumber()); }

 private:
  const std::unique_ptr<rocksdb::DB> database_;
  const std::vector<rocksdb::ColumnFamilyHandle*> families_;  // by Table
  std::unique_ptr<CommitMark> mark_;
};

StatusOr<std::shared_ptr<const Database>> Database::Open(const std::filesystem::path& folder) {
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
  auto opened = std::make_shared<Database>(database, std::move(families));
  // RocksDB takes a log or a list of files that ends early for one that a crash cut.
  DRIFTCAST_ASSIGN_OR_RETURN(
      opened->mark_, CommitMark::Open(folder / "LAST_COMMIT", database->GetLatestSequenceNumber()));
  return opened;
}

// Opening writes what is in the logs into tables.
Status CheckRoomToOpen(const std::filesystem::path& folder) {
  std::error_code error;
  uintmax_t needed = 1 << 20;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().extension() == ".log") needed += entry.file_size(error);
  const auto space = std::filesystem::space(folder, error);
  if (error || space.available >= needed) return Ok();
  return ResourceExhausted("the disk of {} is full: it goes on once {} MiB are free",
                           folder.string(), (needed >> 20) + 1);
}

class RocksDbStore : public Store {
 public:
  RocksDbStore(std::filesystem::path folder, std::shared_ptr<const Database> database)
      : folder_(std::move(folder)), opened_(std::move(database)) {}

  Status Commit(const WriteBatch& batch) override {
    DRIFTCAST_ASSIGN_OR_RETURN(const auto opened, Writable());
    const Database& database = *opened;
    rocksdb::WriteBatch writes;
    for (const auto& range : batch.deleted_ranges)
      DRIFTCAST_RETURN_IF_ERROR(
          FromRocksDb(writes.DeleteRange(database.Family(range.table), range.begin, range.end),
                      "collecting a batch"));
    for (const auto& write : batch.writes) {
      auto* family = database.Family(write.table);
      const auto status = write.value ? writes.Put(family, write.key, *write.value)
                                      : writes.Delete(family, write.key);
      DRIFTCAST_RETURN_IF_ERROR(FromRocksDb(status, "collecting a batch"));
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    const auto status = database->Write(options, &writes);
    if (status.ok()) {
      database.Mark();
      return Ok();
    }
    const MutexLock lock(mutex_);
    failed_ = true;
    return FromRocksDb(status, "writing to the store");
  }

  StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) const override {
    DRIFTCAST_ASSIGN_OR_RETURN(const auto opened, Opened());
    const Database& database = *opened;
    std::string value;
    const auto status =
        database->Get(rocksdb::ReadOptions(), database.Family(table), SliceOf(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    DRIFTCAST_RETURN_IF_ERROR(FromRocksDb(status, "reading the store"));
    return std::optional<std::string>(std::move(value));
  }

  Status Scan(Table table, std::string_view begin, std::string_view end,
              const ScanCallback& callback) const override {
    DRIFTCAST_ASSIGN_OR_RETURN(const auto opened, Opened());
    const auto entry = opened->Iterate(table);
    for (entry->Seek(SliceOf(begin)); entry->Valid(); entry->Next()) {
      if (!end.empty() && ViewOf(entry->key()) >= end) break;
      if (!callback(ViewOf(entry->key()), ViewOf(entry->value()))) break;
    }
    return FromRocksDb(entry->status(), "reading the store");
  }

  Status ScanBackwards(Table table, std::string_view begin, std::string_view end,
                       const ScanCallback& callback) const override {
    DRIFTCAST_ASSIGN_OR_RETURN(const auto opened, Opened());
    const auto entry = opened->Iterate(table);
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
  double Property(const char* name) const {
    uint64_t total = 0;
    if (const auto opened = Opened(); opened.ok())
      (**opened)->GetAggregatedIntProperty(name, &total);
    return static_cast<double>(total);
  }

  StatusOr<std::shared_ptr<const Database>> Opened() const {
    const MutexLock lock(mutex_);
    if (opened_ == nullptr) return Unavailable("the store is closed until it can be written to");
    return opened_;
  }

  // After a write error RocksDB takes no more, and its own recovery (7.8, several families) ends
  // the process: it flushes a log that it could not write to, and asserts that nobody does. So it
  // is opened anew, as after a crash. Until there is room for that, what is there can be read.
  StatusOr<std::shared_ptr<const Database>> Writable() {
    const MutexLock lock(mutex_);
    if (!failed_) return opened_;
    DRIFTCAST_RETURN_IF_ERROR(CheckRoomToOpen(folder_));
    opened_ = nullptr;
    DRIFTCAST_ASSIGN_OR_RETURN(opened_, Database::Open(folder_));
    failed_ = false;
    return opened_;
  }

  const std::filesystem::path folder_;
  mutable Mutex mutex_;
  std::shared_ptr<const Database> opened_ DRIFTCAST_GUARDED_BY(mutex_);
  bool failed_ DRIFTCAST_GUARDED_BY(mutex_) = false;  // a write, since it was opened
};

}  // namespace

StatusOr<std::unique_ptr<Store>> OpenRocksDbStore(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return PermissionDenied("creating {}: {}", folder.string(), error.message());
  DRIFTCAST_ASSIGN_OR_RETURN(auto database, Database::Open(folder));
  return std::unique_ptr<Store>(new RocksDbStore(folder, std::move(database)));
}

}  // namespace driftcast
