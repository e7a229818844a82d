// The store on disk: RocksDB, one column family a table, every commit flushed to disk.
#ifndef DRIFTCAST_STORE_ROCKSDB_STORE_H_
#define DRIFTCAST_STORE_ROCKSDB_STORE_H_

#include <filesystem>
#include <memory>

#include "store/store.h"

namespace driftcast {

// Opens or creates the store in `folder`. Unavailable when another process holds it, DataLoss when
// it is damaged, PermissionDenied when it may not be read. Memory beside the data: a block cache of
// 64 MiB and write buffers of at most 96 MiB (small ones: their log is replayed at a start after a
// crash).
StatusOr<std::unique_ptr<Store>> OpenRocksDbStore(const std::filesystem::path& folder);

}  // namespace driftcast

#endif  // DRIFTCAST_STORE_ROCKSDB_STORE_H_
