#include "intel/indicator.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <tuple>

namespace driftcast::intel {
namespace {

void KeepBits(Network& network) {
  for (int i = 0; i < 16; ++i) {
    const int kept = std::clamp(network.bits - 8 * i, 0, 8);
    network.address[static_cast<size_t>(i)] &= static_cast<unsigned char>(0xff00 >> kept);
  }
}

// "hxxp://evil[.]example" -> "http://evil.example"
std::string Refanged(std::string_view text) {
  std::string out;
  if (text.starts_with("hxxp")) {
    out = "http";
    text.remove_prefix(4);
  }
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dot = text.substr(i, 3) == "[.]";
    out += dot ? '.' : text[i];
    if (dot) i += 2;
  }
  return out;
}

std::string Lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return text;
}

bool IsHash(std::string_view text) {
  const bool length = text.size() == 32 || text.size() == 40 || text.size() == 64;
  return length && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool IsDomain(std::string_view text) {
  if (text.size() < 3 || text.size() > 253 || text.find('.') == std::string_view::npos)
    return false;
  if (text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos)
    return false;
  const bool plain =
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") == std::string_view::npos;
  const std::string_view last = text.substr(text.rfind('.') + 1);
  return plain && last.find_first_not_of("0123456789") != std::string_view::npos;
}

bool IsPort(std::string_view text) {
  if (!text.starts_with("tcp/") && !text.starts_with("udp/")) return false;
  unsigned port = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + 4, end, port);
  return read.ec == std::errc() && read.ptr == end && port > 0 && port < 65536;
}

bool IsUser(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

std::optional<IndicatorType> TypeOf(std::string_view text) {
  if (ParseNetwork(text)) return IndicatorType::kAddress;
  if (IsHash(text)) return IndicatorType::kHash;
  if (IsPort(text)) return IndicatorType::kPort;
  if (text.starts_with("http://") || text.starts_with("https://")) return IndicatorType::kUrl;
  if (IsDomain(text)) return IndicatorType::kDomain;
  return std::nullopt;
}

bool Fits(IndicatorType type, std::string_view text) {
  switch (type) {
    case IndicatorType::kAddress:
      return ParseNetwork(text).has_value();
    case IndicatorType::kDomain:
      return IsDomain(text);
    case IndicatorType::kUrl:
      return text.find("://") != std::string_view::npos && text.size() <= 2000;
    case IndicatorType::kHash:
      return IsHash(text);
    case IndicatorType::kUser:
      return IsUser(text);
    case IndicatorType::kPort:
      return IsPort(text);
    case IndicatorType::kImage:
      return false;
  }
  return false;
}

auto Key(const Indicator& indicator) { return std::tie(indicator.type, indicator.value); }

}  // namespace

const char* IndicatorTypeName(IndicatorType type) {
  switch (type) {
    case IndicatorType::kAddress:
      return "address";
    case IndicatorType::kDomain:
      return "domain";
    case IndicatorType::kUrl:
      return "URL";
    case IndicatorType::kHash:
      return "file hash";
    case IndicatorType::kUser:
      return "user";
    case IndicatorType::kPort:
      return "port";
    case IndicatorType::kImage:
      return "image";
  }
  return "unknown";
}

std::optional<Network> ParseNetwork(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  Network network;
  in_addr v4{};
  const bool is_v4 = inet_pton(AF_INET, address.c_str(), &v4) == 1;
  if (is_v4) {
    network.address[10] = network.address[11] = 0xff;
    std::memcpy(&network.address[12], &v4, 4);
  } else if (inet_pton(AF_INET6, address.c_str(), network.address.data()) != 1) {
    return std::nullopt;
  }
  if (slash == std::string_view::npos) return network;
  int bits = -1;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + slash + 1, end, bits);
  if (read.ec != std::errc() || read.ptr != end || bits < 0 || bits > (is_v4 ? 32 : 128))
    return std::nullopt;
  network.bits = is_v4 ? 96 + bits : bits;
  KeepBits(network);
  return network;
}

std::optional<Indicator> CanonicalIndicator(std::string_view text,
                                            std::optional<IndicatorType> type) {
  if (text.size() > 2000) return std::nullopt;
  std::string value = Refanged(text);
  const bool keeps_case = type == IndicatorType::kUser || value.find("://") != std::string::npos;
  if (!keeps_case) value = Lower(std::move(value));
  if (!type) type = TypeOf(value);
  if (!type || !Fits(*type, value)) return std::nullopt;
  Indicator indicator;
  indicator.type = *type;
  indicator.value = std::move(value);
  return indicator;
}

IndicatorSet::IndicatorSet(std::vector<Indicator> indicators) : indicators_(std::move(indicators)) {
  const auto less = [](const Indicator& a, const Indicator& b) { return Key(a) < Key(b); };
  const auto same = [](const Indicator& a, const Indicator& b) { return Key(a) == Key(b); };
  std::stable_sort(indicators_.begin(), indicators_.end(), less);
  const auto last = std::unique(indicators_.rbegin(), indicators_.rend(), same);
  indicators_.erase(indicators_.begin(), last.base());
  for (size_t i = 0; i < indicators_.size(); ++i) {
    if (indicators_[i].type != IndicatorType::kAddress) continue;
    const auto network = ParseNetwork(indicators_[i].value);
    if (!network) continue;
    networks_.push_back({*network, i});
    lengths_.set(static_cast<size_t>(network->bits));
  }
  std::sort(networks_.begin(), networks_.end(), [](const Range& a, const Range& b) {
    return std::tie(a.network, a.index) < std::tie(b.network, b.index);
  });
}

const Indicator* IndicatorSet::Find(IndicatorType type, std::string_view value) const {
  if (type == IndicatorType::kAddress) return FindNetwork(value);
  if (type != IndicatorType::kDomain) return FindExact(type, value);
  for (std::string_view name = value; !name.empty();) {
    if (const Indicator* found = FindExact(type, name)) return found;
    const size_t dot = name.find('.');
    name = dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
  }
  return nullptr;
}

const Indicator* IndicatorSet::FindNetwork(std::string_view value) const {
  const auto met = ParseNetwork(value);
  if (!met) return nullptr;
  for (int bits = met->bits; bits >= 0; --bits) {
    if (!lengths_.test(static_cast<size_t>(bits))) continue;
    Network wanted = *met;
    wanted.bits = bits;
    KeepBits(wanted);
    const auto found =
        std::lower_bound(networks_.begin(), networks_.end(), wanted,
                         [](const Range& range, const Network& n) { return range.network < n; });
    if (found != networks_.end() && found->network == wanted) return &indicators_[found->index];
  }
  return nullptr;
}

const Indicator* IndicatorSet::FindExact(IndicatorType type, std::string_view value) const {
  const auto found =
      std::lower_bound(indicators_.begin(), indicators_.end(), std::pair(type, value),
                       [](const Indicator& indicator, const auto& key) {
                         return std::pair(indicator.type, std::string_view(indicator.value)) < key;
                       });
  const bool fits = found != indicators_.end() && found->type == type && found->value == value;
  return fits ? &*found : nullptr;
}

}  // namespace driftcast::intel
