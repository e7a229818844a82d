#include "collect/session_history.h"

#include <algorithm>

#include "collect/package_log.h"

namespace driftcast {
namespace {

constexpr const char* kWtmp = "/var/log/wtmp";
constexpr const char* kAuthLog = "/var/log/auth.log";
constexpr size_t kBytesMax = 4 << 20;
constexpr size_t kFileBytesMax = 256 << 20;
constexpr size_t kWtmpRecord = 384;
constexpr size_t kToldMax = 20000;
constexpr Duration kLogSilent = kDay * 7;  // then nobody writes auth.log any more

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

std::string SessionHistory::NameOfTeam(const std::string& user) const {
  const std::string team = teams_.TeamOf(user);
  if (team.empty()) return "";
  return "team-" +
         (people_ == People::kNames ? team : guard_.Fingerprint("team " + team).substr(0, 12));
}

void SessionHistory::Tell(const LoginSession& session, std::vector<ActivityReported>& out) const {
  ActivityReported activity;
  activity.kind = "login";
  activity.id = session.line + "@" + FormatInstant(session.started_at);
  activity.actor = NameOf(session.user);
  activity.text = activity.actor + " logged in on " + session.line +
                  (session.remote ? " from another host" : "");
  activity.started_at = session.started_at;
  activity.ended_at = session.ended_at.value_or(session.started_at);
  if (!session.ended_at) activity.details["state"] = "open";
  if (auto team = NameOfTeam(session.user); !team.empty())
    activity.details["team"] = std::move(team);
  out.push_back(std::move(activity));
}

// Several at one moment are told apart by their number: `same` counts them.
void SessionHistory::Tell(const Elevation& elevation, std::map<std::string, int>& same,
                          std::vector<ActivityReported>& out) const {
  ActivityReported activity;
  activity.kind = elevation.tool;
  activity.id = FormatInstant(elevation.at) + " " + NameOf(elevation.by);
  if (const int n = same[activity.id]++; n > 0) activity.id += " " + std::to_string(n);
  activity.actor = NameOf(elevation.by);
  activity.text = activity.actor + " became " + NameOf(elevation.as) + " by " + elevation.tool;
  if (!elevation.program.empty()) activity.text += " for " + elevation.program;
  activity.started_at = activity.ended_at = elevation.at;
  if (auto team = NameOfTeam(elevation.by); !team.empty())
    activity.details["team"] = std::move(team);
  out.push_back(std::move(activity));
}

void SessionHistory::AddFromJournal(Instant now, Instant since, std::vector<LoginSession>& logins,
                                    std::vector<Elevation>& elevations) {
  const auto auth = root_.Stat(kAuthLog);
  const Instant logged_until = auth.ok() ? FromUnixSeconds(auth->st_mtim.tv_sec) : Instant();
  const bool lacks_logins = !root_.Stat(kWtmp).ok();
  const bool lacks_elevations = logged_until < now - kLogSilent;
  if (!lacks_logins && !lacks_elevations) return;
  auto journal = journal_.Read(since);
  if (!journal.ok()) return;
  if (!journal->logins.empty() || !journal->elevations.empty()) journal_tells_ = true;
  if (lacks_logins) logins = std::move(journal->logins);
  for (Elevation& elevation : journal->elevations)
    if (lacks_elevations && elevation.at > logged_until) elevations.push_back(std::move(elevation));
}

void SessionHistory::Audited(const std::vector<AuditActivity>& audited,
                             std::vector<ActivityReported>& out) {
  if (audited.empty()) return;
  const bool logins = !root_.Stat(kWtmp).ok(), elevations = !root_.Stat(kAuthLog).ok();
  names_.Refresh();
  for (const AuditActivity& seen : audited) {
    ActivityReported activity;
    const std::string user = names_.User(static_cast<uint32_t>(seen.uid));
    activity.actor = NameOf(user);
    if (auto team = NameOfTeam(user); !team.empty()) activity.details["team"] = std::move(team);
    activity.started_at = activity.ended_at = seen.at;
    activity.details["seen_by"] = "audit log";
    if (seen.kind == AuditActivity::Kind::kSudo) {
      if (!elevations || seen.program.empty()) continue;
      activity.kind = "sudo";
      activity.id = FormatInstant(seen.at) + " " + activity.actor;
      activity.text = activity.actor + " used sudo for " + seen.program;
    } else if (!logins) {
      continue;
    } else if (seen.kind == AuditActivity::Kind::kLogin) {
      activity.kind = "login";
      activity.id = "session " + std::to_string(seen.session) + "@" + FormatInstant(seen.at);
      activity.text = activity.actor + " logged in" +
                      (seen.terminal.empty() ? "" : " on " + seen.terminal) +
                      (seen.remote ? " from another host" : "");
      if (audited_open_.size() >= kToldMax) audited_open_.clear();
      audited_open_[seen.session] = activity;
      activity.details["state"] = "open";
    } else {
      const auto open = audited_open_.find(seen.session);
      if (open == audited_open_.end()) continue;
      activity = std::move(open->second);
      activity.ended_at = std::max(seen.at, activity.started_at);
      audited_open_.erase(open);
    }
    out.push_back(std::move(activity));
  }
}

std::vector<ActivityReported> SessionHistory::News(Instant now,
                                                   const std::vector<AuditActivity>& audited,
                                                   Duration first_window) {
  std::vector<ActivityReported> news;
  if (people_ == People::kOff) return news;
  const Instant since = now - first_window;
  teams_.Refresh();
  std::vector<LoginSession> logins = ParseWtmp(ReadEnd(kWtmp, wtmp_stamp_));
  std::vector<Elevation> elevations =
      ParseAuthLog(ReadEnd(kAuthLog, auth_stamp_), now, ReadLocalTime);
  AddFromJournal(now, since, logins, elevations);
  for (const LoginSession& session : logins)
    if (session.started_at >= since) Tell(session, news);
  std::map<std::string, int> same;
  for (const Elevation& elevation : elevations)
    if (elevation.at >= since) Tell(elevation, same, news);
  if (!journal_tells_) Audited(audited, news);
  std::erase_if(news, [&](const ActivityReported& activity) { return !IsNews(activity); });
  std::stable_sort(news.begin(), news.end(),
                   [](const auto& a, const auto& b) { return a.started_at < b.started_at; });
  return news;
}

}  // namespace driftcast
