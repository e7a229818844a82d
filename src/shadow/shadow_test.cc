#include <random>

#include <gtest/gtest.h>

#include "shadow/glob.h"
#include "shadow/judge.h"
#include "shadow/resource_state.h"
#include "shadow/sensitivity.h"
#include "shadow/update.h"

namespace driftcast {
namespace {

const ResourceId kSshd{StackId("web-7"), "file", "/etc/ssh/sshd_config"};
const ResourceId kMotd{StackId("web-7"), "file", "/etc/motd"};
constexpr Instant kStart = FromUnixSeconds(1'700'000'000);

ResourceObserved Saw(const ResourceId& id, std::vector<KeyValue> keys) {
  ResourceObserved observed;
  observed.resource = id;
  observed.keys = std::move(keys);
  observed.means = Means::kEvent;
  Canonicalize(observed.keys);
  return observed;
}

UpdateContext At(Instant at, bool enrolling = false) {
  UpdateContext context;
  context.at = at;
  context.enrolling = enrolling;
  return context;
}

ResourceState Enrolled(const ResourceId& id, std::vector<KeyValue> keys) {
  ResourceState state;
  ApplyObservation(Saw(id, std::move(keys)), At(kStart, true), state);
  return state;
}

ShadowResource View(const ResourceId& id, const ResourceState& state,
                    std::span<const IgnoreRule> rules = {}) {
  return ViewOf(id, state, RuleSet(rules, id, kStart + kHour));
}

TEST(Shadow, WhatIsSeenAtEnrolmentIsExpected) {
  const auto state = Enrolled(kSshd, {{"Port", Value::Integer(22)}});
  const auto shadow = View(kSshd, state);
  EXPECT_EQ(shadow.status, ResourceStatus::kInSync);
  ASSERT_EQ(shadow.keys.size(), 1u);
  EXPECT_EQ(shadow.keys[0].origin, Origin::kEnrolled);
  EXPECT_EQ(shadow.keys[0].verdict, KeyVerdict::kSame);
}

TEST(Shadow, WhatAppearsLaterIsUnmanagedUntilAccepted) {
  ResourceState state;
  const auto events =
      ApplyObservation(Saw(kMotd, {{"line[]", Value::Text("hi")}}), At(kStart), state);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].op, ChangeOp::kCreate);
  EXPECT_EQ(events[1].op, ChangeOp::kInitial);
  EXPECT_EQ(View(kMotd, state).status, ResourceStatus::kUnmanaged);
  ExpectationSet accept;
  accept.resource = kMotd;
  accept.origin = Origin::kAccepted;
  ApplyExpectation(accept, state);
  EXPECT_EQ(View(kMotd, state).status, ResourceStatus::kInSync);
}

TEST(Shadow, NothingIsGreenBeforeItWasCompared) {
  ResourceState state;
  ExpectationSet declared;
  declared.resource = kSshd;
  declared.origin = Origin::kDeclared;
  declared.keys = {{"Port", Value::Integer(22)}};
  ApplyExpectation(declared, state);
  EXPECT_EQ(View(kSshd, state).status, ResourceStatus::kNotCompared);
  auto unreadable = Saw(kSshd, {});
  unreadable.uncompared = {{"", "permission denied"}};
  ApplyObservation(unreadable, At(kStart), state);
  const auto shadow = View(kSshd, state);
  EXPECT_EQ(shadow.status, ResourceStatus::kNotCompared);
  EXPECT_EQ(shadow.keys[0].uncompared_reason, "permission denied");
}

TEST(Shadow, EachKeyHasItsVerdict) {
  auto state = Enrolled(
      kSshd, {{"A", Value::Integer(1)}, {"B", Value::Integer(1)}, {"C", Value::Integer(1)}});
  const auto events = ApplyObservation(
      Saw(kSshd, {{"A", Value::Integer(1)}, {"B", Value::Integer(2)}, {"D", Value::Integer(1)}}),
      At(kStart + kMinute), state);
  ASSERT_EQ(events.size(), 3u);
  const auto shadow = View(kSshd, state);
  EXPECT_EQ(shadow.status, ResourceStatus::kDrifted);
  const KeyVerdict expected[] = {KeyVerdict::kSame, KeyVerdict::kChanged, KeyVerdict::kRemoved,
                                 KeyVerdict::kAdded};
  for (size_t i = 0; i < 4; ++i)
    EXPECT_EQ(shadow.keys[i].verdict, expected[i]) << shadow.keys[i].path;
  EXPECT_EQ(DifferingKeys(shadow).size(), 3u);
}

TEST(Shadow, ReorderingASetIsNoChange) {
  auto state = Enrolled(kMotd, {{"line[]", Value::Text("a")}, {"line[]", Value::Text("b")}});
  EXPECT_TRUE(
      ApplyObservation(Saw(kMotd, {{"line[]", Value::Text("b")}, {"line[]", Value::Text("a")}}),
                       At(kStart + kMinute), state)
          .empty());
  EXPECT_EQ(
      ApplyObservation(Saw(kMotd, {{"line[]", Value::Text("b")}, {"line[]", Value::Text("c")}}),
                       At(kStart + kHour), state)
          .size(),
      2u);
}

TEST(Shadow, ComingBackToTheExpectedValueEndsTheDifference) {
  auto state = Enrolled(kSshd, {{"Port", Value::Integer(22)}});
  ApplyObservation(Saw(kSshd, {{"Port", Value::Integer(2222)}}), At(kStart + kMinute), state);
  EXPECT_EQ(View(kSshd, state).status, ResourceStatus::kDrifted);
  ApplyObservation(Saw(kSshd, {{"Port", Value::Integer(22)}}), At(kStart + kHour), state);
  EXPECT_EQ(View(kSshd, state).status, ResourceStatus::kInSync);
}

TEST(Shadow, DeclaringOnlySomeKeysJudgesOnlyThose) {
  ResourceState state;
  ExpectationSet declared;
  declared.resource = kSshd;
  declared.origin = Origin::kDeclared;
  declared.keys = {{"Port", Value::Integer(22)}};
  ApplyExpectation(declared, state);
  ApplyObservation(Saw(kSshd, {{"Port", Value::Integer(22)}, {"Banner", Value::Text("x")}}),
                   At(kStart), state);
  const auto shadow = View(kSshd, state);
  EXPECT_EQ(shadow.status, ResourceStatus::kInSync);
  EXPECT_EQ(shadow.keys[0].verdict, KeyVerdict::kNotCompared);
}

TEST(Shadow, AVanishedResourceIsMissing) {
  auto state = Enrolled(kSshd, {{"Port", Value::Integer(22)}});
  EXPECT_EQ(ApplyVanished(kSshd, Means::kEvent, At(kStart + kMinute), state).size(), 1u);
  EXPECT_EQ(View(kSshd, state).status, ResourceStatus::kMissing);
  EXPECT_TRUE(ApplyVanished(kSshd, Means::kEvent, At(kStart + kHour), state).empty());
}

TEST(Shadow, ACounterBecomesVolatileAndASensitiveKeyNever) {
  auto motd = Enrolled(kMotd, {{"n", Value::Integer(0)}});
  auto sshd = Enrolled(kSshd, {{"PermitRootLogin", Value::Integer(0)}});
  for (int i = 1; i <= 10; ++i) {
    ApplyObservation(Saw(kMotd, {{"n", Value::Integer(i)}}), At(kStart + i * kHour), motd);
    ApplyObservation(Saw(kSshd, {{"PermitRootLogin", Value::Integer(i)}}), At(kStart + i * kHour),
                     sshd);
  }
  EXPECT_EQ(View(kMotd, motd).keys[0].ignored_by, "volatile");
  EXPECT_EQ(View(kMotd, motd).status, ResourceStatus::kInSync);
  EXPECT_EQ(View(kSshd, sshd).status, ResourceStatus::kDrifted);
}

TEST(Shadow, ChangesWithAKnownCauseDoNotMakeAKeyVolatile) {
  auto state = Enrolled(kMotd, {{"n", Value::Integer(0)}});
  for (int i = 1; i <= 10; ++i) {
    auto observed = Saw(kMotd, {{"n", Value::Integer(i)}});
    observed.cause.kind = CauseKind::kPackageRun;
    ApplyObservation(observed, At(kStart + i * kHour), state);
  }
  EXPECT_EQ(View(kMotd, state).status, ResourceStatus::kDrifted);
}

TEST(Shadow, ARuleHidesUntilItExpires) {
  auto state = Enrolled(kMotd, {{"n", Value::Integer(0)}});
  ApplyObservation(Saw(kMotd, {{"n", Value::Integer(1)}}), At(kStart + kMinute), state);
  IgnoreRule rule;
  rule.id = "r1";
  rule.resource_glob = "*/file//etc/motd";
  rule.key_glob = "n";
  const IgnoreRule rules[] = {rule};
  EXPECT_EQ(View(kMotd, state, rules).status, ResourceStatus::kInSync);
  EXPECT_EQ(View(kMotd, state, rules).keys[0].verdict, KeyVerdict::kChanged);
  rule.expires_at = kStart + kMinute;
  const IgnoreRule expired[] = {rule};
  EXPECT_EQ(View(kMotd, state, expired).status, ResourceStatus::kDrifted);
}

TEST(Shadow, ARuleThatIsNotForAlarmsOnlyTakesTheKeyOutOfTheComparison) {
  auto state = Enrolled(kMotd, {{"n", Value::Integer(0)}, {"m", Value::Integer(0)}});
  ApplyObservation(Saw(kMotd, {{"n", Value::Integer(1)}, {"m", Value::Integer(0)}}),
                   At(kStart + kMinute), state);
  IgnoreRule rule;
  rule.id = "r1";
  rule.resource_glob = "*";
  rule.key_glob = "n";
  rule.alarm_only = false;
  const IgnoreRule rules[] = {rule};
  const auto shadow = View(kMotd, state, rules);
  EXPECT_EQ(shadow.status, ResourceStatus::kInSync);
  EXPECT_EQ(shadow.keys[1].verdict, KeyVerdict::kNotCompared);
  EXPECT_EQ(shadow.keys[1].uncompared_reason, "ignored by rule r1");
}

TEST(Shadow, EncodesAndReadsBackToTheSameBytes) {
  std::mt19937_64 random(7);
  ResourceState state = Enrolled(kMotd, {});
  for (int i = 0; i < 200; ++i) {
    std::vector<KeyValue> keys;
    for (int k = 0; k < 8; ++k)
      if (random() % 3 != 0)
        keys.push_back({k % 2 ? "set[]" : "k" + std::to_string(k),
                        Value::Integer(static_cast<int64_t>(random() % 4))});
    std::erase_if(keys, [&](const KeyValue& key) {
      return key.path != "set[]" && std::count_if(keys.begin(), keys.end(), [&](const KeyValue& o) {
                                      return o.path == key.path;
                                    }) > 1;
    });
    ApplyObservation(Saw(kMotd, keys), At(kStart + i * kMinute), state);
    if (i % 7 == 0) {
      ExpectationSet accept;
      accept.origin = Origin::kAccepted;
      ApplyExpectation(accept, state);
      EXPECT_EQ(View(kMotd, state).status, ResourceStatus::kInSync);
    }
    const std::string bytes = Encode(state);
    const auto back = DecodeResourceState(bytes);
    ASSERT_TRUE(back.ok()) << Describe(back.status());
    EXPECT_EQ(Encode(*back), bytes);
  }
}

TEST(Shadow, DamagedBytesAreRefused) {
  const std::string bytes = Encode(Enrolled(kSshd, {{"Port", Value::Integer(22)}}));
  for (size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_EQ(DecodeResourceState(bytes.substr(0, cut)).status().code(), StatusCode::kDataLoss);
}

struct GlobCase {
  const char* glob;
  const char* text;
  bool matches;
};
class GlobTest : public testing::TestWithParam<GlobCase> {};
TEST_P(GlobTest, Matches) {
  EXPECT_EQ(MatchesGlob(GetParam().glob, GetParam().text), GetParam().matches);
}
INSTANTIATE_TEST_SUITE_P(Cases, GlobTest,
                         testing::Values(GlobCase{"*", "", true}, GlobCase{"", "a", false},
                                         GlobCase{"a*c", "abbc", true},
                                         GlobCase{"a*c", "abb", false},
                                         GlobCase{"*/file/*", "h/file//etc/x", true},
                                         GlobCase{"a?c", "abc", true}, GlobCase{"a?c", "ac", false},
                                         GlobCase{"*a*b*", "xxaxxbxx", true}));

TEST(Severity, LooseningASensitiveKeyIsWorse) {
  ShadowKey key;
  key.path = "PermitRootLogin";
  key.expected = Value::Text("no");
  key.observed = Value::Text("yes");
  const auto loosened = SeverityOf(kSshd, {&key, 1}, 0);
  std::swap(key.expected, key.observed);
  const auto tightened = SeverityOf(kSshd, {&key, 1}, 0);
  EXPECT_DOUBLE_EQ(loosened.value, 10);
  EXPECT_DOUBLE_EQ(tightened.value, 6);
  EXPECT_LT(SeverityOf(kMotd, {&key, 1}, 0).value, SeverityOf(kMotd, {&key, 1}, 9).value);
}

}  // namespace
}  // namespace driftcast
