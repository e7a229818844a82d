#include "collect/lens_protocol.h"

namespace driftcast {
namespace {

void PutU32(std::string& out, size_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>((value >> shift) & 0xFF);
}

void PutText(std::string& out, std::string_view text) {
  PutU32(out, text.size());
  out += text;
}

// Takes fields off the front; remembers whether it ran short or met a length beyond its bound.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  uint8_t U8() {
    if (!Has(1)) return 0;
    const auto value = static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(1);
    return value;
  }
  uint32_t U32() {
    if (!Has(4)) return 0;
    uint32_t value = 0;
    for (int i = 3; i >= 0; --i)
      value = value << 8 | static_cast<unsigned char>(bytes_[static_cast<size_t>(i)]);
    bytes_.remove_prefix(4);
    return value;
  }
  std::string Text(size_t bytes_max) {
    const uint32_t length = U32();
    if (length > bytes_max) wrong_ = true;
    if (wrong_ || !Has(length)) return {};
    std::string text(bytes_.substr(0, length));
    bytes_.remove_prefix(length);
    return text;
  }
  bool good() const { return !wrong_ && !short_; }
  bool wrong() const { return wrong_; }
  bool runs_short() const { return short_; }

 private:
  bool Has(size_t count) {
    if (bytes_.size() < count) short_ = true;
    return good();
  }

  std::string_view bytes_;
  bool short_ = false, wrong_ = false;
};

constexpr size_t kNameBytesMax = 128;
constexpr size_t kReasonBytesMax = 4096;

}  // namespace

std::string EncodeLensRequest(std::string_view lens, std::string_view content) {
  std::string out;
  PutText(out, lens);
  PutText(out, content);
  return out;
}

std::string EncodeLensReply(const StatusOr<std::vector<KeyValue>>& keys) {
  std::string out;
  if (!keys.ok()) {
    out += '\0';
    PutText(out, Message(keys.status()).substr(0, kReasonBytesMax));
    return out;
  }
  out += '\1';
  PutU32(out, keys->size());
  for (const KeyValue& key : *keys) {
    PutText(out, key.path);
    out += static_cast<char>(key.value.type);
    PutText(out, key.value.text);
  }
  return out;
}

StatusOr<LensRequest> DecodeLensRequest(std::string_view bytes, bool& complete) {
  Reader in(bytes);
  LensRequest request;
  request.lens = in.Text(kNameBytesMax);
  request.content = in.Text(kLensContentBytesMax);
  if (in.wrong()) return InvalidArgument("a request for the parser is too long");
  complete = in.good();
  return request;
}

StatusOr<std::vector<KeyValue>> DecodeLensReply(std::string_view bytes, bool& complete) {
  Reader in(bytes);
  complete = false;
  const uint8_t kind = in.U8();
  if (in.runs_short()) return std::vector<KeyValue>{};
  if (kind > 1) return InvalidArgument("the parser's reply has kind {}", kind);
  if (kind == 0) {
    std::string reason = in.Text(kReasonBytesMax);
    if (in.wrong()) return InvalidArgument("the parser's reason is too long");
    complete = in.good();
    if (!complete) return std::vector<KeyValue>{};
    return FailedPrecondition("{}", reason);
  }
  const uint32_t count = in.U32();
  if (count > kLensKeysMax) return InvalidArgument("the parser's reply has {} keys", count);
  std::vector<KeyValue> keys;
  for (uint32_t i = 0; i < count && in.good(); ++i) {
    KeyValue key;
    key.path = in.Text(kLensReplyBytesMax);
    const uint8_t type = in.U8();
    if (type > static_cast<uint8_t>(ValueType::kText))
      return InvalidArgument("the parser's reply has a value of type {}", type);
    key.value.type = static_cast<ValueType>(type);
    key.value.text = in.Text(kLensReplyBytesMax);
    keys.push_back(std::move(key));
  }
  if (in.wrong()) return InvalidArgument("the parser's reply has a text that is too long");
  complete = in.good();
  return keys;
}

}  // namespace driftcast
