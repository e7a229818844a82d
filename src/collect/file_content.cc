#include "collect/file_content.h"

#include <algorithm>
#include <array>

#include "base/crypto.h"
#include "collect/lens_protocol.h"

namespace driftcast {
namespace {

constexpr size_t kUnparsedMax = 64;
constexpr size_t kPathBytesMax = 512;
constexpr size_t kValueBytesMax = 4096;

const char* SyntaxName(Syntax syntax) {
  switch (syntax) {
    case Syntax::kKeywords:
      return "keywords";
    case Syntax::kShell:
      return "shell";
    case Syntax::kIni:
      return "ini";
    case Syntax::kBraces:
      return "braces";
    case Syntax::kTable:
      return "table";
    case Syntax::kDeb822:
      return "deb822";
    case Syntax::kLines:
      return "lines";
    case Syntax::kLens:
      return "lens";
    case Syntax::kOpaque:
      break;
  }
  return "content";
}

// Files whose whole purpose is to hold credentials, whatever their mode.
bool IsCredentialsPath(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  for (const char* part : {"htpasswd", "pgpass", "netrc", "sasl_passwd", "credentials", "secret",
                           "chap-secrets", "pap-secrets", ".my.cnf", "krb5.keytab"})
    if (name.find(part) != std::string_view::npos) return true;
  return path.starts_with("/etc/ssl/private/");
}

bool HoldsPrivateKey(std::string_view content) {
  const size_t at = content.find("-----BEGIN ");
  return at != std::string_view::npos && content.find("PRIVATE KEY", at) != std::string_view::npos;
}

// Long values become digests, or fingerprints where they look secret; all become clean text.
void Tidy(std::vector<KeyValue>& keys, const SecretGuard& guard, Place place) {
  for (KeyValue& key : keys) {
    if (key.path.size() > kPathBytesMax)
      key.path = key.path.substr(0, kPathBytesMax) + "#" + guard.Fingerprint(key.path);
    key.path = CleanText(key.path, 4 * kPathBytesMax);
    if (key.value.type != ValueType::kText) continue;
    if (key.value.text.size() > kValueBytesMax) {
      key.value = guard.Opaque(key.value.text, place);
    } else {
      key.value.text = CleanText(key.value.text, kValueBytesMax * 4);
    }
  }
}

// The parsed keys, or false when the content is better taken as a whole.
bool ParseContent(const Format& format, std::string_view content, LensClient& lenses, Parsed& out) {
  if (format.syntax == Syntax::kOpaque) return false;
  if (format.syntax == Syntax::kLens) {
    auto keys = lenses.Parse(format.detail, content);
    if (!keys.ok()) return false;
    out.keys = *std::move(keys);
  } else {
    out = Parse(format, content);
  }
  const size_t understood = out.keys.size(), lost = out.unparsed.size();
  return understood <= kLensKeysMax && lost <= kUnparsedMax && lost <= understood / 2 + 1;
}

}  // namespace

FileContent ReadFileContent(const std::string& path, std::string_view content, bool owner_only,
                            const SecretGuard& guard, LensClient& lenses) {
  const Format format = FormatOf(path, content);
  const Place place{.owner_only = owner_only || IsCredentialsPath(path),
                    .known_format = format.known,
                    .names_mean_nothing = format.names_mean_nothing};
  const bool whole_key = HoldsPrivateKey(content) && format.syntax != Syntax::kLens;
  FileContent out;
  Parsed parsed;
  if (whole_key || !ParseContent(format, content, lenses, parsed)) {
    out.keys.push_back({"@content", guard.Opaque(content, place)});
    out.format = SyntaxName(Syntax::kOpaque);
    return out;
  }
  out.format = SyntaxName(format.syntax);
  if (format.syntax == Syntax::kLens) out.format += " " + format.detail;
  out.keys = std::move(parsed.keys);
  guard.Protect(out.keys, place);
  Tidy(out.keys, guard, place);
  for (const std::string& line : parsed.unparsed)
    out.keys.push_back({"@unparsed[]", Value::Secret(guard.Fingerprint(line))});
  if (!parsed.sequence.empty())
    out.keys.push_back({"@sequence", Value::Secret(guard.Fingerprint(parsed.sequence))});
  Canonicalize(out.keys);
  return out;
}

}  // namespace driftcast
