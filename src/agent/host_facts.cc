#include "agent/host_facts.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/utsname.h>

#include <array>
#include <memory>
#include <set>

#include "collect/parse.h"

namespace driftcast {

namespace {

constexpr size_t kAddressesMax = 64;

// Empty when it is of no kind that matters here.
std::string TextOf(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address).sin_addr;
    if ((ntohl(v4.s_addr) >> 16) == 0xA9FE) return "";  // 169.254.0.0/16
    return inet_ntop(AF_INET, &v4, text.data(), text.size()) ? text.data() : "";
  }
  if (address.sa_family != AF_INET6) return "";
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (IN6_IS_ADDR_LINKLOCAL(&v6)) return "";
  return inet_ntop(AF_INET6, &v6, text.data(), text.size()) ? text.data() : "";
}

}  // namespace

std::string ReadOwnAddresses() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return "";
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, freeifaddrs);
  std::set<std::string> addresses;
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    const bool counts = one->ifa_addr != nullptr && (one->ifa_flags & IFF_UP) != 0 &&
                        (one->ifa_flags & IFF_LOOPBACK) == 0;
    if (std::string text = counts ? TextOf(*one->ifa_addr) : ""; !text.empty())
      addresses.insert(std::move(text));
  }
  std::string out;
  size_t left = kAddressesMax;
  for (auto one = addresses.begin(); one != addresses.end() && left > 0; ++one, --left)
    out += (out.empty() ? "" : ",") + *one;
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
  if (root.is_machine())
    if (std::string addresses = ReadOwnAddresses(); !addresses.empty())
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
