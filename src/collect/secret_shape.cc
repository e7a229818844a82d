// What a secret looks like: by name and by shape.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <string>

#include "collect/secret.h"

namespace driftcast {
namespace {

bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
char Lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }
bool IsUpper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Splits "AWS_SECRET_ACCESS_KEY" and "PasswordHash" into lower-case words.
std::vector<std::string> Words(std::string_view name) {
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (!IsAlnum(c)) {
      finish();
      continue;
    }
    const bool hump =
        IsUpper(c) && i > 0 &&
        (std::islower(static_cast<unsigned char>(name[i - 1])) ||
         (i + 1 < name.size() && std::islower(static_cast<unsigned char>(name[i + 1]))));
    if (hump) finish();
    word += Lower(c);
  }
  finish();
  return words;
}

// Words that name a secret wherever they stand, also glued to others ("dbpassword").
constexpr std::array kSecretStems = {"password",  "passwd",     "passphrase", "passwort",
                                     "secret",    "credential", "apikey",     "privatekey",
                                     "authtoken", "accesskey"};
// Words that name one only as a whole word.
constexpr std::array kSecretWords = {
    "pass", "pwd",    "psk", "token",         "tokens",      "bearer",     "hmac",   "cookie",
    "otp",  "wpapsk", "pw",  "authorization", "requirepass", "masterauth", "authtok"};
// "key" alone means much; with one of these before it, it is a secret.
constexpr std::array kKeyKinds = {"private", "secret",  "api",     "access",  "encryption",
                                  "signing", "master",  "session", "shared",  "fastopen",
                                  "rndc",    "account", "storage", "license", "preshared"};
// Words after a secret's name that make it a setting about secrets.
constexpr std::array kSettingTails = {
    "authentication", "file",     "path",     "days",    "age",
    "length",         "len",      "min",      "max",     "warn",
    "policy",         "timeout",  "lifetime", "expiry",  "expires",
    "enabled",        "required", "ttl",      "type",    "format",
    "command",        "size",     "database", "prompts", "retries",
    "attempts"};

template <size_t N>
bool OneOf(const std::array<const char*, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool NamesSecret(const std::vector<std::string>& words, size_t i) {
  const std::string& word = words[i];
  if (OneOf(kSecretWords, word)) return true;
  for (const char* stem : kSecretStems)
    if (word.find(stem) != std::string::npos) return true;
  return (word == "key" || word == "keys") && i > 0 && OneOf(kKeyKinds, words[i - 1]);
}

// Shannon entropy in bits per character.
double Entropy(std::string_view text) {
  std::array<int, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    const double p = count / static_cast<double>(text.size());
    bits -= p * std::log2(p);
  }
  return bits;
}

bool IsUuid(std::string_view word) {
  if (word.size() != 36) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? word[i] != '-' : !std::isxdigit(static_cast<unsigned char>(word[i]))) return false;
  }
  return true;
}

// How often upper and lower case follow each other: about half of all places in random letters, a
// third at most in words written together.
size_t CaseSwitches(std::string_view word) {
  size_t switches = 0;
  for (size_t i = 1; i < word.size(); ++i)
    if (IsUpper(word[i]) != IsUpper(word[i - 1])) ++switches;
  return switches;
}

// True when three fifths of the characters are in runs of four lower-case letters and more, as in
// "AffirmTrust_Premium_Root1". In random letters of both cases and digits a twelfth is, and two
// fifths are not rare enough.
bool ReadsLikeWords(std::string_view word) {
  size_t in_runs = 0, run = 0;
  for (size_t i = 0; i <= word.size(); ++i) {
    if (i < word.size() && std::islower(static_cast<unsigned char>(word[i]))) {
      ++run;
      continue;
    }
    if (run >= 4) in_runs += run;
    run = 0;
  }
  return in_runs * 5 >= word.size() * 3;
}

// A long word that no person would choose: hex of 128 bits and more, or mixed letters and digits
// with high entropy.
bool LooksRandom(std::string_view word) {
  if (word.size() < 20 || IsUuid(word)) return false;
  const auto is_hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
  const bool digits = std::any_of(word.begin(), word.end(), IsDigit);
  if (word.size() >= 32 && digits && std::all_of(word.begin(), word.end(), is_hex)) return true;
  const bool upper = std::any_of(word.begin(), word.end(), IsUpper);
  const bool lower = std::any_of(
      word.begin(), word.end(), [](char c) { return std::islower(static_cast<unsigned char>(c)); });
  const double entropy = Entropy(word);
  if (upper && lower && ReadsLikeWords(word)) return false;
  if (digits && upper && lower) return entropy >= 3.7;
  if (upper && lower && CaseSwitches(word) * 100 >= word.size() * 38) return true;
  return word.size() >= 32 && digits && (upper || lower) && entropy >= 4.0;
}

bool HasRandomWord(std::string_view text) {
  const auto in_word = [](char c) { return IsAlnum(c) || c == '+' || c == '_' || c == '-'; };
  size_t start = 0;
  while (start < text.size()) {
    while (start < text.size() && !in_word(text[start])) ++start;
    size_t end = start;
    while (end < text.size() && in_word(text[end])) ++end;
    if (LooksRandom(text.substr(start, end - start))) return true;
    start = end;
  }
  return false;
}

