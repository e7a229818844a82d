// The kernel's settings under /proc/sys, by their dotted names.
#ifndef DRIFTCAST_APPLY_SYSCTL_H_
#define DRIFTCAST_APPLY_SYSCTL_H_

#include <string>

#include "apply/host_files.h"
#include "base/status.h"

namespace driftcast {

// "net.ipv4.ip_forward" -> "/proc/sys/net/ipv4/ip_forward". As with sysctl(8) the separator that
// comes first counts: in "net/ipv4/conf/eth0.100/forwarding" it is '/'; in
// "net.ipv4.conf.eth0/100.forwarding" it is '.', and '/' stands for a dot within a name.
StatusOr<std::string> SysctlPath(const std::string& name);

// The value with runs of blanks as one. NotFound when this kernel has no such setting.
StatusOr<std::string> ReadSysctl(const HostFiles& files, const std::string& name);
Status WriteSysctl(const HostFiles& files, const std::string& name, const std::string& value);

// The file that gives the setting its value at boot: the last one that names it, of the regular
// files in /etc/sysctl.d and then /etc/sysctl.conf; else /etc/sysctl.d/99-driftcast.conf.
StatusOr<std::string> SysctlFile(const HostFiles& files, const std::string& name);

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_SYSCTL_H_
