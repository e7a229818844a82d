// What kind of host this is, for people who look at the fleet.
#ifndef DRIFTCAST_AGENT_HOST_FACTS_H_
#define DRIFTCAST_AGENT_HOST_FACTS_H_

#include <map>
#include <string>

#include "collect/host_root.h"

namespace driftcast {

// Addresses that other hosts may reach this one by, commas between, in a fixed order, at most 64:
// of all interfaces that are up, without loopback and link-local ones.
std::string ReadOwnAddresses(const HostRoot& root);

// "os" -> "Debian GNU/Linux 12 (bookworm)", "kernel" -> "6.1.0-18-amd64", "architecture",
// "hostname", "addresses". What cannot be read is left out.
std::map<std::string, std::string> ReadHostLabels(const HostRoot& root);

// This host's name as a stack: no '/', no control characters, not empty.
std::string DefaultStackName();

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_HOST_FACTS_H_
