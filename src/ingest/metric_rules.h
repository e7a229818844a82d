// Which resource a metric belongs to, by rules that people can read: metric_rules.txt, which also
// explains their language, holds those that ship.
#ifndef DRIFTCAST_INGEST_METRIC_RULES_H_
#define DRIFTCAST_INGEST_METRIC_RULES_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ingest/metric_sample.h"

namespace driftcast::ingest {

// Where a series goes.
struct SeriesPlace {
  std::string stack;
  std::string resource_kind;
  std::string resource_name;  // may be empty
  std::string metric;         // the name, and in braces the labels that are left
  bool dropped = false;       // a rule says that it is not taken; the rest is empty
};

// A text with labels in it: "{host.name}", "{k8s.cluster.name|"cluster"}:x".
class LabelTemplate {
 public:
  // InvalidArgument says what is wrong with the text.
  static StatusOr<LabelTemplate> Parse(std::string_view text);

  // False when a label is missing. `used` gets the names of those whose values are in it.
  bool Fill(const SeriesLabels& labels, std::string& out,
            std::vector<std::string_view>& used) const;

 private:
  struct Choice {
    std::string text;  // a label's name, or a literal
    bool literal = false;
    bool host_only = false;  // without ":port"
  };
  std::vector<std::vector<Choice>> parts_;  // each: the first choice that is there
};

// Immutable; thread-safe.
class MetricRules {
 public:
  // InvalidArgument names the line.
  static StatusOr<MetricRules> Parse(std::string_view text);
  // Those that ship.
  static const MetricRules& Default();
  static std::string_view DefaultText();

  // NotFound: no rule fits, with the labels that were there. InvalidArgument: names that cannot be
  // those of a resource, or are not UTF-8.
  StatusOr<SeriesPlace> Place(const SeriesLabels& labels) const;

 private:
  struct Rule {
    std::string metric;  // glob
    LabelTemplate stack, kind, name;
    std::vector<std::string> without;
  };

  Status Add(const std::vector<std::string_view>& words);
  bool Fits(const Rule& rule, const SeriesLabels& labels, SeriesPlace& place) const;
  std::string NameOf(const Rule& rule, const SeriesLabels& labels,
                     const std::vector<std::string_view>& used) const;

  std::vector<Rule> rules_;
  std::vector<std::string> drops_, ignores_;  // globs
  std::map<std::string, std::string> aliases_;
};

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_METRIC_RULES_H_
