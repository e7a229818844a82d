#include "rpc/roster.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "rpc/fake_engine.h"
#include "rpc/test_folder.h"

namespace driftcast {
namespace {

const Instant kNow = FromUnixSeconds(1'800'000'000);
const StackId kWeb("web-7");

class RosterTest : public testing::Test {
 protected:
  void SetUp() override {
    authority_ = *Authority::Open({.folder = folder_.path() / "pki"}, kNow);
    Restart();
  }
  void Restart() { roster_ = *Roster::Open(engine_, *authority_); }
  std::string Token(JoinTokenOptions options = {}) {
    const auto token = roster_->CreateToken(options, kNow);
    EXPECT_TRUE(token.ok()) << Describe(token.status());
    return token->ToText();
  }
  StatusOr<Enrolment> Enroll(const std::string& token, const StackId& stack,
                             const PrivateKey& key = PrivateKey::Generate(), Instant now = kNow) {
    return roster_->Enroll(token, MakeCsrDer(key, "x"), stack, RoleName("web"), now);
  }
  Status Admit(const Enrolment& enrolment, Instant now = kNow) {
    return roster_->Admit(*Certificate::FromPem(enrolment.certificate_pem), now).status();
  }

  TestFolder folder_;
  FakeEngine engine_;
  std::unique_ptr<Authority> authority_;
  std::unique_ptr<Roster> roster_;
};

TEST(JoinToken, TextIsAsAgreed) {
  const JoinToken token = MakeJoinToken(std::string(64, 'a'));
  const std::string text = token.ToText();
  EXPECT_EQ(text.size(), 5u + 32u + 1u + 64u);
  EXPECT_EQ(text.substr(0, 5), "dcj1.");
  const auto read = ParseJoinToken("  " + text + "\n");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->secret, token.secret);
  EXPECT_EQ(read->fingerprint, token.fingerprint);
}

TEST(JoinToken, AnythingElseIsRefused) {
  const std::string good = MakeJoinToken(std::string(64, 'a')).ToText();
  std::string upper = good;
  upper[10] = 'A';
  for (const std::string& text : {std::string(), std::string("dcj1."), good.substr(1), good + "0",
                                  good.substr(0, good.size() - 1), "dcj2" + good.substr(4), upper})
    EXPECT_FALSE(ParseJoinToken(text).ok()) << text;
}

TEST_F(RosterTest, ATokenEnrolsAnAgent) {
  const auto enrolment = Enroll(Token(), kWeb);
  ASSERT_TRUE(enrolment.ok()) << Describe(enrolment.status());
  const auto speaker = roster_->Admit(*Certificate::FromPem(enrolment->certificate_pem), kNow);
  ASSERT_TRUE(speaker.ok()) << Describe(speaker.status());
  EXPECT_EQ(speaker->agent, enrolment->agent);
  EXPECT_EQ(speaker->stack, kWeb);
  const auto listed = roster_->List();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].role, RoleName("web"));
  EXPECT_EQ(listed[0].certificate_until, kNow + 30 * kDay);
}

TEST_F(RosterTest, TheSecretIsNotStored) {
  const auto token = *ParseJoinToken(Token());
  for (const auto& [key, value] : engine_.ListSettings("")) {
    EXPECT_EQ(key.find(token.secret), std::string::npos);
    EXPECT_EQ(value.find(token.secret), std::string::npos);
  }
}

TEST_F(RosterTest, ATokenIsUsedUp) {
  const std::string once = Token();
  ASSERT_TRUE(Enroll(once, kWeb).ok());
  EXPECT_EQ(Enroll(once, StackId("web-8")).status().code(), StatusCode::kUnauthenticated);
  const std::string twice = Token({.uses = 2});
  EXPECT_TRUE(Enroll(twice, StackId("a")).ok());
  EXPECT_TRUE(Enroll(twice, StackId("b")).ok());
  EXPECT_EQ(Enroll(twice, StackId("c")).status().code(), StatusCode::kUnauthenticated);
}

TEST_F(RosterTest, ATokenExpires) {
  const std::string token = Token({.valid = kMinute});
  EXPECT_EQ(Enroll(token, kWeb, PrivateKey::Generate(), kNow + kMinute).status().code(),
            StatusCode::kUnauthenticated);
  EXPECT_TRUE(Enroll(token, kWeb, PrivateKey::Generate(), kNow + kMinute - kSecond).ok());
}

