// Names of things: stacks, roles, resources, agents, people.
#ifndef DRIFTCAST_MODEL_RESOURCE_H_
#define DRIFTCAST_MODEL_RESOURCE_H_

#include <compare>
#include <string>
#include <string_view>

#include "base/named_type.h"
#include "base/status.h"

namespace driftcast {

// Resources provisioned together: a host, a cluster namespace, a state file. No '/', not empty.
using StackId = NamedString<struct StackTag>;
// Stacks of one role are similar: "web", "database". Empty = no role given.
using RoleName = NamedString<struct RoleTag>;
// An enrolled agent; the common name of its certificate.
using AgentId = NamedString<struct AgentTag>;
// A person or token that decided something; "engine" for the engine itself.
using Principal = NamedString<struct PrincipalTag>;

// The smallest thing with a configuration of its own.
struct ResourceId {
  StackId stack;
  std::string kind;  // "package", "file", "sysctl", "unit", "tf:aws_instance", ...; no '/'
  std::string name;  // unique within stack and kind; may hold '/'

  // "web-7/package/openssl". ParseResourceId reads it back.
  std::string ToText() const { return stack.value + "/" + kind + "/" + name; }
  friend auto operator<=>(const ResourceId&, const ResourceId&) = default;
};

// InvalidArgument unless the text is stack/kind/name with no part empty.
StatusOr<ResourceId> ParseResourceId(std::string_view text);

// InvalidArgument when a part is empty, too long (stack and kind 256 bytes, name 4096), holds a
// control character, or, in stack and kind, a '/'. Ids from outside pass here first.
Status ValidateResourceId(const ResourceId& id);

// `from` needs `to`: a change of `to` can change or stop `from`.
struct Dependency {
  std::string kind;  // what the edge is: "requires", "owned_by", "ordered_after", "connects_to"
  std::string to_kind;
  std::string to_name;  // within the same stack, unless `to_stack` is given
  StackId to_stack;

  friend auto operator<=>(const Dependency&, const Dependency&) = default;
};

}  // namespace driftcast

template <>
struct std::hash<driftcast::ResourceId> {
  size_t operator()(const driftcast::ResourceId& id) const {
    const std::hash<std::string> part;
    return part(id.stack.value) * 961 + part(id.kind) * 31 + part(id.name);
  }
};

#endif  // DRIFTCAST_MODEL_RESOURCE_H_
