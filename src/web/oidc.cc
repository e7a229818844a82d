#include "web/oidc.h"

#include <algorithm>
#include <initializer_list>

#include <nlohmann/json.hpp>

#include "base/crypto.h"
#include "http/client.h"
#include "web/id_token.h"

namespace driftcast {
namespace {

using Json = nlohmann::json;

constexpr Duration kPatience = 10 * kMinute;  // from going to the provider to coming back
constexpr size_t kStartedMax = 1000;
constexpr Duration kTimeout = 10 * kSecond;

std::string Escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    escaped += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return escaped;
}

std::string Form(std::initializer_list<std::pair<const char*, std::string>> fields) {
  std::string form;
  for (const auto& [name, value] : fields) {
    if (!form.empty()) form += '&';
    form += name + std::string("=") + Escape(value);
  }
  return form;
}

bool IsTrustworthy(const std::string& url) {
  return url.starts_with("https://") || url.starts_with("http://127.0.0.1:") ||
         url.starts_with("http://[::1]:") || url.starts_with("http://localhost:");
}

bool HasValue(const Json& claim, const std::string& value) {
  if (claim.is_string()) return claim == value;
  return claim.is_array() && std::ranges::count(claim, Json(value)) > 0;
}

StatusOr<OidcOptions::Rule> ParseRule(const Json& json) {
  OidcOptions::Rule rule;
  rule.value = json.at("value").get<std::string>();
  const auto role = ParseRole(json.at("role").get<std::string>());
  if (!role.ok()) return InvalidArgument("{}", Message(role.status()));
  rule.role = *role;
  rule.stacks = json.value("stacks", StackScope());
  return rule;
}

}  // namespace

StatusOr<OidcOptions> ParseOidcOptions(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    OidcOptions options;
    const std::map<std::string, std::string*> texts = {{"issuer", &options.issuer},
                                                       {"client_id", &options.client_id},
                                                       {"client_secret", &options.client_secret},
                                                       {"title", &options.title},
                                                       {"scopes", &options.scopes},
                                                       {"name_claim", &options.name_claim},
                                                       {"role_claim", &options.role_claim},
                                                       {"authorities", &options.authorities}};
    for (const auto& [name, value] : json.items()) {
      if (name == "roles") {
        for (const Json& rule : value) {
          DRIFTCAST_ASSIGN_OR_RETURN(auto parsed, ParseRule(rule));
          options.roles.push_back(std::move(parsed));
        }
      } else if (const auto found = texts.find(name); found != texts.end()) {
        *found->second = value.get<std::string>();
      } else {
        return InvalidArgument("\"{}\" is not known here", name);
      }
    }
    if (!IsTrustworthy(options.issuer))
      return InvalidArgument("\"issuer\" must be an https address, or http on this machine");
    if (options.client_id.empty()) return InvalidArgument("\"client_id\" is missing");
    if (options.roles.empty())
      return InvalidArgument("\"roles\" is missing: without it nobody could sign in");
    return options;
  } catch (const Json::exception& error) {
    return InvalidArgument("not as expected: {}", error.what());
  }
}

StatusOr<Grant> GrantFor(const Json& claims, const OidcOptions& options) {
  std::string name;
  for (const std::string& claim : {options.name_claim, std::string("email"), std::string("sub")}) {
    const Json value = claims.value(claim, Json());
    if (name.empty() && value.is_string()) name = value.get<std::string>();
  }
  if (name.empty() || name.size() > 200) return PermissionDenied("the provider names nobody");
  const Json claim = claims.value(options.role_claim, Json());
  const OidcOptions::Rule* best = nullptr;
  for (const OidcOptions::Rule& rule : options.roles) {
    if (rule.value != "*" && !HasValue(claim, rule.value)) continue;
    if (best == nullptr || rule.role > best->role) best = &rule;
  }
  if (best == nullptr)
    return PermissionDenied("{} is known to the provider, and has no role here", name);
  return Grant{Principal("oidc:" + name), best->role, best->stacks};
}

StatusOr<Json> Oidc::GetJson(const std::string& url) const {
  if (!IsTrustworthy(url)) return PermissionDenied("{} is not an https address", url);
  HttpCall call;
  call.url = url;
  call.timeout = kTimeout;
  call.body_bytes_max = 1 << 20;
  call.authorities = options_.authorities;
  DRIFTCAST_ASSIGN_OR_RETURN(const HttpReply reply, Fetch(call));
  const Json json = Json::parse(reply.body, nullptr, false);
  if (reply.status != 200 || !json.is_object())
    return Unavailable("{} answers {}, not with a JSON object", url, reply.status);
  return json;
}

