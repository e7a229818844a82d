#include "remedy/rank.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "remedy/blast.h"
#include "remedy/estimate.h"

namespace driftcast {
namespace {

// Drafts with random estimates; few distinct figures, so that ties and domination are frequent.
Drafts RandomDrafts(std::mt19937_64& random) {
  const auto pick = [&](double scale) { return scale * static_cast<double>(random() % 4); };
  Drafts drafts;
  for (const auto strategy :
       {Strategy::kDoNothing, Strategy::kRevert, Strategy::kAccept, Strategy::kAcceptUntil,
        Strategy::kPrevent, Strategy::kAdoptEarly, Strategy::kGuard}) {
    Draft draft;
    draft.plan.strategy = strategy;
    draft.residual_risk = pick(2.5);
    draft.plan.estimate.downtime_s = {pick(10), pick(10) + 30};
    draft.plan.estimate.cost = pick(40);
    draft.plan.estimate.p_success = 1 - pick(0.2);
    draft.plan.security.exposure_after = pick(0.4);
    draft.plan.reversible = random() % 4 != 0;
    draft.plan.blast.transitive = static_cast<int32_t>(random() % 3);
    drafts.drafts.push_back(std::move(draft));
  }
  return drafts;
}

SiteOptions RandomSite(std::mt19937_64& random) {
  SiteOptions site;
  const auto weight = [&] { return static_cast<double>(random() % 5); };
  site.weights = {weight(), weight(), weight(), weight(), weight(), weight(), weight()};
  return site;
}

TEST(RankProperty, NeverPrefersADominatedPlan) {
  std::mt19937_64 random(20260501);
  ShadowResource shadow;
  Drift drift;
  for (int round = 0; round < 2000; ++round) {
    const SiteOptions site = RandomSite(random);
    PlanContext context;
    context.shadow = &shadow;
    context.drift = &drift;
    context.site = &site;
    const Situation s = Assess(context);
    const Drafts before = RandomDrafts(random);
    Drafts after = before;
    Rank(s, after);
    ASSERT_EQ(after.drafts.size() + after.left_out.size(), before.drafts.size());
    for (size_t i = 0; i < after.drafts.size(); ++i) {
      const Losses mine = LossesOf(after.drafts[i], site);
      for (size_t k = i + 1; k < after.drafts.size(); ++k)
        ASSERT_FALSE(Dominates(LossesOf(after.drafts[k], site), mine) &&
                     after.drafts[i].plan.score > after.drafts[k].plan.score);
      if (IsAlwaysShown(after.drafts[i].plan.strategy)) continue;
      for (const auto& other : before.drafts)
        ASSERT_FALSE(Dominates(LossesOf(other, site), mine) &&
                     !Opposed(other.plan.strategy, after.drafts[i].plan.strategy));
    }
    const auto always = [](const Draft& d) { return IsAlwaysShown(d.plan.strategy); };
    ASSERT_EQ(std::ranges::count_if(after.drafts, always),
              std::ranges::count_if(before.drafts, always));
  }
}

TEST(Rank, PuttingBackIsOfferedBesideACheaperAcceptance) {
  ShadowResource shadow;
  Drift drift;
  PlanContext context;
  context.shadow = &shadow;
  context.drift = &drift;
  Drafts drafts;
  for (const auto strategy : {Strategy::kRevert, Strategy::kAccept, Strategy::kDoNothing}) {
    Draft draft;
    draft.plan.strategy = strategy;
    draft.residual_risk = strategy == Strategy::kDoNothing ? 9 : 5;
    draft.plan.estimate.cost = strategy == Strategy::kRevert ? 40 : 0;
    drafts.drafts.push_back(std::move(draft));
  }
  Rank(Assess(context), drafts);
  EXPECT_EQ(drafts.drafts.size(), 3u);
  EXPECT_EQ(drafts.drafts[0].plan.strategy, Strategy::kAccept);
}

TEST(RankProperty, WeightsOfZeroRankAllTheSame) {
  ShadowResource shadow;
  Drift drift;
  SiteOptions site;
  site.weights = {0, 0, 0, 0, 0, 0, 0};
  PlanContext context;
  context.shadow = &shadow;
  context.drift = &drift;
  context.site = &site;
  std::mt19937_64 random(1);
  Drafts drafts = RandomDrafts(random);
  Rank(Assess(context), drafts);
  for (const auto& draft : drafts.drafts) {
    EXPECT_GE(draft.plan.score, 0);
    EXPECT_LE(draft.plan.score, 100);
  }
}

TEST(Estimate, MeanIsThatOfTheLogNormal) {
  // sigma = ln(10)/1.28155 = 1.79672; exp(sigma^2 / 2) = 5.0240
  EXPECT_NEAR(MeanSeconds({1, 10}), 5.024, 0.001);
  EXPECT_DOUBLE_EQ(MeanSeconds({3, 3}), 3);
  EXPECT_DOUBLE_EQ(MeanSeconds({0, 5}), 0.5);
}

TEST(Estimate, ExposureGrowsWithTimeAndKnownExploitationIsAFloor) {
  const std::vector<Exposure> weak = {{"CVE-1", 0.36, false, ""}};
  EXPECT_NEAR(ExposureOver(weak, 30), 0.36, 1e-12);
  EXPECT_NEAR(ExposureOver(weak, 15), 0.2, 1e-12);  // 1 - sqrt(0.64)
  EXPECT_DOUBLE_EQ(ExposureOver(weak, 0), 0);
  EXPECT_DOUBLE_EQ(ExposureOver(std::vector<Exposure>{{"CVE-2", 0.01, true, ""}}, 30), 0.9);
}

TEST(Blast, FollowsEdgesOnceAndStopsInCycles) {
  const auto id = [](const std::string& name) { return ResourceId{StackId("s"), "unit", name}; };
  const auto found = CollectDependents(id("a"), [&](const ResourceId& of) {
    if (of.name == "a") return std::vector{id("b"), id("c")};
    if (of.name == "b") return std::vector{id("c"), id("d"), id("a")};
    return std::vector<ResourceId>{};
  });
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].id.name, "b");
  EXPECT_EQ(found[1].depth, 1);
  EXPECT_EQ(found[2].id.name, "d");
  EXPECT_EQ(found[2].depth, 2);
}

}  // namespace
}  // namespace driftcast
