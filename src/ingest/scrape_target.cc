#include "ingest/scrape_target.h"

#include <algorithm>
#include <charconv>

namespace driftcast::ingest {
namespace {

constexpr Duration kEveryMin = kSecond, kEveryMax = kHour;

// "15s", "5m"; none when it is not that.
StatusOr<Duration> DurationOf(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  const Duration one = unit == "m" ? Duration(kMinute) : Duration(kSecond);
  const bool sound = error == std::errc() && (unit == "s" || unit == "m") && number > 0 &&
                     number <= 3600 && number * one >= kEveryMin && number * one <= kEveryMax;
  if (!sound) return InvalidArgument("'{}' is not a time between 1s and 60m", text);
  return number * one;
}

std::string_view Authority(std::string_view url) {
  url.remove_prefix(url.find("://") + 3);
  return url.substr(0, url.find_first_of("/?#"));
}

bool IsLocal(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::string_view HostOf(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.rfind(':'));
}

void AddLabel(ScrapeTarget& target, std::string_view name, std::string_view value) {
  const bool there = std::any_of(target.labels.begin(), target.labels.end(),
                                 [&](const Label& label) { return label.name == name; });
  if (!there && !value.empty()) target.labels.push_back({std::string(name), std::string(value)});
}

Status Set(ScrapeTarget& target, std::string_view word) {
  const size_t equals = word.find('=');
  if (equals == word.npos || equals == 0)
    return InvalidArgument("'{}': write name=value behind the URL", word);
  const std::string_view name = word.substr(0, equals), value = word.substr(equals + 1);
  if (name == "every" || name == "timeout") {
    DRIFTCAST_ASSIGN_OR_RETURN((name == "every" ? target.every : target.timeout),
                               DurationOf(value));
  } else if (name == "token_file") {
    target.token_file = value;
  } else {
    AddLabel(target, name, value);
  }
  return Ok();
}

}  // namespace

StatusOr<ScrapeTarget> ParseScrapeTarget(std::string_view line, const std::string& host_name) {
  ScrapeTarget target;
  for (size_t at = 0; (at = line.find_first_not_of(" \t\r", at)) != line.npos;) {
    const size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
    const std::string_view word = line.substr(at, end - at);
    at = end;
    if (!target.url.empty()) {
      DRIFTCAST_RETURN_IF_ERROR(Set(target, word));
      continue;
    }
    if (!word.starts_with("http://") && !word.starts_with("https://"))
      return InvalidArgument("'{}': an http:// or https:// address is expected", word);
    if (Authority(word).find('@') != word.npos)
      return InvalidArgument("no user in the address, please: use token_file=PATH");
    target.url = word;
  }
  if (target.url.empty()) return InvalidArgument("an http:// or https:// address is expected");
  if (target.timeout > target.every) target.timeout = target.every;
  const std::string_view authority = Authority(target.url), host = HostOf(authority);
  if (host.empty()) return InvalidArgument("'{}' has no host", target.url);
  AddLabel(target, "instance", authority);
  AddLabel(target, "job", host);
  if (IsLocal(host)) AddLabel(target, "nodename", host_name);
  std::sort(target.labels.begin(), target.labels.end());
  return target;
}

StatusOr<std::vector<ScrapeTarget>> ParseScrapeFile(std::string_view text,
                                                    const std::string& host_name) {
  std::vector<ScrapeTarget> targets;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t first = line.find_first_not_of(" \t\r");
    if (first == line.npos || line[first] == '#') continue;
    auto target = ParseScrapeTarget(line, host_name);
    if (!target.ok()) return Annotate(target.status(), fmt::format("line {}", number));
    targets.push_back(*std::move(target));
  }
  return targets;
}

}  // namespace driftcast::ingest
