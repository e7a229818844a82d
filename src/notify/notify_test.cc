#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "base/file.h"
#include "engine/engine.h"
#include "notify/channel.h"
#include "notify/notifier.h"

namespace driftcast {
namespace {

OutboxEffect Effect(uint64_t number) {
  OutboxEffect effect;
  effect.number = number;
  effect.kind = "drift.opened";
  effect.key = "k" + std::to_string(number);
  effect.stack = StackId("web-7");
  effect.text = "it \"moved\"\nand \xff is no UTF-8";
  return effect;
}

class NotifyTest : public testing::Test {
 protected:
  NotifyTest() {
    std::string name = std::filesystem::temp_directory_path() / "driftcast_notify_XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~NotifyTest() override { std::filesystem::remove_all(folder_); }
  std::vector<std::string> Lines() {
    std::ifstream in(folder_ / "alerts.jsonl");
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }
  std::filesystem::path folder_;
};

TEST_F(NotifyTest, TheFileHasOneLineAnAlert) {
  const auto channel = MakeFileChannel(folder_ / "alerts.jsonl");
  const OutboxEffect effects[] = {Effect(1), Effect(2)};
  ASSERT_TRUE(channel->Deliver(effects).ok());
  ASSERT_EQ(Lines().size(), 2u);
  EXPECT_NE(Lines()[1].find("\"key\":\"k2\""), std::string::npos);
}

TEST_F(NotifyTest, ALineThatACrashCutShortIsEndedFirst) {
  std::ofstream(folder_ / "alerts.jsonl") << "{\"key\":";
  const auto channel = MakeFileChannel(folder_ / "alerts.jsonl");
  const OutboxEffect effects[] = {Effect(1)};
  ASSERT_TRUE(channel->Deliver(effects).ok());
  ASSERT_EQ(Lines().size(), 2u);
  EXPECT_EQ(Lines()[1][0], '{');
}

// Refuses a number of times, then takes everything.
class StubbornChannel : public AlertChannel {
 public:
  explicit StubbornChannel(std::vector<std::string>& taken) : taken_(taken) {}
  std::string name() const override { return "stubborn"; }
  Status Deliver(std::span<const OutboxEffect> effects) override {
    if (refusals_-- > 0) return Unavailable("not now");
    for (const auto& effect : effects) taken_.push_back(effect.key);
    return Ok();
  }

 private:
  std::vector<std::string>& taken_;
  int refusals_ = 1;
};

TEST_F(NotifyTest, AFailingChannelIsTriedAgainAndTheOtherHearsOnce) {
  auto engine = Engine::Open({}, SystemClock());
  ASSERT_TRUE(engine.ok());
  std::vector<std::string> taken;
  std::vector<std::unique_ptr<AlertChannel>> channels;
  channels.push_back(MakeFileChannel(folder_ / "alerts.jsonl"));
  channels.push_back(std::make_unique<StubbornChannel>(taken));
  {
    Notifier notifier(**engine, std::move(channels));
    ResourceObserved seen;
    seen.resource = {StackId("web-7"), "file", "/etc/motd"};
    seen.keys = {{"a", Value::Integer(1)}};
    ExpectationSet wanted;
    wanted.resource = seen.resource;
    wanted.keys = {{"a", Value::Integer(2)}};
    wanted.origin = Origin::kDeclared;
    Fact declare, observe;
    declare.at = observe.at = SystemClock()->Now();
    declare.body = wanted;
    observe.body = seen;
    observe.stack = StackId("web-7");
    ASSERT_TRUE((*engine)->SubmitAndWait({declare, observe}).ok());
    for (int i = 0; i < 100 && !(*engine)->Outbox(1)->empty(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(taken.size(), 1u);
  EXPECT_EQ(Lines().size(), 1u);
}

}  // namespace
}  // namespace driftcast
