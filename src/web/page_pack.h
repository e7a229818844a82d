// The page's files in one archive, which the build makes from ui/dist and links into the program.
//
// Format, integers little-endian: "DCPAGE1\n", u32 number of files, then for each file: u32 length
// of its path, u64 length of its content, u64 length of its gzip form (0 = not smaller, not kept),
// the path ("assets/main-1a2b.js"), the content, the gzip form.
#ifndef DRIFTCAST_WEB_PAGE_PACK_H_
#define DRIFTCAST_WEB_PAGE_PACK_H_

#include <map>
#include <string>
#include <string_view>

#include "base/status.h"

namespace driftcast {

struct PageFile {
  std::string_view content;
  std::string_view gzip;  // empty = none
  std::string etag;       // quoted
};

// By path. The views point into `archive`. DataLoss when it is cut short or not one.
StatusOr<std::map<std::string, PageFile>> ReadPagePack(std::string_view archive);

// Writes an archive of files given by path.
StatusOr<std::string> WritePagePack(const std::map<std::string, std::string>& files);

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_PAGE_PACK_H_
