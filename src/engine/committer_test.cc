#include "engine/committer.h"

#include <gtest/gtest.h>

#include "store/memory_store.h"

namespace driftcast {
namespace {

Committer::Group Putting(const std::string& key, std::vector<std::string>& told) {
  Committer::Group group;
  group.writes.Put(Table::kSettings, key, "x");
  group.events.emplace_back().id = key;
  group.answers.push_back({[&told, key](const Status& status) {
                             told.push_back(key + (status.ok() ? " durable" : " lost"));
                           },
                           Ok()});
  return group;
}

class CommitterTest : public testing::Test {
 protected:
  MemoryStore inner_;
  FaultyStore store_{inner_};
  std::vector<std::string> told_;
  Committer committer_{store_, [this](const std::vector<LiveEvent>& events) {
                         for (const LiveEvent& event : events) told_.push_back(event.id + " seen");
                       }};
};

TEST_F(CommitterTest, GroupsAreDurableInOrderAndToldAfterwards) {
  committer_.Start();
  for (const char* key : {"a", "b", "c"}) committer_.Add(Putting(key, told_));
  EXPECT_TRUE(committer_.Drain());
  EXPECT_EQ(told_, (std::vector<std::string>{"a durable", "a seen", "b durable", "b seen",
                                             "c durable", "c seen"}));
  EXPECT_TRUE(inner_.Get(Table::kSettings, "c")->has_value());
}

TEST_F(CommitterTest, WhatFollowsAGroupThatWasGivenUpIsNotWritten) {
  store_.FailCommits(1);  // the second would work, and stand on a first that is missing
  committer_.StopTrying();
  committer_.Start();
  committer_.Add(Putting("a", told_));
  committer_.Add(Putting("b", told_));
  EXPECT_FALSE(committer_.Drain());
  EXPECT_EQ(told_, (std::vector<std::string>{"a lost", "b lost"}));
  EXPECT_FALSE(inner_.Get(Table::kSettings, "b")->has_value());
}

TEST_F(CommitterTest, TroubleIsSaidAndForgottenOnceItIsOver) {
  store_.FailCommits(1);
  committer_.Start();
  committer_.Add(Putting("a", told_));
  EXPECT_TRUE(committer_.Drain());
  EXPECT_EQ(committer_.errors(), 1u);
  EXPECT_TRUE(committer_.trouble().ok());
  store_.FailCommits(1);
  committer_.StopTrying();
  committer_.Add(Putting("b", told_));
  EXPECT_FALSE(committer_.Drain());
  EXPECT_EQ(committer_.trouble().code(), StatusCode::kResourceExhausted);
}

TEST_F(CommitterTest, WhatWaitsWhenItStopsIsWritten) {
  committer_.Add(Putting("a", told_));
  committer_.Start();
  committer_.Stop();
  EXPECT_EQ(told_, (std::vector<std::string>{"a durable", "a seen"}));
}

}  // namespace
}  // namespace driftcast
