// Build tool: packs a folder of page files into one archive. Usage: pack OUT [FOLDER]
// Without a folder the archive is empty: a program without a page.
#include <cstdio>
#include <filesystem>
#include <map>

#include "base/file.h"
#include "web/page_pack.h"

using namespace driftcast;

namespace {

Status Pack(const std::filesystem::path& out, const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  if (!folder.empty()) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file()) continue;
      auto content = ReadFile(entry.path());
      if (!content.ok()) return content.status();
      files[entry.path().lexically_relative(folder).generic_string()] = *std::move(content);
    }
    if (!files.contains("index.html")) return NotFound("{} has no index.html", folder.string());
  }
  const auto archive = WritePagePack(files);
  if (!archive.ok()) return archive.status();
  return WriteFileAtomically(out, *archive);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: pack OUT [FOLDER]\n");
    return 2;
  }
  const Status status = Pack(argv[1], argc == 3 ? argv[2] : "");
  if (status.ok()) return 0;
  std::fprintf(stderr, "pack: %s\n", Message(status).c_str());
  return 1;
}
