// A sink that writes down what it is told. For tests, fuzzers and benchmarks.
#ifndef DRIFTCAST_INGEST_SAMPLE_LIST_H_
#define DRIFTCAST_INGEST_SAMPLE_LIST_H_

#include <map>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "ingest/metric_sample.h"

namespace driftcast::ingest {

class SampleList : public SampleSink {
 public:
  bool Take(uint64_t fingerprint, const Sample& sample) override {
    const auto known = series_.find(fingerprint);
    if (known == series_.end()) return false;
    samples_.emplace_back(known->second, sample);
    return true;
  }
  void Describe(uint64_t fingerprint, const SeriesLabels& labels) override {
    series_[fingerprint] = labels;
  }

  const std::vector<std::pair<SeriesLabels, Sample>>& samples() const { return samples_; }
  size_t series() const { return series_.size(); }

  // "name{label=value} type value@seconds", one a sample.
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    for (const auto& [labels, sample] : samples_) {
      std::string text = labels.metric + "{";
      for (const auto* list : {&labels.resource, &labels.labels})
        for (const Label& label : *list) text += label.name + "=" + label.value + ";";
      lines.push_back(fmt::format("{}}} {} {}/{}@{}", text, static_cast<int>(labels.type),
                                  sample.value, sample.count, sample.at_ns / 1'000'000'000));
    }
    return lines;
  }

 private:
  std::map<uint64_t, SeriesLabels> series_;
  std::vector<std::pair<SeriesLabels, Sample>> samples_;
};

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_SAMPLE_LIST_H_
