#include "apply/edit.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apply/diff.h"

namespace driftcast {
namespace {

StatusOr<std::string> Edit(const std::string& path, const std::string& content,
                           const KeyEdit& edit) {
  const Format format = FormatOf(path, content);
  return EditKey(content, edit, format, ReaderFor(format));
}

StatusOr<std::string> Set(const std::string& file, const std::string& content,
                          const std::string& path, const std::string& value) {
  return Edit(file, content, {.path = path, .value = value});
}

StatusOr<std::string> Drop(const std::string& file, const std::string& content,
                           const std::string& path, const std::string& member = "") {
  return Edit(file, content, {.path = path, .value = member, .remove = true});
}

constexpr const char* kSshd =
    "# $OpenBSD: sshd_config\n"
    "Port 22\n"
    "#PermitRootLogin prohibit-password\n"
    "PermitRootLogin yes  # for now\n"
    "AcceptEnv LANG\n"
    "AcceptEnv LC_ALL\n"
    "\n"
    "Match User bob\n"
    "    PermitRootLogin no\n";

struct EditCase {
  const char* name;
  const char* file;
  const char* before;
  const char* path;
  const char* value;  // null = remove
  const char* after;
};

class EditTest : public testing::TestWithParam<EditCase> {};

TEST_P(EditTest, ChangesJustTheKey) {
  const EditCase& c = GetParam();
  const auto after =
      c.value ? Set(c.file, c.before, c.path, c.value) : Drop(c.file, c.before, c.path);
  ASSERT_TRUE(after.ok()) << Describe(after.status());
  EXPECT_EQ(*after, c.after);
  // A second time nothing is left to be done.
  if (c.value) {
    EXPECT_EQ(*Set(c.file, *after, c.path, c.value), *after);
  } else {
    EXPECT_EQ(Drop(c.file, *after, c.path).status().code(), StatusCode::kNotFound);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Formats, EditTest,
    testing::Values(EditCase{"KeywordKeepsItsComment", "/etc/ssh/sshd_config",
                             "Port 22\nPermitRootLogin yes # x\n", "PermitRootLogin", "no",
                             "Port 22\nPermitRootLogin no # x\n"},
                    EditCase{"KeywordOfABlock", "/etc/ssh/sshd_config",
                             "PermitRootLogin no\nMatch User bob\n  PermitRootLogin no\n",
                             "Match[User bob].PermitRootLogin", "yes",
                             "PermitRootLogin no\nMatch User bob\n  PermitRootLogin yes\n"},
                    EditCase{"KeywordRemoved", "/etc/ssh/sshd_config", "# a\nPort 22\nUseDNS no\n",
                             "UseDNS", nullptr, "# a\nPort 22\n"},
                    EditCase{"KeywordAddedAtItsTemplate", "/etc/ssh/sshd_config",
                             "Port 22\n#UseDNS no\nMatch User x\n  X11Forwarding no\n", "UseDNS",
                             "yes",
                             "Port 22\n#UseDNS no\nUseDNS yes\nMatch User x\n  X11Forwarding no\n"},
                    EditCase{"KeywordAddedLikeItsNeighbour", "/etc/sysctl.d/10-x.conf",
                             "# one\nkernel.sysrq = 0\n", "vm.swappiness", "10",
                             "# one\nkernel.sysrq = 0\nvm.swappiness = 10\n"},
                    EditCase{"KeywordAddedBeforeBlocks", "/etc/ssh/sshd_config",
                             "Port 22\nMatch User x\n  X11Forwarding no\n", "UseDNS", "yes",
                             "Port 22\nUseDNS yes\nMatch User x\n  X11Forwarding no\n"},
                    EditCase{"FirstKeyOfAnEmptyFile", "/etc/sysctl.d/99-x.conf", "# nothing\n",
                             "vm.swappiness", "10", "# nothing\nvm.swappiness = 10\n"},
                    EditCase{"ShellKeepsQuotes", "/etc/default/x", "A='one two'\nB=3\n", "A",
                             "three four", "A='three four'\nB=3\n"},
                    EditCase{"ShellGetsQuotes", "/etc/default/x", "A=one\n", "A", "two three",
                             "A=\"two three\"\n"},
                    EditCase{"ShellKeyAdded", "/etc/default/x", "A=1\n", "B", "2", "A=1\nB=2\n"},
                    EditCase{"IniValue", "/etc/systemd/system.conf",
                             "[Manager]\nLogLevel=info\nX=info\n", "Manager.X", "debug",
                             "[Manager]\nLogLevel=info\nX=debug\n"},
                    EditCase{"IniAddedToItsSection", "/etc/systemd/a.conf", "[A]\na=1\n[B]\nb=2\n",
                             "A.c", "3", "[A]\na=1\nc=3\n[B]\nb=2\n"},
                    EditCase{"IniNewSection", "/etc/systemd/a.conf", "[A]\na=1\n", "B.b", "2",
                             "[A]\na=1\n[B]\nb = 2\n"},
                    EditCase{"IniWithoutLastLineBreak", "/etc/systemd/a.conf", "[A]\na=1", "A.b",
                             "2", "[A]\na=1\nb=2\n"},
                    EditCase{"IniEmptyValue", "/etc/systemd/a.conf", "[A]\na=\nb=2\n", "A.a", "1",
                             "[A]\na=1\nb=2\n"},
                    EditCase{"AptOption", "/etc/apt/apt.conf.d/20auto",
                             "APT::Periodic::Enable \"1\";\nAPT::X \"1\"; // keep\n", "APT::X", "0",
                             "APT::Periodic::Enable \"1\";\nAPT::X \"0\"; // keep\n"},
                    EditCase{"NginxInABlock", "/etc/nginx/nginx.conf",
                             "http {\n  server { listen 80; root /a; }\n}\n", "http.server.listen",
                             "8080", "http {\n  server { listen 8080; root /a; }\n}\n"},
                    EditCase{"NginxStatementOnASharedLine", "/etc/nginx/nginx.conf",
                             "http {\n  server { listen 80; root /a; }\n}\n", "http.server.root",
                             nullptr, "http {\n  server { listen 80;  }\n}\n"},
                    EditCase{"PasswdField", "/etc/passwd",
                             "root:x:0:0:root:/root:/bin/bash\nbob:x:9:9::/home/bob:/bin/bash\n",
                             "user[bob].shell", "/bin/sh",
                             "root:x:0:0:root:/root:/bin/bash\nbob:x:9:9::/home/bob:/bin/sh\n"}),
    [](const auto& param) { return param.param.name; });

TEST(Edit, MembersOfASetComeAndGo) {
  auto text = Drop("/etc/ssh/sshd_config", kSshd, "AcceptEnv[]", "LC_ALL");
  ASSERT_TRUE(text.ok()) << Describe(text.status());
  EXPECT_EQ(text->find("LC_ALL"), std::string::npos);
  EXPECT_NE(text->find("AcceptEnv LANG\n"), std::string::npos);
  text = Set("/etc/ssh/sshd_config", *text, "AcceptEnv[]", "TZ");
  ASSERT_TRUE(text.ok()) << Describe(text.status());
  EXPECT_NE(text->find("AcceptEnv LANG\nAcceptEnv TZ\n"), std::string::npos) << *text;
}

TEST(Edit, AKeyThatIsThereTwiceIsNotGuessedAt) {
  EXPECT_EQ(Set("/etc/ssh/sshd_config", kSshd, "AcceptEnv", "X").status().code(),
            StatusCode::kFailedPrecondition);
}

TEST(Edit, RefusesValuesThatWouldBreakOut) {
  for (const char* value : {"no\nPermitRootLogin yes", "no\rx", "\x01", "\x7f"})
    EXPECT_EQ(Set("/etc/ssh/sshd_config", kSshd, "Port", value).status().code(),
              StatusCode::kInvalidArgument);
  EXPECT_EQ(Set("/etc/ssh/sshd_config", kSshd, "Port", std::string(5000, 'x')).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Set("/etc/ssh/sshd_config", kSshd, "@mode", "0777").status().code(),
            StatusCode::kInvalidArgument);
  // A shell value that would run something reads differently or not at all.
  const auto shell = Set("/etc/default/x", "A=1\n", "A", "$(reboot)");
  if (shell.ok()) {
    EXPECT_EQ(*shell, "A=$(reboot)\n");
  }
  EXPECT_FALSE(Set("/etc/default/x", "A=1\n", "A", "1; reboot").ok() &&
               Set("/etc/default/x", "A=1\n", "A", "1; reboot")->starts_with("A=1; reboot"));
}

TEST(Edit, ContentThatIsNotUnderstoodIsLeftAlone) {
  EXPECT_EQ(Set("/etc/blob", std::string("\0\1\2", 3), "a", "1").status().code(),
            StatusCode::kUnimplemented);
}

// Any text whatever: an edit fails, or differs in the one key and can be taken back.
TEST(EditProperty, AnEditDoesWhatItSaysOrNothing) {
  std::mt19937_64 random(7);
  const std::vector<std::string> words = {"a", "b",     "name", "1",   "x y",          "=",
                                          "#", "\"q\"", ";",    "[s]", "Match User b", "\\",
                                          "{", "}",     ":",    "a.b"};
  const std::vector<std::string> files = {"/etc/ssh/sshd_config", "/etc/default/x", "/etc/a.ini",
                                          "/etc/apt/apt.conf",    "/etc/hosts.lst", "/etc/shells"};
  int edited = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (uint64_t lines = random() % 8; lines > 0; --lines) {
      for (uint64_t n = random() % 5; n > 0; --n) text += words[random() % words.size()] + " ";
      text += '\n';
    }
    const std::string& file = files[random() % files.size()];
    const Format format = FormatOf(file, text);
    const auto keys = ReaderFor(format)(text);
    if (!keys.ok()) continue;
    KeyEdit edit;
    edit.path = keys->empty() || random() % 4 == 0 ? "name" : (*keys)[random() % keys->size()].path;
    edit.value = words[random() % 5];
    edit.remove = random() % 3 == 0;
    if (edit.path.starts_with("@")) continue;
    const auto after = EditKey(text, edit, format, ReaderFor(format));
    if (!after.ok()) continue;
    ++edited;
    const auto now = *ReaderFor(format)(*after);
    const auto count = [&](const std::vector<KeyValue>& in) {
      return std::ranges::count_if(in, [&](const KeyValue& key) {
        return (key.path == edit.path || key.path + "[]" == edit.path ||
                key.path == edit.path + "[]") &&
               key.value.text == edit.value;
      });
    };
    EXPECT_EQ(count(now) > 0, !edit.remove || (!edit.path.ends_with("[]") && count(now) > 0))
        << text << "---\n"
        << *after;
    if (!edit.remove) {
      // Once more changes nothing.
      EXPECT_EQ(*EditKey(*after, edit, format, ReaderFor(format)), *after);
    }
  }
  EXPECT_GT(edited, 300);
}

TEST(Diff, IsWhatPatchExpects) {
  EXPECT_EQ(UnifiedDiff("/etc/x", "a\nb\nc\nd\ne\nf\n", "a\nb\nc\nD\ne\nf\n"),
            "--- a/etc/x\n+++ b/etc/x\n@@ -1,6 +1,6 @@\n a\n b\n c\n-d\n+D\n e\n f\n");
  EXPECT_EQ(UnifiedDiff("/x", "a\n", "a\nb"),
            "--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n a\n+b\n\\ No newline at end of file\n");
  EXPECT_EQ(UnifiedDiff("/x", "a\n", "", false, true),
            "--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n");
  EXPECT_EQ(UnifiedDiff("/x", "a\n", "a\n"), "");
}

TEST(Diff, GitAppliesIt) {
  std::string name = std::filesystem::temp_directory_path() / "driftcast_diff_XXXXXX";
  const std::filesystem::path folder = mkdtemp(name.data());
  std::mt19937_64 random(5);
  for (int round = 0; round < 20; ++round) {
    std::string before, after;
    for (int line = 0; line < 40; ++line) {
      const std::string text = "line " + std::to_string(random() % 9) + "\n";
      if (random() % 8) before += text;
      if (random() % 8) after += text;
    }
    if (random() % 2) after.pop_back();
    if (before == after) continue;
    std::filesystem::create_directories(folder / "etc");
    std::ofstream(folder / "etc/x", std::ios::binary) << before;
    std::ofstream(folder / "patch", std::ios::binary) << UnifiedDiff("/etc/x", before, after);
    const std::string command = "cd " + folder.string() +
                                " && GIT_CEILING_DIRECTORIES=/ git apply --check patch && "
                                "GIT_CEILING_DIRECTORIES=/ git apply patch";
    ASSERT_EQ(std::system(command.c_str()), 0) << UnifiedDiff("/etc/x", before, after);
    std::ifstream in(folder / "etc/x", std::ios::binary);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), after);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace driftcast
