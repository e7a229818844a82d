#include "intel/image_reference.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace driftcast::intel {
namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz0123456789";

bool IsOf(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return kLower.find(c) != kLower.npos || more.find(c) != more.npos;
  });
}

bool IsAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool IsTag(std::string_view tag) {
  return !tag.empty() && tag.size() <= 128 && (IsAlnum(tag[0]) || tag[0] == '_') &&
         std::all_of(tag.begin(), tag.end(),
                     [](char c) { return IsAlnum(c) || c == '_' || c == '.' || c == '-'; });
}

bool IsDigest(std::string_view digest) {
  return digest.starts_with("sha256:") && digest.size() == 7 + 64 &&
         digest.find_first_not_of("0123456789abcdef", 7) == digest.npos;
}

bool IsRepository(std::string_view name) {
  if (name.empty() || name.size() > 255 || name.back() == '/') return false;
  while (!name.empty()) {
    const std::string_view part = name.substr(0, name.find('/'));
    const bool ends = kLower.find(part.empty() ? '.' : part.front()) != kLower.npos &&
                      kLower.find(part.back()) != kLower.npos;
    if (!ends || !IsOf(part, "._-:")) return false;
    name.remove_prefix(std::min(part.size() + 1, name.size()));
  }
  return true;
}

// A first part with a dot or a port, or "localhost", is a registry.
std::string WithDefaults(std::string_view name) {
  const size_t slash = name.find('/');
  const std::string_view first = name.substr(0, slash);
  if (slash == name.npos) return "docker.io/library/" + std::string(name);
  if (first == "localhost" || first.find_first_of(".:") != first.npos) return std::string(name);
  return "docker.io/" + std::string(name);
}

// "v1.25.3-alpine3.19" -> {1, 25, 3}, "-alpine3.19"; no parts when it begins otherwise.
struct TagVersion {
  std::vector<uint64_t> parts;
  std::string_view variant;
};

TagVersion VersionIn(std::string_view tag) {
  TagVersion version;
  if (tag.starts_with('v')) tag.remove_prefix(1);
  for (;;) {
    uint64_t part = 0;
    const auto read = std::from_chars(tag.data(), tag.data() + tag.size(), part);
    if (read.ec != std::errc()) break;
    version.parts.push_back(part);
    tag.remove_prefix(static_cast<size_t>(read.ptr - tag.data()));
    if (!tag.starts_with('.')) break;
    tag.remove_prefix(1);
  }
  version.variant = tag;
  return version;
}

// "-alpine3.19" -> "-alpine": the variant's own version moves with time.
std::string_view Kind(std::string_view variant) {
  const size_t digit = variant.find_first_of("0123456789");
  return variant.substr(0, digit);
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kProducts = {{
    {"alpine", "alpine-linux"},
    {"golang", "go"},
    {"httpd", "apache-http-server"},
    {"mongo", "mongodb"},
    {"node", "nodejs"},
    {"postgres", "postgresql"},
    {"rockylinux", "rocky-linux"},
    {"amazonlinux", "amazon-linux"},
}};

std::string ProductOf(std::string_view repository) {
  const std::string_view last = repository.substr(repository.rfind('/') + 1);
  for (const auto& [image, product] : kProducts)
    if (image == last) return std::string(product);
  return std::string(last);
}

bool Later(std::string_view a, std::string_view b) {
  const TagVersion x = VersionIn(a), y = VersionIn(b);
  return !x.parts.empty() && !y.parts.empty() && x.parts < y.parts;
}

}  // namespace

std::string ImageReference::ToText() const {
  std::string text = repository;
  if (!tag.empty()) text += ":" + tag;
  if (!digest.empty()) text += "@" + digest;
  return text;
}

std::optional<ImageReference> ParseImageReference(std::string_view text) {
  for (const std::string_view scheme : {"docker://", "oci://"})
    if (text.starts_with(scheme)) text.remove_prefix(scheme.size());
  if (text.empty() || text.size() > 512) return std::nullopt;
  ImageReference image;
  if (const size_t at = text.find('@'); at != text.npos) {
    image.digest = text.substr(at + 1);
    if (!IsDigest(image.digest)) return std::nullopt;
    text = text.substr(0, at);
  }
  const size_t colon = text.rfind(':'), slash = text.rfind('/');
  if (colon != text.npos && (slash == text.npos || colon > slash)) {
    image.tag = text.substr(colon + 1);
    if (!IsTag(image.tag)) return std::nullopt;
    text = text.substr(0, colon);
  }
  if (!IsRepository(text)) return std::nullopt;
  if (image.tag.empty() && image.digest.empty()) image.tag = "latest";
  image.repository = WithDefaults(text);
  return image;
}

bool IsNewerTag(std::string_view a, std::string_view b) {
  const TagVersion x = VersionIn(a), y = VersionIn(b);
  return !x.parts.empty() && x.parts.size() == y.parts.size() &&
         Kind(x.variant) == Kind(y.variant) && x.parts < y.parts;
}

std::optional<ImageLife> LifeOfImage(const Lifecycles& lives, const ImageReference& image,
                                     Instant now) {
  const std::string product = ProductOf(image.repository);
  std::string_view tag = image.tag;
  if (tag.starts_with('v')) tag.remove_prefix(1);
  tag = tag.substr(0, tag.find_first_not_of("0123456789."));
  for (; !tag.empty(); tag = tag.substr(0, tag.rfind('.') == tag.npos ? 0 : tag.rfind('.'))) {
    const auto found = lives.find({product, std::string(tag)});
    if (found == lives.end()) continue;
    ImageLife life;
    life.release = found->first.second;
    life.ends = found->second.ends;
    life.ended = found->second.ended || (life.ends != Instant() && life.ends <= now);
    for (auto other = lives.lower_bound({product, ""});
         other != lives.end() && other->first.first == product; ++other) {
      if (other->second.released > now || !Later(life.release, other->first.second)) continue;
      if (!life.newest.empty() && !Later(life.newest, other->first.second)) continue;
      life.newest = other->first.second;
      life.newest_at = other->second.released;
    }
    return life;
  }
  return std::nullopt;
}

}  // namespace driftcast::intel
