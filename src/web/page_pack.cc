#include "web/page_pack.h"

#include <zlib.h>

#include <cstdint>

#include "base/crypto.h"

namespace driftcast {
namespace {

constexpr std::string_view kMagic = "DCPAGE1\n";

void PutNumber(std::string& out, uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8 * i));
}

// Takes from the front; remembers when there was not enough.
class PackReader {
 public:
  explicit PackReader(std::string_view rest) : rest_(rest) {}

  std::string_view Bytes(uint64_t count) {
    if (count > rest_.size()) {
      short_ = true;
      return {};
    }
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }
  uint64_t Number(int bytes) {
    uint64_t number = 0;
    const std::string_view raw = Bytes(static_cast<uint64_t>(bytes));
    for (size_t i = 0; i < raw.size(); ++i) {
      number |= static_cast<uint64_t>(static_cast<unsigned char>(raw[i])) << (8 * i);
    }
    return number;
  }
  bool cut_short() const { return short_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool short_ = false;
};

StatusOr<std::string> Gzip(const std::string& content) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
    return Internal("cannot compress");
  }
  std::string packed(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int result = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) return Internal("cannot compress");
  return packed;
}

}  // namespace

StatusOr<std::map<std::string, PageFile>> ReadPagePack(std::string_view archive) {
  PackReader reader(archive);
  if (reader.Bytes(kMagic.size()) != kMagic) return DataLoss("not an archive of page files");
  std::map<std::string, PageFile> files;
  const uint64_t count = reader.Number(4);
  for (uint64_t i = 0; i < count && !reader.cut_short(); ++i) {
    const uint64_t path_size = reader.Number(4);
    const uint64_t size = reader.Number(8);
    const uint64_t gzip_size = reader.Number(8);
    const std::string path(reader.Bytes(path_size));
    PageFile file{reader.Bytes(size), reader.Bytes(gzip_size), ""};
    file.etag = "\"" + Hex(Sha256(file.content)).substr(0, 32) + "\"";
    files[path] = std::move(file);
  }
  if (reader.cut_short() || !reader.empty()) {
    return DataLoss("the archive of page files is damaged");
  }
  return files;
}

StatusOr<std::string> WritePagePack(const std::map<std::string, std::string>& files) {
  std::string archive(kMagic);
  PutNumber(archive, files.size(), 4);
  for (const auto& [path, content] : files) {
    auto gzip = Gzip(content);
    if (!gzip.ok()) return gzip.status();
    if (gzip->size() >= content.size()) gzip->clear();
    PutNumber(archive, path.size(), 4);
    PutNumber(archive, content.size(), 8);
    PutNumber(archive, gzip->size(), 8);
    archive += path + content + *gzip;
  }
  return archive;
}

}  // namespace driftcast
