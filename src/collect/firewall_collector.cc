#include "collect/firewall_collector.h"

#include <algorithm>
#include <chrono>
#include <map>

#include <fmt/core.h>

#include "base/crypto.h"
#include "base/file.h"
#include "collect/capture.h"
#include "collect/names.h"
#include "collect/parse.h"
#include "collect/parse_text.h"

namespace driftcast {
namespace {

constexpr size_t kOutputBytesMax = 16 << 20;
constexpr size_t kChainsMax = 10000;
constexpr size_t kRuleBytesMax = 4096;
constexpr std::chrono::seconds kPatience(20);

using Chains = std::map<std::string, ResourceObserved>;

ResourceObserved* Chain(Chains& chains, const std::string& name) {
  if (chains.size() >= kChainsMax && !chains.contains(name)) return nullptr;
  const std::string clean = ResourceNameOfPath(CleanText(name, 512));
  ResourceObserved& chain = chains[clean];
  chain.resource = {{}, "firewall", clean};
  return &chain;
}

void AddRule(ResourceObserved& chain, size_t number, std::string text) {
  if (text.size() > kRuleBytesMax) text = "sha256:" + Hex(Sha256(text));
  chain.keys.push_back(
      {fmt::format("rule[{:03}]", number), Value::Text(CleanText(text, kRuleBytesMax))});
}

int BraceDepth(std::string_view line) {
  int depth = 0;
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (!quoted) depth += c == '{' ? 1 : c == '}' ? -1 : 0;
  }
  return depth;
}

// "type filter hook input priority filter; policy drop;" -> the keys of a chain.
void AddChainHead(std::string_view line, ResourceObserved& chain) {
  std::vector<std::string_view> words = SplitBlanks(line);
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    std::string_view value = words[i + 1];
    while (value.ends_with(';')) value.remove_suffix(1);
    for (const char* name : {"type", "hook", "priority", "policy", "device"})
      if (words[i] == name) chain.keys.push_back({name, Value::Guess(CleanText(value, 256))});
  }
}

// A line within a set or map: a setting of it, or its elements.
void AddSetLine(const std::string& line, ResourceObserved& set) {
  if (line.starts_with("elements")) {
    set.keys.push_back({"elements", Value::Digest("sha256:" + Hex(Sha256(line)) + ":" +
                                                  std::to_string(line.size()))});
    return;
  }
  const size_t blank = line.find(' ');
  if (blank != std::string::npos)
    set.keys.push_back({CleanText(line.substr(0, blank), 64),
                        Value::Text(CleanText(line.substr(blank + 1), kRuleBytesMax))});
}

// Members with a timeout, and those that rules add, are put there by traffic.
void DropDynamicElements(ResourceObserved& set) {
  const bool dynamic = std::any_of(set.keys.begin(), set.keys.end(), [](const KeyValue& key) {
    return key.path == "timeout" ||
           (key.path == "flags" && (key.value.text.find("dynamic") != std::string::npos ||
                                    key.value.text.find("timeout") != std::string::npos));
  });
  if (dynamic) std::erase_if(set.keys, [](const KeyValue& key) { return key.path == "elements"; });
}

void Move(Chains& chains, std::vector<ResourceObserved>& out) {
  for (auto& [name, chain] : chains) {
    Canonicalize(chain.keys);
    out.push_back(std::move(chain));
  }
}

}  // namespace

