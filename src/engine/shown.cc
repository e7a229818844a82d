#include "engine/shown.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "intel/image_reference.h"

namespace driftcast {
namespace {

using intel::IndicatorType;
using Shown = std::vector<ObservableName>;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return lower;
}

// "tcp/203.0.113.7:443", "tcp/[2001:db8::1]:443": the address, or name, alone.
std::string AddressIn(std::string_view endpoint) {
  const size_t slash = endpoint.find('/');
  std::string_view rest = slash == endpoint.npos ? endpoint : endpoint.substr(slash + 1);
  if (rest.starts_with('[')) return std::string(rest.substr(1, rest.find(']') - 1));
  return std::string(rest.substr(0, rest.rfind(':')));
}

// "tcp/0.0.0.0:4444" -> "tcp/4444".
std::string PortIn(std::string_view socket) {
  const size_t slash = socket.find('/'), colon = socket.rfind(':');
  if (slash == socket.npos || colon == socket.npos) return "";
  return std::string(socket.substr(0, slash + 1)) + std::string(socket.substr(colon + 1));
}

// "sha256:<hex>:<bytes>" -> the hex digits.
std::string HashIn(std::string_view digest) {
  constexpr std::string_view kPrefix = "sha256:";
  if (!digest.starts_with(kPrefix)) return "";
  digest.remove_prefix(kPrefix.size());
  return std::string(digest.substr(0, digest.find(':')));
}

// An address or a name of a machine with a domain; "localhost", "db" and files are neither.
void AddHost(std::string_view text, Shown& shown) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  while (text.ends_with('.')) text.remove_suffix(1);
  for (const IndicatorType type : {IndicatorType::kAddress, IndicatorType::kDomain})
    if (auto found = intel::CanonicalIndicator(text, type)) {
      shown.emplace_back(type, std::move(found->value));
      return;
    }
}

// "name", "name:443", "user@name", "203.0.113.7", "[2001:db8::1]:53".
void AddAuthority(std::string_view text, Shown& shown) {
  if (const size_t at = text.rfind('@'); at != text.npos) text.remove_prefix(at + 1);
  const bool many_colons = std::count(text.begin(), text.end(), ':') > 1;
  if (text.starts_with('['))
    text = text.substr(0, text.find(']') + 1);
  else if (!many_colons)
    text = text.substr(0, text.find(':'));
  AddHost(text, shown);
}

constexpr std::string_view kBetween = " \t,;'\"()<>|";

template <typename Take>
void EachWord(std::string_view text, Take take) {
  while (!text.empty()) {
    const size_t start = text.find_first_not_of(kBetween);
    if (start == text.npos) return;
    text.remove_prefix(start);
    const std::string_view word = text.substr(0, text.find_first_of(kBetween));
    take(word);
    text.remove_prefix(word.size());
  }
}

// Addresses of the web in any text, and who answers there.
void AddUrls(std::string_view text, Shown& shown) {
  if (text.find("://") == text.npos) return;
  EachWord(text, [&](std::string_view word) {
    const size_t scheme = word.find("://");
    if (scheme == word.npos || scheme == 0) return;
    size_t start = scheme;
    while (start > 0 && ((word[start - 1] >= 'a' && word[start - 1] <= 'z') ||
                         (word[start - 1] >= 'A' && word[start - 1] <= 'Z')))
      --start;
    std::string_view url = word.substr(start), host = word.substr(scheme + 3);
    if (auto found = intel::CanonicalIndicator(url, IndicatorType::kUrl))
      shown.emplace_back(IndicatorType::kUrl, std::move(found->value));
    AddAuthority(host.substr(0, host.find_first_of("/?#")), shown);
  });
}

// "services.web.image" -> "image"; "nameserver[]" -> "nameserver".
std::string LastPart(std::string_view path) {
  while (path.ends_with("]")) path = path.substr(0, path.rfind('['));
  const size_t dot = path.find_last_of("./");
  return Lower(dot == path.npos ? path : path.substr(dot + 1));
}

