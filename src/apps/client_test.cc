#include "apps/client.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apps/cli.h"
#include "apps/provision_file.h"
#include "apps/table.h"

namespace driftcast {
namespace {

using testing::HasSubstr;

int RunWords(std::vector<std::string> words) {
  words.insert(words.begin(), "driftcast");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return RunCommandLine(static_cast<int>(argv.size()), argv.data());
}

TEST(CommandLineTest, ExitCodesAreStable) {
  EXPECT_EQ(RunWords({"--version"}), kExitOk);
  EXPECT_EQ(RunWords({"approve", "--help"}), kExitOk);
  EXPECT_EQ(RunWords({"no-such-command"}), kExitUsage);
  EXPECT_EQ(RunWords({"resources", "--status", "GREEN"}), kExitUsage);
  EXPECT_EQ(RunWords({"status", "--data", "/nonexistent"}), kExitUsage);
  // Port 1 of loopback: nobody listens there.
  setenv("DRIFTCAST_TOKEN", "x", 1);
  EXPECT_EQ(RunWords({"status", "--server", "http://127.0.0.1:1"}), kExitFailed);
  unsetenv("DRIFTCAST_TOKEN");
}

TEST(TableTest, AlignsByCellsNotBytes) {
  TextTable table({"NAME", "COUNT"});
  table.AlignRight(1);
  table.Add({"é", "7"});
  table.Add({"plain", "1000"});
  EXPECT_EQ(table.Write(false),
            "NAME   COUNT\n"
            "é          7\n"
            "plain   1000\n");
}

TEST(TableTest, ColoursOnlyWhatItIsTold) {
  TextTable table({"A", "B"});
  table.Add({"x", "DRIFTED"}, 1, InkOfWord("DRIFTED"));
  EXPECT_THAT(table.Write(true), HasSubstr("x  \033[31mDRIFTED\033[0m\n"));
  EXPECT_THAT(table.Write(false), HasSubstr("x  DRIFTED\n"));
}

TEST(TableTest, ShownTextCannotMoveTheCursor) {
  EXPECT_EQ(Shown("a\033[2Jb\r\n"), "a?[2Jb??");
  EXPECT_EQ(Shown("ääääää", 4), "äää…");
  EXPECT_EQ(Shown("abcd", 4), "abcd");
}

TEST(TableTest, SpansAndAges) {
  EXPECT_EQ(*ParseSpan("90"), 90 * kSecond);
  EXPECT_EQ(*ParseSpan("2w"), 14 * kDay);
  for (const char* bad : {"", "0", "-3d", "3y", "d", "3 d", "999999999999"}) {
    EXPECT_EQ(ParseSpan(bad).status().code(), StatusCode::kInvalidArgument) << bad;
  }
  const Instant now = *ParseInstant("2026-05-01T12:00:00Z");
  EXPECT_EQ(Ago("2026-05-01T11:57:00Z", now), "3 min ago");
  EXPECT_EQ(Ago("2026-05-04T12:00:00Z", now), "in 3 d");
  EXPECT_EQ(Ago("", now), "-");
}

nlohmann::json Read(const char* text, ProvisionFormat format) {
  const auto body = ReadProvisionFile(text, format);
  EXPECT_TRUE(body.ok()) << body.status();
  return body.ok() ? nlohmann::json::parse(body->dump()) : nlohmann::json();
}

constexpr char kToml[] = R"(
reason = "release 42"

[[expect]]
role = "web"
kind = "file"
name = "/etc/ssh/sshd_config"
complete = true
  [expect.keys]
  PermitRootLogin = "no"
  Port = 22
  "Match[sftp]".ChrootDirectory = "/srv"
  "AllowGroups[]" = ["admins", "ops"]

[[expect]]
resource = "web-7/package/telnetd"
absent = true
)";

constexpr char kYaml[] = R"(
reason: release 42
expect:
  - role: web
    kind: file
    name: /etc/ssh/sshd_config
    complete: true
    keys:
      PermitRootLogin: no
      Port: 22
      Match[sftp]: {ChrootDirectory: /srv}
      AllowGroups[]: [admins, ops]
  - resource: web-7/package/telnetd
    absent: true
)";

