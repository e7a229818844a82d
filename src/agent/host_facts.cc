#include "agent/host_facts.h"

#include <sys/utsname.h>

#include "collect/parse.h"

namespace driftcast {

std::map<std::string, std::string> ReadHostLabels(const HostRoot& root) {
  std::map<std::string, std::string> labels;
  utsname name{};
  if (uname(&name) == 0) {
    labels["kernel"] = name.release;
    labels["architecture"] = name.machine;
    labels["hostname"] = name.nodename;
  }
  for (const char* path : {"/etc/os-release", "/usr/lib/os-release"}) {
    const auto text = root.Read(path, 64 << 10);
    if (!text.ok()) continue;
    const Parsed parsed = Parse({.syntax = Syntax::kShell}, *text);
    for (const KeyValue& key : parsed.keys) {
      if (key.path == "PRETTY_NAME") labels["os"] = CleanText(key.value.text, 128);
      if (key.path == "ID") labels["os_id"] = CleanText(key.value.text, 32);
      if (key.path == "VERSION_ID") labels["os_version"] = CleanText(key.value.text, 32);
    }
    break;
  }
  return labels;
}

std::string DefaultStackName() {
  utsname name{};
  std::string stack = uname(&name) == 0 ? name.nodename : "";
  for (char& c : stack)
    if (c == '/' || static_cast<unsigned char>(c) <= 0x20) c = '-';
  return stack.empty() ? "host" : stack.substr(0, 64);
}

}  // namespace driftcast
