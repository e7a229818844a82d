// No secret leaves its host: two hundred of them are planted in forty formats on a made-up host,
// the real agent reports it to the real engine, and afterwards each is searched for in everything
// that either wrote (spool, store, write-ahead log, program logs) and in what the API answers.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "collect/planted_secrets.h"
#include "http/client.h"
#include "store/rocksdb_store.h"

namespace driftcast {
namespace {

// A child process whose output goes to a file; ended with the object.
class Program {
 public:
  Program(std::vector<std::string> command, const std::filesystem::path& log) {
    pid_ = fork();
    if (pid_ != 0) return;
    FileDescriptor out(creat(log.c_str(), 0600));
    dup2(out.get(), STDOUT_FILENO);
    dup2(out.get(), STDERR_FILENO);
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  ~Program() { Stop(); }

  int Stop() {
    if (pid_ <= 0) return 0;
    kill(pid_, SIGTERM);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
};

class SecretsTest : public testing::Test {
 protected:
  SecretsTest() {
    std::string name = std::filesystem::temp_directory_path() / "driftcast_secrets_XXXXXX";
    folder_ = mkdtemp(name.data());
    for (const PlantedFile& file : PlantSecrets(mint_))
      host_.Write(file.path, file.content, file.mode);
  }
  ~SecretsTest() override { std::filesystem::remove_all(folder_); }

  nlohmann::json Address() const {
    const auto text = ReadFile(folder_ / "engine" / "engine.json");
    return text.ok() ? nlohmann::json::parse(*text, nullptr, false) : nlohmann::json();
  }

  std::string Ask(const std::string& path) const {
    HttpCall call;
    call.url = Address()["url"].get<std::string>() + path;
    call.headers.push_back({"Authorization", "Bearer " + Token()});
    const auto reply = Fetch(call);
    return reply.ok() && reply->status == 200 ? reply->body : "";
  }
  std::string Token() const {
    std::string token = *ReadFile(folder_ / "engine" / "token");
    while (!token.empty() && std::isspace(static_cast<unsigned char>(token.back())))
      token.pop_back();
    return token;
  }

  // Waits, at most a minute, until `condition` holds.
  template <typename Condition>
  static bool Eventually(Condition condition) {
    for (int i = 0; i < 600; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }

  void ExpectNoSecret(const std::string& text, const std::string& where) const {
    for (const std::string& secret : mint_.all())
      EXPECT_EQ(text.find(secret), std::string::npos) << secret << " is in " << where;
  }

  SecretMint mint_{7};
  ScratchRoot host_;
  std::filesystem::path folder_;
};

TEST_F(SecretsTest, NoneOfTwoHundredIsInSpoolStoreLogsOrAnswers) {
  ASSERT_GE(mint_.all().size(), 200u);
  std::filesystem::create_directories(folder_ / "agent");
  Program engine({DRIFTCAST, "engine", "--data", folder_ / "engine", "--port", "0", "--local-join",
                  folder_ / "join", "--log-level", "debug"},
                 folder_ / "engine.log");
  ASSERT_TRUE(Eventually([&] { return Address().is_object() && Address().contains("gate"); }));
  Program agent({DRIFTCAST_AGENT, "--engine", Address()["gate"], "--data", folder_ / "agent",
                 "--join", "@" + (folder_ / "join").string(), "--stack", "scratch", "--root",
                 host_.Real("/etc").parent_path().string(), "--log-level", "debug"},
                folder_ / "agent.log");
  const auto total = [&] {
    const auto page =
        nlohmann::json::parse(Ask("/api/v1/resources?kind=file&limit=1"), nullptr, false);
    return page.is_object() ? page.value("total", 0) : 0;
  };
  ASSERT_TRUE(Eventually([&] { return total() >= 40; })) << total();
  // One of them changes, so that it travels as an event as well.
  host_.Write("/etc/app/app.ini", "[db]\npassword=" + mint_.Word() + "\n");
  ASSERT_TRUE(
      Eventually([&] { return Ask("/api/v1/drifts").find("app.ini") != std::string::npos; }));

  const auto page = nlohmann::json::parse(Ask("/api/v1/resources?kind=file&limit=1000"));
  for (const auto& row : page["rows"]) {
    std::string id = row["id"];
    for (size_t at = 0; (at = id.find(' ', at)) != std::string::npos;) id.replace(at, 1, "%20");
    ExpectNoSecret(Ask("/api/v1/resource?id=" + id), "the answer about " + id);
    ExpectNoSecret(Ask("/api/v1/resource/history?id=" + id), "the history of " + id);
  }
  ExpectNoSecret(Ask("/api/v1/drifts") + Ask("/api/v1/audit"), "drifts and audit");
  agent.Stop();
  engine.Stop();

  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    ExpectNoSecret({std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()},
                   entry.path().string());
  }
  // Files of the store are compressed; its entries are not.
  const auto store = OpenRocksDbStore(folder_ / "engine" / "store");
  ASSERT_TRUE(store.ok()) << Describe(store.status());
  size_t entries = 0;
  for (size_t table = 0; table < kTableCount; ++table)
    ASSERT_TRUE((*store)
                    ->Scan(static_cast<Table>(table), "", "",
                           [&](std::string_view key, std::string_view value) {
                             ++entries;
                             ExpectNoSecret(std::string(key) + std::string(value), "the store");
                             return true;
                           })
                    .ok());
  EXPECT_GT(entries, 100u);
}

}  // namespace
}  // namespace driftcast
