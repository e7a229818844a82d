#include "web/api.h"

#include <gmock/gmock.h>

#include "base/crypto.h"
#include "model/fake_authenticator.h"
#include "web/web_fixture.h"

namespace driftcast {
namespace {

using testing::HasSubstr;

constexpr char kSshd[] = "web-7/file//etc/ssh/sshd_config";

class ApiTest : public WebTest {
 protected:
  void SetUp() override {
    StartServer();
    SignIn();
  }
  template <typename Body>
  Body LastFact() {
    EXPECT_FALSE(engine_.facts.empty());
    return std::get<Body>(engine_.facts.back().body);
  }
  nlohmann::json Faults(const HttpReply& reply) { return Json(reply)["errors"]; }
};

TEST_F(ApiTest, OverviewAddsUp) {
  const auto json = Json(Get("/api/v1/overview"));
  EXPECT_EQ(json["resources"], 4);
  EXPECT_EQ(json["counts"]["DRIFTED"], 1);
  EXPECT_EQ(json["drifts_open"], 1);
  EXPECT_EQ(json["plans_waiting"], 1);  // two plans, one decision
  EXPECT_EQ(json["alert_horizon"], "1d");
}

TEST_F(ApiTest, AResourceShowsExpectedObservedAndForecast) {
  const auto json = Json(Get(std::string("/api/v1/resource?id=") + kSshd));
  EXPECT_EQ(json["status"], "DRIFTED");
  EXPECT_EQ(json["keys"][0]["expected"]["text"], "no");
  EXPECT_EQ(json["keys"][0]["observed"]["text"], "yes");
  EXPECT_EQ(json["keys"][0]["forecast"]["value"], "no");
  EXPECT_EQ(json["depends_on"][0]["to"], "web-7/package/openssh-server");
  EXPECT_EQ(json["depends_on"][0]["status"], nullptr);
  EXPECT_EQ(json["allowed"], true);
  EXPECT_EQ(Get("/api/v1/resource?id=web-7/file/none").status, 404);
}

TEST_F(ApiTest, WrongParametersAreNamed) {
  const HttpReply reply = Get("/api/v1/resources?limit=0&status=GREEN&sort=size&colour=red&text=a");
  EXPECT_EQ(reply.status, 400);
  std::vector<std::string> places;
  for (const auto& fault : Faults(reply)) places.push_back(fault["where"]);
  EXPECT_THAT(places, testing::UnorderedElementsAre("query.limit", "query.status", "query.sort",
                                                    "query.colour"));
  EXPECT_EQ(Get("/api/v1/resource?id=nonsense").status, 400);
  EXPECT_EQ(Get("/api/v1/resource").status, 400);
  EXPECT_EQ(Get("/api/v1/resources?limit=5&limit=6").status, 400);
}

TEST_F(ApiTest, PagesAreCutAndCounted) {
  for (int i = 0; i < 25; ++i) {
    const ResourceId id{StackId("web-7"), "package", "p" + std::to_string(100 + i)};
    engine_.view.shadows[id].id = id;
  }
  const auto json = Json(Get("/api/v1/resources?offset=20&limit=4"));
  EXPECT_EQ(json["total"], 26);
  EXPECT_EQ(json["rows"].size(), 4u);
  EXPECT_EQ(json["offset"], 20);
}

TEST_F(ApiTest, ApprovingCarriesTheHashAndThePrincipal) {
  const std::string hash(64, 'a');
  const HttpReply reply =
      Post("/api/v1/plans/p-1/decision", R"({"verdict":"approve","plan_hash":")" + hash + R"("})");
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(Json(reply)["state"], "approved");
  const auto decision = LastFact<DecisionMade>();
  EXPECT_EQ(decision.plan_hash, hash);
  EXPECT_EQ(decision.by.value, "ada");
  EXPECT_EQ(decision.verdict, Verdict::kApprove);
  EXPECT_EQ(engine_.facts.back().stack.value, "web-7");
}

TEST_F(ApiTest, AnApprovalIsSignedByAKeyOfOnesOwn) {
  const FakeAuthenticator mine, another;
  const auto registered = [&](const FakeAuthenticator& key) {
    return Post("/api/v1/keys", nlohmann::json{{"id", Base64Url(key.credential())},
                                               {"title", "the blue one"},
                                               {"site", "localhost"},
                                               {"public_key", Base64Url(key.public_key())}}
                                    .dump());
  };
  EXPECT_EQ(Json(registered(mine))["allow_line"], ApproverLine(mine.Key("ada")));
  EXPECT_EQ(registered(mine).status, 409);
  engine_.view.stacks[0].labels[kApproverKeysLabel] = "yes";
  const auto asked = Json(Get("/api/v1/plans/p-1/challenge"));
  EXPECT_EQ(asked["required"], true);
  EXPECT_EQ(asked["keys"][0]["id"], Base64Url(mine.credential()));
  const RemediationPlan& plan = engine_.view.plans[0];
  const Instant until = *ParseInstant(asked["valid_until"].get<std::string>());
  EXPECT_EQ(asked["challenge"], Base64Url(ApprovalChallenge(plan, until)));

  const auto approve = [&](const ApprovalProof& proof) {
    return Post("/api/v1/plans/p-1/decision",
                nlohmann::json{{"verdict", "approve"},
                               {"plan_hash", plan.hash},
                               {"proof",
                                {{"key", Base64Url(proof.credential)},
                                 {"authenticator_data", Base64Url(proof.authenticator_data)},
                                 {"client_data", Base64Url(proof.client_data)},
                                 {"signature", Base64Url(proof.signature)},
                                 {"valid_until", FormatInstant(proof.valid_until)}}}}
                    .dump());
  };
  EXPECT_EQ(approve(another.Approve(plan, until)).status, 403);
  EXPECT_EQ(approve(mine.Approve(engine_.view.plans[1], until)).status, 403);
  EXPECT_EQ(approve(mine.Approve(plan, until + kDay * 365)).status, 403);
  EXPECT_TRUE(engine_.facts.empty());
  const ApprovalProof good = mine.Approve(plan, until);
  const HttpReply reply = approve(good);
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(LastFact<DecisionMade>().proof, good);

  EXPECT_EQ(Send("DELETE", "/api/v1/keys/" + Base64Url(mine.credential())).status, 204);
  EXPECT_EQ(Send("DELETE", "/api/v1/keys/" + Base64Url(mine.credential())).status, 404);
  EXPECT_TRUE(Json(Get("/api/v1/keys"))["rows"].empty());
}

TEST_F(ApiTest, AKeyThatIsNoneIsRefusedAndSaidWhy) {
  const HttpReply reply = Post("/api/v1/keys", R"({"id":"a+b","title":"x","site":"localhost",
                                                   "public_key":"AAAA"})");
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr("/id"));
  EXPECT_THAT(reply.body, HasSubstr("not a public key"));
}

