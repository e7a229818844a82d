#include "web/page.h"

#include "web/problem.h"

namespace driftcast {
namespace {

const char* ContentType(std::string_view path) {
  static constexpr std::pair<const char*, const char*> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".woff", "font/woff"},
      {".json", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".txt", "text/plain; charset=utf-8"},
  };
  for (const auto& [ending, type] : kTypes) {
    if (path.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

HttpResponse NoPage() {
  HttpResponse response;
  response.Set("Content-Type", "text/plain; charset=utf-8").Set("Cache-Control", "no-store");
  response.body =
      "This engine was built without its page (DRIFTCAST_UI=OFF). The command line and the API "
      "work: driftcast --help, /openapi.json\n";
  return response;
}

}  // namespace

StatusOr<PageFiles> PageFiles::Open(std::string_view archive) {
  auto files = ReadPagePack(archive);
  if (!files.ok()) return files.status();
  return PageFiles(*std::move(files));
}

HttpResponse PageFiles::Get(const HttpRequest& request) const {
  const std::string path = request.path == "/" ? "index.html" : request.path.substr(1);
  if (files_.empty() && path == "index.html") return NoPage();
  const auto found = files_.find(path);
  if (found == files_.end()) return ProblemResponse(404, "there is nothing at " + request.path);
  const PageFile& file = found->second;
  HttpResponse response;
  // The build names what is in assets/ after its content.
  const bool named_by_content = path.starts_with("assets/");
  response.Set("ETag", file.etag)
      .Set("Cache-Control", named_by_content ? "public, max-age=31536000, immutable" : "no-cache")
      .Set("Vary", "Accept-Encoding");
  if (request.Header("if-none-match") == file.etag) {
    response.status = 304;
    return response;
  }
  response.Set("Content-Type", ContentType(path));
  const bool gzip = !file.gzip.empty() &&
                    request.Header("accept-encoding").find("gzip") != std::string_view::npos;
  if (gzip) response.Set("Content-Encoding", "gzip");
  response.lasting_body = gzip ? file.gzip : file.content;
  return response;
}

}  // namespace driftcast
