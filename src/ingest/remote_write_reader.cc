#include "ingest/remote_write_reader.h"

#include <algorithm>

#include <snappy.h>

#include "wire/proto_cursor.h"

namespace driftcast::ingest {
namespace {

// The NaN with which Prometheus says that a series has ended.
constexpr uint64_t kStaleBits = 0x7ff0000000000002;
constexpr int64_t kNanosPerMilli = 1'000'000;

Label LabelOf(std::string_view bytes) {
  Label label;
  ProtoCursor field(bytes);
  while (field.Next()) {
    if (field.IsBytes(1)) label.name = field.bytes();
    if (field.IsBytes(2)) label.value = field.bytes();
  }
  return label;
}

SeriesLabels LabelsOf(std::string_view series) {
  SeriesLabels labels;
  ProtoCursor field(series);
  while (field.Next()) {
    if (!field.IsBytes(1)) continue;
    Label label = LabelOf(field.bytes());
    if (label.name == "__name__")
      labels.metric = std::move(label.value);
    else
      labels.labels.push_back(std::move(label));
  }
  std::sort(labels.labels.begin(), labels.labels.end());
  if (IsCounterName(labels.metric)) labels.type = SampleType::kCounter;
  return labels;
}

// The value of the label `__name__`; borrowed.
std::string_view NameIn(std::string_view label) {
  std::string_view name, value;
  ProtoCursor field(label);
  while (field.Next()) {
    if (field.IsBytes(1)) name = field.bytes();
    if (field.IsBytes(2)) value = field.bytes();
  }
  return name == "__name__" ? value : std::string_view();
}

bool ReadSample(std::string_view bytes, Sample& sample) {
  ProtoCursor field(bytes);
  int64_t at_ms = 0;
  while (field.Next()) {
    if (field.IsFixed64(1)) sample.value = field.real();
    if (field.IsVarint(2)) at_ms = field.signed_value();
  }
  constexpr int64_t kMost = INT64_MAX / kNanosPerMilli;
  sample.at_ns = std::clamp(at_ms, int64_t{0}, kMost) * kNanosPerMilli;
  return !field.failed();
}

constexpr uint64_t kSeed = 0x6e77;

uint64_t FingerprintOfEach(ProtoCursor field) {
  uint64_t fingerprint = kSeed;
  while (field.Next())
    if (field.IsBytes(1)) fingerprint = Fingerprint(field.bytes(), fingerprint);
  return fingerprint;
}

// Senders write the labels of a series before its samples; their bytes then have one fingerprint
// together, and samples are looked for behind them.
bool ReadSeries(std::string_view bytes, SampleSink& sink, RemoteWriteCounts& counts) {
  std::string_view name;
  size_t labels_size = 0;
  bool sampled = false, mixed = false;
  ProtoCursor first(bytes);
  while (first.Next()) {
    sampled = sampled || first.IsBytes(2);
    if (!first.IsBytes(1)) continue;
    mixed = mixed || sampled;
    if (name.empty()) name = NameIn(first.bytes());
    labels_size = static_cast<size_t>(first.bytes().data() + first.bytes().size() - bytes.data());
  }
  if (first.failed()) return false;
  const uint64_t fingerprint = mixed ? FingerprintOfEach(ProtoCursor(bytes))
                                     : Fingerprint(bytes.substr(0, labels_size), kSeed);
  ProtoCursor field(mixed ? bytes : bytes.substr(labels_size));
  while (field.Next()) {
    if (!field.IsBytes(2)) continue;
    ++counts.points;
    Sample sample;
    if (!ReadSample(field.bytes(), sample)) return false;
    if (name.empty()) {
      ++counts.unusable;
    } else if (IsBucketName(name)) {
      ++counts.buckets;
    } else if (std::bit_cast<uint64_t>(sample.value) == kStaleBits) {
      ++counts.stale;
    } else {
      Deliver(sink, fingerprint, sample, [&] { return LabelsOf(bytes); });
    }
  }
  return true;
}

}  // namespace

bool IsCounterName(std::string_view metric) {
  return metric.ends_with("_total") || metric.ends_with("_count") || metric.ends_with("_sum");
}

bool IsBucketName(std::string_view metric) { return metric.ends_with("_bucket"); }

StatusOr<RemoteWriteCounts> ReadRemoteWrite(std::string_view bytes, SampleSink& sink) {
  RemoteWriteCounts counts;
  ProtoCursor field(bytes);
  bool sound = true;
  while (sound && field.Next())
    if (field.IsBytes(1)) sound = ReadSeries(field.bytes(), sink, counts);
  if (!sound || field.failed())
    return InvalidArgument("the body is not a Prometheus WriteRequest: damaged after {} samples",
                           counts.points);
  return counts;
}

StatusOr<std::string> Unsnappy(std::string_view compressed, size_t bytes_max) {
  size_t size = 0;
  if (!snappy::GetUncompressedLength(compressed.data(), compressed.size(), &size))
    return InvalidArgument("the body is not a Snappy block (remote write uses the block format)");
  if (size > bytes_max)
    return ResourceExhausted("the body would be {} bytes uncompressed; at most {} are taken", size,
                             bytes_max);
  std::string out;
  if (!snappy::Uncompress(compressed.data(), compressed.size(), &out))
    return InvalidArgument("the body is a damaged Snappy block");
  return out;
}

}  // namespace driftcast::ingest
