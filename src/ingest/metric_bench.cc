// Points a second and core, from the bytes of a request to judged series, beside merely decoding
// the same bytes with protobuf's generated code: the aim is at most twice its time.
//
//   Decode     ParseFromString into a message that is used again
//   Read       this room's reader, into a sink that counts
//   Take       reader, rules and rates: facts ready for the engine
//   Judge      Take, then every point into its series' state: end to end but for the store
//   Engine     Judge's work by a real engine with a store in memory: the shard's bookkeeping too
//
// The workload is one collector's requests: 50 hosts with 40 series each, a point of every series
// in a request, 15 s apart. What judges points is given each request once: a second time they would
// be late, and cost nothing.
#include <unordered_map>

#include <benchmark/benchmark.h>
#include <snappy.h>

#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"
#include "prometheus/remote_write.pb.h"

#include "engine/engine.h"
#include "ingest/metric_intake.h"
#include "ingest/otlp_reader.h"
#include "ingest/remote_write_reader.h"
#include "signal/series_state.h"

namespace driftcast::ingest {
namespace {

using opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest;

constexpr int kHosts = 50, kSeries = 40, kPoints = kHosts * kSeries;
constexpr int kRequests = 320;
constexpr int64_t kStart = 1'800'000'000;

double ValueOf(int host, int series, int turn) {
  return 100 + host + series * 0.5 + ((turn * 31 + series * 17) % 13);
}

std::vector<std::string> OtlpRequests() {
  std::vector<std::string> requests;
  for (int turn = 0; turn < kRequests; ++turn) {
    ExportMetricsServiceRequest request;
    for (int host = 0; host < kHosts; ++host) {
      auto* resource = request.add_resource_metrics();
      auto* attribute = resource->mutable_resource()->add_attributes();
      attribute->set_key("host.name");
      attribute->mutable_value()->set_string_value("web-" + std::to_string(host));
      attribute = resource->mutable_resource()->add_attributes();
      attribute->set_key("os.type");
      attribute->mutable_value()->set_string_value("linux");
      auto* scope = resource->add_scope_metrics();
      for (int series = 0; series < kSeries; ++series) {
        auto* metric = scope->add_metrics();
        metric->set_name("system.disk.operations." + std::to_string(series / 4));
        metric->set_unit("{operation}");
        auto* point = metric->mutable_gauge()->add_data_points();
        point->set_time_unix_nano(static_cast<uint64_t>(kStart + turn * 15) * 1'000'000'000);
        point->set_as_double(ValueOf(host, series, turn));
        auto* label = point->add_attributes();
        label->set_key("device");
        label->mutable_value()->set_string_value("vd" + std::string(1, char('a' + series % 4)));
        label = point->add_attributes();
        label->set_key("direction");
        label->mutable_value()->set_string_value("read");
      }
    }
    requests.push_back(request.SerializeAsString());
  }
  return requests;
}

std::vector<std::string> RemoteWriteRequests() {
  std::vector<std::string> requests;
  for (int turn = 0; turn < kRequests; ++turn) {
    prometheus::WriteRequest request;
    for (int host = 0; host < kHosts; ++host) {
      for (int series = 0; series < kSeries; ++series) {
        auto* out = request.add_timeseries();
        const auto add = [out](const char* name, const std::string& value) {
          auto* label = out->add_labels();
          label->set_name(name);
          label->set_value(value);
        };
        add("__name__", "node_disk_io_now_" + std::to_string(series / 4));
        add("device", "vd" + std::string(1, char('a' + series % 4)));
        add("instance", "web-" + std::to_string(host) + ":9100");
        add("job", "node");
        auto* sample = out->add_samples();
        sample->set_value(ValueOf(host, series, turn));
        sample->set_timestamp((kStart + turn * 15) * 1000);
      }
    }
    const std::string plain = request.SerializeAsString();
    std::string compressed;
    snappy::Compress(plain.data(), plain.size(), &compressed);
    requests.push_back(compressed);
  }
  return requests;
}

struct Otlp {
  static constexpr bool kCompressed = false;
  using Message = ExportMetricsServiceRequest;
  static const std::vector<std::string>& Requests() {
    static const auto requests = OtlpRequests();
    return requests;
  }
  static Status Read(const std::string& bytes, SampleSink& sink) {
    return ReadOtlp(bytes, sink).status();
  }
};

struct RemoteWrite {
  static constexpr bool kCompressed = true;
  using Message = prometheus::WriteRequest;
  static const std::vector<std::string>& Requests() {
    static const auto requests = RemoteWriteRequests();
    return requests;
  }
  static Status Read(const std::string& bytes, SampleSink& sink) {
    return ReadRemoteWrite(*Unsnappy(bytes, 1 << 24), sink).status();
  }
};

void Report(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * kPoints);
  state.counters["ns_per_point"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * kPoints * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

template <typename Protocol>
void BM_Decode(benchmark::State& state) {
  typename Protocol::Message message;
  Protocol::Requests();  // made before the clock starts
  size_t turn = 0;
  for (auto _ : state) {
    const std::string& bytes = Protocol::Requests()[turn++ % kRequests];
    if constexpr (Protocol::kCompressed) {
      benchmark::DoNotOptimize(message.ParseFromString(*Unsnappy(bytes, 1 << 24)));
    } else {
      benchmark::DoNotOptimize(message.ParseFromString(bytes));
    }
  }
  Report(state);
}
BENCHMARK_TEMPLATE(BM_Decode, Otlp);
BENCHMARK_TEMPLATE(BM_Decode, RemoteWrite);

template <typename Protocol>
void BM_Read(benchmark::State& state) {
  class Counting : public SampleSink {
   public:
    bool Take(uint64_t fingerprint, const Sample& sample) override {
      sum += sample.value + static_cast<double>(fingerprint & 1);
      return true;
    }
    void Describe(uint64_t, const SeriesLabels&) override {}
    double sum = 0;
  } sink;
  Protocol::Requests();
  size_t turn = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(Protocol::Read(Protocol::Requests()[turn++ % kRequests], sink).ok());
  Report(state);
}
BENCHMARK_TEMPLATE(BM_Read, Otlp);
BENCHMARK_TEMPLATE(BM_Read, RemoteWrite);

// The intake in front of `submit`; time goes on with the requests.
template <typename Protocol>
void RunIntake(benchmark::State& state, const MetricIntake::Submit& submit) {
  MetricIntake intake(MetricRules::Default(), submit);
  Protocol::Requests();
  size_t turn = 0;
  for (auto _ : state) {
    const auto& bytes = Protocol::Requests()[turn % kRequests];
    const Instant now = FromUnixSeconds(kStart + static_cast<int64_t>(turn++ % kRequests) * 15);
    const auto outcome =
        intake.TakeAndWait(now, [&](SampleSink& sink) { return Protocol::Read(bytes, sink); });
    if (!outcome.status.ok()) state.SkipWithError("refused");
  }
  Report(state);
}

template <typename Protocol>
void BM_Take(benchmark::State& state) {
  RunIntake<Protocol>(state, [](std::vector<Fact>, std::function<void(const Status&)> done) {
    done(Ok());
    return Ok();
  });
}
BENCHMARK_TEMPLATE(BM_Take, Otlp);
BENCHMARK_TEMPLATE(BM_Take, RemoteWrite);

template <typename Protocol>
void BM_Judge(benchmark::State& state) {
  std::unordered_map<std::string, SeriesState> series;
  std::string key;
  RunIntake<Protocol>(state, [&](std::vector<Fact> facts, std::function<void(const Status&)> done) {
    for (const Fact& fact : facts)
      for (const MetricPoint& point : std::get<MetricsObserved>(fact.body).points) {
        key = fact.stack.value;
        key.append(1, '\0').append(point.resource_name).append(1, '\0').append(point.metric);
        benchmark::DoNotOptimize(series[key].Observe(point.at, point.value));
      }
    done(Ok());
    return Ok();
  });
}
BENCHMARK_TEMPLATE(BM_Judge, Otlp)->Iterations(kRequests);
BENCHMARK_TEMPLATE(BM_Judge, RemoteWrite)->Iterations(kRequests);

// Process time: the engine has threads of its own. The store is in memory.
template <typename Protocol>
void BM_Engine(benchmark::State& state) {
  EngineOptions options;
  auto engine = Engine::Open(options, SystemClock());
  RunIntake<Protocol>(state, [&](std::vector<Fact> facts, std::function<void(const Status&)> done) {
    return (*engine)->Submit(std::move(facts), std::move(done));
  });
}
BENCHMARK_TEMPLATE(BM_Engine, Otlp)->MeasureProcessCPUTime()->Iterations(kRequests);
BENCHMARK_TEMPLATE(BM_Engine, RemoteWrite)->MeasureProcessCPUTime()->Iterations(kRequests);

}  // namespace
}  // namespace driftcast::ingest
