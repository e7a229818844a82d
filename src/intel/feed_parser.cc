#include "intel/feed_parser.h"

#include <algorithm>
#include <utility>

#include "intel/cvss_feed.h"
#include "intel/debian_tracker.h"
#include "intel/indicator_feeds.h"
#include "intel/knowledge.h"
#include "intel/osv_reader.h"

namespace driftcast::intel {
namespace {

constexpr size_t kSamplesMax = 20;

// Counts what could not be used and keeps the first of it.
class Base : public FeedParser {
 protected:
  std::function<void(FeedWarning)> Warn() {
    return [this](const FeedWarning& warning) {
      ++feed_.warnings;
      if (feed_.warning_samples.size() < kSamplesMax)
        feed_.warning_samples.push_back("byte " + std::to_string(warning.offset) + ": " +
                                        OneLine(warning.what, 200));
    };
  }
  void Newer(const std::optional<Instant>& at) {
    if (at) feed_.newest_at = std::max(feed_.newest_at, *at);
  }
  ParsedFeed feed_;
};

template <typename Reader>
class AdvisoryParser : public Base {
 public:
  AdvisoryParser() : reader_([this](const Advisory& advisory) { Take(advisory); }, Warn()) {}
  void Feed(std::string_view bytes) override { reader_.Feed(bytes); }
  StatusOr<ParsedFeed> Finish() override {
    DRIFTCAST_RETURN_IF_ERROR(reader_.Finish());
    feed_.records = builder_.advisories();
    if (feed_.records == 0) return InvalidArgument("the feed holds no advisory that can be used");
    feed_.content = EncodeAdvisories(builder_.Finish());
    return std::move(feed_);
  }

 private:
  void Take(const Advisory& advisory) {
    builder_.Add(advisory);
    Newer(advisory.published);
    Newer(advisory.modified);
  }
  AdvisorySetBuilder builder_;
  Reader reader_;
};

class KevParser : public Base {
 public:
  KevParser() : reader_(Warn()) {}
  void Feed(std::string_view bytes) override { reader_.Feed(bytes); }
  StatusOr<ParsedFeed> Finish() override {
    Newer(reader_.released());
    DRIFTCAST_ASSIGN_OR_RETURN(const KevCatalogue catalogue, std::move(reader_).Finish());
    for (const auto& [cve, entry] : catalogue) Newer(entry.added);
    feed_.records = catalogue.size();
    feed_.content = EncodeContent(catalogue);
    return std::move(feed_);
  }

 private:
  KevReader reader_;
};

class EpssParser : public Base {
 public:
  EpssParser() : reader_(Warn()) {}
  void Feed(std::string_view bytes) override { reader_.Feed(bytes); }
  StatusOr<ParsedFeed> Finish() override {
    DRIFTCAST_ASSIGN_OR_RETURN(const EpssScores scores, std::move(reader_).Finish());
    Newer(scores.scored_at());
    feed_.records = scores.size();
    feed_.content = EncodeContent(scores);
    return std::move(feed_);
  }

 private:
  EpssReader reader_;
};

class NvdParser : public Base {
 public:
  NvdParser() : reader_(Warn()) {}
  void Feed(std::string_view bytes) override { reader_.Feed(bytes); }
  StatusOr<ParsedFeed> Finish() override {
    Newer(reader_.newest());
    DRIFTCAST_ASSIGN_OR_RETURN(const CvssScores scores, std::move(reader_).Finish());
    feed_.records = scores.rows().size();
    feed_.content = EncodeContent(scores);
    return std::move(feed_);
  }

 private:
  NvdReader reader_;
};

class LifecycleParser : public Base {
 public:
  LifecycleParser() : reader_(Warn()) {}
  void Feed(std::string_view bytes) override { reader_.Feed(bytes); }
  StatusOr<ParsedFeed> Finish() override {
    DRIFTCAST_ASSIGN_OR_RETURN(const Lifecycles lifecycles, std::move(reader_).Finish());
    feed_.records = lifecycles.size();
    feed_.content = EncodeContent(lifecycles);
    return std::move(feed_);
  }