// Settings whose value is who to talk to.
bool NamesHosts(std::string_view setting) {
  constexpr std::string_view kNames[] = {
      "nameserver", "search",    "domain",     "dns",         "fallbackdns", "domains",
      "server",     "servers",   "ntp",        "fallbackntp", "pool",        "peer",
      "host",       "hostname",  "proxy",      "http_proxy",  "https_proxy", "ftp_proxy",
      "all_proxy",  "relayhost", "remote",     "endpoint",    "upstream",    "proxy_pass",
      "mirror",     "baseurl",   "forwarders", "proxyjump"};
  return std::find(std::begin(kNames), std::end(kNames), setting) != std::end(kNames);
}

// A name that a hosts file sends nowhere is blocked, not used.
bool GoesNowhere(std::string_view address) {
  return address.starts_with("127.") || address == "0.0.0.0" || address == "::" || address == "::1";
}

// "host[203.0.113.7].name[]" of /etc/hosts.
void AddHostsLine(std::string_view path, std::string_view name, Shown& shown) {
  const size_t open = path.find('['), close = path.find(']');
  if (open == path.npos || close == path.npos || close < open) return;
  const std::string_view address = path.substr(open + 1, close - open - 1);
  if (GoesNowhere(address)) return;
  AddHost(address, shown);
  AddHost(name, shown);
}

void AddImage(std::string_view text, Shown& shown) {
  if (const auto image = intel::ParseImageReference(text))
    shown.emplace_back(IndicatorType::kImage, image->ToText());
}

// "FROM debian:12 AS build", in a Containerfile.
void AddBaseImage(std::string_view line, Shown& shown) {
  if (Lower(line.substr(0, 5)) != "from ") return;
  bool taken = false;
  EachWord(line.substr(5), [&](std::string_view word) {
    if (taken || word.starts_with("--")) return;
    taken = true;
    AddImage(word, shown);
  });
}

bool IsContainerfile(std::string_view name) {
  const std::string_view file = name.substr(name.rfind('/') + 1);
  return file.starts_with("Dockerfile") || file.starts_with("Containerfile") ||
         file.ends_with(".dockerfile") || file.ends_with(".containerfile");
}

// What the configuration itself names.
void AddSettings(const std::string& kind, const std::string& name, const ResourceState& state,
                 Shown& shown) {
  const bool file = kind == "file", talks = file || kind == "unit" || kind == "cron";
  const bool containerfile = file && IsContainerfile(name);
  const bool hosts = file && name == "/etc/hosts";
  for (const KeyState& key : state.keys) {
    if (!key.observed || key.path.starts_with('@')) continue;
    const std::string& text = key.observed->text;
    const bool image = key.path.ends_with("mage");  // most keys need no further look
    if (!talks && !image) continue;
    const std::string setting = LastPart(key.path);
    if (image && setting == "image" && kind != "image") AddImage(text, shown);
    if (!talks) continue;
    if (containerfile) AddBaseImage(setting == "from" ? "from " + text : text, shown);
    AddUrls(text, shown);
    if (hosts) AddHostsLine(key.path, text, shown);
    if (NamesHosts(setting))
      EachWord(text, [&](std::string_view word) {
        if (word.find("://") == word.npos) AddAuthority(word, shown);
      });
  }
}

}  // namespace

Shown ShownBy(const std::string& kind, const std::string& name, const ResourceState& state) {
  Shown shown;
  if (!state.exists) return shown;
  for (const Dependency& edge : state.depends_on)
    if (edge.to_kind == "endpoint") AddHost(AddressIn(edge.to_name), shown);
  if (kind == "user") shown.emplace_back(IndicatorType::kUser, name);
  if (kind == "socket") shown.emplace_back(IndicatorType::kPort, PortIn(name));
  if (kind == "file")
    for (const KeyState& key : state.keys)
      if (key.path == "@content" && key.observed)
        shown.emplace_back(IndicatorType::kHash, HashIn(key.observed->text));
  AddSettings(kind, name, state, shown);
  std::erase_if(shown, [](const ObservableName& one) { return one.second.empty(); });
  std::sort(shown.begin(), shown.end());
  shown.erase(std::unique(shown.begin(), shown.end()), shown.end());
  if (shown.size() > kShownMax) shown.resize(kShownMax);
  return shown;
}

}  // namespace driftcast
