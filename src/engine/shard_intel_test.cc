// Feeds in the shard: from the fact that publishes one to what a resource's forecast says.
#include "engine/shard_intel.h"

#include <gmock/gmock.h>

#include "engine/engine.h"
#include "engine/shard.h"
#include "engine/shard_view.h"
#include "store/blob.h"
#include "store/memory_store.h"

namespace driftcast {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr Instant kStart = FromUnixSeconds(1'760'000'000);

std::string Advisories(const std::string& fixed_openssl, bool with_zlib = false) {
  intel::AdvisorySetBuilder builder;
  intel::Advisory advisory;
  advisory.id = "DSA-1-1";
  advisory.cves = {{2025, 1000}};
  advisory.published = kStart - kDay * 2;
  advisory.affected = {{"Debian:12", "openssl", {{"0", fixed_openssl, ""}}, {}, ""}};
  builder.Add(advisory);
  if (with_zlib) {
    advisory.id = "DSA-2-1";
    advisory.cves = {{2025, 2000}};
    advisory.affected = {{"Debian:12", "zlib", {{"0", "", ""}}, {}, ""}};
    builder.Add(advisory);
  }
  return intel::EncodeAdvisories(builder.Finish());
}

std::string Epss(float probability) {
  return intel::EncodeContent(
      intel::EpssScores({{{2025, 1000}, {probability, 0.9f}}}, kStart, "v1"));
}

class FeedTest : public testing::Test {
 protected:
  FeedTest() { Restart(); }

  void Restart() { shard_ = *Shard::Restore(store_, {}); }
  ActivityReported last_;

  Status Apply(FactBody body, const std::string& stack = "", Instant at = kStart) {
    Fact fact;
    fact.at = at;
    fact.stack = StackId(stack);
    fact.body = std::move(body);
    DRIFTCAST_RETURN_IF_ERROR(shard_->Check({&fact, 1}));
    shard_->Apply(fact);
    WriteBatch writes;
    events_.clear();
    shard_->Collect(writes, events_);
    return store_.Commit(writes);
  }

  void Enrol(const std::string& stack, const std::string& openssl,
             const std::string& role = "web") {
    StackEnrolled enrolled;
    enrolled.role = RoleName(role);
    enrolled.labels = {{"os_id", "debian"}, {"os_version", "12"}};
    ASSERT_TRUE(Apply(enrolled, stack).ok());
    Install(stack, "libssl3", openssl, "openssl");
    Install(stack, "zlib1g", "1:1.2.13", "zlib");
    ASSERT_TRUE(Apply(SnapshotCompleted{{"package"}, kStart, true}, stack).ok());
    ASSERT_TRUE(Apply(TimeAdvanced{}).ok());
  }

  void Install(const std::string& stack, const std::string& name, const std::string& version,
               const std::string& source, const std::string& status = "installed") {
    ResourceObserved observed;
    observed.resource = {StackId(stack), "package", name};
    observed.keys = {{"status", Value::Text(status)}, {"version", Value::Text(version)}};
    observed.context = {{"source", Value::Text(source)}};
    observed.means = Means::kSnapshot;
    ASSERT_TRUE(Apply(observed, stack).ok());
  }

  Status Publish(const std::string& feed, const std::string& content, Instant at = kStart) {
    FeedPublished body;
    body.feed = feed;
    body.format = "osv";
    body.digest = *PutBlob(store_, content);
    body.fetched_at = at;
    body.records = 1;
    return Apply(body, "", at);
  }

  ShardView view() { return ShardView(shard_->state(), store_, shown_); }
  std::vector<std::string> Open(const std::string& stack, const std::string& package) {
    std::vector<std::string> ids;
    for (const auto& exposure : view().ExposuresOf({StackId(stack), "package", package}))
      ids.push_back(exposure.id);
    return ids;
  }
  DriftPrediction Forecast(const std::string& stack, const std::string& package) {
    return *view().Prediction({StackId(stack), "package", package});
  }
  size_t Blobs() {
    size_t pieces = 0;
    EXPECT_TRUE(store_
                    .Scan(Table::kBlobs, "", "",
                          [&](std::string_view, std::string_view) { return ++pieces, true; })
                    .ok());
    return pieces;
  }

  MemoryStore store_;
  ShownPlans shown_;
  std::unique_ptr<Shard> shard_;
  std::vector<LiveEvent> events_;
};

TEST_F(FeedTest, AnExposureIsForecastWithASeverityThatSaysWhy) {
  Enrol("web-1", "3.0.9-1");
  Enrol("web-2", "3.0.11-1");
  Enrol("web-3", "3.0.9-1");
  Enrol("db-1", "3.0.9-1", "db");
  const double before = Forecast("web-1", "libssl3").severity;
  ASSERT_TRUE(Publish("debian", Advisories("3.0.11-1")).ok());
  ASSERT_TRUE(Publish("epss", Epss(0.64f)).ok());
  EXPECT_THAT(Open("web-1", "libssl3"), testing::ElementsAre("CVE-2025-1000"));
  EXPECT_THAT(Open("web-2", "libssl3"), SizeIs(0));
  const DriftPrediction forecast = Forecast("web-1", "libssl3");
  EXPECT_NEAR(forecast.severity, before + 2.8, 1e-6);
  const std::string why =
      "openssl: CVE-2025-1000 (EPSS 0.64) is fixed in 3.0.11-1, which came out 2 days ago; 1 of 3 "
      "similar stacks have it";
  EXPECT_THAT(forecast.severity_reason, HasSubstr(why));
  EXPECT_THAT(forecast.reasons, testing::Contains(testing::Field(&Reason::text, HasSubstr(why))));
  double sum = 0;
  for (const SeverityFactor& factor : forecast.severity_factors) sum += factor.value;
  EXPECT_NEAR(sum, forecast.severity, 1e-9);
  ResourceFilter filter;
  filter.stack = "web-1";
  filter.sort = ResourceFilter::Sort::kSeverity;
  EXPECT_EQ(view().Resources(filter).rows[0].id.name, "libssl3");
}

TEST_F(FeedTest, NewContentTouchesOnlyWhatItConcernsAndIsTold) {
  Enrol("web-1", "3.0.9-1");
  ASSERT_TRUE(Publish("debian", Advisories("3.0.11-1")).ok());
  EXPECT_THAT(view().Activities(StackId("web-1"), 10)[0].text,
              HasSubstr("openssl (CVE-2025-1000)"));
  ASSERT_TRUE(Publish("debian", Advisories("3.0.11-1", true)).ok());
  EXPECT_THAT(Open("web-1", "zlib1g"), SizeIs(1));
  const auto told = view().Activities(StackId("web-1"), 10);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].text, "newly known vulnerabilities in 1 packages: zlib (CVE-2025-2000)");
  EXPECT_THAT(told[0].resources, testing::ElementsAre("package/zlib1g"));
  ASSERT_TRUE(Publish("debian", Advisories("3.0.11-1", true)).ok());  // the same again
  EXPECT_EQ(view().Activities(StackId("web-1"), 10).size(), 2u);
  EXPECT_TRUE(std::none_of(events_.begin(), events_.end(), [](const LiveEvent& event) {
    return event.text == "exposures changed";
  }));
}

