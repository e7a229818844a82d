// Talks to a running engine for the commands of the command line.
#ifndef DRIFTCAST_APPS_CLIENT_H_
#define DRIFTCAST_APPS_CLIENT_H_

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/status.h"

namespace CLI {
class App;
}

namespace driftcast {

using ClientJson = nlohmann::ordered_json;

// How a command finds its engine and how it answers; every client command has these options.
struct ClientOptions {
  std::string server;      // --server or $DRIFTCAST_SERVER; else DATA/engine.json says
  std::string data;        // --data
  std::string token_file;  // --token-file; else $DRIFTCAST_TOKEN, else DATA/token
  std::string ca_file;     // --ca-file: PEM that is trusted with https
  bool json = false;       // --json
};

// Adds the options to a command.
void AddClientOptions(CLI::App& command, ClientOptions& options);

// An address, and what opens it.
class EngineClient {
 public:
  // NotFound: no engine was started with this --data. Errors of reading the token.
  static StatusOr<EngineClient> Find(const ClientOptions& options);

  // The answer's JSON; null for an answer without a body. A refusal becomes a Status with what the
  // engine said: 400 InvalidArgument, 401 Unauthenticated, 403 PermissionDenied, 404 NotFound,
  // 409 FailedPrecondition, 429 ResourceExhausted, 503 Unavailable.
  StatusOr<ClientJson> Get(
      const std::string& path,
      const std::vector<std::pair<std::string, std::string>>& query = {}) const;
  StatusOr<ClientJson> Post(const std::string& path, const ClientJson& body) const;
  StatusOr<ClientJson> Delete(const std::string& path) const;

  // Gives a stream's bytes to `each` as they come, until it returns false or the engine ends it.
  Status Follow(const std::string& path, const std::function<bool(std::string_view)>& each) const;

  const std::string& url() const { return url_; }

 private:
  StatusOr<ClientJson> Send(const std::string& method, const std::string& path,
                            const std::string& body) const;

  std::string url_, token_, authorities_;
};

// Prints JSON for scripts, indented, with a line's end.
void PrintJson(const ClientJson& json);

}  // namespace driftcast

#endif  // DRIFTCAST_APPS_CLIENT_H_
