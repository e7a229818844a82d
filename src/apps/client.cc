#include "apps/client.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "apps/cli.h"
#include "base/file.h"
#include "http/client.h"
#include "http/uri.h"

namespace driftcast {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

StatusOr<std::string> ReadSecret(const std::filesystem::path& path) {
  auto text = ReadFile(path, 4096);
  if (!text.ok()) return text.status();
  while (!text->empty() && (text->back() == '\n' || text->back() == ' ')) text->pop_back();
  return *std::move(text);
}

StatusOr<std::string> AddressIn(const std::filesystem::path& data) {
  const auto text = ReadFile(data / "engine.json", 65536);
  if (!text.ok()) {
    return NotFound(
        "no engine runs with --data {} (start one with ./up or `driftcast engine`, or "
        "name one with --server URL)",
        data.string());
  }
  const auto json = ClientJson::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("url") || !json["url"].is_string()) {
    return DataLoss("{} does not say where the engine is", (data / "engine.json").string());
  }
  return json["url"].get<std::string>();
}

StatusOr<std::string> TokenFor(const ClientOptions& options) {
  if (!options.token_file.empty()) return ReadSecret(options.token_file);
  std::string token = Environment("DRIFTCAST_TOKEN");
  if (!token.empty()) return token;
  auto local = ReadSecret(std::filesystem::path(options.data) / "token");
  if (local.ok()) return local;
  if (!options.server.empty()) {
    return Unauthenticated("no token for {}: set DRIFTCAST_TOKEN or give --token-file",
                           options.server);
  }
  return Annotate(local.status(), "the token of the engine");
}

StatusCode CodeOf(int status) {
  switch (status) {
    case 400:
      return StatusCode::kInvalidArgument;
    case 401:
      return StatusCode::kUnauthenticated;
    case 403:
      return StatusCode::kPermissionDenied;
    case 404:
      return StatusCode::kNotFound;
    case 409:
      return StatusCode::kFailedPrecondition;
    case 429:
      return StatusCode::kResourceExhausted;
    case 503:
      return StatusCode::kUnavailable;
    default:
      return StatusCode::kInternal;
  }
}

// What the engine said was wrong, each fault on a line of its own.
Status Refusal(const HttpReply& reply) {
  const auto problem = ClientJson::parse(reply.body, nullptr, false);
  if (!problem.is_object() || !problem.contains("detail") || !problem["detail"].is_string()) {
    return Status(CodeOf(reply.status), fmt::format("the engine answered {}", reply.status));
  }
  std::string text = problem["detail"].get<std::string>();
  const auto errors = problem.value("errors", ClientJson::array());
  if (errors.size() > 1) {
    text = "the engine refused it:";
    for (const auto& error : errors) {
      text += "\n  " + error.value("where", "") + ": " + error.value("message", "");
    }
  }
  return Status(CodeOf(reply.status), text);
}

}  // namespace

void AddClientOptions(CLI::App& command, ClientOptions& options) {
  options.data = DefaultDataFolder();
  command.add_option("--server", options.server, "Address of the engine, https://host:port")
      ->envname("DRIFTCAST_SERVER");
  command.add_option("--data", options.data, "Data folder of an engine on this machine")
      ->capture_default_str();
  command.add_option("--token-file", options.token_file,
                     "File with an API token (default: $DRIFTCAST_TOKEN, else DATA/token)");
  command.add_option("--ca-file", options.ca_file, "PEM certificates to trust with https");
  command.add_flag("--json", options.json, "Print JSON for scripts");
}

StatusOr<EngineClient> EngineClient::Find(const ClientOptions& options) {
  EngineClient client;
  if (options.server.empty()) {
    auto url = AddressIn(options.data);
    if (!url.ok()) return url.status();
    client.url_ = *std::move(url);
  } else {
    client.url_ = options.server;
    while (client.url_.ends_with('/')) client.url_.pop_back();
  }
  auto token = TokenFor(options);
  if (!token.ok()) return token.status();
  client.token_ = *std::move(token);
  if (!options.ca_file.empty()) {
    auto authorities = ReadFile(options.ca_file);
    if (!authorities.ok()) return authorities.status();
    client.authorities_ = *std::move(authorities);
  }
  return client;
}

StatusOr<ClientJson> EngineClient::Send(const std::string& method, const std::string& path,
                                        const std::string& body) const {
  HttpCall call;
  call.method = method;
  call.url = url_ + path;
  call.headers = {{"Authorization", "Bearer " + token_}, {"Accept", "application/json"}};
  if (!body.empty()) call.headers.emplace_back("Content-Type", "application/json");
  call.body = body;
  call.authorities = authorities_;
  const auto reply = Fetch(call);
  if (!reply.ok()) return reply.status();
  if (reply->status >= 300) return Refusal(*reply);
  if (reply->body.empty()) return ClientJson();
  auto json = ClientJson::parse(reply->body, nullptr, false);
  if (json.is_discarded()) return DataLoss("{} does not answer like a Driftcast engine", url_);
  return json;
}

Status EngineClient::Follow(const std::string& path,
                            const std::function<bool(std::string_view)>& each) const {
  HttpCall call;
  call.url = url_ + path;
  call.headers = {{"Authorization", "Bearer " + token_}};
  call.timeout = Duration(0);
  call.authorities = authorities_;
  return FetchStream(call, each).status();
}

StatusOr<ClientJson> EngineClient::Get(
    const std::string& path, const std::vector<std::pair<std::string, std::string>>& query) const {
  std::string target = path;
  char mark = '?';
  for (const auto& [name, value] : query) {
    if (value.empty()) continue;
    target += mark + name + "=" + PercentEncode(value);
    mark = '&';
  }
  return Send("GET", target, "");
}

StatusOr<ClientJson> EngineClient::Post(const std::string& path, const ClientJson& body) const {
  return Send("POST", path, body.dump(-1, ' ', false, ClientJson::error_handler_t::replace));
}

StatusOr<ClientJson> EngineClient::Delete(const std::string& path) const {
  return Send("DELETE", path, "");
}

void PrintJson(const ClientJson& json) { std::printf("%s\n", json.dump(2).c_str()); }

}  // namespace driftcast
