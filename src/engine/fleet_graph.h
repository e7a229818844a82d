// The edges between hosts: whose an address is, and who is connected to it.
//
// Of the whole fleet only this is held together: a few addresses for each stack, and for each other
// end of a connection the stacks that have it. Everything else of the graph stays with its stack.
#ifndef DRIFTCAST_ENGINE_FLEET_GRAPH_H_
#define DRIFTCAST_ENGINE_FLEET_GRAPH_H_

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/resource.h"

namespace driftcast {

struct ShardState;
struct Stack;

// What a host says its own addresses are: a label of its stack, commas between.
inline constexpr const char* kAddressesLabel = "addresses";

// Deterministic, not thread-safe. Made anew from the stacks at a start; nothing of it is stored.
class FleetGraph {
 public:
  static constexpr size_t kAddressesMax = 64;  // of one stack

  // Replaces what the stack said before. What is no address that others could reach (loopback,
  // link-local, unspecified) is left out.
  void SetAddresses(const std::string& stack, std::string_view label);

  // The stack begins to have connections to that end ("tcp/10.0.0.5:5432"), or has none any more.
  void Connect(const std::string& stack, const std::string& endpoint);
  void Disconnect(const std::string& stack, const std::string& endpoint);

  // Whose the address is. Empty when nobody says so, or more than one does: bridges of container
  // engines have the same address everywhere, and no host can take another's by claiming it.
  std::string OwnerOf(const std::string& address) const;

  // By which ends other hosts reach a socket ("tcp/0.0.0.0:5432") of the stack.
  std::vector<std::string> EndsOf(const std::string& stack, std::string_view socket) const;

  // Stacks with connections to that end; null when there are none.
  const std::set<std::string>* CallersOf(const std::string& endpoint) const;

 private:
  std::map<std::string, std::set<std::string>> owners_;     // by address
  std::map<std::string, std::set<std::string>> addresses_;  // by stack
  std::map<std::string, std::set<std::string>> callers_;    // by end
};

// Resources with an edge to `id`, nearest stack first: those of its own, and, when it is a socket,
// the units of other stacks that are connected to it. Each once, in an order that does not change.
std::vector<ResourceId> NeededBy(const ShardState& shard, const ResourceId& id);

// How many need a resource: directly, and from other stacks through sockets that it serves.
struct Reach {
  size_t direct = 0;     // of its own stack
  size_t elsewhere = 0;  // resources of other stacks
  size_t total() const { return direct + elsewhere; }
};
Reach ReachOf(const ShardState& shard, const ResourceId& id);

// The edge as it is, or, when it leads to an end that belongs to a host of the fleet, to the socket
// there that listens, so far as that host shows one.
Dependency Resolved(const ShardState& shard, const Dependency& edge);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_FLEET_GRAPH_H_
