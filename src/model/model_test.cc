#include <gtest/gtest.h>

#include "model/plan.h"
#include "model/resource.h"
#include "model/value.h"

namespace driftcast {
namespace {

struct GuessCase {
  const char* text;
  ValueType type;
};

class GuessTest : public testing::TestWithParam<GuessCase> {};

TEST_P(GuessTest, KeepsTheTextAndFindsTheType) {
  const Value value = Value::Guess(GetParam().text);
  EXPECT_EQ(value.type, GetParam().type);
  EXPECT_EQ(value.text, GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Scalars, GuessTest,
    testing::Values(GuessCase{"", ValueType::kNull}, GuessCase{"true", ValueType::kBool},
                    GuessCase{"yes", ValueType::kText}, GuessCase{"-17", ValueType::kInteger},
                    GuessCase{"007", ValueType::kText}, GuessCase{"-0", ValueType::kText},
                    GuessCase{"1e3", ValueType::kText},
                    GuessCase{"99999999999999999999", ValueType::kText}));

TEST(Value, RealsReadBack) {
  for (const double x : {0.1, -1e300, 5e-324, 3.0}) EXPECT_EQ(*Value::Real(x).AsNumber(), x);
}

TEST(Value, CanonicalListsOfEqualConfigurationsAreEqual) {
  std::vector<KeyValue> a = {
      {"b", Value::Integer(1)}, {"a[]", Value::Text("y")}, {"a[]", Value::Text("x")}};
  std::vector<KeyValue> b = {{"a[]", Value::Text("x")},
                             {"b", Value::Integer(1)},
                             {"a[]", Value::Text("y")},
                             {"b", Value::Integer(1)}};
  Canonicalize(a);
  Canonicalize(b);
  EXPECT_EQ(a, b);
}

TEST(ResourceId, ReadsBackAndKeepsSlashesInNames) {
  const auto id = ParseResourceId("web-7/file//etc/ssh/sshd_config");
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(id->name, "/etc/ssh/sshd_config");
  EXPECT_EQ(*ParseResourceId(id->ToText()), *id);
}

TEST(ResourceId, RefusesWhatIsNone) {
  for (const char* text : {"", "a", "a/b", "/b/c", "a//c", "a/b/", "a/b/c\nd"})
    EXPECT_FALSE(ParseResourceId(text).ok()) << text;
}

TEST(Plan, CanonicalBytesCoverWhatIsDoneAndNothingElse) {
  RemediationPlan plan;
  plan.id = PlanId("p1");
  plan.steps.push_back(
      {StepKind::kSetKey, {StackId("h"), "file", "/etc/a"}, {{"path", "x"}, {"value", "1"}}});
  const std::string bytes = CanonicalPlanBytes(plan);
  plan.score = 3;
  plan.state = PlanState::kApproved;
  EXPECT_EQ(CanonicalPlanBytes(plan), bytes);
  plan.steps[0].parameters["value"] = "2";
  EXPECT_NE(CanonicalPlanBytes(plan), bytes);
}

TEST(Plan, CanonicalBytesCannotBeImitatedByContent) {
  RemediationPlan a, b;
  a.id = PlanId("1:x");
  b.id = PlanId("1");
  b.stack = StackId("x");
  EXPECT_NE(CanonicalPlanBytes(a), CanonicalPlanBytes(b));
}

}  // namespace
}  // namespace driftcast