// Base64 may hold '/': a run with slashes counts when it does not read like a path.
bool HasRandomBase64(std::string_view text) {
  const auto in_word = [](char c) { return IsAlnum(c) || c == '+' || c == '/' || c == '='; };
  size_t start = 0;
  while (start < text.size()) {
    while (start < text.size() && !in_word(text[start])) ++start;
    size_t end = start;
    while (end < text.size() && in_word(text[end])) ++end;
    const std::string_view run = text.substr(start, end - start);
    if (run.size() >= 32 && run[0] != '/' && run.find('/') != std::string_view::npos &&
        std::any_of(run.begin(), run.end(), IsDigit) &&
        std::any_of(run.begin(), run.end(), IsUpper) && Entropy(run) >= 4.3)
      return true;
    start = end;
  }
  return false;
}

// Prefixes of tokens that services publish so that scanners can find them.
constexpr std::array kTokenPrefixes = {
    "AKIA",  "ASIA",        "ghp_",     "gho_",   "ghu_",
    "ghs_",  "github_pat_", "glpat-",   "xoxb-",  "xoxp-",
    "xoxa-", "sk_live_",    "rk_live_", "sk-",    "SG.",
    "AIza",  "ya29.",       "npm_",     "pypi-",  "dop_v1_",
    "hvs.",  "s.",          "eyJ",      "shpat_", "AGE-SECRET-KEY-",
    "dcj1."};

bool HasKnownToken(std::string_view text) {
  for (const char* prefix : kTokenPrefixes) {
    const std::string_view wanted = prefix;
    for (size_t at = text.find(wanted); at != std::string_view::npos;
         at = text.find(wanted, at + 1)) {
      if (at > 0 && IsAlnum(text[at - 1])) continue;
      size_t end = at + wanted.size();
      while (end < text.size() && (IsAlnum(text[end]) || text[end] == '_' || text[end] == '-'))
        ++end;
      if (end - at - wanted.size() >= 16) return true;
    }
  }
  return false;
}

// "$6$salt$hash", "$2b$12$...", "{SSHA}...", "*<40 hex>" of MySQL.
bool HasPasswordHash(std::string_view text) {
  for (size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at + 1)) {
    size_t id = at + 1;
    while (id < text.size() && (IsAlnum(text[id]) || text[id] == '-')) ++id;
    if (id == at + 1 || id >= text.size() || text[id] != '$' || id - at > 14) continue;
    size_t end = id + 1;
    while (end < text.size() && (IsAlnum(text[end]) || std::string_view("./$=,+").find(text[end]) !=
                                                           std::string_view::npos))
      ++end;
    if (end - id > 12) return true;
  }
  for (const char* scheme :
       {"{SSHA", "{SHA", "{CRYPT}", "{MD5}", "{SMD5}", "{PBKDF2", "SCRAM-SHA-"})
    if (text.find(scheme) != std::string_view::npos) return true;
  return false;
}

bool HasPrivateKey(std::string_view text) {
  const size_t at = text.find("-----BEGIN ");
  if (at == std::string_view::npos)
    return text.find("PuTTY-User-Key-File") != std::string_view::npos;
  return text.find("PRIVATE KEY", at) != std::string_view::npos ||
         text.find("PGP MESSAGE", at) != std::string_view::npos;
}

// scheme://user:password@host
bool HasUrlWithPassword(std::string_view text) {
  for (size_t at = text.find("://"); at != std::string_view::npos; at = text.find("://", at + 3)) {
    const size_t end = std::min(text.find_first_of(" \t\n\"'<>", at + 3), text.size());
    const std::string_view rest = text.substr(at + 3, end - at - 3);
    const size_t host = rest.find('@');
    if (host == std::string_view::npos) continue;
    const size_t colon = rest.find(':');
    if (colon < host && host - colon > 1) return true;
  }
  return false;
}

// "user:password@host" without a scheme, as database drivers write it.
bool HasLoginWithPassword(std::string_view text) {
  size_t start = 0;
  while (start < text.size()) {
    const size_t end = std::min(text.find_first_of(" \t\n\"'<>,", start), text.size());
    const std::string_view word = text.substr(start, end - start);
    const size_t host = word.find('@'), colon = word.find(':');
    if (host != std::string_view::npos && colon != std::string_view::npos && colon > 0 &&
        colon + 1 < host && host + 1 < word.size())
      return true;
    start = end + 1;
  }
  return false;
}

}  // namespace

bool NamesSecretWithin(std::string_view text, bool assigned) {
  size_t start = 0;
  while (start < text.size()) {
    while (start < text.size() && !IsAlnum(text[start])) ++start;
    size_t end = start;
    while (end < text.size() && (IsAlnum(text[end]) || text[end] == '_' || text[end] == '-')) ++end;
    const std::string_view word = text.substr(start, end - start);
    start = end;
    if (word.size() < 2 || !IsSecretName(word)) continue;
    size_t value = end;
    while (value < text.size() &&
           std::string_view("\"' \t=:").find(text[value]) != std::string_view::npos)
      ++value;
    if (value == end || value == text.size()) continue;
    const std::string_view between = text.substr(end, value - end);
    if (!assigned || between.find_first_of("=:") != std::string_view::npos) return true;
  }
  return false;
}

bool IsSecretName(std::string_view path) {
  const std::vector<std::string> words = Words(path);
  for (size_t i = 0; i < words.size(); ++i) {
    if (!NamesSecret(words, i)) continue;
    const bool about = i + 1 < words.size() && OneOf(kSettingTails, words.back());
    const bool glued = OneOf(kSettingTails, words[i]);
    if (!about && !glued) return true;
  }
  return false;
}

bool LooksSecret(std::string_view text) {
  return HasPrivateKey(text) || HasPasswordHash(text) || HasKnownToken(text) ||
         HasUrlWithPassword(text) || HasLoginWithPassword(text) || HasRandomWord(text) ||
         HasRandomBase64(text);
}

}  // namespace driftcast
