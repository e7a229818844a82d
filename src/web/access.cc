#include "web/access.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/crypto.h"
#include "base/log.h"

namespace driftcast {
namespace {

using Json = nlohmann::json;

constexpr double kWrongMax = 30;

std::string KeyOf(const char* family, const std::string& secret) {
  return std::string("web/") + family + "/" + Hex(Sha256(secret));
}

std::string CsrfOf(const std::string& cookie) {
  return Hex(HmacSha256(cookie, "driftcast csrf token"));
}

}  // namespace

const char* RoleText(Role role) {
  static constexpr const char* kNames[] = {"sender", "viewer", "operator", "approver", "admin"};
  return kNames[static_cast<size_t>(role)];
}

StatusOr<Role> ParseRole(const std::string& text) {
  for (const Role role :
       {Role::kSender, Role::kViewer, Role::kOperator, Role::kApprover, Role::kAdmin}) {
    if (text == RoleText(role)) return role;
  }
  return DataLoss("\"{}\" is not a role", text);
}

std::string Access::Encode(const Record& record) {
  return Json({{"principal", record.principal.value},
               {"role", RoleText(record.role)},
               {"stacks", record.stacks},
               {"id", record.id},
               {"name", record.name},
               {"created_us", ToUnixMicros(record.created_at)},
               {"expires_us", ToUnixMicros(record.expires_at)},
               {"created_by", record.created_by.value}})
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

StatusOr<Access::Record> Access::Decode(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    Record record;
    record.principal = Principal(json.at("principal").get<std::string>());
    const auto role = ParseRole(json.at("role").get<std::string>());
    if (!role.ok()) return role.status();
    record.role = *role;
    record.stacks = json.value("stacks", StackScope());
    record.id = json.at("id").get<std::string>();
    record.name = json.at("name").get<std::string>();
    record.created_at = FromUnixMicros(json.at("created_us").get<int64_t>());
    record.expires_at = FromUnixMicros(json.at("expires_us").get<int64_t>());
    record.created_by = Principal(json.at("created_by").get<std::string>());
    return record;
  } catch (const Json::exception& error) {
    return DataLoss("a record of sessions and tokens cannot be read: {}", error.what());
  }
}

Status Access::Load() {
  for (const char* prefix : {"web/link/", "web/session/", "web/token/"}) {
    for (const auto& [key, value] : engine_.ListSettings(prefix)) {
      auto record = Decode(value);
      if (!record.ok()) return Annotate(record.status(), key);
      MutexLock lock(mutex_);
      records_[key] = *std::move(record);
    }
  }
  DropExpired();
  return Ok();
}

Status Access::Keep(const std::string& key, Record record) {
  DRIFTCAST_RETURN_IF_ERROR(engine_.PutSetting(key, Encode(record)));
  MutexLock lock(mutex_);
  records_[key] = std::move(record);
  return Ok();
}

Status Access::Drop(const std::string& key) {
  {
    MutexLock lock(mutex_);
    if (records_.erase(key) == 0) return NotFound("it is gone already");
  }
  return engine_.DeleteSetting(key);
}

std::optional<Access::Record> Access::Find(const std::string& key) const {
  MutexLock lock(mutex_);
  const auto found = records_.find(key);
  if (found == records_.end()) return std::nullopt;
  const Instant expires_at = found->second.expires_at;
  if (expires_at != Instant() && expires_at <= clock_->Now()) return std::nullopt;
  return found->second;
}

void Access::DropExpired() {
  std::vector<std::string> ended;
  {
    MutexLock lock(mutex_);
    for (const auto& [key, record] : records_) {
      if (record.expires_at != Instant() && record.expires_at <= clock_->Now()) {
        ended.push_back(key);
      }
    }
  }
  for (const std::string& key : ended) {
    if (const Status status = Drop(key); !status.ok()) {
      Log("web").warn("access.drop_failed error={}", Describe(status));
    }
  }
}

StatusOr<Secret> Access::MakeLink(const Principal& principal, Role role) {
  DropExpired();
  Record record;
  record.principal = record.created_by = principal;
  record.role = role;
  record.created_at = clock_->Now();
  record.expires_at = record.created_at + kLinkLife;
  Secret secret{Hex(RandomBytes(32)), "", record.expires_at};
  DRIFTCAST_RETURN_IF_ERROR(Keep(KeyOf("link", secret.text), std::move(record)));
  return secret;
}

StatusOr<Secret> Access::OpenSession(const std::string& link) {
  const std::string key = KeyOf("link", link);
  const auto found = Find(key);
  // Whoever drops it first has it: two requests with one link open one session.
  if (!found || !Drop(key).ok()) {
    if (!Patient()) return ResourceExhausted("too many wrong links; try again in a minute");
    NoteWrong();
    return Unauthenticated("this link was used or has expired; `driftcast login` makes a new one");
  }
  return OpenSession(Grant{found->principal, found->role, found->stacks}, "one-time link");
}

StatusOr<Secret> Access::OpenSession(const Grant& grant, const std::string& how) {
  DropExpired();
  Record record;
  record.principal = record.created_by = grant.principal;
  record.role = grant.role;
  record.stacks = grant.stacks;
  record.created_at = clock_->Now();
  record.expires_at = record.created_at + kSessionLife;
  Secret secret{Hex(RandomBytes(32)), "", record.expires_at};
  DRIFTCAST_RETURN_IF_ERROR(
      engine_.AppendAudit(record.principal, "session.opened", record.principal.value,
                          fmt::format("{}, role {}", how, RoleText(record.role))));
  DRIFTCAST_RETURN_IF_ERROR(Keep(KeyOf("session", secret.text), std::move(record)));
  return secret;
}

Status Access::CloseSessionsOf(const Principal& principal) {
  std::vector<std::string> theirs;
  {
    MutexLock lock(mutex_);
    for (const auto& [key, record] : records_)
      if (record.principal == principal && !key.starts_with("web/token/")) theirs.push_back(key);
  }
  for (const std::string& key : theirs) {
    if (const Status status = Drop(key); !status.ok() && status.code() != StatusCode::kNotFound)
      return status;
  }
  return Ok();
}

Status Access::CloseSession(const Caller& caller) {
  DRIFTCAST_RETURN_IF_ERROR(Drop(caller.credential));
  return engine_.AppendAudit(caller.principal, "session.closed", caller.principal.value, "");
}

StatusOr<Secret> Access::MakeToken(const std::string& name, Role role, const StackScope& stacks,
                                   Instant expires_at, const Principal& by) {
  DropExpired();
  Record record;
  record.id = Hex(RandomBytes(6));
  record.name = name;
  record.principal = Principal("token:" + name);
  record.role = role;
  record.stacks = stacks;
  record.created_at = clock_->Now();
  record.expires_at = expires_at;
  record.created_by = by;
  Secret secret{"dct_" + Hex(RandomBytes(32)), record.id, expires_at};
  DRIFTCAST_RETURN_IF_ERROR(engine_.AppendAudit(
      by, "token.made", record.id, fmt::format("\"{}\", role {}", name, RoleText(role))));
  DRIFTCAST_RETURN_IF_ERROR(Keep(KeyOf("token", secret.text), std::move(record)));
  return secret;
}

Status Access::AdoptLocalToken(const std::string& secret) {
  const std::string key = KeyOf("token", secret);
  if (Find(key)) return Ok();
  for (const ApiToken& token : Tokens()) {  // of a file that is gone
    if (token.id == "local") DRIFTCAST_RETURN_IF_ERROR(RevokeToken("local", Principal("engine")));
  }
  Record record;
  record.id = "local";
  record.name = "commands on the engine's machine";
  record.principal = Principal("local");
  record.created_by = Principal("engine");
  record.role = Role::kAdmin;
  record.created_at = clock_->Now();
  return Keep(key, std::move(record));
}

Status Access::RevokeToken(const std::string& id, const Principal& by) {
  std::string key;
  {
    MutexLock lock(mutex_);
    for (const auto& [candidate, record] : records_) {
      if (record.id == id && candidate.starts_with("web/token/")) key = candidate;
    }
  }
  if (key.empty()) return NotFound("no API token {}", id);
  DRIFTCAST_RETURN_IF_ERROR(Drop(key));
  return engine_.AppendAudit(by, "token.revoked", id, "");
}

std::vector<ApiToken> Access::Tokens() const {
  std::vector<ApiToken> tokens;
  MutexLock lock(mutex_);
  for (const auto& [key, record] : records_) {
    if (!key.starts_with("web/token/")) continue;
    tokens.push_back({record.id, record.name, record.role, record.stacks, record.created_at,
                      record.expires_at, record.last_used_at, record.created_by});
  }
  std::sort(tokens.begin(), tokens.end(), [](const ApiToken& a, const ApiToken& b) {
    return std::tie(a.created_at, a.id) < std::tie(b.created_at, b.id);
  });
  return tokens;
}

bool Access::Stands(const std::string& credential) const { return Find(credential).has_value(); }

bool Access::Patient() {
  MutexLock lock(mutex_);
  const Instant now = clock_->Now();
  wrong_ = std::max(0.0, wrong_ - std::max(0.0, Seconds(now - wrong_at_)));
  wrong_at_ = now;
  return wrong_ < kWrongMax;
}

void Access::NoteWrong() {
  MutexLock lock(mutex_);
  wrong_ += 1;
}

StatusOr<Caller> Access::CallerOf(const std::string& key, const std::string& csrf) {
  MutexLock lock(mutex_);
  const auto found = records_.find(key);
  const Instant now = clock_->Now();
  if (found == records_.end() ||
      (found->second.expires_at != Instant() && found->second.expires_at <= now)) {
    return Unauthenticated("not known here, or ended");
  }
  found->second.last_used_at = now;
  return Caller{found->second.principal, found->second.role, found->second.stacks, key, csrf,
                found->second.expires_at};
}

StatusOr<Caller> Access::IdentifyToken(const std::string& secret) {
  auto caller = CallerOf(KeyOf("token", secret), "");
  if (caller.ok()) return caller;
  if (!Patient()) return ResourceExhausted("too many wrong tokens; try again in a minute");
  NoteWrong();
  return Unauthenticated("this token is not known here or was revoked");
}

StatusOr<Caller> Access::Identify(const HttpRequest& request) {
  static constexpr std::string_view kBearer = "Bearer ";
  const std::string_view header = request.Header("authorization");
  if (header.starts_with(kBearer)) return IdentifyToken(std::string(header.substr(kBearer.size())));
  const std::string cookie = request.Cookie(kCookie);
  if (!cookie.empty()) {
    auto caller = CallerOf(KeyOf("session", cookie), CsrfOf(cookie));
    if (caller.ok()) return caller;
  }
  return Unauthenticated(
      "sign in: open the link that ./up or `driftcast login` prints, or send a token");
}

}  // namespace driftcast
