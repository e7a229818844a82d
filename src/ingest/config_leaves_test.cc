#include "ingest/config_leaves.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/config_readers.h"
#include "ingest/leaf_value.h"

namespace driftcast::ingest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ConfigNode Tree(std::string_view yaml, const ConfigNode* previous = nullptr) {
  auto read = ReadYaml(yaml);
  EXPECT_TRUE(read.ok()) << Message(read.status());
  ConfigNode root = std::move(read->at(0).root);
  Canonicalize(&root, {});
  AssignLabels(previous, &root);
  return root;
}

std::vector<std::string> Paths(const ConfigNode& root) {
  std::vector<std::string> lines;
  for (const Leaf& leaf : LeavesOf(root)) lines.push_back(leaf.path + "=" + leaf.value);
  return lines;
}

std::vector<std::string> Diff(std::string_view before, std::string_view after) {
  const ConfigNode a = Tree(before);
  const ConfigNode b = Tree(after, &a);
  std::vector<std::string> lines;
  for (const LeafChange& change : DiffLeaves(LeavesOf(a), LeavesOf(b))) {
    const char op = change.op == ChangeOp::kAdd ? '+' : change.op == ChangeOp::kRemove ? '-' : '~';
    lines.push_back(fmt::format("{}{} {}>{}", op, change.path, change.old_value, change.new_value));
  }
  return lines;
}

TEST(LabelTest, NamedItemsHaveTheirNameAndOthersTheirPosition) {
  EXPECT_THAT(Paths(Tree("a: [{name: x, v: 1}, {v: 2}, {key: k, v: 3}, {name: x, v: 4}]")),
              ElementsAre("a[1].v=2", "a[k].key=k", "a[k].v=3", "a[x#2].name=x", "a[x#2].v=4",
                          "a[x].name=x", "a[x].v=1"));
}

TEST(LabelTest, AnInsertionInFrontRenumbersNothing) {
  EXPECT_THAT(
      Diff("a: [{v: 1, w: 1}, {v: 2, w: 2}]", "a: [{v: 9, w: 9}, {v: 1, w: 1}, {v: 2, w: 2}]"),
      ElementsAre("+a[2].v >9", "+a[2].w >9"));
}

TEST(LabelTest, ReorderingIsNoChange) {
  EXPECT_THAT(Diff("a: [{name: x, v: 1}, {name: y, v: 2}, {v: 3}]\ns: [1, 2]",
                   "a: [{v: 3}, {name: y, v: 2}, {name: x, v: 1}]\ns: [2, 1]"),
              IsEmpty());
}

TEST(LabelTest, AnUnnamedItemKeepsItsNumberWhenItGetsAName) {
  EXPECT_THAT(Diff("a: [{v: 1, w: 2, x: 3}]", "a: [{v: 1, w: 2, x: 3, name: n}]"),
              ElementsAre("+a[0].name >n"));
}

TEST(LabelTest, ARenamedItemWithTheSameContentGoesOn) {
  EXPECT_THAT(Diff("a: [{name: x, p: 1, q: 2, r: 3}]", "a: [{name: y, p: 1, q: 2, r: 3}]"),
              ElementsAre("~a[x].name x>y"));
  // With little in common it is another one.
  EXPECT_THAT(Diff("a: [{name: x, p: 1}]", "a: [{name: y, p: 1}]"),
              ElementsAre("-a[x].name x>", "-a[x].p 1>", "+a[y].name >y", "+a[y].p >1"));
}

TEST(LabelTest, LabelsAreStableAcrossManyVersions) {
  const ConfigNode first = Tree("a: [{v: 1, w: 1}, {v: 2, w: 2}, {v: 3, w: 3}]");
  const ConfigNode second = Tree("a: [{v: 2, w: 2}, {v: 3, w: 3}]", &first);
  const ConfigNode third = Tree("a: [{v: 0, w: 0}, {v: 3, w: 3}, {v: 2, w: 2}]", &second);
  EXPECT_THAT(Paths(third),
              ElementsAre("a[0].v=0", "a[0].w=0", "a[1].v=2", "a[1].w=2", "a[2].v=3", "a[2].w=3"));
}

TEST(LabelTest, LongLabelsAreCutWithAFingerprint) {
  EXPECT_THAT(
      Paths(Tree("t: [{name: StartupProbeFailure - Alert with 30 failures correctly in apps "
                 "namespace}]"))[0],
      testing::StartsWith("t[StartupProbeFailure - Alert with 30 failures correc#0915e0f9]"));
}

