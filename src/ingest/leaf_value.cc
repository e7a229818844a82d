#include "ingest/leaf_value.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "base/crypto.h"

namespace driftcast::ingest {
namespace {

using std::string_view_literals::operator""sv;

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

size_t CountChars(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

size_t BytesOf(std::string_view text, size_t chars) {
  size_t at = 0;
  while (at < text.size()) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80 && chars-- == 0) return at;
    ++at;
  }
  return at;
}

// Lower case, letters and digits only: "dbPassword", "db-password" and "DB_PASSWORD" are one.
std::string Plain(std::string_view key) {
  std::string plain;
  for (char c : key)
    if (IsAlnum(c)) plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return plain;
}

constexpr std::array kSecretWords = {
    "password"sv,    "passwd"sv,        "passphrase"sv,       "secret"sv,     "token"sv,
    "apikey"sv,      "accesskey"sv,     "privatekey"sv,       "credential"sv, "authkey"sv,
    "signingkey"sv,  "encryptionkey"sv, "connectionstring"sv, "licensekey"sv, "dockerconfigjson"sv,
    "presharedkey"sv};
constexpr std::array kSecretKeys = {"psk"sv,     "pass"sv,      "pwd"sv,      "pin"sv,
                                    "salt"sv,    "agekey"sv,    "realname"sv, "fullname"sv,
                                    "gecos"sv,   "firstname"sv, "lastname"sv, "givenname"sv,
                                    "surname"sv, "familyname"sv};
// A secret's name, place, length, kind: not the secret.
constexpr std::array kHarmlessEnds = {
    "name"sv,   "file"sv,    "path"sv,      "ref"sv,      "store"sv,     "dir"sv,    "length"sv,
    "type"sv,   "version"sv, "enabled"sv,   "lifetime"sv, "ttl"sv,       "expiry"sv, "endpoint"sv,
    "engine"sv, "policy"sv,  "issuer"sv,    "audience"sv, "audiences"sv, "url"sv,    "class"sv,
    "mount"sv,  "backend"sv, "namespace"sv, "rotation"sv, "size"sv};

constexpr std::array kTokenStarts = {
    "AKIA"sv,   "ASIA"sv,  "ghp_"sv,       "gho_"sv,    "ghs_"sv,  "ghu_"sv,     "github_pat_"sv,
    "glpat-"sv, "xoxb-"sv, "xoxp-"sv,      "xoxa-"sv,   "xapp-"sv, "sk_live_"sv, "rk_live_"sv,
    "AIza"sv,   "hvs."sv,  "ya29."sv,      "dop_v1_"sv, "npm_"sv,  "pypi-"sv,    "SG."sv,
    "eyJ"sv,    "age1"sv,  "AGE-SECRET"sv, "tskey-"sv,  "sk-"sv};
constexpr std::array kHashStarts = {
    "$1$"sv,    "$2a$"sv,    "$2b$"sv,    "$2y$"sv,    "$5$"sv,   "$6$"sv,  "$7$"sv,     "$y$"sv,
    "$apr1$"sv, "$argon2"sv, "$pbkdf2"sv, "$scrypt"sv, "{SSHA"sv, "{SHA"sv, "{CRYPT}"sv, "{MD5}"sv};

template <typename Words>
bool StartsWithAny(std::string_view text, const Words& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.starts_with(word); });
}

