#include "ingest/taxii.h"

#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "http/uri.h"

namespace driftcast {
namespace {

constexpr char kMedia[] = "application/taxii+json;version=2.1";
constexpr size_t kPageBytesMax = 64 << 20;
constexpr size_t kPagesMax = 10000;  // in a mirror; then it is read anew from the beginning

std::vector<std::filesystem::path> PagesIn(const std::filesystem::path& mirror) {
  std::vector<std::filesystem::path> pages;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(mirror, error))
    if (entry.path().extension() == ".json") pages.push_back(entry.path());
  std::sort(pages.begin(), pages.end());
  return pages;
}

// What a page says about the next one.
struct PageHead {
  bool more = false, empty = true;
  std::string next;
};

StatusOr<PageHead> ReadHead(const std::string& body, const std::string& url) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object()) return DataLoss("{}: the page is no JSON object", url);
  PageHead head;
  head.more = json.contains("more") && json["more"].is_boolean() && json["more"].get<bool>();
  if (json.contains("next") && json["next"].is_string()) head.next = json["next"];
  head.empty = !json.contains("objects") || !json["objects"].is_array() || json["objects"].empty();
  return head;
}

// One reading: asks for pages until there are no more.
class Reading {
 public:
  Reading(const FeedSource& source, const HttpCall& base, std::filesystem::path mirror,
          std::string added_after)
      : source_(source), base_(base), mirror_(std::move(mirror)), after_(std::move(added_after)) {
    number_ = PagesIn(mirror_).size();
  }

  Status Run(FeedAttempt& attempt) {
    for (size_t page = 0; page < kPagesMax; ++page) {
      DRIFTCAST_ASSIGN_OR_RETURN(const HttpReply reply, Fetch(Call()));
      DRIFTCAST_RETURN_IF_ERROR(CheckAnswer(reply, source_.taxii, attempt));
      if (attempt.unchanged) return Ok();
      DRIFTCAST_ASSIGN_OR_RETURN(const PageHead head, ReadHead(reply.body, source_.taxii));
      DRIFTCAST_RETURN_IF_ERROR(Keep(reply.body, head));
      const std::string last(reply.Header("x-taxii-date-added-last"));
      if (!last.empty()) newest_ = std::max(newest_, last);
      if (!head.more) return Ok();
      const bool moved = head.next.empty() ? !last.empty() && last != after_ : head.next != next_;
      if (!moved) return DataLoss("{} says that there is more and not where", source_.taxii);
      next_ = head.next;
      if (next_.empty()) after_ = last;
    }
    return ResourceExhausted("{} has more than {} pages", source_.taxii, kPagesMax);
  }

  void ThrowAway() const {
    std::error_code ignored;
    for (const auto& page : kept_) std::filesystem::remove(page, ignored);
  }
  bool any() const { return !kept_.empty(); }
  const std::string& newest() const { return newest_; }

 private:
  HttpCall Call() const {
    HttpCall call = base_;
    call.body_bytes_max = kPageBytesMax;
    call.headers.emplace_back("Accept", kMedia);
    call.url = source_.taxii + (source_.taxii.ends_with('/') ? "" : "/") + "objects/";
    std::string query;
    const auto add = [&](const char* name, const std::string& value) {
      if (!value.empty()) query += (query.empty() ? "?" : "&") + (name + PercentEncode(value));
    };
    add("added_after=", after_);
    add("next=", next_);
    call.url += query;
    return call;
  }

  Status Keep(const std::string& body, const PageHead& head) {
    if (head.empty) return Ok();
    bytes_ += body.size();
    if (bytes_ > source_.bytes_max)
      return ResourceExhausted("the collection is larger than {} bytes", source_.bytes_max);
    kept_.push_back(mirror_ / fmt::format("{:06}.json", ++number_));
    return WriteFileAtomically(kept_.back(), body, 0600);
  }

  const FeedSource& source_;
  const HttpCall& base_;
  const std::filesystem::path mirror_;
  std::string after_, next_, newest_;
  std::vector<std::filesystem::path> kept_;
  size_t number_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace

Status FetchTaxii(const FeedSource& source, const HttpCall& base,
                  const std::filesystem::path& folder, const FeedMemory& memory,
                  FeedAttempt& attempt) {
  const std::filesystem::path mirror = folder / (source.name + ".taxii");
  std::error_code error;
  std::string added_after = memory.source == source.taxii ? memory.added_after : "";
  if (added_after.empty() || PagesIn(mirror).size() >= kPagesMax) {
    std::filesystem::remove_all(mirror, error);
    added_after.clear();
  }
  std::filesystem::create_directories(mirror, error);
  if (error) return PermissionDenied("creating {}: {}", mirror.string(), error.message());
  Reading reading(source, base, mirror, added_after);
  Status status = reading.Run(attempt);
  attempt.unchanged = status.ok() && !reading.any() && !added_after.empty();
  if (status.ok() && !attempt.unchanged) {
    auto read = ReadFeedFiles(PagesIn(mirror), source.format.empty() ? "stix" : source.format);
    status = read.status();
    if (read.ok()) attempt.file = *std::move(read);
  }
  if (!status.ok()) reading.ThrowAway();
  attempt.memory = {source.taxii, "", "",
                    reading.newest().empty() ? added_after : reading.newest()};
  return status;
}

}  // namespace driftcast
