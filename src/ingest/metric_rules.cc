#include "ingest/metric_rules.h"

#include <algorithm>

#include "model/resource.h"
#include "shadow/glob.h"

extern "C" const char driftcast_metric_rules[], driftcast_metric_rules_end[];

namespace driftcast::ingest {
namespace {

constexpr size_t kMetricBytesMax = 1024;  // name and labels
constexpr size_t kWordsMax = 64;

bool AnyFits(const std::vector<std::string>& globs, std::string_view text) {
  return std::any_of(globs.begin(), globs.end(),
                     [&](const std::string& glob) { return MatchesGlob(glob, text); });
}

// A quoted blank belongs to its word.
std::vector<std::string_view> WordsOf(std::string_view line) {
  std::vector<std::string_view> words;
  bool quoted = false;
  size_t start = line.npos;
  for (size_t i = 0; i <= line.size(); ++i) {
    const char c = i < line.size() ? line[i] : ' ';
    if (c == '"') quoted = !quoted;
    const bool blank = (c == ' ' || c == '\t' || c == '\r') && (!quoted || i == line.size());
    if (!blank && start == line.npos) start = i;
    if (!blank || start == line.npos) continue;
    words.push_back(line.substr(start, i - start));
    start = line.npos;
  }
  return words;
}

const std::string* ValueOf(const SeriesLabels& labels, std::string_view name) {
  for (const auto* list : {&labels.labels, &labels.resource})
    for (const Label& label : *list)
      if (label.name == name && !label.value.empty()) return &label.value;
  return nullptr;
}

// "web-7:9100", "[::1]:9100" and URLs' hosts, without the port.
std::string_view WithoutPort(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == address.npos) return address;
  const bool bracketed = address.front() == '[' && colon > 0 && address[colon - 1] == ']';
  if (bracketed) return address.substr(1, colon - 2);
  const bool one = address.find(':') == colon;
  return one ? address.substr(0, colon) : address;  // a bare IPv6 address has no port
}

std::string Escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return out;
}

bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const size_t size = byte < 0x80         ? 1
                        : (byte >> 5) == 6  ? 2
                        : (byte >> 4) == 14 ? 3
                        : (byte >> 3) == 30 ? 4
                                            : 0;
    if (size == 0 || i + size > text.size()) return false;
    uint32_t point = size == 1 ? byte : byte & (0x7fu >> size);
    for (size_t k = 1; k < size; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      point = point << 6 | (next & 0x3f);
    }
    constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kLeast[size] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
      return false;
    i += size;
  }
  return true;
}

std::string Listed(const SeriesLabels& labels) {
  constexpr size_t kShown = 12;
  std::string text;
  size_t count = 0;
  for (const auto* list : {&labels.resource, &labels.labels})
    for (const Label& label : *list)
      if (++count <= kShown) text += (text.empty() ? "" : ", ") + label.name;
  if (count > kShown) text += fmt::format(" and {} more", count - kShown);
  return text.empty() ? "none" : text;
}

}  // namespace

StatusOr<LabelTemplate> LabelTemplate::Parse(std::string_view text) {
  LabelTemplate out;
  while (!text.empty()) {
    const size_t open = text.find('{');
    if (open != 0) {
      out.parts_.push_back({{std::string(text.substr(0, open)), true, false}});
      text.remove_prefix(std::min(open, text.size()));
      continue;
    }
    const size_t close = text.find('}');
    if (close == text.npos) return InvalidArgument("'{{' without '}}' in {}", text);
    std::string_view inside = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
    std::vector<Choice> choices;
    for (bool more = true; more;) {
      const size_t bar = inside.find('|');
      std::string_view word = inside.substr(0, bar);
      more = bar != inside.npos;
      if (more) inside.remove_prefix(bar + 1);
      Choice choice;
      if (word.size() >= 2 && word.front() == '"' && word.back() == '"') {
        choice.literal = true;
        word = word.substr(1, word.size() - 2);
      } else if (word.starts_with("host(") && word.ends_with(")")) {
        choice.host_only = true;
        word = word.substr(5, word.size() - 6);
      }
      if (word.empty()) return InvalidArgument("an empty label between '{{' and '}}'");
      choice.text = word;
      choices.push_back(std::move(choice));
    }
    out.parts_.push_back(std::move(choices));
  }
  return out;
}

bool LabelTemplate::Fill(const SeriesLabels& labels, std::string& out,
                         std::vector<std::string_view>& used) const {
  out.clear();
  for (const auto& choices : parts_) {
    const auto there = [&](const Choice& choice) {
      return choice.literal || ValueOf(labels, choice.text) != nullptr;
    };
    const auto choice = std::find_if(choices.begin(), choices.end(), there);
    if (choice == choices.end()) return false;
    if (choice->literal) {
      out += choice->text;
      continue;
    }
    const std::string& value = *ValueOf(labels, choice->text);
    out += choice->host_only ? WithoutPort(value) : std::string_view(value);
    used.push_back(choice->text);
  }
  return true;
}

