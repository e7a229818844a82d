// Takes away from the agent, for good, what reading a host and reporting never needs.
#ifndef DRIFTCAST_AGENT_CONFINE_H_
#define DRIFTCAST_AGENT_CONFINE_H_

namespace driftcast {

// From here on this process and its children cannot listen on a socket, trace or write to other
// processes, mount, change clocks, namespaces, kernel modules, users or the root, load BPF programs
// or keys, or reboot: a seccomp filter answers with EPERM. New privileges cannot be gained either
// (no_new_privs), so programs that are set-user-id do not work below it: it is for hosts that are
// observe-only. False when the kernel has no such filters.
bool ConfineAgent();

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_CONFINE_H_
