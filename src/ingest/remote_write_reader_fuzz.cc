// Remote write as any sender may bring it: with the Snappy layer and without.
#include <google/protobuf/stubs/logging.h>

#include "prometheus/remote_write.pb.h"

#include <cstddef>
#include <cstdint>

#include "base/status.h"
#include "ingest/metric_rules.h"
#include "ingest/remote_write_reader.h"
#include "ingest/sample_list.h"

using namespace driftcast::ingest;  // NOLINT: a program of one function

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const google::protobuf::LogSilencer quiet;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  constexpr size_t kMost = 1 << 16;
  if (const auto plain = Unsnappy(bytes, kMost); plain.ok()) {
    DRIFTCAST_CHECK(plain->size() <= kMost);
    SampleList list;
    (void)ReadRemoteWrite(*plain, list);
  }
  SampleList list;
  const auto counts = ReadRemoteWrite(bytes, list);
  for (const auto& [labels, sample] : list.samples()) (void)MetricRules::Default().Place(labels);
  prometheus::WriteRequest request;
  if (!counts.ok() || !request.ParseFromArray(data, static_cast<int>(size))) return 0;
  uint64_t samples = 0;
  for (const auto& series : request.timeseries())
    samples += static_cast<uint64_t>(series.samples_size());
  DRIFTCAST_CHECK(samples == counts->points, "{} samples of {}", counts->points, samples);
  return 0;
}