TEST_F(ApiTest, APlanThatHasChangedIsNotApproved) {
  const HttpReply reply =
      Post("/api/v1/plans/p-1/decision", R"({"verdict":"approve","plan_hash":"0000"})");
  EXPECT_EQ(reply.status, 409);
  EXPECT_THAT(reply.body, HasSubstr("look again"));
  EXPECT_TRUE(engine_.facts.empty());
}

TEST_F(ApiTest, WhatTheHostForbidsIsNotApprovedAndItSaysHow) {
  engine_.view.stacks[0].allowed_kinds = {};
  const std::string hash(64, 'a');
  const HttpReply reply =
      Post("/api/v1/plans/p-1/decision", R"({"verdict":"approve","plan_hash":")" + hash + R"("})");
  EXPECT_EQ(reply.status, 409);
  EXPECT_THAT(reply.body, HasSubstr("./up --allow file"));
  // Doing nothing needs no permission.
  EXPECT_EQ(Post("/api/v1/plans/p-2/decision",
                 R"({"verdict":"approve","plan_hash":")" + std::string(64, 'b') + R"("})")
                .status,
            200);
}

TEST_F(ApiTest, DecidedPlansStayDecided) {
  const std::string body =
      R"({"verdict":"reject","reason":"no","plan_hash":")" + std::string(64, 'a') + R"("})";
  EXPECT_EQ(Post("/api/v1/plans/p-1/decision", body).status, 200);
  EXPECT_EQ(Post("/api/v1/plans/p-1/decision", body).status, 409);
  EXPECT_EQ(Post("/api/v1/plans/none/decision", body).status, 404);
}

