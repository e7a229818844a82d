// dpkg's status file, apt's lists and both logs: the same bytes to each of their parsers.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "collect/control_file.h"
#include "collect/dpkg.h"
#include "collect/package_log.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto packages = ParseDpkgStatus(text);
  NativeArchitecture(packages);
  for (const DpkgPackage& package : packages) {
    ParseDepends(package.depends);
    // An order of versions must at least be one.
    if (CompareDebianVersions(package.version, package.version) != 0) abort();
    const int there = CompareDebianVersions(package.version, package.depends);
    const int back = CompareDebianVersions(package.depends, package.version);
    if ((there > 0) != (back < 0) || (there < 0) != (back > 0)) abort();
  }
  ParseDpkgLog(text, ReadLocalTime);
  ParseAptHistory(text, ReadLocalTime);
  return 0;
}
