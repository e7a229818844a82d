#include "web/users.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "web/password.h"

namespace driftcast {
namespace {

using Json = nlohmann::json;

constexpr char kPrefix[] = "web/user/";
constexpr double kWrongOfOne = 5, kLeakOfOne = 0.1;
constexpr double kWrongOfAll = 60, kLeakOfAll = 1;

bool IsName(const std::string& name) {
  return !name.empty() && name.size() <= 64 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-' || c == '@';
         });
}

// What an unknown name is compared with, so that it takes as long as a known one.
const std::string& NobodysPassword() {
  static const std::string encoded = HashPassword("nobody has this password").value_or("");
  return encoded;
}

}  // namespace

bool Users::Tries::Patient(Instant now, double most, double leak_per_s) {
  wrong = std::max(0.0, wrong - std::max(0.0, Seconds(now - at)) * leak_per_s);
  at = now;
  return wrong < most;
}

Status Users::Load() {
  for (const auto& [key, value] : engine_.ListSettings(kPrefix)) {
    try {
      const Json json = Json::parse(value);
      Record record;
      record.user.name = key.substr(sizeof kPrefix - 1);
      DRIFTCAST_ASSIGN_OR_RETURN(record.user.role, ParseRole(json.at("role").get<std::string>()));
      record.user.stacks = json.at("stacks").get<StackScope>();
      record.user.created_at = FromUnixMicros(json.at("created_us").get<int64_t>());
      record.user.created_by = Principal(json.at("created_by").get<std::string>());
      record.password = json.at("password").get<std::string>();
      MutexLock lock(mutex_);
      records_[record.user.name] = std::move(record);
    } catch (const Json::exception& error) {
      return DataLoss("{} cannot be read: {}", key, error.what());
    }
  }
  return Ok();
}

std::vector<User> Users::All() const {
  std::vector<User> users;
  MutexLock lock(mutex_);
  for (const auto& [name, record] : records_) users.push_back(record.user);
  return users;
}

Status Users::Keep(Record record) {
  const User& user = record.user;
  const Json json = {{"role", RoleText(user.role)},
                     {"stacks", user.stacks},
                     {"created_us", ToUnixMicros(user.created_at)},
                     {"created_by", user.created_by.value},
                     {"password", record.password}};
  DRIFTCAST_RETURN_IF_ERROR(engine_.PutSetting(
      kPrefix + user.name, json.dump(-1, ' ', false, Json::error_handler_t::replace)));
  MutexLock lock(mutex_);
  records_[user.name] = std::move(record);
  return Ok();
}

Status Users::Add(const User& user, const std::string& password) {
  if (!IsName(user.name))
    return InvalidArgument("a name has 1 to 64 letters, digits and ._-@, not \"{}\"", user.name);
  {
    MutexLock lock(mutex_);
    if (records_.contains(user.name)) return AlreadyExists("there is a user {}", user.name);
  }
  Record record{user, ""};
  DRIFTCAST_ASSIGN_OR_RETURN(record.password, HashPassword(password));
  record.user.created_at = clock_->Now();
  DRIFTCAST_RETURN_IF_ERROR(engine_.AppendAudit(
      user.created_by, "user.made", user.name,
      fmt::format("role {}, stacks {}", RoleText(user.role),
                  user.stacks.empty() ? "all" : fmt::format("{}", fmt::join(user.stacks, " ")))));
  return Keep(std::move(record));
}

Status Users::Remove(const std::string& name, const Principal& by) {
  {
    MutexLock lock(mutex_);
    if (records_.erase(name) == 0) return NotFound("no user {}", name);
    tries_.erase(name);
  }
  DRIFTCAST_RETURN_IF_ERROR(engine_.DeleteSetting(kPrefix + name));
  return engine_.AppendAudit(by, "user.removed", name, "");
}

Status Users::ChangePassword(const std::string& name, const std::string& current,
                             const std::string& next) {
  DRIFTCAST_RETURN_IF_ERROR(Check(name, current).status());
  DRIFTCAST_ASSIGN_OR_RETURN(std::string encoded, HashPassword(next));
  Record record;
  {
    MutexLock lock(mutex_);
    const auto found = records_.find(name);
    if (found == records_.end()) return NotFound("no user {}", name);
    record = found->second;
  }
  record.password = std::move(encoded);
  DRIFTCAST_RETURN_IF_ERROR(Keep(std::move(record)));
  return engine_.AppendAudit(Principal(name), "user.password", name, "changed");
}

StatusOr<Grant> Users::Check(const std::string& name, const std::string& password) {
  std::string encoded = NobodysPassword();
  Grant grant;
  {
    MutexLock lock(mutex_);
    const Instant now = clock_->Now();
    const auto found = records_.find(name);
    const bool known = found != records_.end();
    if (!all_tries_.Patient(now, kWrongOfAll, kLeakOfAll) ||
        (known && !tries_[name].Patient(now, kWrongOfOne, kLeakOfOne)))
      return ResourceExhausted("too many wrong passwords; try again in ten seconds");
    if (known) {
      encoded = found->second.password;
      grant = {Principal(name), found->second.user.role, found->second.user.stacks};
    }
    // Counted before it is known: many at once are not all let through.
    ++all_tries_.wrong;
    if (known) ++tries_[name].wrong;
  }
  MutexLock one_at_a_time(hashing_);
  const bool right = PasswordMatches(encoded, password) && !grant.principal.empty();
  if (!right) return Unauthenticated("name or password is wrong");
  MutexLock lock(mutex_);
  --all_tries_.wrong;
  tries_.erase(name);
  return grant;
}

}  // namespace driftcast