TEST_F(ApiTest, OverridesAndRejectionsNeedAReason) {
  const HttpReply reply =
      Post("/api/v1/plans/p-1/decision", R"({"verdict":"override","plan_hash":"x"})");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(Faults(reply)[0]["where"], "/reason");
}

TEST_F(ApiTest, PlansAreFilteredByState) {
  EXPECT_EQ(Json(Get("/api/v1/plans?state=waiting"))["total"], 2);
  EXPECT_EQ(Json(Get("/api/v1/plans?state=active"))["total"], 0);
  engine_.view.plans[0].state = PlanState::kRunning;
  engine_.view.plans[1].state = PlanState::kExpired;
  EXPECT_EQ(Json(Get("/api/v1/plans?state=waiting"))["total"], 0);
  EXPECT_EQ(Json(Get("/api/v1/plans?state=active"))["rows"][0]["id"], "p-1");
  EXPECT_EQ(Json(Get("/api/v1/plans?state=ended"))["rows"][0]["id"], "p-2");
}

TEST_F(ApiTest, AcceptingEverythingOrSomeKeys) {
  const std::string head = std::string(R"({"resource":")") + kSshd + R"(","reason":"wanted")";
  EXPECT_EQ(Post("/api/v1/resource/accept", head + "}").status, 200);
  auto set = LastFact<ExpectationSet>();
  EXPECT_EQ(set.origin, Origin::kAccepted);
  EXPECT_TRUE(set.keys.empty());
  EXPECT_EQ(Post("/api/v1/resource/accept", head + R"(,"paths":["PermitRootLogin"]})").status, 200);
  set = LastFact<ExpectationSet>();
  ASSERT_EQ(set.keys.size(), 1u);
  EXPECT_EQ(set.keys[0].value, Value::Text("yes"));
  EXPECT_EQ(set.by.value, "ada");
  EXPECT_EQ(Post("/api/v1/resource/accept", head + R"(,"paths":["Nothing"]})").status, 400);
}

TEST_F(ApiTest, AcceptingWhatIsGoneExpectsItsAbsence) {
  engine_.view.shadows.begin()->second.exists = false;
  EXPECT_EQ(Post("/api/v1/resource/accept",
                 std::string(R"({"resource":")") + kSshd + R"(","reason":"removed"})")
                .status,
            200);
  EXPECT_TRUE(LastFact<ExpectationSet>().absent);
}

TEST_F(ApiTest, WhatWasNeverComparedCannotBeAccepted) {
  ShadowResource& shadow = engine_.view.shadows.begin()->second;
  shadow.status = ResourceStatus::kNotCompared;
  shadow.compared_at = Instant();
  EXPECT_EQ(Post("/api/v1/resource/accept",
                 std::string(R"({"resource":")") + kSshd + R"(","reason":"x"})")
                .status,
            409);
}

TEST_F(ApiTest, ExpectationsAreTyped) {
  const HttpReply reply = Post("/api/v1/expectations", R"({"reason":"cloud-init","expectations":[
      {"role":"web","kind":"sysctl","name":"vm.swappiness","keys":[{"path":"value","value":10}]},
      {"resource":"web-7/file//etc/x","keys":[{"path":"b","value":"yes"},
         {"path":"a","value":{"type":"text","text":"17"}},{"path":"c","value":true},
         {"path":"d","value":null},{"path":"e","value":"17"},{"path":"f","value":1.5}]},
      {"resource":"web-7/package/telnetd","absent":true}]})");
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(Json(reply)["set"], 3);
  ASSERT_EQ(engine_.facts.size(), 3u);
  const auto role = std::get<ExpectationSet>(engine_.facts[0].body);
  EXPECT_EQ(role.role.value, "web");
  EXPECT_TRUE(role.resource.stack.empty());
  EXPECT_EQ(role.keys[0].value, Value::Integer(10));
  const auto file = std::get<ExpectationSet>(engine_.facts[1].body);
  const std::vector<KeyValue> expected = {{"a", Value::Text("17")},  {"b", Value::Text("yes")},
                                          {"c", Value::Bool(true)},  {"d", Value::Null()},
                                          {"e", Value::Integer(17)}, {"f", Value::Real(1.5)}};
  EXPECT_EQ(file.keys, expected);
  EXPECT_EQ(file.reason, "cloud-init");
  EXPECT_TRUE(std::get<ExpectationSet>(engine_.facts[2].body).absent);
}

TEST_F(ApiTest, VersionsOfPackagesAreText) {
  for (const char* value : {"\"6.4\"", "6.4"}) {
    const HttpReply reply =
        Post("/api/v1/expectations", std::string(R"({"expectations":[{"role":"web","kind":"package",
        "name":"netbase","keys":[{"path":"version","value":)") +
                                         value + R"(},{"path":"hold","value":"false"}]}]})");
    ASSERT_EQ(reply.status, 200) << reply.body;
    const auto keys = LastFact<ExpectationSet>().keys;
    const std::vector<KeyValue> expected = {{"hold", Value::Bool(false)},
                                            {"version", Value::Text("6.4")}};
    EXPECT_EQ(keys, expected);
  }
}

TEST_F(ApiTest, WrongExpectationsAreAllNamedAndNoneIsTaken) {
  const HttpReply reply = Post("/api/v1/expectations", R"({"expectations":[
      {"resource":"web-7/package/a","keys":[{"path":"version","value":"1"}]},
      {"resource":"nonsense","keys":[{"path":"x","value":[1]}]},
      {"keys":[{"path":"x","value":1}]},
      {"resource":"web-7/package/b","colour":"red"}]})");
  EXPECT_EQ(reply.status, 400);
  std::vector<std::string> places;
  for (const auto& fault : Faults(reply)) places.push_back(fault["where"]);
  EXPECT_THAT(places,
              testing::UnorderedElementsAre(
                  "/expectations/1/resource", "/expectations/1/keys/0/value",
                  "/expectations/2/resource", "/expectations/3/keys", "/expectations/3/colour"));
  EXPECT_TRUE(engine_.facts.empty());
}

TEST_F(ApiTest, BodiesMustBeJson) {
  EXPECT_EQ(Post("/api/v1/rules", "{").status, 400);
  EXPECT_EQ(Post("/api/v1/rules", "[]").status, 400);
  EXPECT_EQ(Post("/api/v1/rules", std::string(100000, '[')).status, 400);
  const auto reply = Fetch({.method = "POST",
                            .url = server_->url() + "/api/v1/rules",
                            .headers = {{"Cookie", cookie_}, {"X-CSRF-Token", csrf_}},
                            .body = "{}"});
  EXPECT_EQ(reply->status, 415);
}

TEST_F(ApiTest, RulesAreSetShownAndRemoved) {
  const HttpReply made = Post("/api/v1/rules", R"({"id":"motd","resource_glob":"*/file//etc/motd",
      "key_glob":"*","reason":"generated","expires_at":"2030-01-01T00:00:00Z"})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(LastFact<IgnoreRule>().owner, "ada");
  EXPECT_EQ(Json(Get("/api/v1/rules"))["rows"].size(), 2u);
  EXPECT_EQ(Send("DELETE", "/api/v1/rules/motd").status, 204);
  EXPECT_EQ(Send("DELETE", "/api/v1/rules/motd").status, 404);
  EXPECT_EQ(Post("/api/v1/rules", R"({"id":"a/b","resource_glob":"*","key_glob":"*","reason":"x"})")
                .status,
            400);
  EXPECT_EQ(Post("/api/v1/rules", R"({"resource_glob":"*","key_glob":"*","reason":"x",
      "expires_at":"2001-01-01T00:00:00Z"})")
                .status,
            400);
}

