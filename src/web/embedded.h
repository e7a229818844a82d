// Files that are linked into the program (made by the build: src/web/CMakeLists.txt).
#ifndef DRIFTCAST_WEB_EMBEDDED_H_
#define DRIFTCAST_WEB_EMBEDDED_H_

#include <string_view>

extern "C" {
extern const char driftcast_page_begin[];
extern const char driftcast_page_end[];
extern const char driftcast_openapi_begin[];
extern const char driftcast_openapi_end[];
}

namespace driftcast {

inline std::string_view EmbeddedPage() {
  return {driftcast_page_begin, static_cast<size_t>(driftcast_page_end - driftcast_page_begin)};
}

inline std::string_view EmbeddedOpenApi() {
  return {driftcast_openapi_begin,
          static_cast<size_t>(driftcast_openapi_end - driftcast_openapi_begin)};
}

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_EMBEDDED_H_
