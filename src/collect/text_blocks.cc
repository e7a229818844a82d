// Streams of text, plain or compressed, in blocks that end where the text may be cut.
#include <lz4frame.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <memory>

#include "collect/apt_lists.h"

namespace driftcast {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kHeldBytesMax = 1 << 20;  // a "stanza" or "line" beyond is none; it is dropped

// Collects text and hands it on up to its last cut.
class Cutter {
 public:
  Cutter(uint64_t bytes_max, std::string_view cut,
         const std::function<void(std::string_view)>& block)
      : bytes_left_(bytes_max), cut_(cut), block_(block) {}

  bool Add(std::string_view text) {
    if (text.size() > bytes_left_) return false;
    bytes_left_ -= text.size();
    held_ += text;
    const size_t last = held_.rfind(cut_);
    if (last != std::string::npos) {
      const size_t end = last + cut_.size();
      block_(std::string_view(held_).substr(0, end));
      held_.erase(0, end);
    } else if (held_.size() > kHeldBytesMax) {
      held_.clear();
    }
    return true;
  }
  void Finish() {
    if (!held_.empty()) block_(held_);
  }

 private:
  uint64_t bytes_left_;
  const std::string_view cut_;
  const std::function<void(std::string_view)>& block_;
  std::string held_;
};

// Bytes read; 0 at the end, negative on an error.
ssize_t Fill(int fd, std::array<char, kReadBytes>& buffer) {
  for (;;) {
    const ssize_t n = read(fd, buffer.data(), buffer.size());
    if (n >= 0 || errno != EINTR) return n;
  }
}

bool ReadPlain(int fd, Cutter& out) {
  auto buffer = std::make_unique<std::array<char, kReadBytes>>();
  for (;;) {
    const ssize_t n = Fill(fd, *buffer);
    if (n <= 0) return n == 0;
    if (!out.Add({buffer->data(), static_cast<size_t>(n)})) return false;
  }
}

struct InflateEnd {
  void operator()(z_stream* stream) const { inflateEnd(stream); }
};

bool ReadGzip(int fd, Cutter& out) {
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return false;
  const std::unique_ptr<z_stream, InflateEnd> guard(&stream);
  auto in = std::make_unique<std::array<char, kReadBytes>>();
  auto text = std::make_unique<std::array<char, kReadBytes>>();
  for (;;) {
    const ssize_t n = Fill(fd, *in);
    if (n <= 0) return n == 0;
    stream.next_in = reinterpret_cast<Bytef*>(in->data());
    stream.avail_in = static_cast<uInt>(n);
    while (stream.avail_in > 0) {
      stream.next_out = reinterpret_cast<Bytef*>(text->data());
      stream.avail_out = kReadBytes;
      const int state = inflate(&stream, Z_NO_FLUSH);
      if (state != Z_OK && state != Z_STREAM_END) return false;
      if (!out.Add({text->data(), kReadBytes - stream.avail_out})) return false;
      if (state == Z_STREAM_END && inflateReset(&stream) != Z_OK) return false;
    }
  }
}

struct Lz4Free {
  void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

bool ReadLz4(int fd, Cutter& out) {
  LZ4F_dctx* made = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION))) return false;
  const std::unique_ptr<LZ4F_dctx, Lz4Free> context(made);
  auto in = std::make_unique<std::array<char, kReadBytes>>();
  auto text = std::make_unique<std::array<char, kReadBytes>>();
  for (;;) {
    const ssize_t n = Fill(fd, *in);
    if (n <= 0) return n == 0;
    size_t at = 0;
    while (at < static_cast<size_t>(n)) {
      size_t consumed = static_cast<size_t>(n) - at, produced = kReadBytes;
      const size_t hint = LZ4F_decompress(context.get(), text->data(), &produced, in->data() + at,
                                          &consumed, nullptr);
      if (LZ4F_isError(hint)) return false;
      if (!out.Add({text->data(), produced})) return false;
      if (consumed == 0 && produced == 0) return false;
      at += consumed;
    }
  }
}

}  // namespace

bool ForEachBlock(int fd, std::string_view kind, uint64_t text_bytes_max, std::string_view cut,
                  const std::function<void(std::string_view)>& block) {
  Cutter out(text_bytes_max, cut, block);
  const bool good = kind == ".gz"    ? ReadGzip(fd, out)
                    : kind == ".lz4" ? ReadLz4(fd, out)
                                     : ReadPlain(fd, out);
  if (good) out.Finish();
  return good;
}

}  // namespace driftcast