TEST_F(FeedTest, AnUpgradeClosesItAndARemovalToo) {
  Enrol("web-1", "3.0.9-1");
  ASSERT_TRUE(Publish("debian", Advisories("3.0.11-1", true)).ok());
  Install("web-1", "libssl3", "3.0.11-1", "openssl");
  EXPECT_THAT(Open("web-1", "libssl3"), SizeIs(0));
  Install("web-1", "libssl3", "3.0.9-1", "openssl");
  EXPECT_THAT(Open("web-1", "libssl3"), SizeIs(1));
  Install("web-1", "libssl3", "3.0.9-1", "openssl", "config-files");
  EXPECT_THAT(Open("web-1", "libssl3"), SizeIs(0));
  ASSERT_TRUE(
      Apply(ResourceVanished{{StackId("web-1"), "package", "zlib1g"}, Means::kEvent, {}}, "web-1")
          .ok());
  EXPECT_EQ(view().Exposures({}).total, 0u);
}

TEST_F(FeedTest, AnotherReleaseHasOtherAdvisories) {
  Enrol("web-1", "3.0.9-1");
  ASSERT_TRUE(Publish("debian", Advisories("3.0.11-1")).ok());
  StackEnrolled upgraded;
  upgraded.labels = {{"os", "Debian GNU/Linux 13 (trixie)"}};
  ASSERT_TRUE(Apply(upgraded, "web-1").ok());
  EXPECT_THAT(Open("web-1", "libssl3"), SizeIs(0));
}

