#include "engine/shard_inputs.h"

#include <cmath>
#include <functional>
#include <optional>
#include <random>

#include <gmock/gmock.h>

#include "engine/shard.h"
#include "engine/shard_view.h"
#include "intel/knowledge.h"
#include "store/blob.h"
#include "store/memory_store.h"

namespace driftcast {
namespace {

using testing::HasSubstr;

constexpr Instant kStart = FromUnixSeconds(1'760'000'400);
constexpr size_t kDayHorizon = kReasonedHorizon;
const StackId kStack("web-7");

ResourceId FileId(int i) { return {kStack, "file", "/etc/svc-" + std::to_string(i)}; }
const ResourceId kUnit{kStack, "unit", "nginx.service"};

class ShardInputsTest : public testing::Test {
 protected:
  void SetUp() override { Restart(); }
  void Restart() { shard_ = *Shard::Restore(*store_, {}); }

  void Say(FactBody body) {
    Fact fact;
    fact.at = now_;
    if (!std::holds_alternative<TimeAdvanced>(body)) fact.stack = kStack;
    fact.body = std::move(body);
    ASSERT_TRUE(shard_->Check({&fact, 1}).ok());
    shard_->Apply(fact);
    WriteBatch writes;
    std::vector<LiveEvent> events;
    shard_->Collect(writes, events);
    ASSERT_TRUE(store_->Commit(writes).ok());
    if (shard_->ForecasterDue())
      shard_->SaveForecaster([&](WriteBatch batch) { ASSERT_TRUE(store_->Commit(batch).ok()); });
  }

  void See(const ResourceId& id, int64_t value, Means means, std::vector<Dependency> needs = {}) {
    ResourceObserved observed;
    observed.resource = id;
    observed.keys = {{"size", Value::Integer(value)}};
    observed.means = means;
    observed.depends_on = std::move(needs);
    Say(std::move(observed));
  }

  void SayUnusual(const ResourceId& id) {
    ActivityReported anomaly;
    anomaly.kind = "anomaly";
    anomaly.id = id.name + "@" + FormatInstant(now_);
    anomaly.text = "cpu of " + id.name + " is unusual";
    anomaly.started_at = anomaly.ended_at = now_;
    anomaly.resources = {id.kind + "/" + id.name};
    Say(std::move(anomaly));
  }

  DriftPrediction Predict(const ResourceId& id) {
    ShownPlans shown;
    return *ShardView(shard_->state(), *store_, shown).Prediction(id);
  }
  static std::optional<Reason> ReasonOf(const DriftPrediction& prediction,
                                        const std::string& family) {
    for (const Reason& reason : prediction.reasons)
      if (reason.group == family) return reason;
    return std::nullopt;
  }
  static std::optional<Reason> MetricReason(const DriftPrediction& prediction) {
    return ReasonOf(prediction, "metrics");
  }

  // `kFiles` files, enrolled.
  static constexpr int kFiles = 60;
  void Enrol() {
    Say(StackEnrolled{RoleName("web"), {}, {}});
    for (int i = 0; i < kFiles; ++i) See(FileId(i), 0, Means::kSnapshot);
    Say(SnapshotCompleted{{"file"}, kStart});
  }

  // Days on which something happens in the morning, and files change in the evening as `odds` says:
  // of a file, given the source of chance.
  using Chance = std::function<bool(double)>;
  void LiveDays(int days, uint64_t seed, bool restarts,
                const std::function<void(const Chance&)>& morning,
                const std::function<double(int)>& odds) {
    std::mt19937_64 random(seed);
    const Chance chance = [&](double p) {
      return static_cast<double>(random() >> 11) * 0x1p-53 < p;
    };
    for (int day = 0; day < days; ++day) {
      const Instant at = now_ + kDay + kMinute * 2;
      now_ = at;
      morning(chance);
      Say(TimeAdvanced{});
      now_ = at + kHour * 8;
      for (int i = 0; i < kFiles; ++i)
        if (chance(odds(i))) See(FileId(i), ++value_, Means::kEvent);
      if (restarts && day % 7 == 3) Restart();
      now_ = at;
    }
    now_ += kDay + kMinute * 2;
    Say(TimeAdvanced{});
  }

  // The metrics of some files behave oddly in the morning; files change with probability 0.5 after
  // an odd morning if `foretells`, else 0.08 for all.
  void Live(int days, bool foretells, bool restarts = false) {
    std::array<bool, kFiles> odd{};
    LiveDays(
        days, 7, restarts,
        [&](const Chance& chance) {
          for (int i = 0; i < kFiles; ++i)
            if (odd[i] = chance(0.2); odd[i]) SayUnusual(FileId(i));
        },
        [&](int i) { return foretells && odd[i] ? 0.5 : 0.08; });
  }

  std::unique_ptr<MemoryStore> store_ = std::make_unique<MemoryStore>();
  std::unique_ptr<Shard> shard_;
  Instant now_ = kStart;
  int64_t value_ = 0;
};

TEST_F(ShardInputsTest, AnAnomalyIsAReasonForWhatItIsOnAndForWhoNeedsIt) {
  Enrol();
  See(kUnit, 1, Means::kEvent, {{"requires", "file", FileId(1).name, {}}});
  now_ += kHour;
  Say(TimeAdvanced{});
  EXPECT_EQ(MetricReason(Predict(FileId(1))), std::nullopt);
  SayUnusual(kUnit);
  const auto unit = MetricReason(Predict(kUnit));
  ASSERT_NE(unit, std::nullopt);
  EXPECT_THAT(unit->text, HasSubstr("cpu of nginx.service is unusual (0 minutes ago)"));
  EXPECT_THAT(unit->text, HasSubstr("has not shown yet")) << "nothing was learnt";
  EXPECT_EQ(unit->weight, 0);
  const DriftPrediction file = Predict(FileId(1));
  ASSERT_NE(MetricReason(file), std::nullopt);
  EXPECT_THAT(MetricReason(file)->text, HasSubstr("of what needs it: cpu of nginx"));
  EXPECT_EQ(MetricReason(Predict(FileId(2))), std::nullopt) << "it has nothing to do with it";
  SayUnusual(FileId(1));
  EXPECT_THAT(MetricReason(Predict(kUnit))->text, HasSubstr("of what it needs: cpu of /etc/svc-1"));
  now_ += kDay + kMinute;
  Say(TimeAdvanced{});
  EXPECT_EQ(MetricReason(Predict(kUnit)), std::nullopt) << "it is long ago";
}

TEST_F(ShardInputsTest, MetricPointsBecomeInputs) {
  Enrol();
  for (int i = 0; i < 400; ++i) {
    now_ += kMinute * 5;
    const double usual = 10 + (i * 7) % 5 * 0.1;
    Say(MetricsObserved{{{"file", FileId(3).name, "size", now_, i == 399 ? 500 : usual},
                         {"host", "", "system.cpu.utilization", now_, i == 399 ? 60 : usual}}});
  }
  Say(TimeAdvanced{});
  const DriftPrediction own = Predict(FileId(3)), other = Predict(FileId(4));
  ASSERT_NE(MetricReason(own), std::nullopt);
  EXPECT_THAT(MetricReason(own)->text, HasSubstr("size of file /etc/svc-3 is unusual: 500"));
  ASSERT_NE(MetricReason(other), std::nullopt);
  EXPECT_THAT(MetricReason(other)->text, HasSubstr("of its host: system.cpu.utilization"));
}

TEST_F(ShardInputsTest, APlantedEffectIsRecovered) {
  Enrol();
  Live(90, true);
  const float before = static_cast<float>(Predict(FileId(1)).horizons[kDayHorizon].p_change);
  SayUnusual(FileId(1));
  const DriftPrediction after = Predict(FileId(1));
  const auto reason = MetricReason(after);
  ASSERT_NE(reason, std::nullopt);
  // The true step is logit(0.5) - logit(0.08) = 2.4; what is in doubt is held back.
  EXPECT_GT(reason->weight, 1.2);
  EXPECT_LT(reason->weight, 2.6);
  EXPECT_EQ(reason->text.find("has not shown"), std::string::npos);
  EXPECT_GT(after.horizons[kDayHorizon].p_change, 2 * before);
  double sum = 0;
  for (const Reason& part : after.reasons) sum += part.weight;
  const double p = after.horizons[kDayHorizon].p_change;
  EXPECT_NEAR(sum, std::log(p / (1 - p)), 1e-3) << "reasons sum to the logit";
  now_ += kMinute;
  Say(TimeAdvanced{});
  for (size_t h = 1; h < kHorizonCount; ++h)
    EXPECT_GE(after.horizons[h].p_change, after.horizons[h - 1].p_change);
}

TEST_F(ShardInputsTest, WhatForetellsNothingStaysAtZero) {
  Enrol();
  Live(90, false);
  SayUnusual(FileId(1));
  const auto reason = MetricReason(Predict(FileId(1)));
  ASSERT_NE(reason, std::nullopt);
  EXPECT_EQ(reason->weight, 0);
  for (const InputTerms& terms : shard_->state().terms)
    EXPECT_EQ(terms.ShiftOf({{{1, 0, 0, 0, 0, 0, 0, 0}}}), 0);
}

TEST_F(ShardInputsTest, ARestartChangesNothingOfWhatIsLearnt) {
  Enrol();
  Live(30, true);
  const std::string straight = store_->Digest();
  store_ = std::make_unique<MemoryStore>();
  now_ = kStart;
  value_ = 0;
  Restart();
  Enrol();
  Live(30, true, true);
  EXPECT_EQ(store_->Digest(), straight);
}

// Every morning fixes come out for some packages; in the evening some packages are upgraded: with
// probability 0.5 where a fix is out if `foretells`, else 0.08 for all.
class ExposureInputsTest : public ShardInputsTest {
 protected:
  static constexpr int kPackages = 60;
  static ResourceId PackageId(int i) { return {kStack, "package", "lib-" + std::to_string(i)}; }

  void See(int i, Means means) {
    ResourceObserved observed;
    observed.resource = PackageId(i);
    observed.keys = {{"status", Value::Text("installed")},
                     {"version", Value::Text(fmt::format("1.0-{}", versions_[i]))}};
    observed.means = means;
    Say(std::move(observed));
  }
  void EnrolPackages() {
    Say(StackEnrolled{RoleName("web"), {{"os_id", "debian"}, {"os_version", "12"}}, {}});
    for (int i = 0; i < kPackages; ++i) See(i, Means::kSnapshot);
    Say(SnapshotCompleted{{"package"}, kStart});
  }
  // What is out now has a fix in the version after the one that is installed.
  void Publish(const std::array<bool, kPackages>& open) {
    intel::AdvisorySetBuilder builder;
    for (int i = 0; i < kPackages; ++i) {
      if (!open[i]) continue;
      intel::Advisory advisory;
      advisory.id = fmt::format("DSA-{}-{}", i, versions_[i]);
      advisory.cves = {{2026, static_cast<uint32_t>(1000 + i)}};
      advisory.published = now_;
      const std::string fixed = fmt::format("1.0-{}", versions_[i] + 1);
      advisory.affected = {{"Debian:12", PackageId(i).name, {{"0", fixed, ""}}, {}, ""}};
      builder.Add(advisory);
    }
    FeedPublished feed;
    feed.feed = "debian";
    feed.format = "osv";
    feed.digest = *PutBlob(*store_, intel::EncodeAdvisories(builder.Finish()));
    feed.fetched_at = now_;
    Say(std::move(feed));
  }
  void LiveWithFixes(int days, bool foretells) {
    std::mt19937_64 random(11);
    const auto chance = [&](double p) { return static_cast<double>(random() >> 11) * 0x1p-53 < p; };
    for (int day = 0; day < days; ++day) {
      const Instant morning = now_ + kDay + kMinute * 2;
      now_ = morning;
      std::array<bool, kPackages> open{};
      for (bool& one : open) one = chance(0.2);
      Publish(open);
      Say(TimeAdvanced{});
      now_ = morning + kHour * 8;
      for (int i = 0; i < kPackages; ++i) {
        if (!chance(foretells && open[i] ? 0.5 : 0.08)) continue;
        ++versions_[i];
        See(i, Means::kEvent);
      }
      now_ = morning;
    }
    now_ += kDay + kMinute * 2;
    std::array<bool, kPackages> one{};
    one[1] = true;
    Publish(one);
    Say(TimeAdvanced{});
  }

  std::array<int, kPackages> versions_{};
};

TEST_F(ExposureInputsTest, APlantedEffectIsRecovered) {
  EnrolPackages();
  LiveWithFixes(90, true);
  const auto reason = ReasonOf(Predict(PackageId(1)), "exposure");
  ASSERT_NE(reason, std::nullopt);
  EXPECT_GT(reason->weight, 1.0) << reason->text;  // of logit(0.5) - logit(0.08) = 2.4
  EXPECT_LT(reason->weight, 2.8);
  EXPECT_THAT(reason->text, HasSubstr("lib-1: CVE-2026-1001 is fixed in"));
  EXPECT_EQ(ReasonOf(Predict(PackageId(2)), "exposure"), std::nullopt) << "nothing is open on it";
}

TEST_F(ExposureInputsTest, WhatForetellsNothingStaysAtZero) {
  EnrolPackages();
  LiveWithFixes(90, false);
  const auto reason = ReasonOf(Predict(PackageId(1)), "exposure");
  ASSERT_NE(reason, std::nullopt);
  EXPECT_EQ(reason->weight, 0);
  EXPECT_THAT(reason->text, HasSubstr("has not shown yet"));
}

TEST_F(ExposureInputsTest, AFixOfWhatItNeedsIsAReasonToo) {
  EnrolPackages();
  ResourceObserved unit;
  unit.resource = kUnit;
  unit.keys = {{"state", Value::Text("active")}};
  unit.depends_on = {{"owned_by", "package", PackageId(1).name, {}}};
  unit.means = Means::kEvent;
  Say(std::move(unit));
  std::array<bool, kPackages> open{};
  open[1] = true;
  Publish(open);
  const auto reason = ReasonOf(Predict(kUnit), "exposure");
  ASSERT_NE(reason, std::nullopt);
  EXPECT_THAT(reason->text, HasSubstr("of what it needs: lib-1: CVE-2026-1001"));
}

// One cohort's outcomes: sixty resources that share their inputs, of which some changed.
void Share(ShardState& shard, int changed) {
  InputRows rows(1);
  rows[0].values[0].assign(kInputFamilies[0].inputs, 0);
  rows[0].values[0][0] = 1;
  InputLevels levels;
  std::vector<InputOutcome> outcomes;
  for (int i = 0; i < 60; ++i) outcomes.push_back({1, 0.01, i < changed});
  LearnInputs(shard, {rows, kDayHorizon, kStart, levels}, outcomes);
}

double ShiftOfOne(const ShardState& shard) {
  return shard.terms[kDayHorizon].ShiftOf({{{1, 0, 0, 0, 0, 0, 0, 0}}});
}

TEST(LearnInputs, OneUpgradeOfManyPackagesProvesNothing) {
  ShardState shard;
  Share(shard, 40);
  EXPECT_EQ(ShiftOfOne(shard), 0);
}

// Whole stacks change at once every tenth day, and behave oddly on three days of ten.
TEST(LearnInputs, WhatSharesItsFateIsNotSixtyWitnesses) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    ShardState shard;
    InputRows rows(1);
    rows[0].values[0] = {1, 0, 0, 0, 0, 0, 0, 0};
    InputLevels levels;
    for (int day = 0; day < 365; ++day) {
      const auto place = static_cast<uint16_t>(random() % 10 < 3 ? 1 : 0);
      const bool upgrade = random() % 10 == 0;
      std::vector<InputOutcome> outcomes;
      for (int i = 0; i < 60; ++i) outcomes.push_back({place, 0.06, upgrade && i < 36});
      LearnInputs(shard, {rows, kDayHorizon, kStart, levels}, outcomes);
    }
    EXPECT_LT(std::abs(ShiftOfOne(shard)), 0.25) << "seed " << seed;
  }
}

TEST(InputTerms, RestoreToTheSameBytesAndRefuseDamage) {
  ShardState shard;
  Share(shard, 5);
  shard.terms[kDayHorizon].LearnQuiet(100, 3, 9);
  const std::string bytes = shard.terms[kDayHorizon].Serialize();
  const auto restored = InputTerms::Restore(bytes);
  ASSERT_TRUE(restored.ok());
  EXPECT_EQ(restored->Serialize(), bytes);
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(InputTerms::Restore(std::string_view(bytes).substr(0, size)).ok());
}

TEST(InputTerms, ForecastsThatAreTooLowForAllAreNoMeritOfTheInputs) {
  ShardState shard;
  InputRows rows(1);
  rows[0].values[0].assign(kInputFamilies[0].inputs, 0);
  rows[0].values[0][0] = 1;
  InputLevels levels;
  std::mt19937_64 random(3);
  for (int cohort = 0; cohort < 400; ++cohort) {
    std::vector<InputOutcome> outcomes;  // four times as many changes as forecast, everywhere
    for (int i = 0; i < 40; ++i)
      outcomes.push_back({static_cast<uint16_t>(i < 4 ? 1 : 0), 0.02, random() % 100 < 8});
    LearnInputs(shard, {rows, kDayHorizon, kStart, levels}, outcomes);
  }
  EXPECT_EQ(ShiftOfOne(shard), 0);
}

// A year of some stacks, a forecast a day. People log in on most working days, and configurations
// change on working days more than on others, of which the forecast knows nothing: it says 0.04
// always. Changes come singly or all at once; after a login the odds of one are e^effect times as
// high.
struct PeopleYear {
  uint64_t seed = 1;
  double effect = 0;
  bool at_once = false;   // a change moves most of the stack
  bool shuffled = false;  // logins are those of another day

