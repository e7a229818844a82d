#include "ingest/exposition_reader.h"

#include <algorithm>
#include <cmath>

#include "ingest/exposition_line.h"
#include "ingest/remote_write_reader.h"

namespace driftcast::ingest {
namespace {

constexpr double kNanos = 1e9;
constexpr double kLastSecond = 4'102'444'800;  // 2100

// The family that the last "# TYPE" line announced.
struct Family {
  std::string_view name;
  std::string_view type;

  // What follows the family's name in a sample's; none when the sample is not of the family.
  std::optional<std::string_view> Suffix(std::string_view sample) const {
    if (name.empty() || !sample.starts_with(name)) return std::nullopt;
    sample.remove_prefix(name.size());
    if (sample.empty() || sample[0] == '_') return sample;
    return std::nullopt;
  }
};

enum class Taken : uint8_t { kGauge, kCounter, kNot };

Taken TakenAs(const Family& family, std::string_view name) {
  const auto suffix = family.Suffix(name);
  const std::string_view type = suffix ? family.type : std::string_view();
  if (suffix == "_created") return Taken::kNot;
  if (type == "histogram" || type == "gaugehistogram") {
    if (suffix == "_bucket") return Taken::kNot;
    return type == "histogram" ? Taken::kCounter : Taken::kGauge;
  }
  if (type == "summary")
    return suffix == "_count" || suffix == "_sum" ? Taken::kCounter : Taken::kGauge;
  if (type == "counter") return Taken::kCounter;
  if (type == "gauge" || type == "stateset" || type == "info") return Taken::kGauge;
  if (IsBucketName(name)) return Taken::kNot;
  return IsCounterName(name) ? Taken::kCounter : Taken::kGauge;
}

// "# TYPE name type"; other comments leave the family as it is.
void NoteComment(std::string_view line, Family& family) {
  const auto word = [&line] {
    while (!line.empty() && (line[0] == ' ' || line[0] == '\t')) line.remove_prefix(1);
    const auto end = std::min(line.find_first_of(" \t"), line.size());
    const auto text = line.substr(0, end);
    line.remove_prefix(end);
    return text;
  };
  line.remove_prefix(1);  // '#'
  if (word() != "TYPE") return;
  std::string_view name = word();
  if (name.size() >= 2 && name.front() == '"' && name.back() == '"')
    name = name.substr(1, name.size() - 2);
  family = {name, word()};
}

StatusOr<int64_t> TimeOf(std::string_view text, const ExpositionOptions& options) {
  if (text.empty()) return options.at_ns;
  const auto number = ExpositionNumber(text);
  if (!number || !std::isfinite(*number)) return InvalidArgument("'{}' is not a time", text);
  const double seconds = options.open_metrics ? *number : *number / 1000;
  return static_cast<int64_t>(std::clamp(seconds, 0.0, kLastSecond) * kNanos);
}

SeriesLabels Describe(const ExpositionLine& line, Taken taken, const ExpositionOptions& options) {
  SeriesLabels labels;
  labels.metric = line.name;
  labels.type = taken == Taken::kCounter ? SampleType::kCounter : SampleType::kGauge;
  labels.labels = LabelsIn(line.labels);
  for (const Label& label : options.labels) {
    const bool own = std::any_of(labels.labels.begin(), labels.labels.end(),
                                 [&](const Label& l) { return l.name == label.name; });
    if (!own) labels.labels.push_back(label);
  }
  std::sort(labels.labels.begin(), labels.labels.end());
  return labels;
}

uint64_t SeedOf(const ExpositionOptions& options) {
  uint64_t seed = 0x5c4a;
  for (const Label& label : options.labels)
    seed = Fingerprint(label.value, Fingerprint(label.name, seed));
  return seed;
}

}  // namespace

StatusOr<ExpositionCounts> ReadExposition(std::string_view text, const ExpositionOptions& options,
                                          SampleSink& sink) {
  ExpositionCounts counts;
  Family family;
  const uint64_t seed = SeedOf(options);
  bool ended = false;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == line.npos) continue;
    if (ended) return InvalidArgument("line {}: there is something behind # EOF", number);
    if (line[0] == '#') {
      NoteComment(line, family);
      ended = options.open_metrics && line == "# EOF";
      continue;
    }
    const auto sample_line = SplitSample(line);
    if (!sample_line.ok()) return Annotate(sample_line.status(), fmt::format("line {}", number));
    ++counts.points;
    const Taken taken = TakenAs(family, sample_line->name);
    if (taken == Taken::kNot) {
      ++counts.skipped;
      continue;
    }
    Sample sample;
    sample.value = sample_line->value;
    const auto at = TimeOf(sample_line->timestamp, options);
    if (!at.ok()) return Annotate(at.status(), fmt::format("line {}", number));
    sample.at_ns = *at;
    const uint64_t fingerprint =
        Fingerprint(sample_line->series, seed) + static_cast<uint64_t>(taken);
    Deliver(sink, fingerprint, sample, [&] { return Describe(*sample_line, taken, options); });
  }
  if (options.open_metrics && !ended)
    return InvalidArgument("the text does not end with # EOF: it was cut off");
  return counts;
}

}  // namespace driftcast::ingest
