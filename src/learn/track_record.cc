#include "learn/track_record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "learn/history_file.h"

namespace driftcast::learn {
namespace {

constexpr int64_t kWeekSeconds = 7 * kDaySeconds;
constexpr std::array kBinEdges = {0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 1.0001};
constexpr std::string_view kHeader = "stack\tkind\tresource\tcutoff\tp_1d\tp_7d\tkeys";

struct Row {
  std::string_view stack, kind, resource, keys;
  int64_t cutoff = 0;
  double p_7d = 0;
};

template <typename Number>
bool Parse(std::string_view text, Number* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

bool ParseRow(std::string_view line, Row* row) {
  std::array<std::string_view, 7> fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    const size_t tab = i + 1 == fields.size() ? std::string_view::npos : line.find('\t');
    if (tab == std::string_view::npos && i + 1 < fields.size()) return false;
    fields[i] = line.substr(0, tab);
    if (tab != std::string_view::npos) line.remove_prefix(tab + 1);
  }
  *row = {fields[0], fields[1], fields[2], fields[6]};
  return Parse(fields[3], &row->cutoff) && Parse(fields[5], &row->p_7d);
}

// The paths that a prediction named, best first.
std::vector<std::string> NamedPaths(std::string_view keys) {
  std::vector<std::string> paths;
  const auto json = nlohmann::json::parse(keys.begin(), keys.end(), nullptr, false);
  if (!json.is_array()) return paths;
  for (const auto& key : json)
    if (key.is_object() && key.contains("path") && key["path"].is_string())
      paths.push_back(key["path"].get<std::string>());
  return paths;
}

class Recorder {
 public:
  explicit Recorder(const Outline& outline) : outline_(outline) {
    for (const ResourceOutline& resource : outline.resources())
      by_name_[resource.kind + '\t' + resource.name] = &resource;
    for (size_t i = 0; i + 1 < kBinEdges.size(); ++i)
      record_.bins.push_back({kBinEdges[i], std::min(1.0, kBinEdges[i + 1]), 0, 0, 0});
  }

  void Add(const Row& row) {
    if (row.stack != outline_.stack()) return;
    if (first_ == 0) first_ = row.cutoff;
    if ((row.cutoff - first_) % kWeekSeconds != 0) return;
    const auto found = by_name_.find(std::string(row.kind) + '\t' + std::string(row.resource));
    if (found == by_name_.end()) return;
    if (row.cutoff != record_.last) FinishWeek();
    record_.last = row.cutoff;
    const bool came = found->second->ChangesWithin(row.cutoff, kWeekSeconds);
    Count(row.p_7d, came);
    if (came) CountKeys(*found->second, row);
  }

  TrackRecord Finish() && {
    FinishWeek();
    record_.first = first_;
    for (TrackBin& bin : record_.bins)
      if (bin.said > 0) bin.mean_p /= static_cast<double>(bin.said);
    const double n = static_cast<double>(std::max<uint64_t>(record_.predictions, 1));
    const double share = static_cast<double>(record_.changed) / n;
    record_.brier /= n;
    record_.brier_constant = share * (1 - share);
    return std::move(record_);
  }

 private:
  void Count(double p, bool came) {
    ++record_.predictions;
    record_.changed += came;
    record_.expected += p;
    record_.brier += (p - came) * (p - came);
    size_t bin = 0;
    while (bin + 2 < kBinEdges.size() && p >= kBinEdges[bin + 1]) ++bin;
    ++record_.bins[bin].said;
    record_.bins[bin].came += came;
    record_.bins[bin].mean_p += p;
    week_.emplace_back(p, came);
  }

  void FinishWeek() {
    if (week_.empty()) return;
    ++record_.weeks;
    const size_t top = std::min(kTrackTop, week_.size());
    std::partial_sort(week_.begin(), week_.begin() + static_cast<std::ptrdiff_t>(top), week_.end(),
                      [](const auto& a, const auto& b) { return a.first > b.first; });
    for (size_t i = 0; i < top; ++i) {
      ++record_.top_said;
      record_.top_came += week_[i].second;
    }
    week_.clear();
  }

  void CountKeys(const ResourceOutline& resource, const Row& row) {
    ++record_.keys_rows;
    const std::vector<std::string> named = NamedPaths(row.keys);
    const auto changed = [&](const std::string& path) {
      const uint64_t hash = HashText(path);
      return std::any_of(resource.keys.begin(), resource.keys.end(), [&](const KeyChange& key) {
        return key.path == hash && key.seconds > row.cutoff &&
               key.seconds <= row.cutoff + kWeekSeconds;
      });
    };
    record_.first_key_right += !named.empty() && changed(named[0]);
    const auto end = named.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(named.size(), 5));
    record_.any_key_right += std::any_of(named.begin(), end, changed);
  }

  const Outline& outline_;
  std::unordered_map<std::string, const ResourceOutline*> by_name_;
  int64_t first_ = 0;
  std::vector<std::pair<double, bool>> week_;
  TrackRecord record_;
};

}  // namespace

StatusOr<TrackRecord> ReadTrackRecord(const std::filesystem::path& predictions,
                                      const Outline& outline) {
  DRIFTCAST_ASSIGN_OR_RETURN(const auto lines, GzipLines::Open(predictions));
  std::string_view line;
  DRIFTCAST_ASSIGN_OR_RETURN(const bool any, lines->Next(&line));
  if (!any || line != kHeader)
    return InvalidArgument("{}: no table of predictions", predictions.string());
  Recorder recorder(outline);
  for (;;) {
    DRIFTCAST_ASSIGN_OR_RETURN(const bool more, lines->Next(&line));
    if (!more) break;
    Row row;
    if (!ParseRow(line, &row))
      return InvalidArgument("{}: line {} is no prediction", predictions.string(),
                             lines->line_number());
    recorder.Add(row);
  }
  TrackRecord record = std::move(recorder).Finish();
  if (record.predictions == 0)
    return InvalidArgument("{}: no prediction of stack {}", predictions.string(), outline.stack());
  return record;
}

}  // namespace driftcast::learn
