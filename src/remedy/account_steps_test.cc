// Users, groups, SSH keys, mounts and certificates: which strategies apply, and why others do not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "remedy/scene.h"

namespace driftcast {
namespace {

using ::testing::HasSubstr;

const RemediationPlan* Find(const std::vector<RemediationPlan>& plans, Strategy strategy) {
  for (const auto& plan : plans)
    if (plan.strategy == strategy) return &plan;
  return nullptr;
}

std::string WhyNot(const Scene& scene, Strategy strategy) {
  for (const auto& left : scene.left_out)
    if (left.strategy == strategy) return left.reason;
  return "it applies";
}

// "set_key shell=/bin/sh"
std::string StepsOf(const RemediationPlan* plan) {
  std::string out;
  if (plan == nullptr) return "no plan";
  for (const auto& step : plan->steps) {
    out += (out.empty() ? "" : "; ") + std::string(StepKindName(step.kind));
    if (step.parameters.contains("path")) out += " " + step.parameters.at("path");
    if (step.parameters.contains("value")) out += "=" + step.parameters.at("value");
  }
  return out;
}

Scene Ada(std::vector<ShadowKey> keys) {
  keys.push_back(Key("uid", Value::Integer(1000), Value::Integer(1000)));
  return Scene("user", "ada", std::move(keys));
}

TEST(Accounts, AUsersShellAndGroupsArePutBack) {
  Scene scene = Ada({Key("shell", Value::Text("/usr/sbin/nologin"), Value::Text("/bin/bash")),
                     Key("group[]", std::nullopt, Value::Text("sudo")),
                     Key("group[]", Value::Text("adm"), std::nullopt),
                     Key("expires", std::nullopt, Value::Integer(20000))});
  const auto plans = scene.ForDrift();
  EXPECT_EQ(StepsOf(Find(plans, Strategy::kRevert)),
            "set_key shell=/usr/sbin/nologin; remove_key group[]=sudo; set_key group[]=adm; "
            "remove_key expires");
  EXPECT_TRUE(Find(plans, Strategy::kRevert)->reversible);
  EXPECT_EQ(StepsOf(Find(plans, Strategy::kIsolate)), "set_key password=locked; set_key expires=1");
  EXPECT_THAT(Find(plans, Strategy::kRevert)->why, HasSubstr("does not let its users be changed"));
}

TEST(Accounts, APasswordIsLockedAndNeverKnown) {
  Scene unlocked = Ada({Key("password", Value::Text("locked"), Value::Secret("aa"))});
  EXPECT_EQ(StepsOf(Find(unlocked.ForDrift(), Strategy::kRevert)), "set_key password=locked");
  Scene changed = Ada({Key("password", Value::Secret("aa"), Value::Secret("bb"))});
  changed.ForDrift();
  EXPECT_THAT(WhyNot(changed, Strategy::kRevert), HasSubstr("only its fingerprint is known"));
  Scene number = Ada({Key("gid", Value::Integer(4), Value::Integer(0))});
  number.ForDrift();
  EXPECT_THAT(WhyNot(number, Strategy::kRevert), HasSubstr("files carry the numbers"));
}

TEST(Accounts, WhatWasAddedIsRemovedAndWhatIsGoneSaysWhyNot) {
  for (const char* kind : {"user", "group", "authorized_key"}) {
    Scene added(kind, "eve", {Key("uid", std::nullopt, Value::Integer(1001))});
    added.drift.status = ResourceStatus::kUnmanaged;
    EXPECT_EQ(StepsOf(Find(added.ForDrift(), Strategy::kRevert)), "remove_resource") << kind;
    Scene gone(kind, "eve", {Key("uid", Value::Integer(1001), std::nullopt)});
    gone.shadow.exists = false;
    gone.ForDrift();
    EXPECT_THAT(WhyNot(gone, Strategy::kRevert), HasSubstr("is gone")) << kind;
  }
  Scene root("user", "toor", {Key("uid", std::nullopt, Value::Integer(0))});
  root.drift.status = ResourceStatus::kUnmanaged;
  root.ForDrift();
  EXPECT_THAT(WhyNot(root, Strategy::kRevert), HasSubstr("by hand alone"));
  EXPECT_THAT(WhyNot(root, Strategy::kIsolate), HasSubstr("user 0"));
}

TEST(Accounts, AnSshKeysOptionsArePutBack) {
  Scene scene("authorized_key", "ada SHA256:x",
              {Key("options", Value::Text("from=\"10.0.0.0/8\""), std::nullopt)});
  EXPECT_EQ(StepsOf(Find(scene.ForDrift(), Strategy::kRevert)),
            "set_key options=from=\"10.0.0.0/8\"");
}

TEST(Accounts, AUsersLikelyKeysAreGuarded) {
  Scene scene = Ada({Key("shell", Value::Text("/bin/sh"), Value::Text("/bin/sh"))});
  scene.can_guard = true;
  scene.prediction.keys.resize(1);
  scene.prediction.keys[0].path = "shell";
  EXPECT_EQ(StepsOf(Find(scene.ForForecast(), Strategy::kGuard)), "arm_guard shell=/bin/sh");
}

TEST(Mounts, FlagsArePutBackAndOptionsOfTheFileSystemAreNot) {
  Scene scene("mount", "/srv",
              {Key("option[]", Value::Text("nosuid"), std::nullopt),
               Key("option[]", std::nullopt, Value::Text("rw")),
               Key("option[]", Value::Text("ro"), std::nullopt)});
  EXPECT_EQ(StepsOf(Find(scene.ForDrift(), Strategy::kRevert)),
            "set_key option[]=nosuid; remove_key option[]=rw; set_key option[]=ro");
  Scene data("mount", "/srv", {Key("option[]", Value::Text("data=ordered"), std::nullopt)});
  data.ForDrift();
  EXPECT_THAT(WhyNot(data, Strategy::kRevert), HasSubstr("/etc/fstab"));
  Scene device("mount", "/srv", {Key("device", Value::Text("/dev/a"), Value::Text("/dev/b"))});
  device.ForDrift();
  EXPECT_THAT(WhyNot(device, Strategy::kRevert), HasSubstr("while it is in use"));
}

TEST(Certificates, AreRenewedByTheHostsCommandAndReadAgain) {
  Scene scene(
      "certificate", "/etc/ssl/web.pem",
      {Key("not_after", Value::Text("2026-06-01T00:00:00Z"), Value::Text("2026-06-01T00:00:00Z"))});
  scene.ForForecast();
  EXPECT_THAT(WhyNot(scene, Strategy::kRelieveCause), HasSubstr("[[relief]]"));
  scene.site.relief = {
      {.resource_glob = "*/certificate/*", .command = "renew", .arguments = {}, .title = ""}};
  const auto plans = scene.ForForecast();
  const auto* relieve = Find(plans, Strategy::kRelieveCause);
  EXPECT_EQ(StepsOf(relieve), "run_command; check_certificate; accept_observed");
  ASSERT_NE(relieve, nullptr);
  EXPECT_EQ(relieve->steps[1].parameters.at("after"), "2026-06-01T00:00:00Z");
  EXPECT_FALSE(relieve->reversible);
  scene.drift.keys = {Key("serial", Value::Text("1"), Value::Text("2"))};
  scene.ForDrift();
  EXPECT_THAT(WhyNot(scene, Strategy::kRevert), HasSubstr("whoever issues it"));
}

TEST(Guards, HaveThePolicysUnitTakeUpWhatTheyPutBack) {
  Scene scene = Sshd();
  scene.can_guard = true;
  scene.prediction.keys.resize(1);
  scene.prediction.keys[0].path = "Port";
  scene.site.after = {{.resource_glob = "*/file//etc/ssh/*",
                       .reload = "ssh.service",
                       .restart = "",
                       .check_unit = "ssh.service",
                       .check_command = ""}};
  const auto plans = scene.ForForecast();
  EXPECT_EQ(StepsOf(Find(plans, Strategy::kGuard)), "arm_guard Port=22; reload_unit");
}

}  // namespace
}  // namespace driftcast