TEST_F(FeedTest, AFeedThatFailsKeepsItsLastGoodContentAndSaysSo) {
  Enrol("web-1", "3.0.9-1");
  ASSERT_TRUE(Publish("debian", Advisories("3.0.11-1")).ok());
  FeedPublished failed;
  failed.feed = "debian";
  failed.fetched_at = kStart + kDay;
  failed.error = "no route to host";
  ASSERT_TRUE(Apply(failed, "", kStart + kDay).ok());
  EXPECT_THAT(Open("web-1", "libssl3"), SizeIs(1));
  FeedStatus feed = view().Feeds()[0];
  EXPECT_EQ(feed.error, "no route to host");
  EXPECT_EQ(feed.content.fetched_at, kStart);
  EXPECT_FALSE(IsStale(feed, kStart + kDay));
  EXPECT_TRUE(IsStale(feed, kStart + kDay * 8));
  FeedPublished unchanged = failed;
  unchanged.error.clear();
  ASSERT_TRUE(Apply(unchanged, "", kStart + kDay).ok());
  EXPECT_EQ(view().Feeds()[0].content.fetched_at, kStart + kDay);
  EXPECT_EQ(view().Feeds()[0].error, "");
}

TEST_F(FeedTest, WhatIsNoContentIsRefused) {
  EXPECT_EQ(Publish("debian", "nonsense").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Publish("Deb ian", Advisories("1")).code(), StatusCode::kInvalidArgument);
  FeedPublished lost;
  lost.feed = "debian";
  lost.digest = std::string(64, '0');
  EXPECT_EQ(Apply(lost).code(), StatusCode::kNotFound);
  EXPECT_THAT(view().Feeds(), SizeIs(0));
}

TEST_F(FeedTest, AStartFindsTheSameAgainAndOldContentIsGone) {
  Enrol("web-1", "3.0.9-1");
  ASSERT_TRUE(Publish("debian", Advisories("3.0.11-1")).ok());
  ASSERT_TRUE(Publish("epss", Epss(0.64f)).ok());
  ASSERT_TRUE(Publish("debian", Advisories("3.0.11-1", true)).ok());
  EXPECT_EQ(Blobs(), 2u);
  const DriftPrediction before = Forecast("web-1", "libssl3");
  const auto severity = view().Resources({}).rows[0].severity;
  Restart();
  EXPECT_EQ(Forecast("web-1", "libssl3").severity_reason, before.severity_reason);
  EXPECT_EQ(view().Resources({}).rows[0].severity, severity);
  EXPECT_THAT(Open("web-1", "zlib1g"), SizeIs(1));
  FeedPublished removed;
  removed.feed = "debian";
  removed.removed = true;
  ASSERT_TRUE(Apply(removed).ok());
  EXPECT_EQ(Blobs(), 1u);
  EXPECT_THAT(Open("web-1", "zlib1g"), SizeIs(0));
  Restart();
  EXPECT_THAT(view().Feeds(), SizeIs(1));
}

TEST_F(FeedTest, DamagedContentIsSaidAndDoesNotKeepTheEngineFromStarting) {
  Enrol("web-1", "3.0.9-1");
  ASSERT_TRUE(Publish("debian", Advisories("3.0.11-1")).ok());
  const std::string digest = view().Feeds()[0].content.digest;
  WriteBatch damage;
  damage.Put(Table::kBlobs, digest + '/' + OrderedNumber(0), "x");
  ASSERT_TRUE(store_.Commit(damage).ok());
  Restart();
  EXPECT_THAT(view().Feeds()[0].error, HasSubstr("damaged"));
  EXPECT_TRUE(IsStale(view().Feeds()[0], kStart));
  EXPECT_THAT(Open("web-1", "libssl3"), SizeIs(0));
  ASSERT_TRUE(Publish("debian", Advisories("3.0.12-1")).ok());
  EXPECT_THAT(Open("web-1", "libssl3"), SizeIs(1));
}

TEST_F(FeedTest, TheFleetsListIsWorstFirstAndFiltered) {
  Enrol("web-1", "3.0.9-1");
  Enrol("db-1", "3.0.9-1", "db");
  ASSERT_TRUE(Publish("debian", Advisories("3.0.11-1", true)).ok());
  ASSERT_TRUE(Publish("epss", Epss(0.64f)).ok());
  const auto all = view().Exposures({});
  ASSERT_EQ(all.rows.size(), 2u);
  EXPECT_EQ(all.rows[0].exposure.package, "openssl");
  EXPECT_EQ(all.rows[0].stacks, 2u);
  EXPECT_NEAR(*all.rows[0].exposure.epss, 0.64, 1e-6);
  EXPECT_EQ(all.rows[1].exposure.epss, std::nullopt);
  ExposureFilter filter;
  filter.role = "db";
  EXPECT_EQ(view().Exposures(filter).rows[0].stacks, 1u);
  filter = {};
  filter.text = "ZLIB";
  EXPECT_EQ(view().Exposures(filter).total, 1u);
  filter = {};
  filter.fixable_only = true;
  EXPECT_EQ(view().Exposures(filter).total, 1u);
  filter = {};
  filter.exploited_only = true;
  EXPECT_EQ(view().Exposures(filter).total, 0u);
}

