// Ids and names as types, so that a host cannot be passed where a resource is wanted.
#ifndef DRIFTCAST_BASE_NAMED_TYPE_H_
#define DRIFTCAST_BASE_NAMED_TYPE_H_

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace driftcast {

// A string of its own type. `Tag` is any incomplete type. Ordered and hashable like its string.
template <typename Tag>
struct NamedString {
  std::string value;

  NamedString() = default;
  explicit NamedString(std::string v) : value(std::move(v)) {}
  bool empty() const { return value.empty(); }
  friend auto operator<=>(const NamedString&, const NamedString&) = default;
};

}  // namespace driftcast

template <typename Tag>
struct std::hash<driftcast::NamedString<Tag>> {
  size_t operator()(const driftcast::NamedString<Tag>& name) const {
    return std::hash<std::string>()(name.value);
  }
};

#endif  // DRIFTCAST_BASE_NAMED_TYPE_H_