Status Oidc::Discover() {
  {
    MutexLock lock(mutex_);
    if (!authorize_url_.empty()) return Ok();
  }
  std::string base = options_.issuer;
  while (base.ends_with('/')) base.pop_back();
  DRIFTCAST_ASSIGN_OR_RETURN(const Json about, GetJson(base + "/.well-known/openid-configuration"));
  try {
    if (about.at("issuer") != options_.issuer)
      return Unavailable("the provider calls itself {}", about.at("issuer").dump());
    MutexLock lock(mutex_);
    token_url_ = about.at("token_endpoint").get<std::string>();
    keys_url_ = about.at("jwks_uri").get<std::string>();
    authorize_url_ = about.at("authorization_endpoint").get<std::string>();
    return Ok();
  } catch (const Json::exception& error) {
    return Unavailable("the provider's description cannot be read: {}", error.what());
  }
}

Status Oidc::FetchKeys() {
  std::string url;
  {
    MutexLock lock(mutex_);
    url = keys_url_;
  }
  DRIFTCAST_ASSIGN_OR_RETURN(const Json keys, GetJson(url));
  MutexLock lock(mutex_);
  keys_ = keys.dump();
  return Ok();
}

StatusOr<Oidc::Departure> Oidc::Begin(const std::string& redirect_uri) {
  DRIFTCAST_RETURN_IF_ERROR(Discover());
  Started started{Hex(RandomBytes(32)), Base64Url(RandomBytes(48)), Hex(RandomBytes(16)),
                  redirect_uri, clock_->Now()};
  const std::string state = Hex(RandomBytes(32));
  MutexLock lock(mutex_);
  std::erase_if(started_,
                [&](const auto& entry) { return entry.second.at + kPatience <= started.at; });
  if (started_.size() >= kStartedMax)
    return ResourceExhausted("too many are signing in; try again in a minute");
  Departure departure;
  departure.cookie = started.cookie;
  departure.url = authorize_url_ + (authorize_url_.find('?') == std::string::npos ? "?" : "&") +
                  Form({{"response_type", "code"},
                        {"client_id", options_.client_id},
                        {"redirect_uri", redirect_uri},
                        {"scope", options_.scopes},
                        {"state", state},
                        {"nonce", started.nonce},
                        {"code_challenge", Base64Url(Sha256(started.verifier))},
                        {"code_challenge_method", "S256"}});
  started_[state] = std::move(started);
  return departure;
}

StatusOr<std::string> Oidc::Exchange(const std::string& code, const Started& started) {
  HttpCall call;
  {
    MutexLock lock(mutex_);
    call.url = token_url_;
  }
  if (!IsTrustworthy(call.url)) return PermissionDenied("{} is not an https address", call.url);
  call.method = "POST";
  call.timeout = kTimeout;
  call.body_bytes_max = 1 << 20;
  call.authorities = options_.authorities;
  call.headers = {{"content-type", "application/x-www-form-urlencoded"},
                  {"accept", "application/json"}};
  if (!options_.client_secret.empty())
    call.headers.emplace_back("authorization", "Basic " + Base64(Escape(options_.client_id) + ":" +
                                                                 Escape(options_.client_secret)));
  call.body = Form({{"grant_type", "authorization_code"},
                    {"code", code},
                    {"redirect_uri", started.redirect_uri},
                    {"client_id", options_.client_id},
                    {"code_verifier", started.verifier}});
  DRIFTCAST_ASSIGN_OR_RETURN(const HttpReply reply, Fetch(call));
  const Json json = Json::parse(reply.body, nullptr, false);
  if (reply.status != 200 || !json.is_object() || !json.contains("id_token") ||
      !json["id_token"].is_string())
    return PermissionDenied("the provider refuses to say who this is (status {})", reply.status);
  return json["id_token"].get<std::string>();
}

StatusOr<Grant> Oidc::Finish(const std::string& state, const std::string& code,
                             const std::string& cookie) {
  Started started;
  {
    MutexLock lock(mutex_);
    const auto found = started_.find(state);
    if (found == started_.end() || found->second.at + kPatience <= clock_->Now())
      return PermissionDenied("this sign-in was not begun here, or took too long; begin again");
    if (!ConstantTimeEqual(found->second.cookie, cookie))
      return PermissionDenied("this sign-in was begun in another browser");
    started = found->second;
    started_.erase(found);
  }
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string token, Exchange(code, started));
  const IdTokenRule rule{options_.issuer, options_.client_id, started.nonce, clock_->Now()};
  // Providers change their keys: an unknown one is a reason to ask once more.
  for (const bool again : {false, true}) {
    Json keys;
    {
      MutexLock lock(mutex_);
      keys = Json::parse(keys_, nullptr, false);
    }
    if (!again && !keys.is_object()) continue;
    if (again) {
      DRIFTCAST_RETURN_IF_ERROR(FetchKeys());
      MutexLock lock(mutex_);
      keys = Json::parse(keys_, nullptr, false);
    }
    const auto claims = CheckIdToken(token, keys, rule);
    if (claims.ok()) return GrantFor(*claims, options_);
    if (again || claims.status().code() != StatusCode::kNotFound)
      return PermissionDenied("{}", Message(claims.status()));
  }
  return PermissionDenied("the provider's keys cannot be had");
}

}  // namespace driftcast
