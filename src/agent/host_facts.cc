#include "agent/host_facts.h"

#include <arpa/inet.h>
#include <sys/utsname.h>

#include <array>
#include <set>
#include <string_view>

#include "collect/parse.h"
#include "collect/parse_text.h"

namespace driftcast {

namespace {

constexpr size_t kAddressesMax = 64;
constexpr size_t kTableBytesMax = 4 << 20;

// From the kernel's routing trie: "|-- 10.0.0.5", and on one of the next lines "/32 host LOCAL".
void AddV4(std::string_view trie, std::set<std::string>& addresses) {
  LineReader lines(trie, /*join=*/false);
  std::string line, last;
  while (lines.Next(line)) {
    const auto words = SplitBlanks(line);
    if (words.size() == 2 && words[0] == "|--") last = words[1];
    const bool own = words.size() == 3 && words[0] == "/32" && words[2] == "LOCAL";
    if (own && !last.starts_with("127.") && !last.starts_with("169.254.")) addresses.insert(last);
  }
}

// "20010db8000000000000000000000005 02 40 00 80 eth0": the fourth word is the scope, 00 = global.
void AddV6(std::string_view table, std::set<std::string>& addresses) {
  LineReader lines(table, /*join=*/false);
  std::string line;
  while (lines.Next(line)) {
    const auto words = SplitBlanks(line);
    if (words.size() < 6 || words[0].size() != 32 || words[3] != "00") continue;
    std::string text;
    for (size_t i = 0; i < 32; i += 4)
      text += (i > 0 ? ":" : "") + std::string(words[0].substr(i, 4));
    in6_addr address{};
    std::array<char, INET6_ADDRSTRLEN> out{};
    if (inet_pton(AF_INET6, text.c_str(), &address) == 1 &&
        inet_ntop(AF_INET6, &address, out.data(), out.size()) != nullptr)
      addresses.insert(out.data());
  }
}

}  // namespace

std::string ReadOwnAddresses(const HostRoot& root) {
  std::set<std::string> addresses;
  if (const auto trie = root.Read("/proc/net/fib_trie", kTableBytesMax); trie.ok())
    AddV4(*trie, addresses);
  if (const auto table = root.Read("/proc/net/if_inet6", kTableBytesMax); table.ok())
    AddV6(*table, addresses);
  std::string out;
  size_t left = kAddressesMax;
  for (auto one = addresses.begin(); one != addresses.end() && left > 0; ++one, --left)
    out += (out.empty() ? "" : ",") + CleanText(*one, INET6_ADDRSTRLEN);
  return out;
}

std::map<std::string, std::string> ReadHostLabels(const HostRoot& root) {
  std::map<std::string, std::string> labels;
  utsname name{};
  if (uname(&name) == 0) {
    labels["kernel"] = name.release;
    labels["architecture"] = name.machine;
    labels["hostname"] = name.nodename;
  }
  for (const char* path : {"/etc/os-release", "/usr/lib/os-release"}) {
    const auto text = root.Read(path, 64 << 10);
    if (!text.ok()) continue;
    const Parsed parsed = Parse({.syntax = Syntax::kShell}, *text);
    for (const KeyValue& key : parsed.keys) {
      if (key.path == "PRETTY_NAME") labels["os"] = CleanText(key.value.text, 128);
      if (key.path == "ID") labels["os_id"] = CleanText(key.value.text, 32);
      if (key.path == "VERSION_ID") labels["os_version"] = CleanText(key.value.text, 32);
    }
    break;
  }
  if (std::string addresses = ReadOwnAddresses(root); !addresses.empty())
    labels["addresses"] = std::move(addresses);
  return labels;
}

std::string DefaultStackName() {
  utsname name{};
  std::string stack = uname(&name) == 0 ? name.nodename : "";
  for (char& c : stack)
    if (c == '/' || static_cast<unsigned char>(c) <= 0x20) c = '-';
  return stack.empty() ? "host" : stack.substr(0, 64);
}

}  // namespace driftcast
