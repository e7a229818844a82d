// Where alerts go, as a text that people write (TOML):
//
//   [[channel]]
//   kind = "slack"                          # or "webhook", "alertmanager", "mail", "file"
//   url = "https://hooks.example.org/..."   # slack, webhook, alertmanager, mail (smtp:, smtps:)
//   url_file = "/etc/driftcast/hook"        # instead: such an address is a secret
//   severity_min = 4                        # 0 to 10; less is not for this channel
//   quiet = "22:00-06:30"                   # UTC; what waits comes afterwards
//   loud_from = 7                           # and this severity comes all the same
//
//   secret_file = "..."                     # webhook: signs the body
//   path = "/var/log/drift.jsonl"           # file
//   from = "driftcast@example.org"          # mail
//   to = ["oncall@example.org"]
//   user = "driftcast"
//   password_file = "..."
//   plain = true                            # no TLS, for a relay on this machine
#ifndef DRIFTCAST_NOTIFY_NOTIFY_FILE_H_
#define DRIFTCAST_NOTIFY_NOTIFY_FILE_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "notify/channel.h"

namespace driftcast {

// InvalidArgument says what is wrong: an unknown word is an error. Reads the files that it names.
StatusOr<std::vector<std::unique_ptr<AlertChannel>>> ParseNotifyFile(std::string_view text,
                                                                     const std::string& page);

// An alert that says that it is a test.
OutboxEffect TestAlert(Instant now);

}  // namespace driftcast

#endif  // DRIFTCAST_NOTIFY_NOTIFY_FILE_H_
