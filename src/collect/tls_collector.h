// Certificates that listening ports show: kind "tls_certificate", name "tcp/0.0.0.0:443".
#ifndef DRIFTCAST_COLLECT_TLS_COLLECTOR_H_
#define DRIFTCAST_COLLECT_TLS_COLLECTOR_H_

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "collect/host_root.h"
#include "collect/process_table.h"
#include "collect/whole_collector.h"

namespace driftcast {

struct TlsOptions {
  // Only these are connected to: another server would log a stranger's bytes, or worse.
  std::set<int> ports = {443,  465,  636,  853,  989,  990,  993,  995,  2376, 2379, 2380,
                         4433, 5061, 5671, 5986, 6443, 6514, 8443, 8883, 9443, 10250};
  std::chrono::milliseconds patience{2000};  // for one port
};

// Connects once to each listening port of the set, over loopback or its own address, and reads what
// it shows without a server name. Keys as collect/certificate_collector.h, beside "port" of the
// socket's name; "protocol" is the TLS version. Context: "due". Depends on its socket ("shown_by").
// A port that does not speak TLS is no resource; one that does not answer in time is uncompared.
// Needs no privilege. Limitations: STARTTLS is not spoken; of several names' certificates the
// default one is seen.
class TlsCollector : public WholeCollector {
 public:
  TlsCollector(const HostRoot& root, TlsOptions options = {})
      : WholeCollector("tls_ports", {"tls_certificate"}),
        options_(std::move(options)),
        processes_(root) {}

 protected:
  Status ReadAll(std::vector<ResourceObserved>& out) override;

 private:
  const TlsOptions options_;
  const ProcessTable processes_;
};

// The certificates (PEM, the server's own first) that "127.0.0.1:443" or "[::1]:443" shows.
// Errors: FailedPrecondition (it does not speak TLS), Unavailable (nobody listens),
// DeadlineExceeded. The process must ignore SIGPIPE.
struct ShownCertificates {
  std::string pem;
  std::string protocol;  // "TLSv1.3"
};
StatusOr<ShownCertificates> AskForCertificates(const std::string& address,
                                               std::chrono::milliseconds patience);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_TLS_COLLECTOR_H_
