// For end to end tests: the real engine as a child process, and its API.
#ifndef DRIFTCAST_TESTS_SUPPORT_ENGINE_PROGRAM_H_
#define DRIFTCAST_TESTS_SUPPORT_ENGINE_PROGRAM_H_

#include <cctype>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "http/client.h"
#include "support/program.h"

namespace driftcast {

class EngineProgram {
 public:
  // Everything is written below `folder`: "engine" (its data), "join", "engine.log".
  EngineProgram(std::string program, std::filesystem::path folder)
      : program_(std::move(program)), folder_(std::move(folder)) {}

  // True once it answers. Started again, it has the same gate.
  bool Start(const std::string& log_level = "info") {
    const std::string before = gate();
    const std::string port = before.empty() ? "0" : before.substr(before.rfind(':') + 1);
    std::error_code error;
    std::filesystem::remove(data() / "engine.json", error);
    process_ = std::make_unique<Program>(
        std::vector<std::string>{program_, "engine", "--data", data(), "--port", "0", "--gate-port",
                                 port, "--local-join", join_file(), "--log-level", log_level},
        folder_ / "engine.log");
    return Eventually([&] { return Address().contains("gate"); });
  }
  int End(int signal) { return process_ ? process_->End(signal) : 0; }
  pid_t pid() const { return process_->pid(); }

  std::filesystem::path data() const { return folder_ / "engine"; }
  std::string join_file() const { return folder_ / "join"; }
  std::string gate() const { return Address().value("gate", ""); }  // "127.0.0.1:7118"
  std::string url() const { return Address().value("url", ""); }

  std::string Token() const {
    auto token = ReadFile(data() / "token");
    if (!token.ok()) return "";
    while (!token->empty() && std::isspace(static_cast<unsigned char>(token->back())))
      token->pop_back();
    return *token;
  }
  // The body of a good answer; empty after any other.
  std::string Ask(const std::string& path) const { return Call("GET", path, ""); }
  nlohmann::json AskJson(const std::string& path) const { return Parse(Ask(path)); }
  nlohmann::json Post(const std::string& path, const nlohmann::json& body) const {
    return Parse(Call("POST", path, body.dump()));
  }

 private:
  nlohmann::json Address() const {
    const auto text = ReadFile(data() / "engine.json");
    return Parse(text.ok() ? *text : "");
  }
  // An object, empty when the text is none.
  static nlohmann::json Parse(const std::string& text) {
    auto json = nlohmann::json::parse(text, nullptr, false);
    return json.is_object() ? json : nlohmann::json::object();
  }
  std::string Call(const std::string& method, const std::string& path,
                   const std::string& body) const {
    HttpCall call;
    call.method = method;
    call.url = url() + path;
    call.body = body;
    call.headers = {{"Authorization", "Bearer " + Token()}, {"Content-Type", "application/json"}};
    const auto reply = Fetch(call);
    if (reply.ok() && reply->status / 100 == 2) return reply->body;
    last_refusal_ = reply.ok() ? reply->body : Message(reply.status());
    return "";
  }

 public:
  const std::string& last_refusal() const { return last_refusal_; }

 private:
  const std::string program_;
  const std::filesystem::path folder_;
  std::unique_ptr<Program> process_;
  mutable std::string last_refusal_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_TESTS_SUPPORT_ENGINE_PROGRAM_H_
