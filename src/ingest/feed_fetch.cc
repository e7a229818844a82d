#include "ingest/feed_fetch.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/crypto.h"
#include "base/file.h"
#include "http/client.h"
#include "ingest/taxii.h"

namespace driftcast {
namespace {

constexpr size_t kChecksumBytesMax = 1 << 20;

StatusOr<std::string> Secret(const std::string& file) {
  DRIFTCAST_ASSIGN_OR_RETURN(std::string text, ReadFile(file, 4096));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

// A file that the content is written to as it comes, at most `bytes_max`.
class Landing {
 public:
  StatusOr<bool> Open(const std::filesystem::path& path, uint64_t bytes_max) {
    bytes_max_ = bytes_max;
    fd_ = FileDescriptor(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd_) return ErrnoStatus(errno, path.string());
    return true;
  }

  bool Take(std::string_view bytes) {
    bytes_ += bytes.size();
    if (bytes_ > bytes_max_) {
      status_ = ResourceExhausted("it is larger than {} bytes", bytes_max_);
      return false;
    }
    digest_.Update(bytes);
    while (!bytes.empty()) {
      const ssize_t written = write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        status_ = ErrnoStatus(errno, "writing what was fetched");
        return false;
      }
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return true;
  }

  const Status& status() const { return status_; }
  std::string Digest() { return Hex(digest_.Finish()); }

 private:
  FileDescriptor fd_;
  uint64_t bytes_max_ = 0, bytes_ = 0;
  Sha256Stream digest_;
  Status status_ = Ok();
};

// The checksum that stands in a list as sha256sum writes it: of the file's name, else the first.
std::string ChecksumIn(std::string_view text, const std::string& url) {
  const std::string name = url.substr(url.rfind('/') + 1);
  std::string first;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string digest(line.substr(0, 64));
    if (digest.size() != 64 || !FromHex(digest).ok()) continue;
    if (first.empty()) first = digest;
    if (!name.empty() && line.find(name) != std::string_view::npos) return digest;
  }
  return first;
}

Status CheckSum(const FeedSource& source, const HttpCall& base, const std::string& digest) {
  if (source.sha256.empty()) return Ok();
  std::string wanted = source.sha256;
  if (wanted.find("://") != std::string::npos) {
    HttpCall call = base;
    call.url = source.sha256;
    call.body_bytes_max = kChecksumBytesMax;
    DRIFTCAST_ASSIGN_OR_RETURN(const HttpReply reply, Fetch(call));
    if (reply.status != 200) return Unavailable("{} answered {}", source.sha256, reply.status);
    wanted = ChecksumIn(reply.body, source.url);
    if (wanted.empty()) return DataLoss("{} holds no checksum", source.sha256);
  }
  std::transform(wanted.begin(), wanted.end(), wanted.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (wanted == digest) return Ok();
  return DataLoss("its checksum is {} and should be {}: it was not used", digest, wanted);
}

Status FetchUrl(const FeedSource& source, const HttpCall& base, const std::filesystem::path& folder,
                const FeedMemory& memory, FeedAttempt& attempt) {
  HttpCall call = base;
  call.url = source.url;
  if (memory.source == source.url && !memory.etag.empty())
    call.headers.emplace_back("If-None-Match", memory.etag);
  if (memory.source == source.url && !memory.last_modified.empty())
    call.headers.emplace_back("If-Modified-Since", memory.last_modified);
  const std::filesystem::path file = folder / (source.name + ".part");
  Landing landing;
  DRIFTCAST_RETURN_IF_ERROR(landing.Open(file, source.bytes_max).status());
  const auto reply = FetchStream(call, [&](std::string_view bytes) { return landing.Take(bytes); });
  Status status = reply.status();
  if (status.ok()) status = landing.status();
  if (status.ok()) status = CheckAnswer(*reply, source.url, attempt);
  if (status.ok() && !attempt.unchanged) status = CheckSum(source, base, landing.Digest());
  if (status.ok() && !attempt.unchanged) {
    auto read = ReadFeedFiles({file}, source.format);
    status = read.status();
    if (read.ok()) attempt.file = *std::move(read);
  }
  if (status.ok())
    attempt.memory = {source.url, std::string(reply->Header("etag")),
                      std::string(reply->Header("last-modified")), ""};
  if (attempt.unchanged) attempt.memory = memory;
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  return status;
}

// The files that a pattern means, sorted: a folder's own, or those whose name fits the last part.
std::vector<std::filesystem::path> Expand(const std::string& pattern) {
  const std::filesystem::path path(pattern);
  std::error_code error;
  const bool folder = std::filesystem::is_directory(path, error);
  const std::string last = folder ? "*" : path.filename().string();
  const size_t star = last.find('*');
  if (star == std::string::npos) return {path};
  std::vector<std::filesystem::path> found;
  const std::string head = last.substr(0, star), tail = last.substr(star + 1);
  for (const auto& entry :
       std::filesystem::directory_iterator(folder ? path : path.parent_path(), error)) {
    const std::string name = entry.path().filename().string();
    const bool fits = name.size() >= head.size() + tail.size() && name.starts_with(head) &&
                      name.ends_with(tail) && name[0] != '.';
    if (fits && entry.is_regular_file(error)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Status ReadFiles(const FeedSource& source, const FeedMemory& memory, FeedAttempt& attempt) {
  std::vector<std::filesystem::path> files;
  for (const std::string& pattern : source.files)
    for (auto& file : Expand(pattern)) files.push_back(std::move(file));
  if (files.empty()) return NotFound("no file fits {}", source.files[0]);
  std::string seen;
  std::error_code error;
  for (const auto& file : files)
    seen += fmt::format("{} {} {}\n", file.string(), std::filesystem::file_size(file, error),
                        std::filesystem::last_write_time(file, error).time_since_epoch().count());
  attempt.memory = {source.files[0], Hex(Sha256(seen)), "", ""};
  attempt.unchanged = memory.source == attempt.memory.source && memory.etag == attempt.memory.etag;
  if (attempt.unchanged) return Ok();
  DRIFTCAST_ASSIGN_OR_RETURN(attempt.file, ReadFeedFiles(files, source.format));
  return Ok();
}

StatusOr<HttpCall> BaseCall(const FeedSource& source, const std::string& proxy) {
  HttpCall call;
  call.timeout = source.timeout;
  call.redirects_max = 5;
  call.proxy = proxy;
  call.headers.emplace_back("User-Agent", "driftcast");
  if (!source.ca_file.empty()) {
    DRIFTCAST_ASSIGN_OR_RETURN(call.authorities, ReadFile(source.ca_file, 4 << 20));
  }
  if (!source.token_file.empty()) {
    DRIFTCAST_ASSIGN_OR_RETURN(const std::string token, Secret(source.token_file));
    call.headers.emplace_back("Authorization", "Bearer " + token);
  } else if (!source.user.empty()) {
    std::string password;
    if (!source.password_file.empty()) {
      DRIFTCAST_ASSIGN_OR_RETURN(password, Secret(source.password_file));
    }
    call.headers.emplace_back("Authorization", "Basic " + Base64(source.user + ":" + password));
  }
  return call;
}

Status Attempt(const FeedSource& source, const std::string& proxy,
               const std::filesystem::path& folder, const FeedMemory& memory,
               FeedAttempt& attempt) {
  if (!source.files.empty()) return ReadFiles(source, memory, attempt);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return PermissionDenied("creating {}: {}", folder.string(), error.message());
  DRIFTCAST_ASSIGN_OR_RETURN(const HttpCall base, BaseCall(source, proxy));
  if (!source.taxii.empty()) return FetchTaxii(source, base, folder, memory, attempt);
  return FetchUrl(source, base, folder, memory, attempt);
}

}  // namespace

std::string FeedMemory::ToText() const {
  return nlohmann::json{{"source", source},
                        {"etag", etag},
                        {"last_modified", last_modified},
                        {"added_after", added_after}}
      .dump();
}

FeedMemory FeedMemory::FromText(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  FeedMemory memory;
  if (!json.is_object()) return memory;
  const auto read = [&](const char* name, std::string& out) {
    if (json.contains(name) && json[name].is_string()) out = json[name].get<std::string>();
  };
  read("source", memory.source);
  read("etag", memory.etag);
  read("last_modified", memory.last_modified);
  read("added_after", memory.added_after);
  return memory;
}

Status CheckAnswer(const HttpReply& reply, const std::string& url, FeedAttempt& attempt) {
  if (reply.status == 200) return Ok();
  if (reply.status == 304) {
    attempt.unchanged = true;
    return Ok();
  }
  attempt.retry_after = RetryAfter(reply);
  if (reply.status == 401 || reply.status == 403)
    return PermissionDenied("{} answered {}: it wants other credentials", url, reply.status);
  if (reply.status == 404) return NotFound("{} answered 404: there is nothing", url);
  return Unavailable("{} answered {}", url, reply.status);
}

FeedAttempt FetchFeed(const FeedSource& source, const std::string& proxy,
                      const std::filesystem::path& folder, const FeedMemory& memory) {
  FeedAttempt attempt;
  attempt.source = !source.url.empty()     ? source.url
                   : !source.taxii.empty() ? source.taxii
                                           : source.files[0];
  attempt.status = Attempt(source, proxy, folder, memory, attempt);
  return attempt;
}

}  // namespace driftcast