TEST_F(RosterTest, AnUnknownTokenIsRefused) {
  EXPECT_EQ(Enroll("", kWeb).status().code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(Enroll(MakeJoinToken(std::string(64, '0')).ToText(), kWeb).status().code(),
            StatusCode::kUnauthenticated);
}

TEST_F(RosterTest, ALostAnswerCanBeAskedForAgainByTheSameKeyOnly) {
  const std::string token = Token();
  const PrivateKey key = PrivateKey::Generate();
  const auto first = Enroll(token, kWeb, key);
  ASSERT_TRUE(first.ok());
  Restart();
  const auto again = Enroll(token, kWeb, key);
  ASSERT_TRUE(again.ok()) << Describe(again.status());
  EXPECT_EQ(again->agent, first->agent);
  EXPECT_FALSE(Enroll(token, kWeb, PrivateKey::Generate()).ok());
  EXPECT_EQ(Enroll(token, StackId("other"), key).status().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(roster_->List().size(), 1u);
}

TEST_F(RosterTest, AStackIsNotTakenOverWithJustAnyToken) {
  const auto first = Enroll(Token(), kWeb);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(Enroll(Token(), kWeb).status().code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(Admit(*first).ok());
}

TEST_F(RosterTest, AStacksOwnTokenReplacesItsAgent) {
  const auto first = Enroll(Token(), kWeb);
  ASSERT_TRUE(first.ok());
  const std::string token = Token({.stack = kWeb});
  EXPECT_EQ(Enroll(token, StackId("web-8")).status().code(), StatusCode::kPermissionDenied);
  const auto second = Enroll(token, kWeb);
  ASSERT_TRUE(second.ok()) << Describe(second.status());
  EXPECT_EQ(Admit(*first).code(), StatusCode::kUnauthenticated);
  EXPECT_TRUE(Admit(*second).ok());
}

TEST_F(RosterTest, ATokenOfThisMachineMayReplaceAnyAgent) {
  const auto first = Enroll(Token(), kWeb);
  JoinTokenOptions local;
  local.may_replace = true;
  EXPECT_TRUE(Enroll(Token(local), kWeb).ok());
  EXPECT_EQ(Admit(*first).code(), StatusCode::kUnauthenticated);
}

TEST_F(RosterTest, TokensAreListedAndWithdrawn) {
  JoinTokenOptions options;
  options.role = RoleName("database");
  options.note = "rack 4";
  options.by = Principal("ada");
  const std::string first = Token(options), second = Token();
  auto listed = roster_->ListTokens(kNow);
  ASSERT_EQ(listed.size(), 2u);
  const auto mine =
      std::find_if(listed.begin(), listed.end(), [](const auto& t) { return t.note == "rack 4"; });
  ASSERT_NE(mine, listed.end());
  EXPECT_EQ(mine->by, Principal("ada"));
  EXPECT_EQ(mine->used_at, Instant());
  EXPECT_EQ(mine->id, JoinTokenId(first));
  const auto agent = Enroll(first, kWeb);
  ASSERT_TRUE(agent.ok());
  EXPECT_EQ(roster_->List()[0].role, RoleName("database")) << "the token's, not the agent's word";
  for (const auto& token : roster_->ListTokens(kNow)) {
    EXPECT_EQ(token.used_by, token.note == "rack 4" ? agent->agent : AgentId());
    EXPECT_TRUE(roster_->WithdrawToken(token.id, Principal("ada")).ok());
  }
  EXPECT_EQ(Enroll(second, StackId("web-8")).status().code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(roster_->WithdrawToken(mine->id, Principal("ada")).code(), StatusCode::kNotFound);
  EXPECT_TRUE(roster_->ListTokens(kNow + kHour).empty());
}

TEST_F(RosterTest, AStackWhoseCertificatesHaveEndedIsFree) {
  ASSERT_TRUE(Enroll(Token(), kWeb).ok());
  const std::string token = Token({.valid = 40 * kDay});
  EXPECT_TRUE(Enroll(token, kWeb, PrivateKey::Generate(), kNow + 31 * kDay).ok());
}

TEST_F(RosterTest, RevocationSurvivesARestart) {
  const auto agent = Enroll(Token(), kWeb);
  ASSERT_TRUE(agent.ok());
  ASSERT_TRUE(roster_->Revoke(agent->agent, "stolen", Principal("ada"), kNow).ok());
  EXPECT_EQ(Admit(*agent).code(), StatusCode::kUnauthenticated);
  Restart();
  EXPECT_EQ(Admit(*agent).code(), StatusCode::kUnauthenticated);
  EXPECT_NE(Message(Admit(*agent)).find("stolen"), std::string::npos);
  EXPECT_FALSE(roster_->Renew(agent->agent, MakeCsrDer(PrivateKey::Generate(), "x"), kNow).ok());
  EXPECT_EQ(roster_->Revoke(AgentId("nobody"), "", Principal("ada"), kNow).code(),
            StatusCode::kNotFound);
}

TEST_F(RosterTest, ARevokedAgentsTokenIsWorthNothing) {
  const std::string token = Token();
  const PrivateKey key = PrivateKey::Generate();
  const auto agent = Enroll(token, kWeb, key);
  ASSERT_TRUE(agent.ok());
  ASSERT_TRUE(roster_->Revoke(agent->agent, "stolen", Principal("ada"), kNow).ok());
  EXPECT_EQ(Enroll(token, kWeb, key).status().code(), StatusCode::kUnauthenticated);
}

TEST_F(RosterTest, ASingleCertificateCanBeRevoked) {
  const auto agent = Enroll(Token(), kWeb);
  ASSERT_TRUE(agent.ok());
  const auto renewed =
      roster_->Renew(agent->agent, MakeCsrDer(PrivateKey::Generate(), "x"), kNow + kDay);
  ASSERT_TRUE(renewed.ok());
  const std::string serial = Certificate::FromPem(agent->certificate_pem)->serial();
  ASSERT_TRUE(roster_->RevokeSerial(serial, "leaked", Principal("ada"), kNow).ok());
  Restart();
  EXPECT_EQ(Admit(*agent).code(), StatusCode::kUnauthenticated);
  EXPECT_TRUE(Admit(*renewed, kNow + kDay).ok());
}

TEST_F(RosterTest, RenewalLeavesTheOldCertificateValid) {
  const auto agent = Enroll(Token(), kWeb);
  ASSERT_TRUE(agent.ok());
  const auto renewed =
      roster_->Renew(agent->agent, MakeCsrDer(PrivateKey::Generate(), "x"), kNow + 20 * kDay);
  ASSERT_TRUE(renewed.ok()) << Describe(renewed.status());
  EXPECT_EQ(renewed->agent, agent->agent);
  EXPECT_TRUE(Admit(*agent, kNow + 20 * kDay).ok());
  EXPECT_TRUE(Admit(*renewed, kNow + 40 * kDay).ok());
  EXPECT_EQ(Admit(*agent, kNow + 31 * kDay).code(), StatusCode::kUnauthenticated);
}

TEST_F(RosterTest, ACertificateOfAForgottenAgentIsRefused) {
  const auto issued = authority_->IssueAgent(MakeCsrDer(PrivateKey::Generate(), "x"),
                                             AgentId("agent-of-a-lost-store"), kNow);
  ASSERT_TRUE(issued.ok());
  EXPECT_EQ(roster_->Admit(*issued, kNow).status().code(), StatusCode::kUnauthenticated);
}

TEST_F(RosterTest, HostileRequestsAreInvalid) {
  const std::string token = Token();
  const std::string csr = MakeCsrDer(PrivateKey::Generate(), "x");
  for (const std::string& stack :
       {std::string(), std::string("a/b"), std::string("a\nb"), std::string(257, 'x')})
    EXPECT_EQ(roster_->Enroll(token, csr, StackId(stack), RoleName(), kNow).status().code(),
              StatusCode::kInvalidArgument);
  EXPECT_EQ(
      roster_->Enroll(token, csr, kWeb, RoleName(std::string(257, 'r')), kNow).status().code(),
      StatusCode::kInvalidArgument);
  EXPECT_EQ(roster_->Enroll(token, "junk", kWeb, RoleName(), kNow).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_TRUE(Enroll(token, kWeb).ok()) << "none of these may have used up the token";
}

TEST_F(RosterTest, ExpiredTokensAreDropped) {
  Token({.valid = kMinute});
  const std::string kept = Token({.valid = kHour});
  ASSERT_TRUE(roster_->DropExpiredTokens(kNow + 2 * kMinute).ok());
  EXPECT_EQ(engine_.ListSettings("rpc/token/").size(), 1u);
  EXPECT_TRUE(Enroll(kept, kWeb).ok());
}

TEST_F(RosterTest, EverythingIsAudited) {
  const auto agent = Enroll(Token({.by = Principal("ada")}), kWeb);
  ASSERT_TRUE(agent.ok());
  ASSERT_TRUE(roster_->Revoke(agent->agent, "stolen", Principal("ada"), kNow).ok());
  std::vector<std::string> actions;
  for (const auto& audit : engine_.audits()) actions.push_back(audit.action);
  EXPECT_EQ(actions,
            (std::vector<std::string>{"token.created", "agent.enrolled", "agent.revoked"}));
}

}  // namespace
}  // namespace driftcast
