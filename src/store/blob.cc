#include "store/blob.h"

#include "base/crypto.h"

namespace driftcast {
namespace {

// The store copes better with many values of this size than with one of a hundred megabytes.
constexpr size_t kPieceBytes = 1 << 20;

std::string PieceKey(const std::string& digest, uint64_t piece) {
  return digest + '/' + OrderedNumber(piece);
}

}  // namespace

StatusOr<std::string> PutBlob(Store& store, std::string_view bytes) {
  const std::string digest = Hex(Sha256(bytes));
  if (ReadBlob(store, digest).ok()) return digest;
  WriteBatch batch;
  uint64_t piece = 0;
  for (size_t at = 0; at == 0 || at < bytes.size(); at += kPieceBytes)
    batch.Put(Table::kBlobs, PieceKey(digest, piece++), std::string(bytes.substr(at, kPieceBytes)));
  DRIFTCAST_RETURN_IF_ERROR(store.Commit(batch));
  return digest;
}

StatusOr<std::string> ReadBlob(const Store& store, const std::string& digest) {
  std::string bytes;
  size_t pieces = 0;
  const std::string prefix = digest + '/';
  DRIFTCAST_RETURN_IF_ERROR(store.Scan(Table::kBlobs, prefix, PrefixEnd(prefix),
                                       [&](std::string_view, std::string_view piece) {
                                         ++pieces;
                                         bytes += piece;
                                         return true;
                                       }));
  if (pieces == 0) return NotFound("there is no blob {}", digest);
  if (Hex(Sha256(bytes)) != digest) return DataLoss("the bytes of blob {} are damaged", digest);
  return bytes;
}

Status DeleteBlob(const Store& store, const std::string& digest, WriteBatch& batch) {
  const std::string prefix = digest + '/';
  return store.Scan(Table::kBlobs, prefix, PrefixEnd(prefix),
                    [&](std::string_view key, std::string_view) {
                      batch.Delete(Table::kBlobs, std::string(key));
                      return true;
                    });
}

}  // namespace driftcast
