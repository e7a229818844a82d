#include "predict/fleet_state.h"

#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "predict/features.h"
#include "predict/made_history.h"
#include "predict/names.h"
#include "predict/reference_predictor.h"

namespace driftcast::predict {
namespace {

int64_t At(const ChangeEvent& event) { return ToUnixMicros(event.at) / 1'000'000; }

// Features of every live resource at `now`, one after the other.
std::vector<float> AllFeatures(FleetState* state, int64_t now) {
  state->Advance(now);
  std::vector<float> all;
  for (ResourceId id = 0; id < state->resource_count(); ++id) {
    if (!state->Alive(id)) continue;
    FeatureVector f;
    FillFeatures(*state, ViewStack(*state, state->resource(id).stack, static_cast<uint32_t>(now)),
                 id, &f);
    all.insert(all.end(), f.begin(), f.end());
  }
  return all;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

float FeatureOf(FleetState* state, const char* stack, const char* resource, int64_t now,
                Feature feature) {
  state->Advance(now);
  const ResourceId id =
      state->Find(stack, "HelmRelease", std::string("HelmRelease/apps/") + resource);
  FeatureVector f;
  FillFeatures(*state, ViewStack(*state, state->resource(id).stack, static_cast<uint32_t>(now)), id,
               &f);
  return f[feature];
}

TEST(FleetState, WhatHappensLaterChangesNoFeatureOfToday) {
  const auto history = MakeHistory({});
  for (int day : {30, 100, 171}) {
    const int64_t now = kMadeStart + day * kDaySeconds;
    FleetState cut, whole;
    std::vector<float> of_whole;
    for (const ChangeEvent& event : history) {
      if (At(event) > now && of_whole.empty()) of_whole = AllFeatures(&whole, now);
      whole.Apply(event);
      if (At(event) <= now) cut.Apply(event);
    }
    EXPECT_TRUE(SameBits(AllFeatures(&cut, now), of_whole)) << "day " << day;
  }
}

TEST(FleetState, MassMarksAreNotRead) {
  auto history = MakeHistory({});
  FleetState plain, marked;
  for (ChangeEvent& event : history) {
    plain.Apply(event);
    event.mass = event.change_id % 3 == 0;
    marked.Apply(event);
  }
  const int64_t now = kMadeStart + 239 * kDaySeconds;
  EXPECT_TRUE(SameBits(AllFeatures(&plain, now), AllFeatures(&marked, now)));
}

TEST(FleetState, RestructuringIsToldBySizeAndNotCounted) {
  FleetState state;
  for (int r = 0; r < 400; ++r)
    state.Apply(MadeEvent(kMadeStart, "s", "r" + std::to_string(r), ChangeOp::kCreate));
  for (int r = 0; r < 400; ++r) {
    ChangeEvent event =
        MadeEvent(kMadeStart + 5000, "s", "r" + std::to_string(r), ChangeOp::kAdd, "k", "", "1");
    event.change_id = 9;
    state.Apply(event);
  }
  EXPECT_EQ(FeatureOf(&state, "s", "r7", kMadeStart + kDaySeconds, kCount), 0);
  EXPECT_GT(FeatureOf(&state, "s", "r7", kMadeStart + kDaySeconds, kLeaves), 0);  // values are kept
}

TEST(FleetState, ReferenceInputEqualsTheReferencePredictor) {
  const auto history = MakeHistory({});
  FleetState state;
  ReferencePredictor reference;
  for (const ChangeEvent& event : history) {
    state.Apply(event);
    ASSERT_TRUE(reference.Apply(event).ok());
  }
  const int64_t now = kMadeStart + 240 * kDaySeconds;
  for (const char* resource : {"r0", "r7", "r19"}) {
    const double p =
        reference.Probability("s1", "HelmRelease", std::string("HelmRelease/apps/") + resource,
                              FromUnixSeconds(now), kDay);
    EXPECT_NEAR(FeatureOf(&state, "s1", resource, now, kReferenceLogit), std::log(p / (1 - p)),
                1e-5);
  }
}

TEST(FleetState, BehindWhenAnotherStackLeftTheVersionUntilItFollows) {
  FleetState state;
  for (const char* stack : {"a", "b"}) {
    state.Apply(MadeEvent(kMadeStart, stack, "plex", ChangeOp::kCreate));
    state.Apply(MadeEvent(kMadeStart, stack, "plex", ChangeOp::kInitial, "spec.chart", "", "plex"));
    state.Apply(
        MadeEvent(kMadeStart, stack, "plex", ChangeOp::kInitial, "spec.version", "", "1.2.3"));
  }
  const int64_t day = kDaySeconds, start = kMadeStart;
  EXPECT_EQ(FeatureOf(&state, "b", "plex", start + day, kBehindAny), 0);
  state.Apply(
      MadeEvent(start + day + 7, "a", "plex", ChangeOp::kChange, "spec.version", "1.2.3", "1.2.4"));
  EXPECT_EQ(FeatureOf(&state, "b", "plex", start + 2 * day, kBehind1d), 1);
  EXPECT_EQ(FeatureOf(&state, "a", "plex", start + 2 * day, kBehindAny), 0);
  EXPECT_EQ(FeatureOf(&state, "b", "plex", start + 6 * day, kBehind3d), 0);
  EXPECT_EQ(FeatureOf(&state, "b", "plex", start + 6 * day, kBehind7d), 1);
  state.Apply(MadeEvent(start + 6 * day + 7, "b", "plex", ChangeOp::kChange, "spec.version",
                        "1.2.3", "1.2.4"));
  EXPECT_EQ(FeatureOf(&state, "b", "plex", start + 7 * day, kBehindAny), 0);
  EXPECT_EQ(state.stack(1).follow_yes, state.stack(1).follow_all);
  EXPECT_GT(state.stack(1).follow_yes, 0);
}

TEST(FleetState, FollowingThatNeverComesCountsWhenItsWeekIsOver) {
  FleetState state;
  for (const char* stack : {"a", "b"}) {
    state.Apply(MadeEvent(kMadeStart, stack, "plex", ChangeOp::kCreate));
    state.Apply(
        MadeEvent(kMadeStart, stack, "plex", ChangeOp::kInitial, "spec.version", "", "1.2.3"));
  }
  state.Apply(
      MadeEvent(kMadeStart + 7, "a", "plex", ChangeOp::kChange, "spec.version", "1.2.3", "1.2.4"));
  state.Advance(kMadeStart + 7 * kDaySeconds);
  EXPECT_EQ(state.stack(1).follow_all, 0);
  state.Advance(kMadeStart + 9 * kDaySeconds);
  EXPECT_GT(state.stack(1).follow_all, 0);
  EXPECT_EQ(state.stack(1).follow_yes, 0);
}

TEST(FleetState, RestoredStateGoesOnToTheSameBytes) {
  const auto history = MakeHistory({});
  FleetState whole, half;
  for (size_t i = 0; i < history.size(); ++i) {
    if (i == history.size() / 2) {
      auto restored = FleetState::Restore(half.Serialize());
      ASSERT_TRUE(restored.ok()) << Describe(restored.status());
      half = *std::move(restored);
    }
    whole.Apply(history[i]);
    half.Apply(history[i]);
  }
  EXPECT_EQ(whole.Serialize(), half.Serialize());
  const int64_t now = kMadeStart + 240 * kDaySeconds;
  EXPECT_TRUE(SameBits(AllFeatures(&whole, now), AllFeatures(&half, now)));
  const std::string bytes = whole.Serialize();
  for (size_t cut : {size_t{0}, size_t{9}, bytes.size() / 2, bytes.size() - 1})
    EXPECT_EQ(FleetState::Restore(bytes.substr(0, cut)).status().code(), StatusCode::kDataLoss);
}

TEST(FleetState, DeletedAndRecreatedKeepsItsPast) {
  FleetState state;
  state.Apply(MadeEvent(kMadeStart, "s", "r", ChangeOp::kCreate));
  state.Apply(MadeEvent(kMadeStart, "s", "r", ChangeOp::kInitial, "k", "", "1"));
  state.Apply(MadeEvent(kMadeStart + 100, "s", "r", ChangeOp::kChange, "k", "1", "2"));
  state.Apply(MadeEvent(kMadeStart + 200, "s", "r", ChangeOp::kDelete));
  state.Advance(kMadeStart + 300);
  const ResourceId id = state.Find("s", "HelmRelease", "HelmRelease/apps/r");
  ASSERT_NE(id, kNone);
  EXPECT_FALSE(state.Alive(id));
  EXPECT_TRUE(state.leaves(id).empty());
  state.Apply(MadeEvent(kMadeStart + 400, "s", "r", ChangeOp::kCreate));
  state.Advance(kMadeStart + 500);
  EXPECT_TRUE(state.Alive(id));
  EXPECT_EQ(state.resource(id).change_count, 1u);
  EXPECT_EQ(state.resource(id).creations, 2u);
}

TEST(FleetState, WhatIsFoundIsAsOldAsItsStackAndIsNoChange) {
  constexpr int64_t kFound = kMadeStart + 300 * kDaySeconds;
  FleetState found, created;
  for (FleetState* state : {&found, &created})
    state->Apply(MadeEvent(kMadeStart, "s", "old", ChangeOp::kChange, "version", "1", "2"));
  for (int r = 0; r < 50; ++r) {
    const std::string name = "r" + std::to_string(r);
    found.Apply(MadeEvent(kFound, "s", name, ChangeOp::kInitial));
    found.Apply(MadeEvent(kFound, "s", name, ChangeOp::kInitial, "k", "", "1"));
    created.Apply(MadeEvent(kFound, "s", name, ChangeOp::kCreate));
    created.Apply(MadeEvent(kFound, "s", name, ChangeOp::kInitial, "k", "", "1"));
  }
  const auto feature = [](FleetState& state, Feature which) {
    return FeatureOf(&state, "s", "r7", kFound + 60, which);
  };
  EXPECT_FLOAT_EQ(feature(found, kAge), std::log1p(300 * 24.0f + 1.0f / 60));
  EXPECT_EQ(feature(found, kSinceCreated), feature(found, kAge));
  EXPECT_LT(feature(found, kReferenceLogit), feature(created, kReferenceLogit) - 1);
  EXPECT_EQ(feature(found, kLeaves), feature(created, kLeaves));
  EXPECT_LT(feature(found, kStackDays28), feature(created, kStackDays28));
  EXPECT_TRUE(found.Alive(found.Find("s", "HelmRelease", "HelmRelease/apps/r7")));
}

TEST(Names, AreReadAsDocumented) {
  EXPECT_EQ(ShortName("HelmRelease", "HelmRelease/media/plex"), "plex");
  EXPECT_EQ(ShortName("Role", "Role/ns/ci@clusters/one/two"), "ci");
  EXPECT_EQ(ShortName("tf:aws_s3_bucket", "infra/x:aws_s3_bucket.logs"), "aws_s3_bucket.logs");
  EXPECT_EQ(ShortName("file:yaml", "a/roles/web/defaults.yaml#2"), "web/defaults.yaml");
  EXPECT_EQ(FolderOf("HelmRelease", "HelmRelease/media/plex"), "media");
  EXPECT_EQ(FolderOf("Namespace", "Namespace/media"), "");
  EXPECT_EQ(FolderOf("file:yaml", "a/b/c.yaml"), "a/b");
  EXPECT_EQ(LastComponent("spec.containers[web.x].image"), "image");
  EXPECT_EQ(LastComponent("args[--a.b]"), "args[--a.b]");
  EXPECT_EQ(NormalPath("releases[2.3.1].date"), "releases[].date");
  EXPECT_EQ(NormalPath("a[b[c]].d[]"), "a[].d[]");
  EXPECT_TRUE(IsVersionLike("1.2.3"));
  EXPECT_FALSE(IsVersionLike("h:0123abcd"));
  EXPECT_FALSE(IsVersionLike("true"));
  EXPECT_EQ(SplitVersioned("ghcr.io/a/b:v1@sha256:0123")->subject, "ghcr.io/a/b");
  EXPECT_EQ(SplitVersioned("ghcr.io/a/b:v1@sha256:0123")->version, "v1");
  EXPECT_EQ(SplitVersioned("git.example:org/m?ref=1.2")->version, "1.2");
  EXPECT_FALSE(SplitVersioned("1.2.3").has_value());
  EXPECT_EQ(*NextCount("v11"), "v12");
  EXPECT_EQ(*NextCount("1.2.9"), "1.2.10");
  EXPECT_EQ(*NextCount("build-009"), "build-010");
  EXPECT_FALSE(NextCount("latest").has_value());
  EXPECT_EQ(*NextMinor("1.2.9"), "1.3.0");
  EXPECT_FALSE(NextMinor("v11").has_value());
  EXPECT_EQ(*SameStepAgain("1.2.0", "1.3.0"), "1.4.0");
  EXPECT_EQ(*SameStepAgain("1.2.7", "1.3.0"), "1.4.0");
  EXPECT_EQ(*SameStepAgain("v8", "v10"), "v12");
  EXPECT_FALSE(SameStepAgain("1.3.0", "1.2.0").has_value());
  EXPECT_FALSE(SameStepAgain("1.2.0", "1.3.1").has_value());
  EXPECT_FALSE(SameStepAgain("a-1", "b-2").has_value());
  EXPECT_FALSE(SameStepAgain("1.2", "1.2").has_value());
  EXPECT_TRUE(HasDigest("img:1@sha256:0123456789abcdef"));
  EXPECT_TRUE(HasDigest("h:0123abcd"));
  EXPECT_FALSE(HasDigest("ghcr.io/a/b:1.2.3"));
  EXPECT_FALSE(HasDigest("20250131120000"));
  EXPECT_EQ(DateOfDay(*DayOfDate("2024-02-29")), "2024-02-29");
  EXPECT_FALSE(DayOfDate("2025-02-29").has_value());
  EXPECT_FALSE(DayOfDate("2025-2-29x").has_value());
}

TEST(Names, SeriesAreFoundByTheirNumber) {
  const std::string mark(1, kSeriesMark);
  EXPECT_EQ(SeriesIn("a[1.2].b")->marked, "a[1." + mark + "].b");
  EXPECT_EQ(SeriesIn("a[1.2].b")->before, "a[1.1].b");
  EXPECT_EQ(SeriesIn("v2.3.0")->marked, "v2." + mark + ".0");
  EXPECT_EQ(SeriesIn("v2.3.0")->before, "v2.2.0");
  EXPECT_FALSE(SeriesIn("v3.0.0").has_value());
  EXPECT_FALSE(SeriesIn("plain").has_value());
}

}  // namespace
}  // namespace driftcast::predict