TEST_F(ApiTest, ARulesEffectIsShownBefore) {
  const auto json = Json(
      Post("/api/v1/rules/preview", R"({"resource_glob":"*/sshd_config","key_glob":"Permit*"})"));
  EXPECT_EQ(json["drifts_open"], 1);
  EXPECT_EQ(json["keys_open"], 1);
  EXPECT_EQ(json["sample"][0], std::string(kSshd) + ": PermitRootLogin");
}

TEST_F(ApiTest, SnoozingNeedsAnEnd) {
  const std::string head = std::string(R"({"resource":")") + kSshd + R"(","reason":"later",)";
  EXPECT_EQ(Post("/api/v1/decisions", head + R"("verdict":"snooze"})").status, 400);
  EXPECT_EQ(
      Post("/api/v1/decisions", head + R"("verdict":"snooze","until":"2099-01-01T00:00:00Z"})")
          .status,
      200);
  EXPECT_EQ(LastFact<DecisionMade>().verdict, Verdict::kSnooze);
  EXPECT_EQ(Post("/api/v1/decisions", head + R"("verdict":"override"})").status, 200);
}

TEST_F(ApiTest, DriftsAreFoundByResourceAndCause) {
  EXPECT_EQ(Json(Get(std::string("/api/v1/drifts?resource=") + kSshd))["total"], 1);
  EXPECT_EQ(Json(Get("/api/v1/drifts?cause=person:session-41"))["total"], 1);
  EXPECT_EQ(Json(Get("/api/v1/drifts?cause=person:other"))["total"], 0);
  EXPECT_EQ(Json(Get("/api/v1/drifts/d-1"))["id"], "d-1");
  EXPECT_EQ(Get("/api/v1/drifts/d-2").status, 404);
  const auto groups = Json(Get("/api/v1/drifts/causes"))["rows"];
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0]["cause"]["actor"], "ada");
}

