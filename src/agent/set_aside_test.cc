#include "agent/set_aside.h"

#include <gtest/gtest.h>

#include "collect/scratch_root.h"
#include "wire/fact.h"

namespace driftcast {
namespace {

class SetAsideTest : public testing::Test {
 protected:
  static std::string Observation(const std::string& name) {
    Fact fact;
    fact.at = FromUnixSeconds(1'700'000'000);
    fact.stack = StackId("web-7");
    ResourceObserved body;
    body.resource = {StackId("web-7"), "file", name};
    body.keys = {{"Port", Value::Integer(22)}};
    fact.body = body;
    return EncodeFact(fact);
  }
  Fact ReplacedBy(uint64_t sequence) const {
    const auto fact = DecodeFact(set_aside_.Replace(sequence, "unused"));
    EXPECT_TRUE(fact.ok()) << Describe(fact.status());
    return fact.ok() ? *fact : Fact();
  }
  size_t Files() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(scratch_.Real("/refused")))
      count += entry.path().extension() == ".txt";
    return count;
  }

  ScratchRoot scratch_;
  const ManualClock clock_{FromUnixSeconds(1'700'000'100)};
  SetAside set_aside_{scratch_.Real("/refused"), clock_};
};

TEST_F(SetAsideTest, WhatWasNotRefusedPasses) {
  EXPECT_EQ(set_aside_.Replace(7, "as it is"), "as it is");
  EXPECT_EQ(set_aside_.count(), 0u);
}

TEST_F(SetAsideTest, EachRefusalOfANumberSaysLess) {
  const std::string fact = Observation("/etc/x");
  set_aside_.Keep(7, fact, "no");
  const auto observed = std::get<ResourceObserved>(ReplacedBy(7).body);
  EXPECT_EQ(observed.resource.ToText(), "web-7/file//etc/x");
  EXPECT_TRUE(observed.keys.empty());
  ASSERT_EQ(observed.uncompared.size(), 1u);
  set_aside_.Keep(7, fact, "no");
  const auto activity = std::get<ActivityReported>(ReplacedBy(7).body);
  EXPECT_EQ(activity.kind, "fact_refused");
  EXPECT_EQ(activity.resources, std::vector<std::string>{"file//etc/x"});
  set_aside_.Keep(7, fact, "no");
  EXPECT_EQ(set_aside_.Replace(7, fact), "");
  EXPECT_EQ(set_aside_.count(), 1u) << "one fact";
  set_aside_.Forget(7);
  EXPECT_EQ(set_aside_.Replace(7, fact), fact);
}

TEST_F(SetAsideTest, WhatCannotBeReadAndWhatHasNoNameBecomeActivities) {
  set_aside_.Keep(1, "\xff\xff", "no fact");
  set_aside_.Keep(2, Observation(""), "no name");
  for (const uint64_t sequence : {1, 2})
    EXPECT_EQ(std::get<ActivityReported>(ReplacedBy(sequence).body).kind, "fact_refused");
  EXPECT_EQ(Files(), 2u);
}

TEST_F(SetAsideTest, TheNewestAreKept) {
  for (uint64_t i = 1; i <= SetAside::kFilesMax + 5; ++i)
    set_aside_.Keep(i, Observation("/etc/x"), "no");
  EXPECT_EQ(Files(), SetAside::kFilesMax);
  EXPECT_FALSE(std::filesystem::exists(scratch_.Real("/refused/00000000000000000005.txt")));
  EXPECT_TRUE(std::filesystem::exists(scratch_.Real("/refused/00000000000000000006.txt")));
  EXPECT_EQ(set_aside_.count(), SetAside::kFilesMax + 5);
}

}  // namespace
}  // namespace driftcast
