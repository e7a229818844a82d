#include "collect/session_history.h"

#include <algorithm>

#include "collect/package_log.h"
#include "collect/session_log.h"

namespace driftcast {
namespace {

constexpr const char* kWtmp = "/var/log/wtmp";
constexpr const char* kAuthLog = "/var/log/auth.log";
constexpr size_t kBytesMax = 4 << 20;
constexpr size_t kFileBytesMax = 256 << 20;
constexpr size_t kWtmpRecord = 384;
constexpr size_t kToldMax = 20000;

}  // namespace

std::string SessionHistory::NameOf(const std::string& user) const {
  if (people_ == People::kNames || user == "root") return user;
  return "person-" + guard_.Fingerprint("person " + user).substr(0, 12);
}

// The last part of a log that has changed since; empty when it has not, or cannot be read.
std::string SessionHistory::ReadEnd(const std::string& path, int64_t& stamp) {
  const auto info = root_.Stat(path);
  if (!info.ok()) return "";
  const int64_t now = info->st_mtim.tv_sec * 1'000'000'000 + info->st_mtim.tv_nsec + info->st_size;
  if (now == stamp) return "";
  auto text = root_.Read(path, kFileBytesMax);
  if (!text.ok()) return "";
  stamp = now;
  if (text->size() <= kBytesMax) return *std::move(text);
  size_t cut = text->size() - kBytesMax;
  if (path == kWtmp) cut += (kWtmpRecord - cut % kWtmpRecord) % kWtmpRecord;
  return text->substr(cut);
}

bool SessionHistory::IsNews(const ActivityReported& activity) {
  if (told_.size() > kToldMax) told_.clear();  // told again is known to the engine by its id
  const auto [told, is_new] =
      told_.try_emplace(activity.kind + " " + activity.id, activity.ended_at);
  if (is_new) return true;
  if (told->second == activity.ended_at) return false;
  told->second = activity.ended_at;
  return true;
}

void SessionHistory::Logins(Instant since, std::vector<ActivityReported>& out) {
  for (const LoginSession& session : ParseWtmp(ReadEnd(kWtmp, wtmp_stamp_))) {
    if (session.started_at < since) continue;
    ActivityReported activity;
    activity.kind = "login";
    activity.id = session.line + "@" + FormatInstant(session.started_at);
    activity.actor = NameOf(session.user);
    activity.text = activity.actor + " logged in on " + session.line +
                    (session.remote ? " from another host" : "");
    activity.started_at = session.started_at;
    activity.ended_at = session.ended_at.value_or(session.started_at);
    if (!session.ended_at) activity.details["state"] = "open";
    out.push_back(std::move(activity));
  }
}

void SessionHistory::Elevations(Instant now, Instant since, std::vector<ActivityReported>& out) {
  std::map<std::string, int> same;  // several at one moment are told apart by their number
  for (const Elevation& elevation :
       ParseAuthLog(ReadEnd(kAuthLog, auth_stamp_), now, ReadLocalTime)) {
    if (elevation.at < since) continue;
    ActivityReported activity;
    activity.kind = elevation.tool;
    activity.id = FormatInstant(elevation.at) + " " + NameOf(elevation.by);
    if (const int n = same[activity.id]++; n > 0) activity.id += " " + std::to_string(n);
    activity.actor = NameOf(elevation.by);
    activity.text = activity.actor + " became " + NameOf(elevation.as) + " by " + elevation.tool;
    if (!elevation.program.empty()) activity.text += " for " + elevation.program;
    activity.started_at = activity.ended_at = elevation.at;
    out.push_back(std::move(activity));
  }
}

std::vector<ActivityReported> SessionHistory::News(Instant now, Duration first_window) {
  std::vector<ActivityReported> news;
  if (people_ == People::kOff) return news;
  const Instant since = now - first_window;
  Logins(since, news);
  Elevations(now, since, news);
  std::erase_if(news, [&](const ActivityReported& activity) { return !IsNews(activity); });
  std::stable_sort(news.begin(), news.end(),
                   [](const auto& a, const auto& b) { return a.started_at < b.started_at; });
  return news;
}

}  // namespace driftcast
