// The kernel's packet filter as it is loaded: kind "firewall", one resource for each chain.
#ifndef DRIFTCAST_COLLECT_FIREWALL_COLLECTOR_H_
#define DRIFTCAST_COLLECT_FIREWALL_COLLECTOR_H_

#include <string>
#include <string_view>
#include <vector>

#include "collect/whole_collector.h"

namespace driftcast {

struct FirewallOptions {
  // How to ask; the first word is the program's absolute path. Empty = not asked.
  std::vector<std::string> nft;       // {"/usr/sbin/nft", "-s", "list", "ruleset"}
  std::vector<std::string> iptables;  // {"/usr/sbin/iptables-save"}, of the older interface
};

// The programs that this machine has; all empty when it has none.
FirewallOptions MachineFirewall();

// Names: "inet/filter/input" (nftables: family/table/chain), "ip/filter/INPUT" (iptables-legacy),
// "inet/filter/set/blocked". Keys: "hook", "priority", "policy", "type"; rules in order and
// without counters: "rule[001]", ...; of a set "type", "flags", "elements" (a digest; not of sets
// that traffic fills).
//
// Needs CAP_NET_ADMIN; without it, or when the rules are more than 16 MiB, Collect fails with the
// reason and nothing is concluded. Rules that other network namespaces load are not seen.
class FirewallCollector : public WholeCollector {
 public:
  explicit FirewallCollector(FirewallOptions options)
      : WholeCollector("firewall", {"firewall"}), options_(std::move(options)) {}

 protected:
  Status ReadAll(std::vector<ResourceObserved>& out) override;

 private:
  const FirewallOptions options_;
};

// The texts of `nft -s list ruleset` and `iptables-save`, as resources. InvalidArgument when the
// first is not what nft writes; lines of the second that are not understood are skipped.
Status ReadNftRuleset(std::string_view json, std::vector<ResourceObserved>& out);
void ReadIptablesSave(std::string_view text, std::string_view family,
                      std::vector<ResourceObserved>& out);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_FIREWALL_COLLECTOR_H_
