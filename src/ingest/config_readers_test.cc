#include "ingest/config_readers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/config_leaves.h"

namespace driftcast::ingest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// "path=value" for each leaf of a document, as history would show it.
std::vector<std::string> Shown(ConfigNode root) {
  Canonicalize(&root, {});
  AssignLabels(nullptr, &root);
  std::vector<std::string> lines;
  for (const Leaf& leaf : LeavesOf(root)) lines.push_back(leaf.path + "=" + leaf.value);
  return lines;
}

std::vector<std::string> Shown(StatusOr<ConfigNode> read) {
  if (!read.ok()) return {"error: " + Message(read.status())};
  return Shown(*std::move(read));
}

std::vector<std::string> Yaml(std::string_view text) {
  auto read = ReadYaml(text);
  if (!read.ok()) return {"error: " + Message(read.status())};
  std::vector<std::string> all;
  for (auto& document : *read)
    for (const std::string& line : Shown(std::move(document.root)))
      all.push_back(std::to_string(document.number) + " " + line);
  return all;
}

TEST(YamlReaderTest, ScalarsKeepTheirSpelling) {
  EXPECT_THAT(Yaml("a: 0x1F\nb: yes\nc: '007'\nd: 1.50\ne: ~\nf:\ng: \"\"\nh: 2020-01-01\n"),
              ElementsAre("0 a=0x1F", "0 b=yes", "0 c=007", "0 d=1.50", "0 e=null", "0 f=null",
                          "0 g=(empty)", "0 h=2020-01-01"));
}

TEST(YamlReaderTest, EmptyDocumentsCountButHoldNothing) {
  EXPECT_THAT(Yaml("---\n# nothing\n---\na: 1\n---\nb: 2\n"), ElementsAre("1 a=1", "2 b=2"));
  EXPECT_THAT(Yaml(""), IsEmpty());
}

TEST(YamlReaderTest, AliasesAndMergeKeysAreExpanded) {
  EXPECT_THAT(Yaml("base: &b {x: 1, y: 2}\nown:\n  <<: *b\n  y: 3\nlist: &l [1, 2]\nagain: *l\n"),
              ElementsAre("0 again[]=1", "0 again[]=2", "0 base.x=1", "0 base.y=2", "0 list[]=1",
                          "0 list[]=2", "0 own.x=1", "0 own.y=3"));
}

TEST(YamlReaderTest, OwnTagsStay) {
  EXPECT_THAT(Yaml("a: !Ref Bucket\nb: !!str 5\n"), ElementsAre("0 a=!Ref Bucket", "0 b=5"));
}

TEST(YamlReaderTest, WhatDoesNotParseIsAnErrorWithItsLine) {
  EXPECT_THAT(Yaml("a: 1\nb: [1, 2\nc: 3\n")[0], testing::StartsWith("error: line"));
  EXPECT_THAT(Yaml("a: {{ template }}\n")[0], testing::HasSubstr("a key is no scalar"));
  EXPECT_THAT(Yaml("a: *nowhere\n")[0], testing::HasSubstr("unknown anchor"));
}

TEST(YamlReaderTest, AliasesCannotExplode) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += fmt::format("a{}: &a{} [{}]\n", i, i,
                        fmt::format("{0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}", before));
  }
  EXPECT_EQ(ReadYaml(text).status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ReadYaml(std::string(5000, '[')).status().code(), StatusCode::kResourceExhausted);
}

TEST(JsonReaderTest, NumbersKeepTheirSpellingAndCommentsAreAllowed) {
  EXPECT_THAT(
      Shown(ReadJson("{\"a\": 1.50, /* c */ \"b\": [true, null], \"c\": {}, \"d\": [],\n"
                     " \"e\": 12345678901234567890123}")),
      ElementsAre("a=1.50", "b[]=null", "b[]=true", "c={}", "d=[]", "e=12345678901234567890123"));
  EXPECT_EQ(ReadJson("{\"a\": }").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadJson(std::string(5000, '[')).status().code(), StatusCode::kResourceExhausted);
}

