#include "ingest/feed_config.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "intel/feed_parser.h"

// As a header of its own, without exceptions, whatever the compiled library that others link wants.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace driftcast {
namespace {

// Reads one table by name; keeps the first error and refuses what nobody asked for.
class Entries {
 public:
  explicit Entries(const toml::table& table) : table_(table) {}

  void Text(const char* name, std::string& out) {
    const toml::node* node = Take(name);
    if (node == nullptr) return;
    const auto value = node->value<std::string>();
    value ? void(out = *value) : Fail(*node, fmt::format("'{}' must be a text", name));
  }

  void Texts(const char* name, std::vector<std::string>& out) {
    const toml::node* node = Take(name);
    if (node == nullptr) return;
    const toml::array* list = node->as_array();
    if (list == nullptr) return Fail(*node, fmt::format("'{}' must be a list of texts", name));
    for (const toml::node& item : *list) {
      const auto value = item.value<std::string>();
      if (!value) return Fail(item, fmt::format("'{}' must be a list of texts", name));
      out.push_back(*value);
    }
  }

  // "90s", "15m", "6h", "3d".
  void Span(const char* name, Duration& out) {
    std::string text;
    Text(name, text);
    if (text.empty()) return;
    const int64_t unit = text.back() == 's'   ? 1
                         : text.back() == 'm' ? 60
                         : text.back() == 'h' ? 3600
                         : text.back() == 'd' ? 86400
                                              : 0;
    const auto digits = std::string_view(text).substr(0, text.size() - 1);
    const bool whole = !digits.empty() && digits.size() < 8 &&
                       std::all_of(digits.begin(), digits.end(),
                                   [](unsigned char c) { return std::isdigit(c) != 0; });
    if (unit == 0 || !whole)
      return Fail(table_, fmt::format("'{}' must be a number and s, m, h or d", name));
    out = kSecond * (std::stoll(std::string(digits)) * unit);
  }

  void Megabytes(const char* name, uint64_t& out) {
    const toml::node* node = Take(name);
    if (node == nullptr) return;
    const auto value = node->value<int64_t>();
    if (!value || *value < 1 || *value > 1'000'000)
      return Fail(*node, fmt::format("'{}' must be from 1 to 1000000", name));
    out = static_cast<uint64_t>(*value) << 20;
  }

  void Fail(const toml::node& node, std::string what) {
    if (status_.ok()) status_ = InvalidArgument("line {}: {}", node.source().begin.line, what);
  }
  void Fail(std::string what) { Fail(table_, std::move(what)); }

  Status Finish() {
    for (const auto& [key, node] : table_)
      if (!known_.contains(std::string(key.str())))
        Fail(node, fmt::format("there is no entry '{}'", key.str()));
    return status_;
  }

  const toml::node* Take(const char* name) {
    known_.insert(name);
    return table_.get(name);
  }

 private:
  const toml::table& table_;
  std::set<std::string> known_;
  Status status_ = Ok();
};

StatusOr<FeedSource> ReadFeed(const toml::table& table) {
  Entries in(table);
  FeedSource feed;
  in.Text("name", feed.name);
  in.Text("format", feed.format);
  in.Text("url", feed.url);
  in.Text("taxii", feed.taxii);
  in.Texts("files", feed.files);
  in.Text("sha256", feed.sha256);
  in.Text("user", feed.user);
  in.Text("password_file", feed.password_file);
  in.Text("token_file", feed.token_file);
  in.Text("ca_file", feed.ca_file);
  in.Span("every", feed.every);
  in.Span("stale_after", feed.stale_after);
  in.Span("timeout", feed.timeout);
  in.Megabytes("megabytes_max", feed.bytes_max);
  if (feed.name.empty()) in.Fail("a feed needs a name");
  const int sources = !feed.url.empty() + !feed.taxii.empty() + !feed.files.empty();
  if (sources != 1) in.Fail("a feed needs one of url, taxii and files");
  const auto& formats = intel::FeedFormats();
  if (!feed.format.empty() &&
      std::find(formats.begin(), formats.end(), feed.format) == formats.end())
    in.Fail(fmt::format("'{}' is no format that is known here", feed.format));
  if (feed.every < kMinute) in.Fail("'every' must be at least 1m");
  DRIFTCAST_RETURN_IF_ERROR(in.Finish());
  return feed;
}

}  // namespace

StatusOr<FeedConfig> ParseFeedConfig(std::string_view text) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed)
    return InvalidArgument("line {}: {}", parsed.error().source().begin.line,
                           parsed.error().description());
  Entries in(parsed.table());
  FeedConfig config;
  in.Text("proxy", config.proxy);
  std::set<std::string> names;
  if (const toml::node* list = in.Take("feed")) {
    if (!list->is_array_of_tables())
      in.Fail(*list, "write each feed as [[feed]]");
    else
      for (const toml::node& item : *list->as_array()) {
        DRIFTCAST_ASSIGN_OR_RETURN(FeedSource feed, ReadFeed(*item.as_table()));
        if (!names.insert(feed.name).second)
          in.Fail(item, fmt::format("there are two feeds '{}'", feed.name));
        config.feeds.push_back(std::move(feed));
      }
  }
  DRIFTCAST_RETURN_IF_ERROR(in.Finish());
  return config;
}

}  // namespace driftcast