  static constexpr size_t kActivity = 2, kStacks = 10, kResources = 40, kDays = 365;
  static bool IsWorkday(size_t day) { return day % 7 < 5; }

  // What a login in the hour adds in the end, where there usually is none; and the most that it
  // ever added.
  std::pair<double, double> Live(ShardState& shard) const {
    std::mt19937_64 random(seed);
    const auto chance = [&](double p) { return static_cast<double>(random() >> 11) * 0x1p-53 < p; };
    InputRows rows(1);
    rows[0].values[kActivity].assign(kActivityInputs, 0);
    rows[0].values[kActivity][0] = 1;
    double most = 0;
    std::array<InputLevels, kStacks> levels;
    std::array<bool, kStacks> before{};
    for (size_t day = 0; day < kDays; ++day) {
      const Instant made_at = kStart + kDay * static_cast<int>(day);
      shard.numbers.now = made_at + kDay + kMinute;
      for (size_t s = 0; s < kStacks; ++s) {
        const bool logged_in = chance(IsWorkday(day) ? 0.6 : 0.1);
        const double base = std::log(IsWorkday(day) ? 0.09 : 0.02);
        const double p = 1 / (1 + std::exp(-base - (logged_in ? effect : 0)));
        const bool all = chance(p);
        const auto place = static_cast<uint16_t>((shuffled ? before[s] : logged_in) ? 1 : 0);
        std::vector<InputOutcome> outcomes;
        for (size_t i = 0; i < kResources; ++i)
          outcomes.push_back({place, 0.04, at_once ? all && i % 4 > 0 : chance(p)});
        LearnInputs(shard, {rows, kDayHorizon, made_at, levels[s]}, outcomes);
        before[s] = logged_in;
      }
      most = std::max(most, std::abs(shard.terms[kDayHorizon].ShiftOf(rows[0].values)));
    }
    return {shard.terms[kDayHorizon].ShiftOf(rows[0].values), most};
  }
};

TEST(CentredInputs, APlantedEffectOfLoginsIsRecovered) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    constexpr double kEffect = 1.5;
    ShardState shard;
    const double shift = PeopleYear{seed, kEffect}.Live(shard).first;
    EXPECT_GT(shift, kEffect - 0.6) << "what is in doubt is held back; seed " << seed;
    EXPECT_LT(shift, kEffect + 0.1) << "seed " << seed;
  }
}

