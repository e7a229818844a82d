// Large immutable values, named by the SHA-256 of their bytes: refitted models, content of feeds.
#ifndef DRIFTCAST_STORE_BLOB_H_
#define DRIFTCAST_STORE_BLOB_H_

#include <string>
#include <string_view>

#include "base/status.h"
#include "store/store.h"

namespace driftcast {

// Makes the bytes durable; their digest, in hex. Storing the same bytes again changes nothing.
StatusOr<std::string> PutBlob(Store& store, std::string_view bytes);

// NotFound when there is none of that digest; DataLoss when its bytes are not those of the digest.
StatusOr<std::string> ReadBlob(const Store& store, const std::string& digest);

// Adds to `batch` what deletes the blob, if it is there.
Status DeleteBlob(const Store& store, const std::string& digest, WriteBatch& batch);

}  // namespace driftcast

#endif  // DRIFTCAST_STORE_BLOB_H_