TEST(TomlReaderTest, TablesArraysAndSpelling) {
  EXPECT_THAT(
      Shown(ReadToml("a = 0xFF\nd = 1979-05-27T07:32:00Z\n[t.u]\nx = 1_000 # c\nl = [1, 2]\n"
                     "[[srv]]\nname = 'one'\nport = 1\n[[srv]]\nname = \"two\"\nport = 2\n")),
      ElementsAre("a=0xFF", "d=1979-05-27T07:32:00Z", "srv[one].name=one", "srv[one].port=1",
                  "srv[two].name=two", "srv[two].port=2", "t.u.l[]=1", "t.u.l[]=2", "t.u.x=1_000"));
  EXPECT_THAT(Message(ReadToml("a = \n").status()), testing::HasSubstr("line 1"));
  // Letters on which the parser stumbles where they may not be.
  EXPECT_THAT(Shown(ReadToml("a = '\xE2\x9A\xA0\xEF\xB8\x8F' # \xEF\xB8\x8F\n")),
              testing::Contains(testing::HasSubstr("\xE2\x9A\xA0\xEF\xB8\x8F")));
  EXPECT_THAT(Shown(ReadToml("\xEF\xBB\xBF\"caf\xC3\xA9\" = 'cr\xC3\xA8me'")),
              ElementsAre("caf\xC3\xA9=cr\xC3\xA8me"));
  EXPECT_FALSE(ReadToml("caf\xC3\xA9 = 1").ok());
  EXPECT_FALSE(ReadToml("\xEF\xB8\xBF y").ok());
  EXPECT_FALSE(ReadToml(std::string_view("\xEF\xB8\xBF\0y", 5)).ok());
}