// Logins and changes both come on working days, and the forecast is too low for all: neither is a
// merit of the logins. At no time of the year, for no seed.
TEST(CentredInputs, WhatOnlyComesAtTheSameHoursStaysAtZero) {
  for (uint64_t seed = 1; seed <= 20; ++seed)
    for (const bool at_once : {false, true}) {
      ShardState shard;
      EXPECT_EQ((PeopleYear{seed, 0, at_once}.Live(shard).second), 0)
          << "seed " << seed << (at_once ? ", at once" : "");
    }
}

TEST(CentredInputs, AShuffledEffectStaysAtZero) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    ShardState shard;
    EXPECT_EQ((PeopleYear{seed, 1.5, false, true}.Live(shard).second), 0) << "seed " << seed;
  }
}

TEST(CentredInputs, StateIsSmallAndRestoresToTheSameBytes) {
  ShardState shard;
  PeopleYear{1, 1.5}.Live(shard);
  const std::string bytes = shard.terms[kDayHorizon].Serialize();
  EXPECT_LT(bytes.size(), 4096u);
  const auto terms = InputTerms::Restore(bytes);
  ASSERT_TRUE(terms.ok());
  EXPECT_EQ(terms->Serialize(), bytes);
  InputLevels levels;
  InputLevels::Cohort cohort;
  cohort.inputs[PeopleYear::kActivity].assign(kActivityInputs, 1);
  for (int hour = 0; hour < 400 * 24; ++hour)
    for (size_t h = 0; h < kHorizonCount; ++h) levels.Learn(h, kStart + kHour * hour, cohort);
  const std::string kept = levels.Encode();
  EXPECT_LT(kept.size(), 16u << 10) << "of a stack that was never quiet";
  const auto copy = InputLevels::Decode(kept);
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(copy->Encode(), kept);
  for (size_t size = 0; size < kept.size(); size += 7)
    EXPECT_FALSE(InputLevels::Decode(std::string_view(kept).substr(0, size)).ok());
  for (size_t size = 0; size < bytes.size(); size += 7)
    EXPECT_FALSE(InputTerms::Restore(std::string_view(bytes).substr(0, size)).ok());
}

