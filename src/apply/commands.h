// Programs that the host's owner registered: what may be run by name, with typed arguments and
// without a shell. The list lies on the host and is read anew for every plan.
//
//   # name, program, arguments; {argument:type} is filled in
//   renew-cert /usr/bin/certbot renew --cert-name {name:word}
//   check-api  /usr/local/bin/check-api --port {port:number}
//
// Types: word ([A-Za-z0-9._-], at most 64, not beginning with '-'), number (digits, at most 18),
// path (absolute, without "..", as in apply/host_files.h). Each becomes one argument, or a part of
// one, as it is written there.
#ifndef DRIFTCAST_APPLY_COMMANDS_H_
#define DRIFTCAST_APPLY_COMMANDS_H_

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace driftcast {

class Commands {
 public:
  // InvalidArgument names the line that makes no sense.
  static StatusOr<Commands> Parse(std::string_view text);

  // A missing file is an empty list. PermissionDenied when somebody else than root and ourselves
  // may write it.
  static StatusOr<Commands> Load(const std::filesystem::path& file);

  // Program and arguments. NotFound when nobody registered the name; InvalidArgument when an
  // argument is missing, not known, or not of its type.
  StatusOr<std::vector<std::string>> Fill(const std::string& name,
                                          const std::map<std::string, std::string>& values) const;

 private:
  std::map<std::string, std::vector<std::string>> commands_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_COMMANDS_H_