TEST(HclReaderTest, AttributesBlocksAndExpressions) {
  EXPECT_THAT(
      Shown(ReadHcl(R"(
    # comment
    count = var.on ? 1 : 0 // trailing
    name  = "app-${var.env}-${lookup(local.m, "k")}"
    tags  = { Team = "x", "a.b" : 2 }
    list  = ["a", var.b,   # comment
             3]
    ingress { port = 80 }
    ingress { port = 81 }
    dynamic "setting" {
      for_each = [for s in var.s : s if s != ""]
      content {}
    }
    doc = jsonencode({ Statement = [{ Sid = "One", Effect = "Allow" }] })
    text = <<-EOT
      one
        two
    EOT
    sum = merge(
      local.a, # comment
      { x = 1 },
    )
  )")),
      ElementsAre("count=var.on ? 1 : 0", "doc.Statement[One].Effect=Allow",
                  "doc.Statement[One].Sid=One", "dynamic.setting[0].content[0].(block)=set",
                  "dynamic.setting[0].for_each=[for s in var.s : s if s != \"\"]",
                  "ingress[0].port=80", "ingress[1].port=81", "list[]=3", "list[]=a",
                  "list[]=var.b", "name=app-${var.env}-${lookup(local.m, \"k\")}",
                  "sum=merge( local.a, { x = 1 }, )", "tags.Team=x", "tags.a.b=2", "text=one two"));
}

TEST(HclReaderTest, TopLevelBlocksHaveTypeAndLabels) {
  const auto blocks = ReadHclBlocks("resource \"a\" \"b\" {\n x = 1\n}\nlocals { y = 2 }\nz = 3\n");
  ASSERT_TRUE(blocks.ok()) << Message(blocks.status());
  ASSERT_EQ(blocks->size(), 3u);
  EXPECT_EQ((*blocks)[0].type, "resource");
  EXPECT_THAT((*blocks)[0].labels, ElementsAre("a", "b"));
  EXPECT_EQ((*blocks)[1].type, "locals");
  EXPECT_EQ((*blocks)[2].type, "");
}

TEST(HclReaderTest, WhatIsNotClosedIsAnErrorWithItsLine) {
  EXPECT_THAT(Message(ReadHclBlocks("a {\n x = [1,\n").status()), testing::StartsWith("line"));
  EXPECT_FALSE(ReadHclBlocks("a = \"x\n").ok());
  EXPECT_FALSE(ReadHclBlocks("a = <<EOT\nx\n").ok());
  EXPECT_FALSE(ReadHclBlocks("a = (1]\n").ok());
  EXPECT_EQ(ReadHclBlocks("a = " + std::string(5000, '[')).status().code(),
            StatusCode::kResourceExhausted);
}

TEST(LineReaderTest, SectionsKeysSetsAndLines) {
  EXPECT_THAT(
      Shown(ReadLines("# comment\nuser www\nport=80\nhost: example\nflag\n"
                      "listen 1\nlisten 2\n/bin/bash\n[unit]\nAfter=a \\\n  b\n"
                      "Name[de]=\"Wort\"\n")),
      ElementsAre("flag=(set)", "host=example", "line[]=/bin/bash", "listen[]=1", "listen[]=2",
                  "port=80", "unit.After=a b", "unit.Name[de]=Wort", "user=www"));
}

TEST(LineReaderTest, BlocksNestByBracesAndTags) {
  EXPECT_THAT(Shown(ReadLines("http {\n  server {\n    listen 80;\n    location / {\n"
                              "      root /srv;\n    }\n  }\n}\n"
                              "<VirtualHost *:443>\n  ServerName a\n</VirtualHost>\nafter x\n")),
              ElementsAre("VirtualHost *:443.ServerName=a", "after=x", "http.server.listen=80",
                          "http.server.location /.root=/srv"));
}

TEST(LineReaderTest, XmlIsLinesOnly) {
  EXPECT_THAT(Shown(ReadLines("<?xml version=\"1.0\"?>\n<a>\n  <b x=\"1\"/>\n</a>\n")),
              testing::Each(testing::StartsWith("line[]=")));
}

TEST(EnvReaderTest, QuotesAndExport) {
  EXPECT_THAT(Shown(ReadEnv("# c\nexport A='x y'\nB=1\nB=1\nC=\n")),
              ElementsAre("A=x y", "B[]=1", "C=(empty)"));
}

TEST(CrontabReaderTest, JobsByTheirCommand) {
  EXPECT_THAT(Shown(ReadCrontab("SHELL=/bin/sh\n17 *  * * *  root cd / && run\n"
                                "@daily root backup\nnonsense\n")),
              ElementsAre("SHELL=/bin/sh", "job[root backup]=@daily",
                          "job[root cd / && run]=17 * * * *", "line[]=nonsense"));
}

TEST(AccountReaderTest, PeopleArePseudonymsAndSystemAccountsAreNot) {
  const auto passwd =
      Shown(ReadPasswd("www-data:x:33:33:www:/var/www:/usr/sbin/nologin\n"
                       "nobody:x:65534:65534::/:/bin/false\n"
                       "alice:x:1000:1000:Alice Example:/home/alice:/bin/bash\n"));
  EXPECT_THAT(passwd, testing::Contains("www-data.uid=33"));
  EXPECT_THAT(passwd, testing::Contains("nobody.uid=65534"));
  EXPECT_THAT(passwd, testing::Contains("u2bd806c9.shell=/bin/bash"));  // sha256("alice")
  EXPECT_THAT(passwd, testing::Not(testing::Contains(testing::HasSubstr("lice"))));
  EXPECT_THAT(
      Shown(ReadGroup("sudo:x:27:alice,root\nadm:x:4:\n")),
      ElementsAre("adm.gid=4", "sudo.gid=27", "sudo.members[]=root", "sudo.members[]=u2bd806c9"));
}

}  // namespace
}  // namespace driftcast::ingest
