#include "engine/past.h"

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "store/memory_store.h"

namespace driftcast {
namespace {

const Instant kNow = *ParseInstant("2026-03-01T12:00:00Z");

ResourceObserved Seen(const std::string& stack, const std::string& name, const std::string& value,
                      Means means) {
  ResourceObserved seen;
  seen.resource = {StackId(stack), "file", name};
  seen.keys = {{"mode", Value::Text(value)}};
  seen.means = means;
  return seen;
}

TEST(PastOf, TellsWhatCameBeforeWhatWasFoundAndWhatChanged) {
  ManualClock clock(kNow);
  const auto engine = *Engine::OpenWithStore({}, &clock, std::make_unique<MemoryStore>());
  uint64_t sequence = 0;
  const auto tell = [&](FactBody body, Duration after) {
    Fact fact;
    fact.at = kNow + after;
    fact.stack = StackId("web");
    fact.agent = AgentId("a");
    fact.sequence = ++sequence;
    fact.body = std::move(body);
    EXPECT_TRUE(engine->SubmitAndWait({fact}).ok());
  };
  ChangeEvent old;
  old.at = kNow - 90 * kDay;
  old.stack = "web";
  old.kind = "package";
  old.resource = "nginx";
  old.path = "version";
  old.op = ChangeOp::kChange;
  old.old_value = "1";
  old.new_value = "2";
  old.change_id = 7;
  tell(StackEnrolled{}, kSecond);
  tell(PastChanges{{old}}, kSecond);
  tell(Seen("web", "motd", "0644", Means::kSnapshot), 2 * kSecond);
  tell(SnapshotCompleted{{"file"}, kNow}, 3 * kSecond);
  tell(Seen("web", "motd", "0600", Means::kEvent), kMinute);
  tell(Seen("web", "new", "0644", Means::kEvent), kHour);

  const auto past = engine->PastOf(StackId("web"));
  ASSERT_TRUE(past.ok()) << Describe(past.status());
  std::vector<std::string> ops;
  for (const ChangeEvent& event : *past)
    ops.push_back(fmt::format("{} {} {} {}", event.change_id, static_cast<int>(event.op),
                              event.resource, event.path));
  EXPECT_EQ(ops, (std::vector<std::string>{"1 4 nginx version", "2 6 motd ", "2 6 motd mode",
                                           "3 4 motd mode", "4 1 new ", "4 6 new mode"}));
  EXPECT_EQ((*past)[0].at, old.at);
  EXPECT_TRUE(engine->PastOf(StackId("other"))->empty());
}

}  // namespace
}  // namespace driftcast
