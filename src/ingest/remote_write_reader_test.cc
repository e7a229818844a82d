#include "ingest/remote_write_reader.h"

#include <bit>

#include <gmock/gmock.h>
#include <snappy.h>

#include "prometheus/remote_write.pb.h"

#include "ingest/sample_list.h"

namespace driftcast::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

prometheus::TimeSeries* AddSeries(prometheus::WriteRequest& request, const std::string& name,
                                  double value, int64_t at_ms) {
  auto* series = request.add_timeseries();
  auto* label = series->add_labels();
  label->set_name("__name__");
  label->set_value(name);
  label = series->add_labels();
  label->set_name("instance");
  label->set_value("web-7:9100");
  auto* sample = series->add_samples();
  sample->set_value(value);
  sample->set_timestamp(at_ms);
  return series;
}

TEST(RemoteWriteReader, SamplesAreReadAndTypedByName) {
  prometheus::WriteRequest request;
  AddSeries(request, "node_load1", 0.5, 7000);
  AddSeries(request, "node_forks_total", 12, 7000);
  AddSeries(request, "took_seconds_bucket", 12, 7000);
  AddSeries(request, "gone", std::bit_cast<double>(uint64_t{0x7ff0000000000002}), 7000);
  request.add_timeseries()->add_samples()->set_value(1);
  request.add_metadata()->set_help("passed over");
  SampleList list;
  const auto counts = ReadRemoteWrite(request.SerializeAsString(), list);
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->points, 5u);
  EXPECT_EQ(counts->buckets, 1u);
  EXPECT_EQ(counts->stale, 1u);
  EXPECT_EQ(counts->unusable, 1u);
  EXPECT_THAT(list.Lines(), ElementsAre("node_load1{instance=web-7:9100;} 0 0.5/0@7",
                                        "node_forks_total{instance=web-7:9100;} 1 12/0@7"));
}

// No sender is known to do so, but a message may: two samples of one series, not of two.
TEST(RemoteWriteReader, LabelsMayComeBehindSamples) {
  prometheus::TimeSeries labels, samples;
  prometheus::WriteRequest usual;
  *labels.mutable_labels() = AddSeries(usual, "node_load1", 0.5, 7000)->labels();
  for (const int64_t at_ms : {7000, 9000}) {
    auto* sample = samples.add_samples();
    sample->set_value(0.5);
    sample->set_timestamp(at_ms);
  }
  const std::string series = samples.SerializeAsString() + labels.SerializeAsString();
  const std::string bytes = "\x0a" + std::string(1, static_cast<char>(series.size())) + series;
  SampleList list;
  ASSERT_TRUE(ReadRemoteWrite(bytes, list).ok());
  EXPECT_EQ(list.series(), 1u);
  EXPECT_THAT(list.Lines(), ElementsAre("node_load1{instance=web-7:9100;} 0 0.5/0@7",
                                        "node_load1{instance=web-7:9100;} 0 0.5/0@9"));
}

TEST(RemoteWriteReader, DamageIsSaid) {
  prometheus::WriteRequest request;
  AddSeries(request, "a", 1, 7000);
  const std::string bytes = request.SerializeAsString();
  SampleList list;
  EXPECT_EQ(ReadRemoteWrite(bytes.substr(0, bytes.size() - 1), list).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(Unsnappy, ABombIsRefusedBeforeItIsUnpacked) {
  const std::string zeros(1 << 20, '\0');
  std::string compressed;
  snappy::Compress(zeros.data(), zeros.size(), &compressed);
  EXPECT_LT(compressed.size(), 60'000u);
  EXPECT_EQ(*Unsnappy(compressed, 1 << 20), zeros);
  const auto bomb = Unsnappy(compressed, (1 << 20) - 1);
  ASSERT_EQ(bomb.status().code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(Message(bomb.status()), HasSubstr("1048576 bytes uncompressed"));
  EXPECT_EQ(Unsnappy("", 100).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Unsnappy("\x05xx", 100).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace driftcast::ingest
