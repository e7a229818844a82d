#include "ingest/otlp_labels.h"

#include <algorithm>

#include <fmt/core.h>

#include "wire/proto_cursor.h"

namespace driftcast::ingest {
namespace {

constexpr int kDepthMax = 8;            // of lists in lists
constexpr size_t kTextBytesMax = 4096;  // of one value

Label KeyAndValue(std::string_view bytes, int depth);

// An AnyValue as text.
std::string ValueText(std::string_view bytes, int depth) {
  std::string text;
  ProtoCursor field(bytes);
  while (field.Next()) {
    if (field.IsBytes(1)) text = field.bytes();
    if (field.IsVarint(2)) text = field.value() != 0 ? "true" : "false";
    if (field.IsVarint(3)) text = std::to_string(field.signed_value());
    if (field.IsFixed64(4)) text = fmt::format("{}", field.real());
    if (field.IsBytes(7)) text = fmt::format("{} bytes", field.bytes().size());
    if ((!field.IsBytes(5) && !field.IsBytes(6)) || depth == 0) continue;
    const bool map = field.number() == 6;
    text = map ? "{" : "[";
    ProtoCursor item(field.bytes());
    while (item.Next() && text.size() < kTextBytesMax) {
      if (!item.IsBytes(1)) continue;
      if (text.size() > 1) text += ",";
      if (!map) {
        text += ValueText(item.bytes(), depth - 1);
        continue;
      }
      const Label label = KeyAndValue(item.bytes(), depth - 1);
      text += label.name + ":" + label.value;
    }
    text += map ? "}" : "]";
  }
  if (text.size() > kTextBytesMax) text.resize(kTextBytesMax);
  return text;
}

Label KeyAndValue(std::string_view bytes, int depth) {
  Label label;
  ProtoCursor field(bytes);
  while (field.Next()) {
    if (field.IsBytes(1)) label.name = field.bytes();
    if (field.IsBytes(2)) label.value = ValueText(field.bytes(), depth);
  }
  return label;
}

}  // namespace

std::vector<Label> Attributes::Labels() const {
  std::vector<Label> labels;
  for (size_t i = 0; i < count_; ++i) labels.push_back(KeyAndValue(parts_[i], kDepthMax));
  std::sort(labels.begin(), labels.end());
  return labels;
}

void ResourceHead::Add(std::string_view bytes) {
  ProtoCursor field(bytes);
  while (field.Next())
    if (field.IsBytes(1)) attributes_.Add(field.bytes());
}

}  // namespace driftcast::ingest
