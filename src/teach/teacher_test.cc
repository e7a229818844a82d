#include "teach/teacher.h"

#include <unistd.h>

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "engine/forecaster.h"
#include "store/memory_store.h"

namespace driftcast::teach {
namespace {

const Instant kNow = *ParseInstant("2026-03-01T00:00:00Z");

// Moved by the test while the engine and the teacher read it.
class SharedClock : public Clock {
 public:
  Instant Now() const override { return FromUnixMicros(now_.load()); }
  void Advance(Duration d) { now_ += d.count(); }

 private:
  std::atomic<int64_t> now_ = ToUnixMicros(kNow);
};

class TeacherTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "teacher-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    engine_ = *Engine::OpenWithStore({}, &clock_, std::make_unique<MemoryStore>());
    options_.scratch = folder_ / "refit";
  }
  void TearDown() override {
    engine_.reset();
    std::filesystem::remove_all(folder_);
  }

  // A host whose 40 packages each move every `days`th day, for 400 days until now.
  void TellPast(const std::string& stack, int days) {
    PastChanges past;
    uint64_t change = 0;
    for (int day = -400; day < 0; ++day)
      for (int package = 0; package < 40; ++package) {
        if ((day + 4000 + package) % days != 0) continue;
        ChangeEvent event;
        event.at = kNow + kDay * day + 12 * kHour;
        event.kind = "package";
        event.resource = "p" + std::to_string(package);
        event.path = "version";
        event.old_value = std::to_string(day - days);
        event.new_value = std::to_string(day);
        event.change_id = ++change;
        past.events.push_back(event);
      }
    Fact fact;
    fact.at = kNow;
    fact.stack = StackId(stack);
    fact.agent = AgentId("agent-" + stack);
    fact.sequence = 1;
    fact.body = std::move(past);
    ASSERT_TRUE(engine_->SubmitAndWait({fact}).ok());
  }

  // What came of a refit that is asked for.
  std::string RefitNow(Teacher& teacher) {
    const Instant before = teacher.State().last_at;
    clock_.Advance(kMinute);
    EXPECT_TRUE(teacher.Refit(Principal("eve"), "to see").ok());
    while (teacher.State().last_at == before || teacher.State().running)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return teacher.State().last;
  }

  std::filesystem::path folder_;
  SharedClock clock_;
  std::unique_ptr<Engine> engine_;
  TeacherOptions options_;
};

TEST_F(TeacherTest, ARhythmOfTheSiteIsLearntAndServesAfterARestartToo) {
  TellPast("web", 4);
  TellPast("db", 5);
  Teacher teacher(options_, *engine_, &clock_);
  const std::string came = RefitNow(teacher);
  EXPECT_NE(came.find("model 2026-03-01 serves instead of shipped"), std::string::npos) << came;
  const auto models = engine_->Ask([](const EngineView& view) { return view.Models(); });
  ASSERT_EQ(models.size(), 3u);  // it, the shipped one and the reference
  EXPECT_EQ(models[0].what.version, "2026-03-01");
  EXPECT_EQ(models[0].what.by, Principal("engine"));
  EXPECT_TRUE(models[0].serves);
  EXPECT_NE(engine_->ModelInService().model->Serialize(), predict::PretrainedModel()->Serialize());
  EXPECT_FALSE(std::filesystem::exists(options_.scratch));

  // No day has passed since: the next refit has nothing to be judged on, and nothing moves.
  EXPECT_NE(RefitNow(teacher).find("no refit"), std::string::npos);
  EXPECT_EQ(engine_->ModelInService().row.what.version, "2026-03-01");
  const Teacher next(options_, *engine_, &clock_);  // remembers
  EXPECT_EQ(next.State().last, teacher.State().last);
  EXPECT_EQ(next.State().next_at, teacher.State().last_at + options_.every);
}

TEST_F(TeacherTest, WithoutAPastNothingIsRefitted) {
  Teacher teacher(options_, *engine_, &clock_);
  EXPECT_NE(RefitNow(teacher).find("nothing has changed yet"), std::string::npos);
  EXPECT_EQ(engine_->ModelInService().row.what.version, "shipped");
}

// Somebody fell back to the reference by hand: no refit takes that back.
TEST_F(TeacherTest, TheReferenceServesUntilSomebodyEndsIt) {
  TellPast("web", 4);
  Fact fact;
  fact.at = clock_.Now();
  ModelPublished what;
  what.digest = what.version = kReferenceModel;
  what.by = Principal("ada");
  fact.body = what;
  ASSERT_TRUE(engine_->SubmitAndWait({fact}).ok());
  Teacher teacher(options_, *engine_, &clock_);
  EXPECT_NE(RefitNow(teacher).find("no refit: the reference forecast serves"), std::string::npos);
  EXPECT_EQ(engine_->ModelInService().row.what.version, "reference");
}

TEST_F(TeacherTest, BeginsByItselfWhenItsTimeHasCome) {
  TellPast("web", 4);
  options_.every = kDay;
  {
    Teacher teacher(options_, *engine_, &clock_);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(teacher.State().last_at, Instant());  // not at once: hosts enrol first
    RefitNow(teacher);
  }
  clock_.Advance(2 * kDay);
  // After a start its time has come again, but not before the hour.
  Teacher teacher(options_, *engine_, &clock_);
  EXPECT_EQ(teacher.State().next_at, clock_.Now() + kHour);
}

TEST_F(TeacherTest, ALargeFleetIsDrawnFrom) {
  for (const char* stack : {"a", "b", "c", "d"}) {
    TellPast(stack, 30);
    for (int n = 0; n < 10; ++n) {
      Fact fact;
      fact.at = kNow;
      fact.stack = StackId(stack);
      fact.agent = AgentId(std::string("agent-") + stack);
      fact.sequence = static_cast<uint64_t>(n) + 2;
      ResourceObserved seen;
      seen.resource = {fact.stack, "package", "p" + std::to_string(n)};
      seen.keys = {{"version", Value::Text("1")}};
      fact.body = seen;
      const Status told = engine_->SubmitAndWait({fact});
      ASSERT_TRUE(told.ok()) << Describe(told);
    }
  }
  std::filesystem::create_directories(options_.scratch);
  EXPECT_EQ(ExportPast(*engine_, options_.scratch, 1000)->size(), 4u);
  EXPECT_EQ(ExportPast(*engine_, options_.scratch, 25)->size(), 2u);
  EXPECT_EQ(ExportPast(*engine_, options_.scratch, 1)->size(), 1u);  // one at least
}

}  // namespace
}  // namespace driftcast::teach