TEST_F(ApiTest, AlertsAreThoseAtTheThreshold) {
  EXPECT_EQ(Json(Get("/api/v1/predictions?alerts=true"))["total"], 0);  // 0.3 x 0.9 within a day
  for (auto& [id, prediction] : engine_.view.predictions) prediction.horizons[2] = {0.6, 0.9};
  const auto json = Json(Get("/api/v1/predictions?alerts=true"));
  EXPECT_EQ(json["total"], 1);
  EXPECT_EQ(json["rows"][0]["alert"], true);
  EXPECT_EQ(json["rows"][0]["status"], "DRIFTED");
}

TEST_F(ApiTest, TheAuditLogIsPagedBackwards) {
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(engine_.AppendAudit(Principal("x"), "test", std::to_string(i), "").ok());
  }
  const size_t all = engine_.view.audit.size();
  auto json = Json(Get("/api/v1/audit?limit=4"));
  EXPECT_EQ(json["rows"][0]["number"], all);
  EXPECT_EQ(json["next_before"], all - 3);
  json = Json(Get("/api/v1/audit?limit=100&before=" + std::to_string(all - 3)));
  EXPECT_EQ(json["rows"].size(), all - 4);
  EXPECT_EQ(json["next_before"], nullptr);
  json = Json(Get("/api/v1/audit?subject=7"));
  ASSERT_EQ(json["rows"].size(), 1u);
  EXPECT_EQ(json["rows"][0]["subject"], "7");
  EXPECT_EQ(Json(Get("/api/v1/audit/verify"))["ok"], true);
  engine_.chain = DataLoss("entry 3 is not what was written");
  EXPECT_EQ(Json(Get("/api/v1/audit/verify"))["detail"], "entry 3 is not what was written");
}

TEST_F(ApiTest, SearchFindsStacksRolesResourcesAndPeople) {
  std::vector<std::string> types;
  const auto hits = Json(Get("/api/v1/search?q=web"))["rows"];
  for (const auto& hit : hits) types.push_back(hit["type"]);
  EXPECT_THAT(types, testing::IsSupersetOf({"stack", "role"}));
  EXPECT_EQ(Json(Get("/api/v1/search?q=sshd"))["rows"][0]["type"], "resource");
  EXPECT_EQ(Json(Get("/api/v1/search?q=ada"))["rows"][0]["type"], "drift");
  EXPECT_EQ(Json(Get("/api/v1/search?q=zzz"))["rows"].size(), 0u);
}

TEST_F(ApiTest, AFullEngineSaysTryAgain) {
  engine_.answer = ResourceExhausted("the engine's queue is full; try again in a second");
  const HttpReply reply =
      Post("/api/v1/rules", R"({"resource_glob":"*","key_glob":"*","reason":"x"})");
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.Header("retry-after"), "1");
}

TEST_F(ApiTest, WrongMethodsNameTheRightOnes) {
  const HttpReply reply = Send("PUT", "/api/v1/rules");
  EXPECT_EQ(reply.status, 405);
  EXPECT_EQ(reply.Header("allow"), "GET, POST");
  EXPECT_EQ(Get("/api/v1/nothing").status, 404);
}

TEST_F(ApiTest, LoginLinksCanBeMadeByAdministrators) {
  const HttpReply made = Post("/api/v1/login-links", R"({"principal":"grace"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const auto reply = Fetch({.url = Json(made)["url"].get<std::string>()});
  EXPECT_EQ(reply->status, 303);
}

}  // namespace
}  // namespace driftcast