// Somebody logs in on three days of ten; in the evening files change: with probability 0.5 after a
// login if `foretells`, else 0.08 for all.
class ActivityInputsTest : public ShardInputsTest {
 protected:
  void SayDone(const std::string& kind, const std::string& text,
               std::map<std::string, std::string> details = {}) {
    ActivityReported activity;
    activity.kind = kind;
    activity.id = kind + "@" + FormatInstant(now_);
    activity.actor = "person-1";
    activity.text = text;
    activity.started_at = activity.ended_at = now_;
    activity.details = std::move(details);
    Say(std::move(activity));
  }
  void LiveWithLogins(int days, bool foretells, bool restarts = false) {
    bool login = false;
    LiveDays(
        days, 5, restarts,
        [&](const Chance& chance) {
          Say(AgentReported{});  // without it nobody knows that what did not change is as it was
          login = chance(0.3);
          if (login) SayDone("login", "person-1 logged in");
        },
        [&](int) { return foretells && login ? 0.5 : 0.08; });
  }
};

TEST_F(ActivityInputsTest, APlantedEffectIsRecoveredAndExplained) {
  Enrol();
  LiveWithLogins(360, true);
  const double quiet = Predict(FileId(1)).horizons[kDayHorizon].p_change;
  SayDone("login", "person-1 logged in");
  const DriftPrediction after = Predict(FileId(1));
  const auto reason = ReasonOf(after, "activity");
  ASSERT_NE(reason, std::nullopt);
  EXPECT_THAT(reason->text, HasSubstr("person-1 logged in (within the hour)"));
  EXPECT_EQ(reason->text.find("has not shown"), std::string::npos);
  // One host is one witness a day: most of the true step, 2.4, is still held back after a year.
  EXPECT_GT(reason->weight, 0.25);
  EXPECT_GT(after.horizons[kDayHorizon].p_change, quiet * 1.25);
  double sum = 0;
  for (const Reason& part : after.reasons) sum += part.weight;
  const double p = after.horizons[kDayHorizon].p_change;
  EXPECT_NEAR(sum, std::log(p / (1 - p)), 1e-3) << "reasons sum to the logit";
}

