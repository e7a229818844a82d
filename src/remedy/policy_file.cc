#include "remedy/policy_file.h"

#include <algorithm>
#include <cmath>
#include <limits>

#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace driftcast {
namespace {

std::string Where(const toml::node& node) {
  return fmt::format("line {}", node.source().begin.line);
}

// Reads the entries of one table, by name; what nobody asked for is an error at the end. The first
// error is kept, and nothing is read after it.
class Table {
 public:
  explicit Table(const toml::table& table) : table_(table) {}

  void Number(const char* name, double least, double most, double& out) {
    const toml::node* node = Take(name);
    if (!node || !status_.ok()) return;
    const auto value = node->value<double>();
    if (!node->is_number() || !value || !(*value >= least) || !(*value <= most))
      return Fail(*node, fmt::format("'{}' must be a number from {} to {}", name, least, most));
    out = *value;
  }
  void Number(const char* name, double least, double most, std::optional<double>& out) {
    if (!table_.contains(name)) return;
    double value = 0;
    Number(name, least, most, value);
    out = value;
  }
  void Count(const char* name, uint32_t& out) {
    double value = out;
    Number(name, 0, 1e6, value);
    if (value != std::floor(value)) return Fail(table_, fmt::format("'{}' must be whole", name));
    out = static_cast<uint32_t>(value);
  }
  void Text(const char* name, std::string& out) {
    const toml::node* node = Take(name);
    if (!node || !status_.ok()) return;
    const auto value = node->value<std::string>();
    if (!node->is_string() || !value || value->size() > 1000)
      return Fail(*node, fmt::format("'{}' must be a text", name));
    out = *value;
  }
  void Texts(const char* name, std::vector<std::string>& out) {
    Each(name, [&](const toml::node& node) {
      const auto value = node.value<std::string>();
      if (!node.is_string() || !value) return false;
      out.push_back(*value);
      return true;
    });
  }
  // Readings of a clock, without a zone.
  void Readings(const char* name, std::vector<Instant>& out) {
    Each(name, [&](const toml::node& node) { return Reading(node, out.emplace_back()); });
  }
  void Reading(const char* name, Instant& out) {
    const toml::node* node = Take(name);
    if (!node) return Fail(table_, fmt::format("'{}' is missing", name));
    if (!Reading(*node, out))
      Fail(*node, fmt::format("'{}' must be a date and time without a zone", name));
  }
  void Length(const char* name, Duration& out) {
    std::string text;
    Text(name, text);
    if (!status_.ok()) return;
    size_t digits = 0;
    while (digits < text.size() && digits < 9 && text[digits] >= '0' && text[digits] <= '9')
      ++digits;
    const std::string unit = text.substr(digits);
    const Duration one = unit == "m"   ? kMinute
                         : unit == "h" ? kHour
                         : unit == "d" ? kDay
                                       : Duration{0};
    if (digits == 0 || one.count() == 0)
      return Fail(table_,
                  fmt::format("'{}' must be a length such as \"90m\", \"2h\" or \"1d\"", name));
    out = one * std::stoll(text.substr(0, digits));
  }
  // Every [[name]] or the one [name].
  template <typename F>
  void Tables(const char* name, F read) {
    const toml::node* node = Take(name);
    if (!node || !status_.ok()) return;
    const toml::array* array = node->as_array();
    if (!array || !array->is_homogeneous<toml::table>())
      return Fail(*node, fmt::format("'{}' must be written as [[{}]]", name, name));
    for (const auto& entry : *array)
      if (status_.ok()) status_ = read(*entry.as_table());
  }
  template <typename F>
  void One(const char* name, F read) {
    const toml::node* node = Take(name);
    if (!node || !status_.ok()) return;
    if (!node->is_table())
      return Fail(*node, fmt::format("'{}' must be written as [{}]", name, name));
    status_ = read(*node->as_table());
  }

  // OK when everything was right, and nothing is left over.
  Status Done() {
    if (!status_.ok()) return status_;
    for (const auto& [name, node] : table_)
      if (std::ranges::find(taken_, std::string(name.str())) == taken_.end())
        return InvalidArgument("{}: there is no setting '{}' here", Where(node), name.str());
    return Ok();
  }