TEST_F(FeedTest, AnIndicatorThatIsMetIsSeenExplainedAndAlerted) {
  Enrol("web-1", "3.0.9-1");
  ResourceObserved unit;
  unit.resource = {StackId("web-1"), "unit", "app.service"};
  unit.keys = {{"enabled", Value::Text("enabled")}};
  unit.depends_on = {{"connects_to", "endpoint", "tcp/192.0.2.7:443", {}}};
  ASSERT_TRUE(Apply(unit, "web-1").ok());
  intel::Indicator indicator = *intel::CanonicalIndicator("192.0.2.0/24");
  indicator.about = "Pikabot";
  const double before = view().Prediction(unit.resource)->severity;
  ASSERT_TRUE(Publish("feodo", intel::EncodeContent(
                                   intel::IndicatorFeed{intel::IndicatorSet({indicator}), false}))
                  .ok());
  const auto met = view().IndicatorsOn(unit.resource);
  ASSERT_EQ(met.size(), 1u);
  EXPECT_EQ(met[0].text, "the address 192.0.2.7 is an indicator of feodo (192.0.2.0/24): Pikabot");
  const DriftPrediction forecast = *view().Prediction(unit.resource);
  EXPECT_NEAR(forecast.severity, before + 3, 1e-9);
  EXPECT_THAT(forecast.severity_reason, HasSubstr("Pikabot"));
  const auto told = view().Activities(StackId("web-1"), 1);
  EXPECT_EQ(told[0].kind, "indicator");
  EXPECT_THAT(told[0].resources, testing::ElementsAre("unit/app.service"));
  size_t alerts = 0;
  ASSERT_TRUE(store_
                  .Scan(Table::kOutbox, "", "",
                        [&](std::string_view, std::string_view) { return ++alerts, true; })
                  .ok());
  EXPECT_EQ(alerts, 1u);
  Restart();
  EXPECT_EQ(view().IndicatorsMet("web-1").size(), 1u);
  unit.depends_on.clear();
  ASSERT_TRUE(Apply(unit, "web-1").ok());
  EXPECT_THAT(view().IndicatorsMet(""), SizeIs(0));
  EXPECT_NEAR(view().Prediction(unit.resource)->severity, before, 1e-9);
}

TEST_F(FeedTest, AReleaseWhoseSupportHasEndedIsOpenOnItsPackage) {
  Enrol("web-1", "3.0.9-1");
  Install("web-1", "base-files", "12.4", "base-files");
  intel::Lifecycles lifecycles;
  lifecycles[{"debian", "12"}] = {"Bookworm", kStart - kDay * 900, kStart - kDay, false};
  ASSERT_TRUE(Publish("eol", intel::EncodeContent(lifecycles)).ok());
  EXPECT_THAT(Open("web-1", "base-files"), testing::ElementsAre("end of life: debian 12"));
  EXPECT_THAT(Forecast("web-1", "base-files").severity_reason, HasSubstr("has ended"));
  EXPECT_THAT(view().Activities(StackId("web-1"), 1)[0].text, HasSubstr("end of life"));
}

TEST_F(FeedTest, NamesInAConfigurationAreMatched) {
  Enrol("web-1", "3.0.9-1");
  ResourceObserved file;
  file.resource = {StackId("web-1"), "file", "/etc/apt/sources.list"};
  file.keys = {{"line[]", Value::Text("deb http://cdn.evil.example/debian bookworm main")}};
  ASSERT_TRUE(Apply(file, "web-1").ok());
  const intel::Indicator domain = *intel::CanonicalIndicator("evil[.]example");
  const intel::Indicator url = *intel::CanonicalIndicator("hxxp://cdn.evil[.]example/debian");
  ASSERT_TRUE(Publish("threats", intel::EncodeContent(intel::IndicatorFeed{
                                     intel::IndicatorSet({domain, url}), false}))
                  .ok());
  const auto met = view().IndicatorsOn(file.resource);
  ASSERT_EQ(met.size(), 2u);
  EXPECT_EQ(met[0].text, "the domain cdn.evil.example is an indicator of threats (evil.example)");
  EXPECT_EQ(met[1].text, "the URL http://cdn.evil.example/debian is an indicator of threats");
  EXPECT_THAT(view().Prediction(file.resource)->severity_reason, HasSubstr("evil.example"));
  EXPECT_EQ(view().Activities(StackId("web-1"), 1)[0].kind, "indicator");
  file.keys = {{"line[]", Value::Text("deb http://deb.example/debian bookworm main")}};
  ASSERT_TRUE(Apply(file, "web-1").ok());
  EXPECT_THAT(view().IndicatorsMet(""), SizeIs(0));
}