TEST_F(ActivityInputsTest, WhatForetellsNothingStaysAtZero) {
  Enrol();
  LiveWithLogins(240, false);
  SayDone("login", "person-1 logged in");
  const auto reason = ReasonOf(Predict(FileId(1)), "activity");
  ASSERT_NE(reason, std::nullopt);
  EXPECT_EQ(reason->weight, 0);
  EXPECT_THAT(reason->text, HasSubstr("has not shown yet"));
}

TEST_F(ActivityInputsTest, ARestartChangesNothingOfWhatIsLearnt) {
  Enrol();
  LiveWithLogins(40, true);
  const std::string straight = store_->Digest();
  store_ = std::make_unique<MemoryStore>();
  now_ = kStart;
  value_ = 0;
  Restart();
  Enrol();
  LiveWithLogins(40, true, true);
  EXPECT_EQ(store_->Digest(), straight);
}

TEST_F(ActivityInputsTest, EachIsAReasonOfItsFamily) {
  Enrol();
  now_ += kHour;
  Say(TimeAdvanced{});
  EXPECT_EQ(ReasonOf(Predict(FileId(1)), "activity"), std::nullopt);
  SayDone("sudo", "person-1 became root", {{"unusual", "never at this hour"}});
  SayDone("deployment", "release 42");
  SayDone("incident", "Down: no answer", {{"state", "firing"}});
  now_ += kHour * 3;
  Say(TimeAdvanced{});
  const auto activity = ReasonOf(Predict(FileId(1)), "activity");
  ASSERT_NE(activity, std::nullopt);
  EXPECT_THAT(activity->text, HasSubstr("person-1 became root (3 h ago); release 42 (3 h ago)"));
  const auto incident = ReasonOf(Predict(FileId(1)), "incidents");
  ASSERT_NE(incident, std::nullopt);
  EXPECT_THAT(incident->text, HasSubstr("Down: no answer (still open)"));
  now_ += kDay;
  Say(TimeAdvanced{});
  EXPECT_EQ(ReasonOf(Predict(FileId(1)), "activity"), std::nullopt) << "it is long ago";
  EXPECT_NE(ReasonOf(Predict(FileId(1)), "incidents"), std::nullopt) << "it is still open";
}