TEST(SetTest, OneSimilarItemForAnotherIsAChange) {
  EXPECT_THAT(Diff("s: [node-1, x]", "s: [node-2, x]"), ElementsAre("~s[] node-1>node-2"));
  EXPECT_THAT(Diff("s: [abcdef]", "s: [abcxyz]"), ElementsAre("~s[] abcdef>abcxyz"));
  EXPECT_THAT(Diff("s: [apple]", "s: [pear]"), ElementsAre("-s[] apple>", "+s[] >pear"));
  EXPECT_THAT(Diff("s: [n1, n2]", "s: [n3, n4]"),
              ElementsAre("-s[] n1>", "-s[] n2>", "+s[] >n3", "+s[] >n4"));
  EXPECT_THAT(Diff("Action: ['s3:GetA']", "Action: ['s3:GetB']"),
              ElementsAre("-Action[] s3:GetA>", "+Action[] >s3:GetB"));
}

TEST(SetTest, FlagsHavePathsOfTheirOwnUnlessRepeated) {
  EXPECT_THAT(Paths(Tree("args: [--a=1, B=x=y, --c, --d=1, --d=2, run]")),
              ElementsAre("args[--a]=1", "args[B]=x=y", "args[]=--c", "args[]=--d=1",
                          "args[]=--d=2", "args[]=run"));
}

TEST(LeavesTest, MixedListsAndListsOfLists) {
  EXPECT_THAT(Paths(Tree("a: [x, {v: 1}, [p, q]]")),
              ElementsAre("a[0]=x", "a[1].v=1", "a[2][]=p", "a[2][]=q"));
  EXPECT_THAT(Paths(Tree("[x, y]")), ElementsAre("[]=x", "[]=y"));
  EXPECT_THAT(Paths(Tree("just text")), ElementsAre("(value)=just text"));
}

TEST(LeavesTest, TooDeepIsOneValue) {
  std::string yaml;
  for (int i = 0; i < 20; ++i) yaml += std::string(i, ' ') + "k:\n";
  yaml.insert(yaml.size() - 1, " end");
  const auto paths = Paths(Tree(yaml));
  ASSERT_EQ(paths.size(), 1u);
  EXPECT_EQ(paths[0],
            "k.k.k.k.k.k.k.k.k.k.k.k={\"k\": {\"k\": {\"k\": {\"k\": {\"k\": {\"k\": {\"k\": "
            "{\"k\": \"end\"}}}}}}}}");
}

TEST(LeavesTest, EmbeddedFilesAreFlattenedAndOtherTextIsNot) {
  EXPECT_THAT(Paths(Tree("data:\n  app.yaml: |\n    a: 1\n    b: [x]\n  s.json: '{\"c\": 2}'\n"
                         "  e.ini: |\n    [s]\n    k = v\n  note: |\n    a: 1\n")),
              ElementsAre("data.app.yaml.a=1", "data.app.yaml.b[]=x", "data.e.ini.s.k=v",
                          "data.note=a: 1", "data.s.json.c=2"));
  EXPECT_THAT(Paths(Tree("broken.yaml: |\n  a: [\n  b\n")), ElementsAre("broken.yaml=a: [ b"));
}

struct ValueCase {
  const char* name;
  const char* key;
  const char* value;
  const char* shown;  // null: a fingerprint
};

class SecretTest : public testing::TestWithParam<ValueCase> {};