Status ReadNftRuleset(std::string_view text, std::vector<ResourceObserved>& out) {
  Chains chains;
  LineReader lines(text, /*join=*/false);
  std::string line, table;
  ResourceObserved* block = nullptr;
  bool in_table = false, in_block = false, is_chain = false;
  size_t rules = 0;
  while (lines.Next(line)) {
    std::string statement(TrimBlanks(line));
    if (statement.empty() || statement[0] == '#') continue;
    const auto words = SplitBlanks(statement);
    if (statement == "}" && in_table) {
      if (in_block && block != nullptr && !is_chain) DropDynamicElements(*block);
      (in_block ? in_block : in_table) = false;
    } else if (!in_table) {
      if (words[0] != "table" || words.size() < 4 || words.back() != "{")
        return InvalidArgument("this is not what nft lists: {}", CleanText(statement, 100));
      table = std::string(words[1]) + "/" + std::string(words[2]) + "/";
      in_table = true;
    } else if (!in_block) {
      if (words.back() != "{" || words.size() < 3) continue;  // a flag of the table
      is_chain = words[0] == "chain";
      const std::string name(words[words.size() - 2]);
      block = Chain(chains, table + (is_chain ? "" : std::string(words[0]) + "/") + name);
      in_block = true;
      rules = 0;
    } else {
      // Sets in braces may go on for many lines.
      while (BraceDepth(statement) > 0 && lines.Next(line))
        statement += " " + std::string(TrimBlanks(line));
      if (block == nullptr) continue;
      if (!is_chain) {
        AddSetLine(statement, *block);
      } else if (rules == 0 && statement.starts_with("type ")) {
        AddChainHead(statement, *block);
      } else if (statement.starts_with("policy ")) {
        AddChainHead(statement, *block);
      } else {
        AddRule(*block, ++rules, statement);
      }
    }
  }
  if (in_table) return InvalidArgument("what nft lists has no end");
  Move(chains, out);
  return Ok();
}

void ReadIptablesSave(std::string_view text, std::string_view family,
                      std::vector<ResourceObserved>& out) {
  Chains chains;
  std::map<std::string, size_t> counts;
  LineReader lines(text, /*join=*/false);
  std::string line, table;
  while (lines.Next(line)) {
    const auto words = SplitBlanks(line);
    if (words.empty()) continue;
    const std::string prefix = std::string(family) + "/" + table + "/";
    if (line[0] == '*') {
      table = line.substr(1);
    } else if (line[0] == ':' && words.size() >= 2) {
      ResourceObserved* chain = Chain(chains, prefix + std::string(words[0].substr(1)));
      if (chain != nullptr && words[1] != "-")
        chain->keys.push_back({"policy", Value::Text(CleanText(words[1], 64))});
    } else if (words[0] == "-A" && words.size() >= 2) {
      ResourceObserved* chain = Chain(chains, prefix + std::string(words[1]));
      if (chain == nullptr) continue;
      const size_t rest = line.find(words[1]) + words[1].size();
      AddRule(*chain, ++counts[chain->resource.name], std::string(TrimBlanks(line.substr(rest))));
    }
  }
  Move(chains, out);
}

FirewallOptions MachineFirewall() {
  FirewallOptions options;
  if (const std::string nft = FirstProgram({"/usr/sbin/nft", "/sbin/nft"}); !nft.empty())
    options.nft = {nft, "-s", "list", "ruleset"};
  // The older interface is asked where it has tables (to ask loads its modules), or is the only
  // one.
  const auto tables = ReadFile("/proc/net/ip_tables_names", 4096);
  const std::string legacy = FirstProgram({"/usr/sbin/iptables-legacy-save"});
  const std::string any = FirstProgram({"/usr/sbin/iptables-save", "/sbin/iptables-save"});
  if (tables.ok() && !tables->empty() && !legacy.empty()) {
    options.iptables = {legacy};
  } else if (options.nft.empty() && !any.empty()) {
    options.iptables = {any};
  }
  return options;
}

Status FirewallCollector::ReadAll(std::vector<ResourceObserved>& out) {
  const auto ask = [this](const std::vector<std::string>& arguments) -> StatusOr<std::string> {
    DRIFTCAST_ASSIGN_OR_RETURN(Captured captured, Capture(arguments, kOutputBytesMax, kPatience));
    CountChildCpu(captured.cpu_ms);
    CountBytes(captured.output.size());
    if (captured.exit_code != 0)
      return PermissionDenied("{} ended with {}: is CAP_NET_ADMIN there?", arguments[0],
                              captured.exit_code);
    return std::move(captured.output);
  };
  if (!options_.nft.empty()) {
    DRIFTCAST_ASSIGN_OR_RETURN(const std::string rules, ask(options_.nft));
    DRIFTCAST_RETURN_IF_ERROR(ReadNftRuleset(rules, out));
  }
  if (!options_.iptables.empty()) {
    DRIFTCAST_ASSIGN_OR_RETURN(const std::string rules, ask(options_.iptables));
    ReadIptablesSave(rules, "ip", out);
  }
  return Ok();
}

}  // namespace driftcast
