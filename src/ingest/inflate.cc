#include "ingest/inflate.h"

#include <algorithm>
#include <memory>

#include <zlib.h>

namespace driftcast::ingest {

StatusOr<std::string> Inflate(std::string_view compressed, size_t bytes_max) {
  constexpr int kGzipOrZlib = 15 + 32;
  constexpr size_t kStep = 64 << 10;
  z_stream stream{};
  if (inflateInit2(&stream, kGzipOrZlib) != Z_OK) return Internal("zlib does not start");
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> closer(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  std::string out;
  for (int result = Z_OK; result != Z_STREAM_END;) {
    const size_t before = out.size();
    const size_t room = std::min(kStep, bytes_max + 1 - before);
    out.resize(before + room);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(room);
    result = inflate(&stream, Z_NO_FLUSH);
    out.resize(before + room - stream.avail_out);
    if (out.size() > bytes_max)
      return ResourceExhausted("the body is more than {} bytes uncompressed", bytes_max);
    if (result != Z_OK && result != Z_STREAM_END)
      return InvalidArgument("the body is not sound gzip or zlib data");
  }
  if (stream.avail_in > 0) return InvalidArgument("there is something behind the gzip data");
  return out;
}

}  // namespace driftcast::ingest