 private:
  const toml::node* Take(const char* name) {
    taken_.emplace_back(name);
    return table_.get(name);
  }
  void Fail(const toml::node& node, const std::string& why) {
    if (status_.ok()) status_ = InvalidArgument("{}: {}", Where(node), why);
  }
  template <typename F>
  void Each(const char* name, F read) {
    const toml::node* node = Take(name);
    if (!node || !status_.ok()) return;
    const toml::array* array = node->as_array();
    if (!array || array->size() > 10'000)
      return Fail(*node, fmt::format("'{}' must be a list", name));
    for (const auto& entry : *array)
      if (!read(entry))
        return Fail(entry, fmt::format("a member of '{}' has the wrong type", name));
  }
  static bool Reading(const toml::node& node, Instant& out) {
    const auto value = node.value<toml::date_time>();
    if (!value || value->offset) return false;
    const std::chrono::year_month_day date{std::chrono::year(value->date.year),
                                           std::chrono::month(value->date.month),
                                           std::chrono::day(value->date.day)};
    if (!date.ok() || value->date.year < 1970 || value->date.year > 2200) return false;
    out = Instant(std::chrono::sys_days(date)) + std::chrono::hours(value->time.hour) +
          std::chrono::minutes(value->time.minute) + std::chrono::seconds(value->time.second);
    return true;
  }

  const toml::table& table_;
  std::vector<std::string> taken_;
  Status status_ = Ok();
};

constexpr double kMost = 1e12;

void ReadScope(Table& table, PolicyScope& scope) {
  table.Texts("roles", scope.roles);
  table.Texts("kinds", scope.kinds);
  table.Texts("strategies", scope.strategies);
  table.Number("severity_min", 0, 10, scope.severity_min);
  table.Number("severity_max", 0, 10, scope.severity_max);
}

Status CheckScope(const PolicyScope& scope, const std::string& name) {
  for (const auto& strategy : scope.strategies) {
    bool known = false;
    for (int i = 0; i <= static_cast<int>(Strategy::kSchedule); ++i)
      known = known || strategy == StrategyName(static_cast<Strategy>(i));
    if (!known) return InvalidArgument("rule '{}': there is no strategy '{}'", name, strategy);
  }
  return Ok();
}

StatusOr<PolicyTimes> ReadTimes(const toml::table& in, const ZoneSource& zones) {
  PolicyTimes out;
  std::string zone;
  Table table(in);
  table.Text("name", out.calendar.name);
  table.Texts("roles", out.roles);
  table.Reading("start", out.calendar.start);
  table.Length("length", out.calendar.length);
  table.Text("rule", out.calendar.rule);
  table.Text("zone", zone);
  table.Readings("except", out.calendar.except);
  DRIFTCAST_RETURN_IF_ERROR(table.Done());
  DRIFTCAST_RETURN_IF_ERROR(ValidateCalendar(out.calendar));
  if (zone.empty() || zone == "UTC") return out;
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string bytes, zones(zone));
  auto parsed = Zone::Parse(bytes);
  if (!parsed.ok()) return Annotate(parsed.status(), "zone " + zone);
  out.calendar.zone = *std::move(parsed);
  return out;
}

StatusOr<ApprovalRule> ReadApproval(const toml::table& in) {
  ApprovalRule rule;
  Table table(in);
  table.Text("name", rule.name);
  ReadScope(table, rule.scope);
  table.Texts("people", rule.people);
  table.Count("needed", rule.needed);
  DRIFTCAST_RETURN_IF_ERROR(table.Done());
  if (rule.people.empty()) return InvalidArgument("approval '{}' names no people", rule.name);
  const bool anybody = std::ranges::find(rule.people, "*") != rule.people.end();
  if (rule.needed < 1 || (!anybody && rule.needed > rule.people.size()))
    return InvalidArgument("approval '{}' needs {} people and names {}", rule.name, rule.needed,
                           rule.people.size());
  DRIFTCAST_RETURN_IF_ERROR(CheckScope(rule.scope, rule.name));
  return rule;
}

StatusOr<UnattendedRule> ReadUnattended(const toml::table& in) {
  UnattendedRule rule;
  Table table(in);
  table.Text("name", rule.name);
  ReadScope(table, rule.scope);
  table.Count("outcomes_min", rule.outcomes_min);
  table.Number("success_min", 0.5, 1, rule.success_min);
  table.Number("precision_min", 0, 1, rule.precision_min);
  DRIFTCAST_RETURN_IF_ERROR(table.Done());
  // Autonomy for everything at once is a slip, not a wish.
  if (rule.scope.kinds.empty() || rule.scope.strategies.empty())
    return InvalidArgument("unattended '{}' must name kinds and strategies", rule.name);
  if (rule.outcomes_min < 1)
    return InvalidArgument("unattended '{}' must ask for at least one outcome", rule.name);
  DRIFTCAST_RETURN_IF_ERROR(CheckScope(rule.scope, rule.name));
  return rule;
}

StatusOr<RolloutRule> ReadRollout(const toml::table& in) {
  RolloutRule rule;
  Table table(in);
  table.Text("name", rule.name);
  ReadScope(table, rule.scope);
  table.Count("canary", rule.canary);
  table.Count("batch", rule.batch);
  if (in.contains("soak")) table.Length("soak", rule.soak);
  DRIFTCAST_RETURN_IF_ERROR(table.Done());
  if (rule.canary < 1 || rule.batch < 1)
    return InvalidArgument("rollout '{}' must let at least one go first, and one at a time",
                           rule.name);
  DRIFTCAST_RETURN_IF_ERROR(CheckScope(rule.scope, rule.name));
  return rule;
}

StatusOr<AfterRule> ReadAfter(const toml::table& in) {
  AfterRule rule;
  Table table(in);
  table.Text("resources", rule.resource_glob);
  table.Text("reload", rule.reload);
  table.Text("restart", rule.restart);
  table.Text("check_unit", rule.check_unit);
  table.Text("check_command", rule.check_command);
  table.Count("check_port", rule.check_port);
  DRIFTCAST_RETURN_IF_ERROR(table.Done());
  if (rule.resource_glob.empty()) return InvalidArgument("an [[after]] names no resources");
  if (rule.check_port > 65535) return InvalidArgument("there is no port {}", rule.check_port);
  return rule;
}

StatusOr<ReliefRule> ReadRelief(const toml::table& in) {
  ReliefRule rule;
  Table table(in);
  table.Text("resources", rule.resource_glob);
  table.Text("command", rule.command);
  table.Text("title", rule.title);
  table.One("arguments", [&](const toml::table& arguments) {
    Table values(arguments);
    for (const auto& [name, node] : arguments)
      values.Text(std::string(name.str()).c_str(), rule.arguments[std::string(name.str())]);
    return values.Done();
  });
  DRIFTCAST_RETURN_IF_ERROR(table.Done());
  if (rule.resource_glob.empty() || rule.command.empty())
    return InvalidArgument("a [[relief]] names no resources, or no command");
  return rule;
}

Status ReadWeights(const toml::table& in, Weights& weights) {
  Table table(in);
  table.Number("risk", 0, kMost, weights.risk);
  table.Number("downtime", 0, kMost, weights.downtime);
  table.Number("cost", 0, kMost, weights.cost);
  table.Number("exposure", 0, kMost, weights.exposure);
  table.Number("failure", 0, kMost, weights.failure);
  table.Number("permanence", 0, kMost, weights.permanence);
  table.Number("blast", 0, kMost, weights.blast);
  return table.Done();
}

Status ReadRates(const toml::table& in, std::map<std::string, double>& rates) {
  Table table(in);
  for (const auto& [role, node] : in)
    table.Number(std::string(role.str()).c_str(), 0, kMost, rates[std::string(role.str())]);
  return table.Done();
}

template <typename T>
Status Append(StatusOr<T> entry, std::vector<T>& list) {
  if (!entry.ok()) return entry.status();
  list.push_back(*std::move(entry));
  return Ok();
}

Status ReadAll(const toml::table& in, const ZoneSource& zones, Policy& out) {
  Table table(in);
  table.Text("currency", out.site.currency);
  table.Number("effort_rate_per_hour", 0, kMost, out.site.effort_rate_per_hour);
  table.Number("downtime_s_max", 0, kMost, out.downtime_s_max);
  table.Number("cost_max", 0, kMost, out.cost_max);
  table.Number("downtime_s_outside_windows", 0, kMost, out.downtime_s_outside_windows);
  table.Count("plans_per_stack_and_day", out.plans_per_stack_and_day);
  table.Count("plans_per_role_and_day", out.plans_per_role_and_day);
  table.One("downtime_rate_per_hour", [&](const toml::table& rates) {
    return ReadRates(rates, out.site.downtime_rate_per_hour);
  });
  table.One("weights",
            [&](const toml::table& weights) { return ReadWeights(weights, out.site.weights); });
  table.Tables("window", [&](const toml::table& entry) {
    return Append(ReadTimes(entry, zones), out.windows);
  });
  table.Tables("freeze", [&](const toml::table& entry) {
    return Append(ReadTimes(entry, zones), out.freezes);
  });
  table.Tables("approval", [&](const toml::table& entry) {
    return Append(ReadApproval(entry), out.approvals);
  });
  table.Tables("rollout",
               [&](const toml::table& rule) { return Append(ReadRollout(rule), out.rollouts); });
  table.Tables("after",
               [&](const toml::table& rule) { return Append(ReadAfter(rule), out.site.after); });
  table.Tables("relief",
               [&](const toml::table& rule) { return Append(ReadRelief(rule), out.site.relief); });
  table.Tables("unattended", [&](const toml::table& entry) {
    return Append(ReadUnattended(entry), out.unattended);
  });
  return table.Done();
}

}  // namespace

StatusOr<Policy> ParsePolicy(std::string_view text, const ZoneSource& zones) {
  if (text.size() > kPolicyBytesMax)
    return InvalidArgument("a policy of {} bytes is refused", text.size());
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return InvalidArgument("line {}: {}", error.source().begin.line,
                           std::string(error.description()));
  }
  Policy policy;
  DRIFTCAST_RETURN_IF_ERROR(ReadAll(table, zones, policy));
  if (policy.site.currency.size() != 3)
    return InvalidArgument("'{}' is no currency (ISO 4217)", policy.site.currency);
  return policy;
}

}  // namespace driftcast
