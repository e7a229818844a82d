// Many alerts as few lines, and when a channel wants them.
#include <algorithm>
#include <map>
#include <set>

#include "notify/channel.h"

namespace driftcast {
namespace {

class TimedChannel : public AlertChannel {
 public:
  TimedChannel(std::unique_ptr<AlertChannel> inner, AlertTiming timing)
      : inner_(std::move(inner)), timing_(timing) {}
  std::string name() const override { return inner_->name(); }
  AlertTiming timing() const override { return timing_; }
  Status Deliver(std::span<const OutboxEffect> effects) override {
    return inner_->Deliver(effects);
  }

 private:
  std::unique_ptr<AlertChannel> inner_;
  AlertTiming timing_;
};

std::string LineOf(const OutboxEffect& effect) {
  std::string text = effect.stack.empty() ? effect.text : effect.stack.value + ": " + effect.text;
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return text;
}

}  // namespace

bool AlertTiming::HoldsBack(const OutboxEffect& effect, Instant now) const {
  if (quiet_from_minute == quiet_to_minute || effect.severity >= loud_from) return false;
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const auto minute = std::chrono::duration_cast<std::chrono::minutes>(now - day).count();
  const bool from = minute >= quiet_from_minute, to = minute < quiet_to_minute;
  return quiet_from_minute < quiet_to_minute ? from && to : from || to;
}

std::unique_ptr<AlertChannel> MakeTimedChannel(std::unique_ptr<AlertChannel> inner,
                                               AlertTiming timing) {
  return std::make_unique<TimedChannel>(std::move(inner), timing);
}

std::vector<std::string> Digest(std::span<const OutboxEffect> effects, size_t lines_max) {
  std::set<std::string> opened, closed;
  for (const OutboxEffect& effect : effects) {
    if (effect.kind == "drift.opened") opened.insert(effect.subject);
    if (effect.kind == "drift.closed" && opened.contains(effect.subject))
      closed.insert(effect.subject);
  }
  struct Line {
    double severity = 0;
    size_t count = 0;
    size_t place = 0;
  };
  std::map<std::string, Line> lines;
  for (const OutboxEffect& effect : effects) {
    if (effect.kind.starts_with("drift.") && closed.contains(effect.subject)) continue;
    Line& line = lines.try_emplace(LineOf(effect), Line{0, 0, lines.size()}).first->second;
    line.severity = std::max(line.severity, effect.severity);
    ++line.count;
  }
  std::vector<std::pair<std::string, Line>> sorted(lines.begin(), lines.end());
  std::ranges::sort(sorted, [](const auto& a, const auto& b) {
    return a.second.severity != b.second.severity ? a.second.severity > b.second.severity
                                                  : a.second.place < b.second.place;
  });
  std::vector<std::string> out;
  for (const auto& [text, line] : sorted) {
    if (out.size() == lines_max) {
      out.push_back(fmt::format("and {} more", sorted.size() - lines_max));
      break;
    }
    out.push_back(line.count == 1 ? text : fmt::format("{} ({} times)", text, line.count));
  }
  return out;
}

}  // namespace driftcast
