// No secret leaves its host: two hundred of them are planted in forty formats on a made-up host,
// the real agent reports it to the real engine, and afterwards each is searched for in everything
// that either wrote (spool, store, write-ahead log, program logs), in what the agent sent, as it
// was before encryption, and in what the API answers.
#include "driftcast/v1/agent.pb.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "collect/planted_secrets.h"
#include "model/fact.h"
#include "store/rocksdb_store.h"
#include "support/engine_program.h"
#include "support/grpc_capture.h"

namespace driftcast {
namespace {

class SecretsTest : public testing::Test {
 protected:
  SecretsTest() {
    std::string name = std::filesystem::temp_directory_path() / "driftcast_secrets_XXXXXX";
    folder_ = mkdtemp(name.data());
    for (const PlantedFile& file : PlantSecrets(mint_))
      host_.Write(file.path, file.content, file.mode);
  }
  ~SecretsTest() override { std::filesystem::remove_all(folder_); }

  void ExpectNoSecret(const std::string& text, const std::string& where) const {
    for (const std::string& secret : mint_.all())
      EXPECT_EQ(text.find(secret), std::string::npos) << secret << " is in " << where;
  }

  void ExpectNoSecretWasSent(const std::string& log) const {
    size_t facts = 0;
    bool about_the_change = false;
    for (const std::string& bytes : SentBytes(log)) {
      ExpectNoSecret(bytes, "what was sent");
      for (const std::string& message : SentMessages(bytes)) {
        ExpectNoSecret(message, "a message");  // in one piece, whatever its frames
        v1::AgentMessage sent;
        if (!sent.ParseFromString(message)) continue;
        facts += static_cast<size_t>(sent.batch().facts_size());
        for (const auto& fact : sent.batch().facts())
          about_the_change |= fact.resource_observed().resource().name() == "/etc/app/app.ini" &&
                              fact.resource_observed().means() == static_cast<int>(Means::kEvent);
      }
    }
    EXPECT_GT(facts, 40u) << "the capture is not what was sent";
    EXPECT_TRUE(about_the_change);
  }

  SecretMint mint_{7};
  ScratchRoot host_;
  std::filesystem::path folder_;
};

TEST_F(SecretsTest, NoneOfTwoHundredIsInSpoolStoreLogsWireOrAnswers) {
  ASSERT_GE(mint_.all().size(), 200u);
  EngineProgram engine(DRIFTCAST, folder_);
  ASSERT_TRUE(engine.Start("debug"));
  const auto ask = [&](const std::string& path) { return engine.Ask(path); };
  Program agent({DRIFTCAST_AGENT, "--engine", engine.gate(), "--data", folder_ / "agent", "--join",
                 "@" + engine.join_file(), "--stack", "scratch", "--root",
                 host_.Real("/etc").parent_path().string(), "--log-level", "debug"},
                folder_ / "agent.log", [] {
                  return setenv("GRPC_TRACE", "secure_endpoint", 1) == 0 &&
                         setenv("GRPC_VERBOSITY", "INFO", 1) == 0;
                });
  const auto total = [&] {
    const auto page =
        nlohmann::json::parse(ask("/api/v1/resources?kind=file&limit=1"), nullptr, false);
    return page.is_object() ? page.value("total", 0) : 0;
  };
  ASSERT_TRUE(Eventually([&] { return total() >= 40; })) << total();
  // One of them changes, so that it travels as an event as well.
  host_.Write("/etc/app/app.ini", "[db]\npassword=" + mint_.Word() + "\n");
  ASSERT_TRUE(
      Eventually([&] { return ask("/api/v1/drifts").find("app.ini") != std::string::npos; }));

  const auto page = nlohmann::json::parse(ask("/api/v1/resources?kind=file&limit=1000"));
  for (const auto& row : page["rows"]) {
    std::string id = row["id"];
    for (size_t at = 0; (at = id.find(' ', at)) != std::string::npos;) id.replace(at, 1, "%20");
    ExpectNoSecret(ask("/api/v1/resource?id=" + id), "the answer about " + id);
    ExpectNoSecret(ask("/api/v1/resource/history?id=" + id), "the history of " + id);
  }
  ExpectNoSecret(ask("/api/v1/drifts") + ask("/api/v1/audit"), "drifts and audit");
  agent.Stop();
  engine.End(SIGTERM);
  ExpectNoSecretWasSent(*ReadFile(folder_ / "agent.log", 1 << 30));

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