double EntropyPerChar(std::string_view text) {
  std::array<int, 256> counts{};
  for (char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (int count : counts) {
    if (count == 0) continue;
    const double p = static_cast<double>(count) / static_cast<double>(text.size());
    bits -= p * std::log2(p);
  }
  return bits;
}

// A word that looks drawn by lot: mixed case and digits, no long run of small letters as in words,
// not made of short parts as names are. Hexadecimal digests and versions do not look so; images
// and commits stay readable.
bool IsOpaque(std::string_view word) {
  if (word.size() < 24) return false;
  bool upper = false, lower = false, digit = false;
  int run = 0, run_max = 0, part = 0, part_max = 0;
  for (char c : word) {
    if (!IsAlnum(c) && c != '+' && c != '/' && c != '=' && c != '_' && c != '-') return false;
    const bool small = c >= 'a' && c <= 'z';
    lower |= small;
    upper |= c >= 'A' && c <= 'Z';
    digit |= c >= '0' && c <= '9';
    run = small ? run + 1 : 0;
    run_max = std::max(run_max, run);
    part = IsAlnum(c) ? part + 1 : 0;
    part_max = std::max(part_max, part);
  }
  return upper && lower && digit && run_max < 7 && part_max >= 14 && EntropyPerChar(word) > 3.8;
}

bool IsToken(std::string_view word) {
  if (word.size() >= 16 && StartsWithAny(word, kTokenStarts)) {
    const bool known_prefix_only = word.find_first_of(" .:/") != std::string_view::npos &&
                                   !word.starts_with("eyJ") && !word.starts_with("SG.") &&
                                   !word.starts_with("hvs.") && !word.starts_with("ya29.");
    if (!known_prefix_only) return true;
  }
  return IsOpaque(word);
}

bool IsAddressChar(char c) {
  return IsAlnum(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-';
}

// systemd's instances ("getty@tty1.service") look like addresses.
bool IsUnitSuffix(std::string_view end) {
  constexpr std::array kUnits = {"service"sv, "timer"sv, "socket"sv, "target"sv,
                                 "mount"sv,   "path"sv,  "slice"sv,  "conf"sv,
                                 "device"sv,  "yaml"sv,  "yml"sv,    "json"sv};
  return std::find(kUnits.begin(), kUnits.end(), end) != kUnits.end();
}

// The address around the '@' at `at`: [begin, end), empty when it is none.
std::pair<size_t, size_t> AddressAround(std::string_view text, size_t at) {
  size_t begin = at;
  while (begin > 0 && IsAddressChar(text[begin - 1])) --begin;
  size_t end = at + 1;
  while (end < text.size() && (IsAlnum(text[end]) || text[end] == '.' || text[end] == '-')) ++end;
  while (end > at + 1 && !IsAlnum(text[end - 1])) --end;
  const std::string_view host = text.substr(at + 1, end - at - 1);
  const size_t dot = host.rfind('.');
  if (begin == at || dot == std::string_view::npos || dot == 0 || host.size() - dot < 3)
    return {0, 0};
  const std::string_view top = host.substr(dot + 1);
  const bool letters = std::all_of(top.begin(), top.end(), [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0;
  });
  if (!letters || IsUnitSuffix(top) || text.substr(begin, at - begin) == "git") return {0, 0};
  if (begin >= 2 && text.substr(begin - 2, 2) == "h:") return {0, 0};  // replaced already
  return {begin, end};
}

std::string ReplaceAddresses(std::string_view text) {
  std::string out;
  size_t done = 0;
  for (size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    const auto [begin, end] = AddressAround(text, at);
    if (end == 0 || begin < done) continue;
    out += text.substr(done, begin - done);
    out += Fingerprint(text.substr(begin, end - begin));
    done = end;
  }
  return out += text.substr(done);
}

// "scheme://user:password@host": the part before the '@' is replaced.
std::string ReplaceUserInfo(std::string_view text) {
  std::string out;
  size_t done = 0;
  for (size_t at = text.find("://"); at != std::string_view::npos; at = text.find("://", at + 3)) {
    const size_t begin = at + 3;
    size_t end = begin;
    while (end < text.size() && !IsSpace(text[end]) && text[end] != '/' && text[end] != '@') ++end;
    const std::string_view info = text.substr(begin, end - begin);
    if (end == text.size() || text[end] != '@' || info.find(':') == std::string_view::npos ||
        IsReference(info.substr(info.find(':') + 1)))
      continue;
    out += text.substr(done, begin - done);
    out += Fingerprint(info);
    done = end;
  }
  return out += text.substr(done);
}

std::string ReplaceTokens(std::string_view text) {
  constexpr std::string_view kBreaks = " ,;\"'()[]{}<>|&?=";
  if (text.size() < 16) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(kBreaks), text.size());
    std::string_view word = text.substr(0, end);
    // Base64 may end in '='.
    size_t pad = end;
    while (pad < text.size() && text[pad] == '=' && pad < end + 2) ++pad;
    if (pad > end && IsToken(text.substr(0, pad))) word = text.substr(0, pad);
    out += IsToken(word) ? Fingerprint(word) : std::string(word);
    text.remove_prefix(word.size());
    if (!text.empty() && word.size() == end) {
      out += text[0];
      text.remove_prefix(1);
    }
  }
  return out;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

std::string CollapseSpace(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    const bool space = IsSpace(c) || static_cast<unsigned char>(c) < 0x20 || c == '\x7f';
    if (!space)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string CutTo(size_t chars_max, std::string text, std::string_view whole) {
  if (text.size() <= chars_max || CountChars(text) <= chars_max) return text;
  const std::string digest = Hex(Sha256(whole.empty() ? text : whole)).substr(0, 8);
  text.resize(BytesOf(text, chars_max - 9));
  return text + "#" + digest;
}

std::string Fingerprint(std::string_view value) { return "h:" + Hex(Sha256(value)).substr(0, 8); }

bool IsSecretKey(std::string_view key) {
  const std::string plain = Plain(key);
  if (std::find(kSecretKeys.begin(), kSecretKeys.end(), plain) != kSecretKeys.end()) return true;
  const auto found = std::any_of(kSecretWords.begin(), kSecretWords.end(),
                                 [&](auto word) { return plain.find(word) != std::string::npos; });
  if (!found || plain.starts_with("existingsecret") || plain == "imagepullsecrets") return false;
  return std::none_of(kHarmlessEnds.begin(), kHarmlessEnds.end(),
                      [&](auto end) { return plain.ends_with(end); });
}

bool IsReference(std::string_view value) {
  constexpr std::array kWords = {"true"sv,  "false"sv, "null"sv, "yes"sv, "no"sv,   "True"sv,
                                 "False"sv, "on"sv,    "off"sv,  "~"sv,   "None"sv, ""sv};
  constexpr std::array kStarts = {
      "op://"sv,   "vault:"sv,  "ref+"sv,     "var."sv,    "module."sv,    "local."sv, "data."sv,
      "each."sv,   "random_"sv, "%{"sv,       "<<"sv,      "arn:"sv,       "/"sv,      "file:"sv,
      "lookup("sv, "aws_"sv,    "azurerm_"sv, "google_"sv, "kubernetes_"sv};
  if (std::find(kWords.begin(), kWords.end(), value) != kWords.end()) return true;
  return StartsWithAny(value, kStarts) || value.find("${") != std::string_view::npos ||
         value.find("{{") != std::string_view::npos || value.find("$(") != std::string_view::npos;
}

std::string LeafValue(std::string_view text, bool secret) {
  std::string value = CollapseSpace(text);
  if (value.empty()) return "(empty)";
  if (secret && !IsReference(value)) return Fingerprint(text);
  const bool sealed = value.starts_with("ENC[") || value.starts_with("!vault") ||
                      value.find("$ANSIBLE_VAULT") != std::string::npos ||
                      value.find("-----BEGIN ") != std::string::npos ||
                      StartsWithAny(value, kHashStarts);
  if (sealed) return Fingerprint(text);
  if (IsNumber(value)) return CutTo(kValueCharsMax, std::move(value), text);
  if (value.find("://") != std::string::npos) value = ReplaceUserInfo(value);
  if (value.find('@') != std::string::npos) value = ReplaceAddresses(value);
  return CutTo(kValueCharsMax, ReplaceTokens(value), text);
}

std::string LeafKey(std::string_view text) {
  std::string key = CollapseSpace(text);
  if (key.empty()) return "(empty)";
  if (key.find('@') != std::string::npos) key = ReplaceAddresses(key);
  return ReplaceTokens(key);
}

}  // namespace driftcast::ingest