StatusOr<MetricRules> MetricRules::Parse(std::string_view text) {
  MetricRules rules;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const auto words = WordsOf(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.empty() || words[0].starts_with("#")) continue;
    const Status added =
        words.size() > kWordsMax ? InvalidArgument("too many words") : rules.Add(words);
    if (!added.ok()) return Annotate(added, fmt::format("line {}", number));
  }
  return rules;
}

Status MetricRules::Add(const std::vector<std::string_view>& words) {
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (words[0] == "drop" || words[0] == "ignore") {
    auto& list = words[0] == "drop" ? drops_ : ignores_;
    list.insert(list.end(), rest.begin(), rest.end());
    return Ok();
  }
  if (words[0] == "alias") {
    if (rest.size() != 2) return InvalidArgument("write: alias STACK NAME");
    aliases_[rest[0]] = rest[1];
    return Ok();
  }
  if (words.size() < 4 || (words.size() > 4 && (words[4] != "without" || words.size() == 5)))
    return InvalidArgument("write: METRIC STACK KIND NAME [without LABEL...]");
  Rule rule;
  rule.metric = words[0];
  DRIFTCAST_ASSIGN_OR_RETURN(rule.stack, LabelTemplate::Parse(words[1]));
  DRIFTCAST_ASSIGN_OR_RETURN(rule.kind, LabelTemplate::Parse(words[2]));
  if (words[3] != "-") {
    DRIFTCAST_ASSIGN_OR_RETURN(rule.name, LabelTemplate::Parse(words[3]));
  }
  if (words.size() > 5) rule.without.assign(words.begin() + 5, words.end());
  rules_.push_back(std::move(rule));
  return Ok();
}

bool MetricRules::Fits(const Rule& rule, const SeriesLabels& labels, SeriesPlace& place) const {
  if (!MatchesGlob(rule.metric, labels.metric)) return false;
  std::vector<std::string_view> used;
  if (!rule.stack.Fill(labels, place.stack, used) ||
      !rule.kind.Fill(labels, place.resource_kind, used) ||
      !rule.name.Fill(labels, place.resource_name, used))
    return false;
  place.metric = NameOf(rule, labels, used);
  return true;
}

std::string MetricRules::NameOf(const Rule& rule, const SeriesLabels& labels,
                                const std::vector<std::string_view>& used) const {
  const auto among = [](const auto& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  std::string left;
  for (const Label& label : labels.labels) {
    if (label.value.empty() || among(used, label.name) || among(rule.without, label.name) ||
        AnyFits(ignores_, label.name))
      continue;
    left += fmt::format("{}{}=\"{}\"", left.empty() ? "{" : ",", Escaped(label.name),
                        Escaped(label.value));
  }
  return labels.metric + left + (left.empty() ? "" : "}");
}

StatusOr<SeriesPlace> MetricRules::Place(const SeriesLabels& labels) const {
  SeriesPlace place;
  if (AnyFits(drops_, labels.metric)) {
    place.dropped = true;
    return place;
  }
  const bool found = std::any_of(rules_.begin(), rules_.end(),
                                 [&](const Rule& rule) { return Fits(rule, labels, place); });
  if (!found)
    return NotFound("no rule says to which resource {} belongs; its labels are: {}",
                    Escaped(labels.metric), Listed(labels));
  if (const auto alias = aliases_.find(place.stack); alias != aliases_.end())
    place.stack = alias->second;
  for (std::string* part : {&place.stack, &place.resource_kind})
    std::replace(part->begin(), part->end(), '/', '_');
  if (place.metric.size() > kMetricBytesMax)
    return InvalidArgument("{}: name and labels have {} bytes; at most {} are taken",
                           Escaped(labels.metric), place.metric.size(), kMetricBytesMax);
  if (!IsUtf8(place.stack) || !IsUtf8(place.resource_kind) || !IsUtf8(place.resource_name) ||
      !IsUtf8(place.metric))
    return InvalidArgument("a metric whose name or labels are not UTF-8");
  const std::string& name = place.resource_name.empty() ? place.stack : place.resource_name;
  DRIFTCAST_RETURN_IF_ERROR(ValidateResourceId({StackId(place.stack), place.resource_kind, name}));
  return place;
}

std::string_view MetricRules::DefaultText() {
  return {driftcast_metric_rules,
          static_cast<size_t>(driftcast_metric_rules_end - driftcast_metric_rules)};
}

const MetricRules& MetricRules::Default() {
  static const MetricRules rules = [] {
    auto parsed = Parse(DefaultText());
    DRIFTCAST_CHECK(parsed.ok(), "the rules that ship: {}", Describe(parsed.status()));
    return *std::move(parsed);
  }();
  return rules;
}

}  // namespace driftcast::ingest