TEST_F(FeedTest, ATeamHasItsHours) {
  int person = 0;
  const auto sudo = [&](Instant at, const std::string& actor, const std::string& team) {
    ActivityReported activity;
    activity.kind = "sudo";
    activity.id = FormatInstant(at) + std::to_string(++person);
    activity.actor = actor;
    activity.text = actor + " became root by sudo";
    activity.started_at = activity.ended_at = at;
    if (!team.empty()) activity.details["team"] = team;
    ASSERT_TRUE(Apply(activity, "web-1", at).ok());
    last_ = view().Activities(StackId("web-1"), 1)[0];
  };
  const Instant nine = *ParseInstant("2026-01-05T09:30:00Z");  // a Monday
  for (int day = 0; day < 25; ++day)
    if (day % 7 < 5) {
      sudo(nine + kDay * day, "person-1", "team-1");
      sudo(nine + kDay * day + kHour * 13, "person-2", "team-1");  // the late shift
    }
  // Somebody new, at an hour of the team: nothing; in the night: nobody of the team was ever seen.
  sudo(nine + kDay * 28, "person-3", "team-1");
  EXPECT_FALSE(last_.details.contains("unusual"));
  sudo(nine + kDay * 28 + kHour * 18, "person-3", "team-1");
  EXPECT_THAT(last_.details.at("unusual"), HasSubstr("nobody of team-1 was seen at this hour"));
  EXPECT_THAT(last_.text, HasSubstr("at an unusual hour of team-1"));
  sudo(nine + kDay * 28 + kHour * 18, "person-4", "");
  EXPECT_FALSE(last_.details.contains("unusual")) << "of nobody known, without a team";
}

TEST_F(FeedTest, SudoAtAnUnusualHourIsMarkedAndAlerted) {
  const auto sudo = [&](Instant at) {
    ActivityReported activity;
    activity.kind = "sudo";
    activity.id = FormatInstant(at);
    activity.actor = "person-1";
    activity.text = "person-1 became root by sudo";
    activity.started_at = activity.ended_at = at;
    ASSERT_TRUE(Apply(activity, "web-1", at).ok());
  };
  const Instant nine = *ParseInstant("2026-01-05T09:30:00Z");  // a Monday
  for (int week = 0; week < 5; ++week)
    for (int day = 0; day < 5; ++day) sudo(nine + kDay * (week * 7 + day));
  EXPECT_EQ(view().Activities(StackId("web-1"), 1)[0].details.count("unusual"), 0u);
  Restart();
  sudo(nine + kDay * 35 + kHour);  // an hour later than ever: not unusual
  EXPECT_EQ(view().Activities(StackId("web-1"), 1)[0].details.count("unusual"), 0u);
  sudo(nine + kDay * 35 + kHour * 17);  // at night
  const auto told = view().Activities(StackId("web-1"), 1)[0];
  EXPECT_EQ(told.text, "person-1 became root by sudo, at an unusual hour");
  EXPECT_THAT(told.details.at("unusual"), HasSubstr("26 logins"));
  size_t alerts = 0;
  ASSERT_TRUE(store_
                  .Scan(Table::kOutbox, "", "",
                        [&](std::string_view, std::string_view) { return ++alerts, true; })
                  .ok());
  EXPECT_EQ(alerts, 1u);
}

TEST(FeedEngineTest, ContentThatIsRefusedLeavesNothingBehind) {
  auto store = std::make_unique<MemoryStore>();
  const MemoryStore& seen = *store;
  const auto engine = *Engine::OpenWithStore({}, SystemClock(), std::move(store));
  FeedPublished feed;
  feed.feed = "debian";
  EXPECT_EQ(engine->PublishFeed(feed, "nonsense").code(), StatusCode::kInvalidArgument);
  size_t pieces = 0;
  const auto count = [&](std::string_view, std::string_view) { return ++pieces, true; };
  ASSERT_TRUE(seen.Scan(Table::kBlobs, "", "", count).ok());
  EXPECT_EQ(pieces, 0u);
  ASSERT_TRUE(engine->PublishFeed(feed, Advisories("1")).ok());
  ASSERT_TRUE(seen.Scan(Table::kBlobs, "", "", count).ok());
  EXPECT_EQ(pieces, 1u);
}

}  // namespace
}  // namespace driftcast
