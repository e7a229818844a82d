#include "model/resource.h"

#include <algorithm>

namespace driftcast {
namespace {

constexpr size_t kPartBytesMax = 256;
constexpr size_t kNameBytesMax = 4096;

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Status ValidatePart(std::string_view what, const std::string& part, size_t bytes_max) {
  if (part.empty()) return InvalidArgument("the {} of a resource id is empty", what);
  if (part.size() > bytes_max)
    return InvalidArgument("the {} of a resource id has {} bytes; at most {} are allowed", what,
                           part.size(), bytes_max);
  if (HasControlCharacter(part))
    return InvalidArgument("the {} of a resource id holds a control character", what);
  return Ok();
}

}  // namespace

StatusOr<ResourceId> ParseResourceId(std::string_view text) {
  const size_t first = text.find('/');
  const size_t second = first == text.npos ? text.npos : text.find('/', first + 1);
  if (second == text.npos)
    return InvalidArgument("'{}' is not a resource id; write stack/kind/name", text);
  ResourceId id{StackId(std::string(text.substr(0, first))),
                std::string(text.substr(first + 1, second - first - 1)),
                std::string(text.substr(second + 1))};
  DRIFTCAST_RETURN_IF_ERROR(ValidateResourceId(id));
  return id;
}

Status ValidateResourceId(const ResourceId& id) {
  DRIFTCAST_RETURN_IF_ERROR(ValidatePart("stack", id.stack.value, kPartBytesMax));
  DRIFTCAST_RETURN_IF_ERROR(ValidatePart("kind", id.kind, kPartBytesMax));
  DRIFTCAST_RETURN_IF_ERROR(ValidatePart("name", id.name, kNameBytesMax));
  if (id.stack.value.find('/') != std::string::npos || id.kind.find('/') != std::string::npos)
    return InvalidArgument("stack and kind of a resource id hold no '/': {}", id.ToText());
  return Ok();
}

}  // namespace driftcast
