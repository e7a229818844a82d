#include "engine/fleet_graph.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "engine/shard_state.h"

namespace driftcast {
namespace {

constexpr size_t kSocketsMax = 256;  // of one resource

struct End {
  std::string protocol, address, port;
};

// "tcp/10.0.0.5:5432", "udp/[2001:db8::1]:53".
std::optional<End> ReadEnd(std::string_view text) {
  const size_t slash = text.find('/'), colon = text.rfind(':');
  if (slash == text.npos || colon == text.npos || colon < slash) return std::nullopt;
  std::string_view address = text.substr(slash + 1, colon - slash - 1);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  return End{std::string(text.substr(0, slash)), std::string(address),
             std::string(text.substr(colon + 1))};
}

std::string TextOf(const std::string& protocol, const std::string& address,
                   const std::string& port) {
  const bool v6 = address.find(':') != std::string::npos;
  return protocol + (v6 ? "/[" + address + "]:" : "/" + address + ":") + port;
}

// As it is written canonically; nullopt when it is none that another host could reach.
std::optional<std::string> Canonical(const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    const bool link_local = bytes[0] == 169 && bytes[1] == 254;
    if (bytes[0] == 0 || bytes[0] == 127 || bytes[0] >= 224 || link_local) return std::nullopt;
    inet_ntop(AF_INET, bytes.data(), out.data(), out.size());
    return std::string(out.data());
  }
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return std::nullopt;
  const bool link_local = bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0x80;
  // ::, ::1, ::ffff:a.b.c.d and the like begin with eight zero bytes; ff00::/8 is multicast.
  const bool reserved =
      std::all_of(bytes.begin(), bytes.begin() + 8, [](auto b) { return b == 0; });
  if (reserved || link_local || bytes[0] == 0xFF) return std::nullopt;
  inet_ntop(AF_INET6, bytes.data(), out.data(), out.size());
  return std::string(out.data());
}

constexpr std::string_view kEndpointKey{"endpoint\0", 9};

bool IsSocket(const std::string& slot_key) { return slot_key.starts_with({"socket\0", 7}); }

const std::set<std::string>* DependentsAt(const Stack& stack, const std::string& key) {
  const auto found = stack.dependents.find(key);
  return found == stack.dependents.end() ? nullptr : &found->second;
}

// Calls `caller` with each resource elsewhere that is connected to a socket of the stack.
template <typename Told>
void ForEachCaller(const ShardState& shard, const std::string& stack, std::string_view socket,
                   const Told& caller) {
  for (const std::string& end : shard.fleet.EndsOf(stack, socket)) {
    const auto* callers = shard.fleet.CallersOf(end);
    if (callers == nullptr) continue;
    for (const std::string& other : *callers) {
      const auto* units = DependentsAt(shard.stacks.at(other), std::string(kEndpointKey) + end);
      if (units == nullptr) continue;
      for (const std::string& unit : *units) caller(IdFromSlotKey(StackId(other), unit));
    }
  }
}

}  // namespace

void FleetGraph::SetAddresses(const std::string& stack, std::string_view label) {
  std::set<std::string> now;
  while (!label.empty() && now.size() < kAddressesMax) {
    const std::string_view one = label.substr(0, label.find(','));
    label.remove_prefix(std::min(one.size() + 1, label.size()));
    if (auto address = Canonical(std::string(one))) now.insert(*std::move(address));
  }
  const auto before = addresses_.find(stack);
  if (before != addresses_.end())
    for (const std::string& address : before->second) {
      const auto owners = owners_.find(address);
      owners->second.erase(stack);
      if (owners->second.empty()) owners_.erase(owners);
    }
  for (const std::string& address : now) owners_[address].insert(stack);
  if (now.empty()) {
    addresses_.erase(stack);
  } else {
    addresses_[stack] = std::move(now);
  }
}

void FleetGraph::Connect(const std::string& stack, const std::string& endpoint) {
  callers_[endpoint].insert(stack);
}

