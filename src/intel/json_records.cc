#include "intel/json_records.h"

#include <algorithm>
#include <utility>

namespace driftcast::intel {
namespace {

constexpr size_t kKeyBytesMax = 255;

}  // namespace

JsonRecords::JsonRecords(int levels, size_t bytes_max,
                         std::function<void(std::string_view, uint64_t)> record,
                         std::function<void(uint64_t)> too_large)
    : levels_(levels),
      bytes_max_(bytes_max),
      record_(std::move(record)),
      too_large_(std::move(too_large)) {}

void JsonRecords::Feed(std::string_view bytes) {
  size_t copied = 0;  // bytes of this piece that are in the buffer or need not be
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (in_string_) {
      i = InString(bytes, i);
      continue;
    }
    if (c == '"') {
      in_string_ = true;
      if (!in_record_ && depth_ <= levels_) keys_[depth_].clear();
      continue;
    }
    const bool opens = c == '{' || c == '[';
    const bool closes = c == '}' || c == ']';
    if (!opens && !closes) continue;
    if (opens && c == '{' && depth_ == levels_ && !in_record_) {
      in_record_ = true;
      skipping_ = false;
      start_ = offset_ + i;
      copied = i;
      buffer_.clear();
    }
    depth_ = std::max(0, depth_ + (opens ? 1 : -1));
    if (!in_record_) {
      if (opens && depth_ <= levels_) keys_[depth_].clear();
      continue;
    }
    if (depth_ > levels_) continue;
    in_record_ = false;
    if (!skipping_ && buffer_.size() + (i + 1 - copied) <= bytes_max_) {
      buffer_.append(bytes, copied, i + 1 - copied);
      record_(buffer_, start_);
    } else if (!skipping_) {
      too_large_(start_);
    }
    buffer_.clear();
    skipping_ = false;
  }
  if (in_record_ && !skipping_) {
    buffer_.append(bytes, copied, bytes.size() - copied);
    if (buffer_.size() > bytes_max_) {
      skipping_ = true;
      buffer_.clear();
      buffer_.shrink_to_fit();
      too_large_(start_);
    }
  }
  offset_ += bytes.size();
}

// Goes on within a string from place `i`; returns the place of its last byte in this piece.
size_t JsonRecords::InString(std::string_view bytes, size_t i) {
  const size_t begin = i;
  for (; i < bytes.size(); ++i) {
    if (escaped_) {
      escaped_ = false;
    } else if (bytes[i] == '\\') {
      escaped_ = true;
    } else if (bytes[i] == '"') {
      in_string_ = false;
      break;
    }
  }
  const size_t end = std::min(i, bytes.size());
  if (!in_record_ && depth_ <= levels_) {
    std::string& key = keys_[depth_];
    key.append(bytes, begin,
               std::min(end - begin, kKeyBytesMax - std::min(kKeyBytesMax, key.size())));
  }
  return in_string_ ? end - 1 : end;
}

}  // namespace driftcast::intel
