#include "rpc/worker.h"

#include <future>
#include <vector>

#include <gtest/gtest.h>

namespace driftcast {
namespace {

TEST(Worker, RunsTasksInOrderAndAllThatIsDueBeforeItEnds) {
  std::vector<int> ran;
  {
    Worker worker("test", 100);
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(worker.Post([&ran, i] { ran.push_back(i); }).ok());
  }
  ASSERT_EQ(ran.size(), 50u);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(ran[static_cast<size_t>(i)], i);
}

TEST(Worker, IsBounded) {
  Worker worker("test", 2);
  std::promise<void> running, go_on;
  ASSERT_TRUE(worker
                  .Post([&] {
                    running.set_value();
                    go_on.get_future().wait();
                  })
                  .ok());
  running.get_future().wait();
  EXPECT_TRUE(worker.Post([] {}).ok());
  EXPECT_TRUE(worker.Post([] {}).ok());
  EXPECT_EQ(worker.Post([] {}).code(), StatusCode::kResourceExhausted);
  go_on.set_value();
}

TEST(Worker, DelaysAndDropsWhatIsNotDueWhenItEnds) {
  std::promise<void> soon;
  bool late = false;
  Worker worker("test", 10);
  ASSERT_TRUE(worker.Post([&] { late = true; }, kHour).ok());
  ASSERT_TRUE(worker.Post([&] { soon.set_value(); }, Duration(1000)).ok());
  soon.get_future().wait();
  worker.Stop();
  EXPECT_FALSE(late);
  EXPECT_EQ(worker.Post([] {}).code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace driftcast