void FleetGraph::Disconnect(const std::string& stack, const std::string& endpoint) {
  const auto found = callers_.find(endpoint);
  if (found == callers_.end()) return;
  found->second.erase(stack);
  if (found->second.empty()) callers_.erase(found);
}

std::string FleetGraph::OwnerOf(const std::string& address) const {
  const auto found = owners_.find(address);
  return found == owners_.end() || found->second.size() != 1 ? "" : *found->second.begin();
}

std::vector<std::string> FleetGraph::EndsOf(const std::string& stack,
                                            std::string_view socket) const {
  const auto end = ReadEnd(socket);
  const auto own = addresses_.find(stack);
  if (!end || own == addresses_.end()) return {};
  std::vector<std::string> ends;
  for (const std::string& address : own->second) {
    const bool v6 = address.find(':') != std::string::npos;
    // A socket on [::] takes connections of both kinds.
    const bool listens =
        end->address == address || end->address == "::" || (end->address == "0.0.0.0" && !v6);
    if (listens && OwnerOf(address) == stack)
      ends.push_back(TextOf(end->protocol, address, end->port));
  }
  return ends;
}

const std::set<std::string>* FleetGraph::CallersOf(const std::string& endpoint) const {
  const auto found = callers_.find(endpoint);
  return found == callers_.end() ? nullptr : &found->second;
}

std::vector<ResourceId> NeededBy(const ShardState& shard, const ResourceId& id) {
  std::vector<ResourceId> found;
  const auto stack = shard.stacks.find(id.stack.value);
  if (stack == shard.stacks.end()) return found;
  if (const auto* dependents = DependentsAt(stack->second, SlotKey(id)))
    for (const std::string& slot_key : *dependents)
      found.push_back(IdFromSlotKey(id.stack, slot_key));
  if (id.kind != "socket") return found;
  std::set<ResourceId> seen(found.begin(), found.end());
  ForEachCaller(shard, id.stack.value, id.name, [&](ResourceId caller) {
    if (seen.insert(caller).second) found.push_back(std::move(caller));
  });
  return found;
}

Reach ReachOf(const ShardState& shard, const ResourceId& id) {
  Reach reach;
  const auto stack = shard.stacks.find(id.stack.value);
  if (stack == shard.stacks.end()) return reach;
  std::set<std::string> sockets;
  if (id.kind == "socket") sockets.insert(id.name);
  if (const auto* dependents = DependentsAt(stack->second, SlotKey(id))) {
    reach.direct = dependents->size();
    for (const std::string& slot_key : *dependents)
      if (IsSocket(slot_key) && sockets.size() < kSocketsMax) sockets.insert(slot_key.substr(7));
  }
  std::set<ResourceId> elsewhere;
  for (const std::string& socket : sockets)
    ForEachCaller(shard, id.stack.value, socket, [&](ResourceId caller) {
      if (caller.stack != id.stack) elsewhere.insert(std::move(caller));
    });
  reach.elsewhere = elsewhere.size();
  return reach;
}

Dependency Resolved(const ShardState& shard, const Dependency& edge) {
  if (edge.to_kind != "endpoint") return edge;
  const auto end = ReadEnd(edge.to_name);
  if (!end) return edge;
  const std::string owner = shard.fleet.OwnerOf(end->address);
  const auto stack = shard.stacks.find(owner);
  if (owner.empty() || stack == shard.stacks.end()) return edge;
  const bool v6 = end->address.find(':') != std::string::npos;
  for (const std::string& address :
       {end->address, std::string(v6 ? "::" : "0.0.0.0"), std::string("::")}) {
    const ResourceId socket{StackId(owner), "socket", TextOf(end->protocol, address, end->port)};
    const auto slot = stack->second.slots.find(SlotKey(socket));
    if (slot != stack->second.slots.end() && slot->second.exists)
      return {edge.kind, "socket", socket.name, socket.stack};
  }
  return edge;
}

}  // namespace driftcast