TEST_P(SecretTest, IsShownOrReplaced) {
  ConfigNode root = ConfigNode::Map();
  root.Add(GetParam().key, ConfigNode::Scalar(GetParam().value));
  Canonicalize(&root, {});
  const std::string& shown = root.children[0].node.text;
  if (GetParam().shown != nullptr) {
    EXPECT_EQ(shown, GetParam().shown);
  } else {
    EXPECT_EQ(shown, Fingerprint(GetParam().value));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Values, SecretTest,
    testing::Values(
        ValueCase{"Password", "password", "hunter2", nullptr},
        ValueCase{"CamelCase", "dbPassword", "hunter2", nullptr},
        ValueCase{"Upper", "API_TOKEN", "0123456789", nullptr},
        ValueCase{"RealName", "realname", "Ann Example", nullptr},
        ValueCase{"Reference", "password", "${PASSWORD}", "${PASSWORD}"},
        ValueCase{"Template", "password", "{{ vault.pw }}", "{{ vault.pw }}"},
        ValueCase{"Boolean", "automountServiceAccountToken", "false", "false"},
        ValueCase{"SecretName", "secretName", "app-tls", "app-tls"},
        ValueCase{"TokenFile", "token_file", "run/token", "run/token"},
        ValueCase{"TokenCount", "maxInputTokens", "8000", "8000"},
        ValueCase{"Sops", "x", "ENC[AES256_GCM,data:abc,type:str]", nullptr},
        ValueCase{"Vault", "x", "!vault $ANSIBLE_VAULT;1.1;AES256 6162", nullptr},
        ValueCase{"PrivateKey", "x", "-----BEGIN OPENSSH PRIVATE KEY----- abc", nullptr},
        ValueCase{"Crypt", "x", "$6$salt$hash", nullptr},
        ValueCase{"Aws", "x", "AKIAIOSFODNN7EXAMPLE", nullptr},
        ValueCase{"GitHub", "x", "ghp_abcdefghijklmnopqrstuvwxyz0123456789", nullptr},
        ValueCase{"Opaque", "x", "kD93jfKQ2mXz8LwPq7VbN4tYh1", nullptr},
        ValueCase{"ImageDigest", "image", "redis:7@sha256:0123456789abcdef0123456789abcdef",
                  "redis:7@sha256:0123456789abcdef0123456789abcdef"},
        ValueCase{"CommitId", "rev", "a5ed6fd422231c3dd846fefe0f454d6e397e6bcb",
                  "a5ed6fd422231c3dd846fefe0f454d6e397e6bcb"},
        ValueCase{"PolicyName", "x", "AmazonEC2ContainerRegistryReadOnly",
                  "AmazonEC2ContainerRegistryReadOnly"},
        ValueCase{"PrinterName", "x", "Brother_HL-3140CW_series", "Brother_HL-3140CW_series"},
        ValueCase{"GitUrl", "url", "git@github.com:a/b.git", "git@github.com:a/b.git"},
        ValueCase{"Unit", "After", "getty@tty1.service", "getty@tty1.service"},
        ValueCase{"Spaces", "x", "  a\n b\t c ", "a b c"}),
    [](const auto& test) { return test.param.name; });

TEST(LeafValueTest, AddressesAndUserInfoInsideOfTextAreReplaced) {
  EXPECT_EQ(LeafValue("mail ann@example.org now", false),
            "mail " + Fingerprint("ann@example.org") + " now");
  EXPECT_EQ(LeafValue("pg://app:pw1@db.local/x", false),
            "pg://" + Fingerprint("app:pw1") + "@db.local/x");
  EXPECT_EQ(LeafValue("pg://app:${PW}@db/x", false), "pg://app:${PW}@db/x");
}

TEST(LeafValueTest, FingerprintsAreOfTheValueAsWritten) {
  const std::string raw =
      "/data       -rw,hard,nosuid      ufr-dyn.isi1.public.ads.uni-freiburg.de:"
      "/ifs/isi1/ufr/bronze/nfs/denbi/dnb01/vms";
  EXPECT_EQ(LeafValue(raw, false),
            "/data -rw,hard,nosuid ufr-dyn.isi1.public.ads.uni-freiburg.de:"
            "/ifs/isi1#c81bd3a0");
}

TEST(LeafValueTest, LongValuesAreCutByCharactersNotBytes) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "ä";
  const std::string value = LeafValue(text, false);
  EXPECT_EQ(value.size(), 71 * 2 + 9u);
  EXPECT_EQ(value.substr(71 * 2, 1), "#");
  EXPECT_EQ(LeafValue(std::string(80, '.'), false), std::string(80, '.'));
}

TEST(SecrecyTest, NamedEnvironmentVariablesAndKubernetesSecrets) {
  EXPECT_THAT(Paths(Tree("env: [{name: DB_PASSWORD, value: x1}, {name: TZ, value: UTC}]")),
              testing::Contains("env[DB_PASSWORD].value=" + Fingerprint("x1")));
  ConfigNode secret =
      std::move(ReadYaml("kind: Secret\nstringData: {user: ann, ref: '${X}'}")->at(0).root);
  Canonicalize(&secret, {.secret_data = true});
  EXPECT_THAT(Paths(secret), ElementsAre("kind=Secret", "stringData.ref=${X}",
                                         "stringData.user=" + Fingerprint("ann")));
}

}  // namespace
}  // namespace driftcast::ingest