TEST(ProvisionFileTest, TomlAndYamlSayTheSame) {
  nlohmann::json toml = Read(kToml, ProvisionFormat::kToml);
  nlohmann::json yaml = Read(kYaml, ProvisionFormat::kYaml);
  EXPECT_EQ(toml["reason"], "release 42");
  ASSERT_EQ(toml["expectations"].size(), 2u);
  EXPECT_EQ(toml["expectations"][1]["absent"], true);
  // YAML has texts only, which the engine reads as configuration.
  for (auto* body : {&toml, &yaml}) {
    auto& keys = (*body)["expectations"][0]["keys"];
    ASSERT_EQ(keys.size(), 5u) << keys;
    std::sort(keys.begin(), keys.end());
    for (auto& key : keys) {
      if (key["path"] == "Port") key["value"] = "22";
    }
  }
  EXPECT_EQ(toml, yaml);
}

TEST(ProvisionFileTest, JsonIsTakenAsItIs) {
  const auto body = Read(R"({"expect":[{"resource":"w/sysctl/vm.swappiness",
      "keys":{"vm.swappiness":10,"x":{"type":"text","text":"17"},"n":null}}]})",
                         ProvisionFormat::kJson);
  const auto& keys = body["expectations"][0]["keys"];
  ASSERT_EQ(keys.size(), 3u);
  EXPECT_EQ(keys[0]["path"], "vm.swappiness");
  EXPECT_EQ(keys[1]["value"]["type"], "text");
}

TEST(ProvisionFileTest, AListAloneIsWhatIsExpected) {
  const auto body = Read("- resource: w/package/a\n  absent: true\n", ProvisionFormat::kYaml);
  EXPECT_EQ(body["expectations"][0]["absent"], true);
}

struct WrongFile {
  const char* text;
  ProvisionFormat format;
  const char* says;
};

class WrongFileTest : public testing::TestWithParam<WrongFile> {};

TEST_P(WrongFileTest, SaysWhatAndWhere) {
  const auto body = ReadProvisionFile(GetParam().text, GetParam().format);
  EXPECT_EQ(body.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(body.status()), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Files, WrongFileTest,
    testing::Values(
        WrongFile{"a = \n", ProvisionFormat::kToml, "line 1"},
        WrongFile{"a: [1\nb: 2", ProvisionFormat::kYaml, "line"},
        WrongFile{"{", ProvisionFormat::kJson, "parse error"},
        WrongFile{"7", ProvisionFormat::kJson, "`expect`"},
        WrongFile{"[]", ProvisionFormat::kJson, "expects nothing"},
        WrongFile{"{}", ProvisionFormat::kJson, "expects nothing"},
        WrongFile{R"({"expct":[]})", ProvisionFormat::kJson, "\"expct\" is not known"},
        WrongFile{R"({"expect":[{"resource":"a/b/c","role":"x","kind":"b","name":"c"}]})",
                  ProvisionFormat::kJson, "entry 1"},
        WrongFile{R"({"expect":[{"role":"x"}]})", ProvisionFormat::kJson, "kind"},
        WrongFile{R"({"expect":[{"resource":"a/b/c","keyz":{}}]})", ProvisionFormat::kJson, "keyz"},
        WrongFile{R"({"expect":[{"resource":"a/b/c","keys":{"list":[1]}}]})",
                  ProvisionFormat::kJson, "list is a list"},
        WrongFile{R"({"expect":[{"resource":"a/b/c","absent":"perhaps"}]})", ProvisionFormat::kJson,
                  "absent must be"}));

TEST(ProvisionFileTest, AliasesOfAliasesAreBounded) {
  std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    yaml += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i,
                        i - 1);
  }
  const auto body = ReadProvisionFile(yaml, ProvisionFormat::kYaml);
  EXPECT_THAT(Message(body.status()), HasSubstr("too many values"));
}

}  // namespace
}  // namespace driftcast
