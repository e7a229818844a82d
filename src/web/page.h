// Serves the page's files from the program itself.
#ifndef DRIFTCAST_WEB_PAGE_H_
#define DRIFTCAST_WEB_PAGE_H_

#include <map>
#include <string>
#include <string_view>

#include "http/message.h"
#include "web/page_pack.h"

namespace driftcast {

// Immutable; thread-safe.
class PageFiles {
 public:
  // The archive that is linked in (web/embedded.h). A program that was built without the page
  // serves one line that says so.
  static StatusOr<PageFiles> Open(std::string_view archive);

  // The answer to a GET of "/" or of a file; 404 for what is not there. Compressed when the client
  // takes gzip; 304 when it has the file already.
  HttpResponse Get(const HttpRequest& request) const;

  bool empty() const { return files_.empty(); }

 private:
  explicit PageFiles(std::map<std::string, PageFile> files) : files_(std::move(files)) {}
  std::map<std::string, PageFile> files_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_PAGE_H_