 private:
  LifecycleReader reader_;
};

template <typename Reader, bool kBenign = false>
class IndicatorParser : public Base {
 public:
  IndicatorParser() : reader_(Warn()) {}
  void Feed(std::string_view bytes) override { reader_.Feed(bytes); }
  StatusOr<ParsedFeed> Finish() override {
    if constexpr (!kBenign) Newer(reader_.newest());
    DRIFTCAST_ASSIGN_OR_RETURN(IndicatorSet set, std::move(reader_).Finish());
    feed_.records = set.indicators().size();
    feed_.content = EncodeContent(IndicatorFeed{std::move(set), kBenign});
    return std::move(feed_);
  }

 private:
  Reader reader_;
};

template <typename Parser>
std::unique_ptr<FeedParser> Make() {
  return std::make_unique<Parser>();
}

struct Format {
  std::string_view name;
  std::unique_ptr<FeedParser> (*make)();
};
constexpr Format kFormats[] = {
    {"osv", Make<AdvisoryParser<OsvReader>>},
    {"debian-tracker", Make<AdvisoryParser<DebianTrackerReader>>},
    {"kev", Make<KevParser>},
    {"epss", Make<EpssParser>},
    {"nvd", Make<NvdParser>},
    {"eol", Make<LifecycleParser>},
    {"stix", Make<IndicatorParser<StixReader>>},
    {"misp", Make<IndicatorParser<MispReader>>},
    {"warninglist", Make<IndicatorParser<WarningListReader, true>>},
    {"indicators", Make<IndicatorParser<IndicatorListReader>>},
};

// What only files of a format have near their beginning; the first row that fits decides.
struct Mark {
  std::string_view format;
  std::string_view first, second;  // both must be there; an empty one always is
};
constexpr Mark kMarks[] = {
    {"kev", "\"cveID\"", "\"vulnerabilities\""},
    {"nvd", "\"sourceIdentifier\"", "\"vulnerabilities\""},
    {"warninglist", "\"list\"", "\"type\""},
    {"stix", "\"bundle\"", "\"objects\""},
    {"stix", "\"spec_version\"", "\"objects\""},
    {"misp", "\"Attribute\"", ""},
    {"osv", "\"affected\"", "\"id\""},
    {"osv", "\"schema_version\"", "\"id\""},
    {"osv", "\"withdrawn\"", "\"id\""},
    {"debian-tracker", "\"releases\"", "\"urgency\""},
    {"debian-tracker", "\"releases\"", "\"repositories\""},
    {"eol", "\"releases\"", "\"releaseDate\""},
    {"warninglist", "\"list\"", "\"description\""},  // the type stands behind a long list
};

// One of the first lines is an indicator.
bool LooksLikeList(std::string_view head) {
  for (int line = 0; line < 200 && !head.empty(); ++line) {
    const size_t end = std::min(head.find('\n'), head.size());
    const std::string_view text = head.substr(0, end);
    head.remove_prefix(std::min(end + 1, head.size()));
    if (text.starts_with('#')) continue;
    for (const std::string_view separators : {",", " \t\r", ";"}) {
      std::string_view rest = text;
      while (!rest.empty()) {
        std::string_view cell = rest.substr(0, rest.find_first_of(separators));
        rest.remove_prefix(std::min(cell.size() + 1, rest.size()));
        while (cell.starts_with('"')) cell.remove_prefix(1);
        while (cell.ends_with('"') || cell.ends_with('\r')) cell.remove_suffix(1);
        if (CanonicalIndicator(cell)) return true;
      }
    }
  }
  return false;
}

}  // namespace

const std::vector<std::string_view>& FeedFormats() {
  static const auto names = [] {
    std::vector<std::string_view> list;
    for (const Format& format : kFormats) list.push_back(format.name);
    return list;
  }();
  return names;
}

StatusOr<std::unique_ptr<FeedParser>> MakeFeedParser(std::string_view format) {
  for (const Format& known : kFormats)
    if (known.name == format) return known.make();
  return InvalidArgument("'{}' is no format of a feed that is known here", format);
}

std::string_view DetectFeedFormat(std::string_view head) {
  const size_t begin = head.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (begin == std::string_view::npos) return {};
  head.remove_prefix(begin);
  if (head.starts_with("#model_version:") || head.starts_with("cve,epss")) return "epss";
  if (head.find("\ncve,epss") < 4096) return "epss";
  if (head[0] != '{' && head[0] != '[') return LooksLikeList(head) ? "indicators" : "";
  const auto has = [&](std::string_view text) { return head.find(text) != std::string_view::npos; };
  for (const Mark& mark : kMarks)
    if (has(mark.first) && has(mark.second)) return mark.format;
  return {};
}

}  // namespace driftcast::intel
