#include "collect/parse.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "collect/glob.h"
#include "collect/names.h"
#include "collect/parse_text.h"
#include "collect/scratch_root.h"

namespace driftcast {
namespace {

std::string Text(const Parsed& parsed) {
  std::string out;
  for (const KeyValue& key : parsed.keys) out += key.path + "=" + key.value.text + "\n";
  for (const std::string& line : parsed.unparsed) out += "? " + line + "\n";
  return out;
}

struct Case {
  const char* name;
  Syntax syntax;
  const char* content;
  const char* keys;  // "path=value" lines in order; "? line" for what is not understood
  const char* detail = "";
};

class ParseTest : public testing::TestWithParam<Case> {};

TEST_P(ParseTest, GivesTheseKeys) {
  const Case& c = GetParam();
  EXPECT_EQ(Text(Parse({c.syntax, c.detail}, c.content)), c.keys);
}

INSTANTIATE_TEST_SUITE_P(
    Formats, ParseTest,
    testing::Values(
        Case{"KeywordAndBlank", Syntax::kKeywords, "PermitRootLogin no\n# comment\n\n",
             "PermitRootLogin=no\n"},
        Case{"KeywordAndEquals", Syntax::kKeywords, "net.ipv4.ip_forward = 1\nkernel.x=a b\n",
             "kernel.x=a b\nnet.ipv4.ip_forward=1\n"},
        Case{"KeywordAndColon", Syntax::kKeywords, "hosts:  files   dns\n", "hosts=files dns\n"},
        Case{"RepeatedKeywordIsASet", Syntax::kKeywords, "nameserver 9.9.9.9\nnameserver 1.1.1.1\n",
             "nameserver[]=1.1.1.1\nnameserver[]=9.9.9.9\n"},
        Case{"TrailingComment", Syntax::kKeywords, "UMASK 022 # octal\n", "UMASK=022\n"},
        Case{"MatchBlock", Syntax::kKeywords,
             "X11Forwarding no\nMatch User bob\n  X11Forwarding yes\n",
             "Match[User bob].X11Forwarding=yes\nX11Forwarding=no\n"},
        Case{"KeywordAlone", Syntax::kKeywords, "rotate\n", "rotate=\n"},
        Case{"NotAKeyword", Syntax::kKeywords, "!!! what\n", "? !!! what\n"},
        Case{"ContinuedLine", Syntax::kKeywords, "a b \\\n c\n", "a=b c\n"},
        Case{"WindowsLineEnds", Syntax::kKeywords, "a 1\r\nb 2\r\n", "a=1\nb=2\n"},
        Case{"NoLineEnd", Syntax::kKeywords, "a 1", "a=1\n"},
        Case{"ShellQuotes", Syntax::kShell, "A=\"x y\"\nexport B='z'\nC=1 # c\n",
             "A=x y\nB=z\nC=1\n"},
        Case{"ShellCode", Syntax::kShell, "A=1\nif true; then\n", "A=1\n? if true; then\n"},
        Case{"ShellOpenQuote", Syntax::kShell, "A=\"x\n", "? A=\"x\n"},
        Case{"IniSections", Syntax::kIni, "top=1\n[Unit]\nAfter = a.service\nAfter = b.service\n",
             "Unit.After[]=a.service\nUnit.After[]=b.service\ntop=1\n"},
        Case{"IniContinuation", Syntax::kIni, "[a]\nk = one\n  two\n; c\nl: 3\n",
             "a.k=one\ntwo\na.l=3\n"},
        Case{"GitConfigIndent", Syntax::kIni, "[user]\n\tname = Ann\n\temail = a@b\n",
             "user.email=a@b\nuser.name=Ann\n"},
        Case{"IniBareKey", Syntax::kIni, "[mysqld]\nskip-networking\n",
             "mysqld.skip-networking=\n"},
        Case{"AptConf", Syntax::kBraces,
             "APT::Periodic::Enable \"1\";\nAPT { Get { Assume-Yes \"true\"; }; };\n// c\n",
             "APT.Get.Assume-Yes=true\nAPT::Periodic::Enable=1\n"},
        Case{"AptConfList", Syntax::kBraces, "Allowed { \"a\"; \"b\"; };\n",
             "Allowed[]=a\nAllowed[]=b\n"},
        Case{"Nginx", Syntax::kBraces, "http { server { listen 80; location /x { root /y; } } }\n",
             "http.server.listen=80\nhttp.server.location[/x].root=/y\n"},
        Case{"BraceUnbalanced", Syntax::kBraces, "a 1; }", "a=1\n? a '}' without its '{'\n"},
        Case{"Passwd", Syntax::kTable, "root:x:0:0::/root:/bin/sh\n",
             "user[root].gecos=\nuser[root].gid=0\nuser[root].home=/root\nuser[root].password=x\n"
             "user[root].shell=/bin/sh\nuser[root].uid=0\n",
             "passwd"},
        Case{"Fstab", Syntax::kTable, "UUID=1 / ext4 defaults 0 1\n",
             "mount[/].device=UUID=1\nmount[/].dump=0\nmount[/].options=defaults\nmount[/].pass=1\n"
             "mount[/].type=ext4\n",
             "fstab"},
        Case{"Hosts", Syntax::kTable, "127.0.0.1 localhost box # me\n",
             "host[127.0.0.1].name[]=localhost\nhost[127.0.0.1].name[]=box\n", "hosts"},
        Case{"PasswdGarbage", Syntax::kTable, "nonsense\n", "? nonsense\n", "passwd"},
        Case{"Deb822", Syntax::kDeb822, "Types: deb\nURIs: http://x\nSuites: s\n t\n\n",
             "source[http://x s t].Suites=s t\nsource[http://x s t].Types=deb\n"
             "source[http://x s t].URIs=http://x\n"},
        Case{"Lines", Syntax::kLines, "b   2\n# c\na 1\n", "line[]=b 2\nline[]=a 1\n"}),
    [](const testing::TestParamInfo<Case>& c) { return c.param.name; });

// Two files whose names differ in bytes that no text can hold are two resources.
TEST(ResourceName, EveryFileHasOneThatCanBeShown) {
  const std::string paths[] = {"/etc/a",        "/etc/a%41", "/etc/a%4",
                               "/etc/\xff",     "/etc/\xfe", "/etc/\xc3",
                               "/etc/\xc3\xa9", "/etc/\n",   "/etc/\xed\xa0\x80"};
  std::set<std::string> names;
  for (const std::string& path : paths) {
    const std::string name = ResourceNameOfPath(path);
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(PathOfResourceName(name), path);
    EXPECT_EQ(CleanText(name, 100), name);
  }
  EXPECT_EQ(ResourceNameOfPath("/etc/\xc3\xa9"), "/etc/\xc3\xa9");
  EXPECT_EQ(ResourceNameOfPath("/etc/caf\xe9"), "/etc/caf%E9");
}

TEST(Parse, OrderAndCommentsMakeNoDifference) {
  for (const Syntax syntax : {Syntax::kKeywords, Syntax::kShell, Syntax::kIni}) {
    auto a = Parse({syntax}, "A=1\nB=2\nC=3\n").keys;
    auto b = Parse({syntax}, "# new comment\nC=3\n\nB=2\nA=1\n").keys;
    Canonicalize(a);
    Canonicalize(b);
    EXPECT_EQ(a, b);
  }
}

TEST(Parse, AnOrderedFormatKeepsItsOrderAside) {
  const Format pam{.syntax = Syntax::kLines, .ordered = true};
  const Parsed a = Parse(pam, "auth required a.so\nauth required b.so\n");
  const Parsed b = Parse(pam, "auth required b.so\nauth  required  a.so\n");
  EXPECT_NE(a.sequence, b.sequence);
  EXPECT_EQ(a.sequence, Parse(pam, "# c\nauth required   a.so\nauth required b.so\n").sequence);
}

TEST(Parse, DeepNestingIsRefusedNotFollowed) {
  const Parsed parsed = Parse({Syntax::kBraces}, std::string(100000, '{'));
  EXPECT_FALSE(parsed.unparsed.empty());
}

struct FormatCase {
  const char* path;
  const char* content;
  Syntax syntax;
};

TEST(FormatOf, GoesByPathThenByContent) {
  for (const FormatCase& c :
       std::vector<FormatCase>{{"/etc/passwd", "root:x:0:0::/root:/bin/sh\n", Syntax::kTable},
                               {"/etc/ssh/sshd_config", "Port 22\n", Syntax::kKeywords},
                               {"/etc/ssh/sshd_config.d/a.conf", "Port 22\n", Syntax::kKeywords},
                               {"/etc/apt/apt.conf.d/20auto", "A \"1\";\n", Syntax::kBraces},
                               {"/etc/app/x.json", "{}", Syntax::kLens},
                               {"/etc/app/unknown", "{\"a\": 1}", Syntax::kLens},
                               {"/etc/app/unknown", "[a]\nb=1\n", Syntax::kIni},
                               {"/etc/app/unknown", "A=1\nB=2\n", Syntax::kShell},
                               {"/etc/app/unknown", "a = 1\n", Syntax::kKeywords},
                               {"/etc/app/app.conf", "listen 80\nworkers 4\n", Syntax::kKeywords},
                               {"/etc/app/unknown", "listen 80\nworkers 4\n", Syntax::kOpaque},
                               {"/etc/app/run", "#!/bin/sh\nA=1\n", Syntax::kOpaque}})
    EXPECT_EQ(FormatOf(c.path, c.content).syntax, c.syntax) << c.path << ": " << c.content;
  EXPECT_EQ(FormatOf("/etc/passwd", std::string_view("root\0x", 6)).syntax, Syntax::kOpaque);
}

TEST(CleanText, KeepsUtf8AndShowsTheRest) {
  EXPECT_EQ(CleanText("Größe", 100), "Größe");
  EXPECT_EQ(CleanText("a\nb\x01", 100), "a\\x0ab\\x01");
  EXPECT_EQ(CleanText("\xC3\x28\xFF", 100), "\\xc3(\\xff");
  EXPECT_EQ(CleanText("\xED\xA0\x80", 100), "\\xed\\xa0\\x80");  // a surrogate is no character
  EXPECT_EQ(CleanText("abcdef", 3), "abc...");
}

TEST(MatchGlob, FollowsPaths) {
  struct {
    const char *glob, *path;
    bool match;
  } cases[] = {{"/etc/*.conf", "/etc/a.conf", true},
               {"/etc/*.conf", "/etc/b/a.conf", false},
               {"/etc/**.conf", "/etc/b/a.conf", true},
               {"/etc/**/x", "/etc/a/b/x", true},
               {"/etc/[ab]?", "/etc/a1", true},
               {"/etc/[a-c]", "/etc/b", true},
               {"/etc/[a-c]", "/etc/d", false},
               {"**~", "/etc/x~", true},
               {"*", "", true},
               {"", "", true},
               {"/etc/*/*/*", "/etc/a/b/c", true},
               {"/etc/*/*/*", "/etc/a/b", false},
               {"a**b*c", "aXXbYcZb/c", false},
               {"a**b*c", "aXXb/bYc", true}};
  for (const auto& c : cases)
    EXPECT_EQ(MatchGlob(c.glob, c.path), c.match) << c.glob << " " << c.path;
}

TEST(MatchGlob, ManyStarsStayFast) {
  const std::string glob = std::string(50, '*') + "a*a*a*a*a*a*a*b";
  EXPECT_FALSE(MatchGlob(glob, std::string(5000, 'a')));
}

}  // namespace
}  // namespace driftcast
