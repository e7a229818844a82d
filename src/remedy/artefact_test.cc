#include "remedy/artefact.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcast {
namespace {

using ::testing::HasSubstr;

PlanStep Step(StepKind kind, const std::string& resource_kind, const std::string& name,
              std::map<std::string, std::string> parameters = {}) {
  PlanStep step;
  step.kind = kind;
  step.resource = {StackId("web-7"), resource_kind, name};
  step.parameters = std::move(parameters);
  return step;
}

RemediationPlan Plan(std::vector<PlanStep> steps) {
  RemediationPlan plan;
  plan.id = PlanId("plan-1");
  plan.stack = StackId("web-7");
  plan.title = "Put it back, it's {{ time }}";
  plan.steps = std::move(steps);
  for (const auto& step : plan.steps) {
    PlanBase base{.resource = step.resource, .observed = {}};
    if (const auto path = step.parameters.find("path"); path != step.parameters.end())
      base.observed.push_back({path->second, Value::Text("old")});
    plan.base.push_back(std::move(base));
  }
  return plan;
}

RemediationPlan Everything(const std::string& file) {
  return Plan(
      {Step(StepKind::kSetKey, "file", file, {{"path", "PermitRootLogin"}, {"value", "no"}}),
       Step(StepKind::kRemoveKey, "file", file, {{"path", "UseDNS"}}),
       Step(StepKind::kRestoreMetadata, "file", file, {{"mode", "0600"}}),
       Step(StepKind::kAcceptObserved, "file", file)});
}

TEST(Artefact, PackagesAndSettingsHaveModules) {
  const auto text = AnsiblePlaybook(
      Plan({Step(StepKind::kInstallPackage, "package", "openssl", {{"version", "3.0.14-1"}}),
            Step(StepKind::kHoldPackage, "package", "openssl"),
            Step(StepKind::kSetSysctl, "sysctl", "vm.swappiness",
                 {{"value", "10"}, {"persist", "true"}})}));
  ASSERT_TRUE(text.ok());
  EXPECT_THAT(*text, HasSubstr("name: 'openssl=3.0.14-1'"));
  EXPECT_THAT(*text, HasSubstr("selection: hold"));
  EXPECT_THAT(*text, HasSubstr("ansible.posix.sysctl"));
  EXPECT_THAT(*text, HasSubstr("!unsafe 'Put it back, it''s {{ time }}'"));
}

TEST(Artefact, WhatCannotBeSaidIsNotLeftOut) {
  EXPECT_FALSE(AnsiblePlaybook(Plan({Step(StepKind::kSetKey, "file", "/etc/a.ini",
                                          {{"path", "s.a"}, {"value", "1"}})}))
                   .ok());
  EXPECT_FALSE(AnsiblePlaybook(Plan({Step(StepKind::kRestoreContent, "file", "/etc/a",
                                          {{"digest", "sha256:00:1"}})}))
                   .ok());
  EXPECT_FALSE(AnsiblePlaybook(Plan({})).ok());
  auto absent = Everything("/etc/x");
  absent.base.clear();
  EXPECT_FALSE(AnsiblePlaybook(absent).ok());
  EXPECT_FALSE(AnsiblePlaybook(Plan({Step(StepKind::kSetKey, "file", "/etc/x",
                                          {{"path", "A"}, {"value", "1\n- evil"}})}))
                   .ok());
}

TEST(Artefact, UnitsUsersAndWholeFilesAreSaid) {
  const auto user = [](const char* path, const char* value) {
    return Step(StepKind::kSetKey, "user", "ada", {{"path", path}, {"value", value}});
  };
  const auto text = AnsiblePlaybook(
      Plan({user("shell", "/usr/sbin/nologin"), user("password", "locked"), user("expires", "1"),
            user("group[]", "adm"), Step(StepKind::kRemoveResource, "user", "eve", {}),
            Step(StepKind::kRestartUnit, "unit", "nginx.service", {}),
            Step(StepKind::kMaskUnit, "unit", "nginx.service", {}),
            Step(StepKind::kWriteFile, "file", "/etc/x", {{"content", "a \"b\"\n{{ c }}\n"}}),
            Step(StepKind::kCheckPort, "unit", "nginx.service", {{"port", "443"}})}));
  ASSERT_TRUE(text.ok()) << Describe(text.status());
  for (const char* part :
       {"shell: '/usr/sbin/nologin'", "password_lock: true", "expires: 86400", "groups: ['adm']",
        "append: true", "state: absent", "state: restarted", "masked: true",
        "content: !unsafe \"a \\\"b\\\"\\n{{ c }}\\n\"", "ansible.builtin.wait_for"})
    EXPECT_THAT(*text, HasSubstr(part));
  EXPECT_FALSE(
      AnsiblePlaybook(Plan({Step(StepKind::kRemoveResource, "authorized_key", "ada SHA256:x", {})}))
          .ok());
  EXPECT_FALSE(AnsiblePlaybook(Plan({Step(StepKind::kSetKey, "mount", "/srv",
                                          {{"path", "option[]"}, {"value", "ro"}})}))
                   .ok());
}

TEST(Artefact, StepsAreDescribedInWords) {
  EXPECT_THAT(DescribeSteps(Everything("/etc/x")),
              HasSubstr("1. set_key file//etc/x path=PermitRootLogin value=no\n"));
}

// With the real program, where it is installed: the same effect on a file as the plan's own.
TEST(Artefact, AnsibleMakesTheSameChange) {
  if (access("/usr/bin/ansible-playbook", X_OK) != 0)
    GTEST_SKIP() << "ansible-playbook is not installed";
  std::string name = std::filesystem::temp_directory_path() / "driftcast_ansible_XXXXXX";
  const std::filesystem::path folder = mkdtemp(name.data());
  const std::filesystem::path file = folder / "sshd_config";
  std::ofstream(file) << "Port 22\nPermitRootLogin  yes  # for now\nUseDNS no\n# UseDNS no\n";
  auto plan = Everything(file);
  const auto text = AnsiblePlaybook(plan);
  ASSERT_TRUE(text.ok()) << Describe(text.status());
  std::ofstream(folder / "play.yml")
      << std::regex_replace(*text, std::regex("become: true"), "become: false");
  const std::string command = "cd " + folder.string() + " && HOME=" + folder.string() +
                              " ANSIBLE_LOCAL_TEMP=" + folder.string() +
                              "/tmp /usr/bin/ansible-playbook -i 'web-7,' -c local -e "
                              "ansible_python_interpreter=/usr/bin/python3 play.yml";
  EXPECT_EQ(std::system((command + " --check > check.log 2>&1").c_str()), 0);
  EXPECT_EQ(std::system((command + " > play.log 2>&1").c_str()), 0);
  std::ifstream in(file);
  const std::string now(std::istreambuf_iterator<char>(in), {});
  EXPECT_EQ(now, "Port 22\nPermitRootLogin  no  # for now\n# UseDNS no\n");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace driftcast
