// Which keys are thought of, and which values.
#include "predict/candidates.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "predict/made_history.h"
#include "predict/values.h"

namespace driftcast::predict {
namespace {

constexpr int64_t kDaySecondsHere = 86400;

// A state that is told of changes by day.
class KeysTest : public testing::Test {
 protected:
  void Make(const char* resource) {
    state_.Apply(MadeEvent(kMadeStart, "s", resource, ChangeOp::kCreate));
  }
  void Change(int day, const char* resource, ChangeOp op, const std::string& path,
              const std::string& before, const std::string& after) {
    ChangeEvent event = MadeEvent(kMadeStart + day * kDaySecondsHere + 3600, "s", resource, op,
                                  path, before, after);
    event.change_id = static_cast<uint64_t>(day) + 1;
    state_.Apply(event);
  }
  // Candidates at the end of that day, with values.
  std::vector<Candidate> On(int day, const char* resource) {
    const int64_t now = kMadeStart + (day + 1) * kDaySecondsHere;
    state_.Advance(now);
    const ResourceId id =
        state_.Find("s", "HelmRelease", std::string("HelmRelease/apps/") + resource);
    std::vector<Candidate> all;
    ListCandidates(state_, id, static_cast<uint32_t>(now), &all);
    for (Candidate& c : all) ProposeValue(state_, id, static_cast<uint32_t>(now), &c);
    return all;
  }
  const Candidate* Named(const std::vector<Candidate>& all, const std::string& path) const {
    const auto at = std::find_if(all.begin(), all.end(),
                                 [&](const Candidate& c) { return c.Path(state_) == path; });
    return at == all.end() ? nullptr : &*at;
  }

  FleetState state_;
};

TEST_F(KeysTest, TheNextOfASeriesIsAKeyThatDoesNotExistYet) {
  Make("r");
  Change(1, "r", ChangeOp::kAdd, "releases[1.2.1].name", "", "1.2.1");
  Change(1, "r", ChangeOp::kAdd, "releases[1.2.1].date", "", "2023-11-16");
  Change(9, "r", ChangeOp::kAdd, "releases[1.2.2].name", "", "1.2.2");
  Change(9, "r", ChangeOp::kAdd, "releases[1.2.2].date", "", "2023-11-24");
  const auto all = On(12, "r");
  const Candidate* name = Named(all, "releases[1.2.3].name");
  const Candidate* date = Named(all, "releases[1.2.3].date");
  ASSERT_NE(name, nullptr);
  ASSERT_NE(date, nullptr);
  EXPECT_EQ(name->value, "1.2.3");
  EXPECT_EQ(name->source, ValueSource::kSeries);
  EXPECT_EQ(name->inputs[kKeyStep], 1);
  EXPECT_EQ(date->value, "2023-11-28");  // the day after the thirteenth, as late as the last time
  EXPECT_EQ(date->source, ValueSource::kToday);
  EXPECT_GT(name->inputs[kKeyShare60d], 0);
}

TEST_F(KeysTest, ANewLineOfVersionsMayGoOnEitherWay) {
  Make("r");
  Change(1, "r", ChangeOp::kAdd, "v.2.3.0", "", "x");
  Change(5, "r", ChangeOp::kAdd, "v.2.4.0", "", "x");
  const auto all = On(6, "r");
  ASSERT_NE(Named(all, "v.2.5.0"), nullptr);
  EXPECT_EQ(Named(all, "v.2.5.0")->inputs[kKeyStep], 2);
  ASSERT_NE(Named(all, "v.2.4.1"), nullptr);
  EXPECT_EQ(Named(all, "v.2.4.1")->inputs[kKeyStep], 1);
}

TEST_F(KeysTest, WhatSiblingsJustGotIsThoughtOf) {
  Make("a");
  Make("b");
  Change(3, "a", ChangeOp::kAdd, "spec.paused", "", "true");
  const auto all = On(3, "b");
  const Candidate* paused = Named(all, "spec.paused");
  ASSERT_NE(paused, nullptr);
  EXPECT_EQ(paused->inputs[kKeyPresent], 0);
  EXPECT_LT(paused->inputs[kKeyAddedFolder], 4);  // within two days
}

TEST_F(KeysTest, WhatJustChangedInSiblingsIsThoughtOf) {
  Make("a");
  Make("b");
  for (const char* resource : {"a", "b"})
    Change(1, resource, ChangeOp::kAdd, "spec.interval", "", "5m");
  Change(40, "a", ChangeOp::kChange, "spec.interval", "5m", "1h");
  const auto all = On(40, "b");
  const Candidate* interval = Named(all, "spec.interval");
  ASSERT_NE(interval, nullptr);
  EXPECT_LT(interval->inputs[kKeyTouchedKind], 4);  // within two days
  EXPECT_LT(interval->inputs[kKeyTouchedFolder], 4);
  // One's own change is no news from others.
  EXPECT_GT(Named(On(40, "a"), "spec.interval")->inputs[kKeyTouchedKind], 12);
}

TEST_F(KeysTest, DigestsAreNeverCountedUp) {
  Make("r");
  Change(1, "r", ChangeOp::kAdd, "image", "", "x@sha256:0123456789abcdef0123");
  Change(2, "r", ChangeOp::kChange, "image", "x@sha256:0123456789abcdef0123",
         "x@sha256:0123456789abcdef0124");
  const auto all = On(3, "r");
  const Candidate* image = Named(all, "image");
  ASSERT_NE(image, nullptr);
  EXPECT_EQ(image->source, ValueSource::kNoValue);
}

TEST_F(KeysTest, TheLastStepIsTakenAgain) {
  Make("r");
  Change(1, "r", ChangeOp::kAdd, "version", "", "1.2.5");
  Change(2, "r", ChangeOp::kChange, "version", "1.2.5", "1.3.0");
  const auto all = On(3, "r");
  const Candidate* version = Named(all, "version");
  ASSERT_NE(version, nullptr);
  EXPECT_EQ(version->value, "1.4.0");
  EXPECT_EQ(version->source, ValueSource::kSameStep);
}

}  // namespace
}  // namespace driftcast::predict