TEST_F(ShardInputsTest, ANewerTagOnSimilarHostsIsAnUpdateThatWaits) {
  const auto see = [&](const char* stack, const char* image) {
    ResourceObserved observed;
    observed.resource = {StackId(stack), "file", "/etc/compose.yaml"};
    observed.keys = {{"services.web.image", Value::Text(image)}};
    observed.means = Means::kEvent;
    Fact fact;
    fact.at = now_;
    fact.stack = StackId(stack);
    fact.body = StackEnrolled{RoleName(stack[0] == 'd' ? "db" : "web"), {}, {}};
    shard_->Apply(fact);
    fact.body = std::move(observed);
    shard_->Apply(fact);
  };
  see("web-7", "nginx:1.25.3");
  see("web-8", "nginx:1.25.3");
  see("db-1", "nginx:1.29.0");
  const ResourceId id{kStack, "file", "/etc/compose.yaml"};
  EXPECT_EQ(ReasonOf(Predict(id), "images"), std::nullopt) << "another role is not similar";
  now_ += kDay * 2;
  see("web-8", "nginx:1.27.0");
  const auto reason = ReasonOf(Predict(id), "images");
  ASSERT_NE(reason, std::nullopt);
  EXPECT_THAT(reason->text, HasSubstr("docker.io/library/nginx:1.25.3: 1 of 2 similar hosts have a "
                                      "newer tag, 1.27.0 since 2025-10-1"));
  EXPECT_THAT(reason->text, HasSubstr("has not shown yet"));
  intel::Lifecycles lives;
  lives[{"nginx", "1.25"}] = {"", now_ - kDay * 900, now_ - kDay * 500, false};
  lives[{"nginx", "1.27"}] = {"", now_ - kDay * 400, {}, false};
  FeedPublished feed;
  feed.feed = feed.format = "eol";
  feed.digest = *PutBlob(*store_, intel::EncodeContent(lives));
  feed.fetched_at = now_;
  Say(std::move(feed));
  EXPECT_THAT(ReasonOf(Predict(id), "images")->text,
              HasSubstr("support of 1.25 has ended on 2024-05-"));
  EXPECT_THAT(ReasonOf(Predict(id), "images")->text, HasSubstr("release 1.27 is out"));
  see("web-7", "nginx:1.27.0");
  EXPECT_EQ(ReasonOf(Predict(id), "images"), std::nullopt) << "it is taken";
}

}  // namespace
}  // namespace driftcast
