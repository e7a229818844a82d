#include "ingest/git_import.h"

#include <algorithm>
#include <fstream>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/git_fixture.h"
#include "ingest/git_repository.h"
#include "ingest/leaf_value.h"
#include "learn/history_file.h"

namespace driftcast::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kDaySeconds = 86400;

std::string Manifest(const std::string& kind, const std::string& name, const std::string& spec) {
  return "apiVersion: v1\nkind: " + kind + "\nmetadata: {name: " + name +
         ", namespace: web}\nspec: {" + spec + "}\n";
}

std::vector<ChangeEvent> ReadAll(const std::filesystem::path& file) {
  std::vector<ChangeEvent> events;
  auto reader = learn::HistoryReader::Open(file);
  EXPECT_TRUE(reader.ok()) << Message(reader.status());
  if (!reader.ok()) return events;
  for (ChangeEvent event;;) {
    const auto more = (*reader)->Next(&event);
    EXPECT_TRUE(more.ok()) << Message(more.status());
    if (!more.ok() || !*more) return events;
    events.push_back(event);
  }
}

class GitImportTest : public testing::Test {
 protected:
  // Commits are a day apart unless `at` is set.
  int Commit(GitFixture::Commit commit) {
    if (commit.at == 0) commit.at = now_ += kDaySeconds;
    now_ = std::max(now_, commit.at);
    return git_.Add(commit);
  }

  GitImportSummary Import(std::optional<TreeKind> tree = std::nullopt) {
    git_.Build();
    GitImportOptions options;
    options.repository = git_.repository();
    options.out = git_.folder() / "out";
    options.tree = tree;
    const auto summary = ImportGitHistory(options);
    EXPECT_TRUE(summary.ok()) << Message(summary.status());
    if (!summary.ok()) return {};
    events_ = ReadAll(summary->events);
    return *summary;
  }

  // "change op resource path old>new", without the leaves of new resources.
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    for (const ChangeEvent& e : events_)
      if (e.op != ChangeOp::kInitial)
        lines.push_back(fmt::format("{} {} {} {} {}>{}", e.change_id, learn::OpName(e.op),
                                    e.resource, e.path, e.old_value, e.new_value));
    return lines;
  }

  GitFixture git_;
  int64_t now_ = 1'600'000'000;
  std::vector<ChangeEvent> events_;
};

// Labels of list items depend on the past; the tree alone does not tell them.
std::string WithoutLabels(const std::string& path) {
  std::string out;
  int open = 0;
  for (char c : path) {
    if (c == '[' && open++ == 0) out += '[';
    if (open == 0) out += c;
    if (c == ']' && open > 0 && --open == 0) out += ']';
  }
  return out;
}

using Contents = std::multiset<std::string>;  // kind and leaves of each resource

Contents ContentsByTree(const std::string& repository, const GitId& commit, TreeKind tree) {
  auto git = GitRepository::Open(repository);
  EXPECT_TRUE(git.ok());
  Contents contents;
  const Status read = (*git)->Diff(nullptr, commit, [&](GitFileChange file) -> Status {
    const FileFormat format = FormatOf(file.path, tree);
    if (format == FileFormat::kNone) return Ok();
    std::vector<ConfigDocument> documents;
    DRIFTCAST_ASSIGN_OR_RETURN(const std::string content, (*git)->ReadBlob(file.blob));
    if (file.mode == GitMode::kSymlink) {
      if (tree == TreeKind::kHost) documents.push_back(SymlinkDocument(file.path, content));
    } else {
      DRIFTCAST_ASSIGN_OR_RETURN(documents, ReadDocuments(file.path, format, tree, content));
    }
    for (ConfigDocument& document : documents) {
      AssignLabels(nullptr, &document.root);
      std::multiset<std::string> leaves;
      for (const Leaf& leaf : LeavesOf(document.root))
        leaves.insert(WithoutLabels(leaf.path) + "=" + leaf.value);
      std::string text = document.kind;
      for (const std::string& leaf : leaves) text += "\n" + leaf;
      contents.insert(text);
    }
    return Ok();
  });
  EXPECT_TRUE(read.ok()) << Message(read);
  return contents;
}

// The state that init rows and events add up to.
class Replay {
 public:
  void Follow(const ChangeEvent& e) {
    auto& leaves = state_[e.kind + "\t" + e.resource];
    switch (e.op) {
      case ChangeOp::kCreate:
        EXPECT_TRUE(leaves.empty()) << e.resource << " is created twice";
        break;
      case ChangeOp::kDelete:
        EXPECT_EQ(std::to_string(leaves.size()), e.old_value) << e.resource;
        state_.erase(e.kind + "\t" + e.resource);
        break;
      case ChangeOp::kAdd:
      case ChangeOp::kInitial:
        EXPECT_TRUE(leaves.emplace(e.path, e.new_value).second) << e.path << " was there";
        break;
      case ChangeOp::kChange:
      case ChangeOp::kRemove:
        EXPECT_EQ(leaves.erase({e.path, e.old_value}), 1u) << e.resource << " " << e.path;
        if (e.op == ChangeOp::kChange) leaves.emplace(e.path, e.new_value);
        break;
    }
  }

  Contents ContentsNow() const {
    Contents contents;
    for (const auto& [key, leaves] : state_) {
      std::multiset<std::string> lines;
      for (const auto& [path, value] : leaves) lines.insert(WithoutLabels(path) + "=" + value);
      std::string text = key.substr(0, key.find('\t'));
      for (const std::string& line : lines) text += "\n" + line;
      contents.insert(text);
    }
    return contents;
  }

 private:
  std::map<std::string, std::set<std::pair<std::string, std::string>>> state_;
};

// The strong check: after every commit, init rows and events add up to what its tree says.
// Commits must have times of their own.
void ExpectStateIsTree(const std::string& repository, const std::vector<ChangeEvent>& events,
                       TreeKind tree) {
  auto git = GitRepository::Open(repository);
  ASSERT_TRUE(git.ok());
  const auto line = (*git)->FirstParentLine("");
  ASSERT_TRUE(line.ok());
  Replay replay;
  size_t next = 0;
  for (const GitId& id : *line) {
    const auto commit = (*git)->ReadCommit(id);
    ASSERT_TRUE(commit.ok());
    const Instant at = FromUnixSeconds(commit->committed_at);
    while (next < events.size() && events[next].at <= at) replay.Follow(events[next++]);
    ASSERT_EQ(replay.ContentsNow(), ContentsByTree(repository, id, tree)) << "at " << id.Hex();
  }
  EXPECT_EQ(next, events.size());
}

TEST_F(GitImportTest, ChangesOfManifestsInOneFile) {
  Commit({.files = {{"a.yaml", Manifest("Deployment", "x", "replicas: 1") + "---\n" +
                                   Manifest("Service", "x", "port: 80")}}});
  Commit({.files = {{"README.md", "no configuration"}}});
  Commit({.files = {{"a.yaml", Manifest("Deployment", "x", "replicas: 2, paused: true") + "---\n" +
                                   Manifest("Service", "x", "port: 80")}}});
  Commit({.files = {{"a.yaml", Manifest("Service", "x", "port: 80")}}});
  const GitImportSummary summary = Import();
  EXPECT_THAT(Lines(), ElementsAre("1 create Deployment/web/x  >4", "1 create Service/web/x  >4",
                                   "2 add Deployment/web/x spec.paused >true",
                                   "2 change Deployment/web/x spec.replicas 1>2",
                                   "3 delete Deployment/web/x  5>"));
  EXPECT_EQ(summary.commits, 4u);
  EXPECT_EQ(summary.changes, 3u);
  EXPECT_EQ(summary.resources, 1u);
  EXPECT_EQ(summary.stack, "repo");
  ExpectStateIsTree(git_.repository(), events_, TreeKind::kSources);
}

std::string Gunzip(const GitFixture& git, const std::string& name) {
  EXPECT_EQ(git.Run("gzip -dc out/" + name + ".gz > " + name), 0);
  std::ifstream in(git.folder() / name);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_F(GitImportTest, TheFilesAreAsSpecified) {
  Commit({.at = 1000, .files = {{"db.tf", "resource \"aws_db\" \"main\" {\n  size = 5\n}\n"}}});
  Commit(
      {.at = 2000,
       .files = {{"db.tf", "resource \"aws_db\" \"main\" {\n  size = 6\n  password = \"x\"\n}\n"}},
       .name = "renovate[bot]",
       .email = "bot@renovateapp.com"});
  Import();
  EXPECT_EQ(Gunzip(git_, "repo.tsv"),
            "ts\tstack\tkind\tresource\tpath\top\told\tnew\tactor\tbot\tchange_id\tmass\n"
            "1000\trepo\ttf:aws_db\t:aws_db.main\t\tcreate\t\t1\t438c4c7a\t0\t1\t0\n"
            "2000\trepo\ttf:aws_db\t:aws_db.main\tpassword\tadd\t\th:2d711642\t86861bc4\t1\t2\t0\n"
            "2000\trepo\ttf:aws_db\t:aws_db.main\tsize\tchange\t5\t6\t86861bc4\t1\t2\t0\n");
  EXPECT_EQ(Gunzip(git_, "repo.init.tsv"),
            "ts\tstack\tkind\tresource\tpath\tvalue\tchange_id\n"
            "1000\trepo\ttf:aws_db\t:aws_db.main\tsize\t5\t1\n");
}

TEST_F(GitImportTest, AMoveIsNoEvent) {
  const std::string values = "image: {tag: 1.0, repository: nginx}\nreplicas: 2\nport: 80\n";
  Commit({.files = {{"old/app.yaml", Manifest("Deployment", "x", "replicas: 1")},
                    {"old/values.yaml", values},
                    {"old/db.tf", "resource \"db\" \"main\" {\n  size = 5\n  zone = \"a\"\n}\n"}}});
  Commit({.renamed = {{"old", "new/deeper"}}});
  // Moved and changed at once; a file renamed in its folder.
  Commit({.files = {{"new/deeper/app2.yaml", Manifest("Deployment", "x", "replicas: 3")},
                    {"new/deeper/settings.yaml", values + "extra: 1\n"}},
          .deleted = {"new/deeper/app.yaml", "new/deeper/values.yaml"}});
  Import();
  EXPECT_THAT(Lines(), ElementsAre("1 create Deployment/web/x  >4", "1 create old:db.main  >2",
                                   "1 create old/values.yaml  >4",
                                   "2 change Deployment/web/x spec.replicas 1>3",
                                   "2 add old/values.yaml extra >1"));
  ExpectStateIsTree(git_.repository(), events_, TreeKind::kSources);
}

TEST_F(GitImportTest, FilesOfOneNameMoveWithTheirFolders) {
  std::map<std::string, std::string> before, after;
  const auto content = [](int i, int tag) {
    return fmt::format("image: {{tag: {}}}\nreplicas: {}\nname: app\n", tag, i % 2);
  };
  for (int i = 0; i < 150; ++i) {
    before[fmt::format("old/ns{}/values.yaml", i)] = content(i, 1);
    after[fmt::format("new/ns{}/values.yaml", i)] = content(i, 2);
  }
  Commit({.files = before});
  Commit({.files = after, .deleted = {"old"}});
  Import();
  size_t changes = 0;
  for (const ChangeEvent& e : events_) changes += e.op == ChangeOp::kChange;
  EXPECT_EQ(changes, 150u);
  EXPECT_EQ(std::count_if(events_.begin(), events_.end(),
                          [](const auto& e) { return e.op == ChangeOp::kDelete; }),
            0);
  EXPECT_EQ(events_.back().resource.substr(0, 6), "old/ns");
}

TEST_F(GitImportTest, AnotherFileOfTheSameNameIsNoMove) {
  Commit({.files = {{"a/values.yaml", "x: 1\ny: 2\n"}}});
  Commit({.files = {{"b/values.yaml", "p: 1\nq: 2\n"}}, .deleted = {"a/values.yaml"}});
  Import();
  EXPECT_THAT(Lines(), ElementsAre("1 create a/values.yaml  >2", "2 delete a/values.yaml  2>",
                                   "2 create b/values.yaml  >2"));
}

TEST_F(GitImportTest, ANamespaceMayChangeInAMove) {
  Commit(
      {.files = {{"a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: one}\n"}}});
  Commit({.files = {{"b.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: two}\n"}},
          .deleted = {"a.yaml"}});
  Import();
  EXPECT_THAT(Lines(), ElementsAre("1 create Pod/one/p  >3",
                                   "2 change Pod/one/p metadata.namespace one>two"));
}

TEST_F(GitImportTest, DeletedAndMadeAgain) {
  Commit({.files = {{"a.yaml", Manifest("Pod", "p", "x: 1")}}});
  Commit({.deleted = {"a.yaml"}});
  Commit({.files = {{"b.yaml", Manifest("Pod", "p", "x: 2")}}});
  Import();
  EXPECT_THAT(Lines(), ElementsAre("1 create Pod/web/p  >4", "2 delete Pod/web/p  4>",
                                   "3 create Pod/web/p  >4"));
  EXPECT_EQ(std::count_if(events_.begin(), events_.end(),
                          [](const auto& e) { return e.op == ChangeOp::kInitial; }),
            8);
  ExpectStateIsTree(git_.repository(), events_, TreeKind::kSources);
}

TEST_F(GitImportTest, TwoClustersForTenDaysAreTwoResources) {
  Commit({.files = {{"east/app.yaml", Manifest("Pod", "p", "x: 1")}}});
  Commit({.files = {{"west/app.yaml", Manifest("Pod", "p", "x: 2")}}});
  Commit({.files = {{"west/app.yaml", Manifest("Pod", "p", "x: 3")}}});
  now_ += 10 * kDaySeconds;
  Commit({.files = {{"west/app.yaml", Manifest("Pod", "p", "x: 4")}}});
  Commit({.files = {{"north/app.yaml", Manifest("Pod", "p", "x: 5")}}});
  Commit({.deleted = {"east/app.yaml"}});
  Import();
  EXPECT_THAT(Lines(), ElementsAre("1 create Pod/web/p@east  >4", "2 create Pod/web/p@west  >4",
                                   "3 change Pod/web/p@west spec.x 2>3",
                                   "4 change Pod/web/p@west spec.x 3>4",
                                   "5 create Pod/web/p@north  >4", "6 delete Pod/web/p@east  4>"));
  ExpectStateIsTree(git_.repository(), events_, TreeKind::kSources);
}

TEST_F(GitImportTest, ACopyThatOutlivesItsOriginalSoonContinuesIt) {
  Commit({.files = {{"old/app.yaml", Manifest("Pod", "p", "x: 1")}}});
  Commit({.files = {{"new/app.yaml", Manifest("Pod", "p", "x: 2")}}});
  Commit({.files = {{"new/app.yaml", Manifest("Pod", "p", "x: 3")}}});
  Commit({.deleted = {"old/app.yaml"}});
  Commit({.files = {{"new/app.yaml", Manifest("Pod", "p", "x: 4")}}});
  Import();
  EXPECT_THAT(Lines(), ElementsAre("1 create Pod/web/p  >4", "2 change Pod/web/p spec.x 1>3",
                                   "3 change Pod/web/p spec.x 3>4"));
}

TEST_F(GitImportTest, ACopyThatGoesSoonNeverWas) {
  Commit({.files = {{"a/app.yaml", Manifest("Pod", "p", "x: 1")}}});
  Commit({.files = {{"b/app.yaml", Manifest("Pod", "p", "x: 2")}}});
  Commit({.deleted = {"b/app.yaml"}});
  now_ += 30 * kDaySeconds;
  Commit({.files = {{"a/app.yaml", Manifest("Pod", "p", "x: 9")}}});
  Import();
  EXPECT_THAT(Lines(), ElementsAre("1 create Pod/web/p  >4", "2 change Pod/web/p spec.x 1>9"));
}

TEST_F(GitImportTest, AnIdWhoseFirstOwnerMovedOn) {
  const std::string content = "a: 1\nb: 2\nc: 3\nd: 4\n";
  Commit({.files = {{"x/values.yaml", content}}});
  Commit({.renamed = {{"x", "y"}}});
  Commit({.files = {{"x/values.yaml", "z: 1\n"}}});
  Import();
  EXPECT_THAT(Lines(), ElementsAre("1 create x/values.yaml  >4", "2 create x/values.yaml~2  >1"));
}

TEST_F(GitImportTest, AVersionThatDoesNotParseIsPassedOver) {
  Commit({.files = {{"a.yaml", "x: 1\n"}}});
  Commit({.files = {{"a.yaml", "x: [\n"}, {"b.yaml", "y: }\n"}}});
  Commit({.files = {{"a.yaml", "x: 3\n"}}});
  const GitImportSummary summary = Import();
  EXPECT_THAT(Lines(), ElementsAre("1 create a.yaml  >1", "2 change a.yaml x 1>3"));
  EXPECT_EQ(summary.unreadable, 2u);
  EXPECT_THAT(summary.first_unreadable[0], HasSubstr("a.yaml at "));
}

TEST_F(GitImportTest, AMergeIsOneChangeOfTheMergedHeadsAuthor) {
  const int base = Commit({.files = {{"a.yaml", "x: 1\n"}}});
  const int side = Commit({.files = {{"a.yaml", "x: 2\n"}},
                           .name = "dependabot[bot]",
                           .email = "d@example.org",
                           .on_main = false});
  const int side2 = Commit({.files = {{"a.yaml", "x: 3\n"}},
                            .name = "Bo",
                            .email = "bo@example.org",
                            .parent = side,
                            .on_main = false});
  Commit({.files = {{"a.yaml", "x: 3\n"}},
          .message = "Merge branch 'x'",
          .parent = base,
          .merged = side2});
  Commit({.files = {{"a.yaml", "x: 4\n"}},
          .message = "Merge pull request #7 from org/renovate/nginx-2.x",
          .merged = side2});
  Import();
  EXPECT_THAT(Lines(),
              ElementsAre("1 create a.yaml  >1", "2 change a.yaml x 1>3", "3 change a.yaml x 3>4"));
  EXPECT_EQ(events_[2].actor, Fingerprint("bo@example.org").substr(2));
  EXPECT_FALSE(events_[2].bot);
  EXPECT_TRUE(events_[3].bot);  // by its branch
}

TEST_F(GitImportTest, TimesNeverGoBack) {
  Commit({.at = 5000, .files = {{"a.yaml", "x: 1\n"}}});
  Commit({.at = 4000, .files = {{"a.yaml", "x: 2\n"}}});
  const GitImportSummary summary = Import();
  EXPECT_EQ(events_.back().at, FromUnixSeconds(5000));
  EXPECT_EQ(summary.dates_corrected, 1u);
}

TEST_F(GitImportTest, ARestructuringIsMarked) {
  std::map<std::string, std::string> files;
  for (int i = 0; i < 301; ++i) files[fmt::format("f{:03}.yaml", i)] = fmt::format("x: {}\n", i);
  Commit({.files = files});
  Commit({.files = {{"f000.yaml", "x: new\n"}}});
  const GitImportSummary summary = Import();
  EXPECT_TRUE(events_.front().mass);
  EXPECT_FALSE(events_.back().mass);
  EXPECT_EQ(summary.mass_events, 301u);
}

TEST_F(GitImportTest, SecretsAndPlainTextNamesNeverReachTheFiles) {
  Commit({.files = {
              {"s.yaml",
               "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: TOPSECRET}\n"},
              {".env", "DB_PASSWORD=TOPSECRET\n"},
              {"v.tfvars", "token = \"TOPSECRET\"\nmail = \"person@example.org\"\n"},
              {"x.json", "{\"auth\": {\"clientSecret\": \"TOPSECRET\"}}"}}});
  Import();
  for (const std::string name : {"repo.tsv", "repo.init.tsv"}) {
    const std::string text = Gunzip(git_, name);
    EXPECT_EQ(text.find("TOPSECRET"), std::string::npos);
    EXPECT_EQ(text.find("person@"), std::string::npos);
    EXPECT_EQ(text.find("ann@"), std::string::npos);
  }
  EXPECT_EQ(std::count_if(events_.begin(), events_.end(),
                          [](const auto& e) { return e.new_value == Fingerprint("TOPSECRET"); }),
            4);
}

TEST_F(GitImportTest, AHostsEtc) {
  Commit({.files = {{".etckeeper", "maybe chmod 0755 'x'\n"},
                    {"passwd", "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/:/bin/sh\n"},
                    {"shadow", "root:$6$x$y:1::::::\n"},
                    {"ssh/sshd_config", "PermitRootLogin yes\nPort 22\n"},
                    {"ssh/ssh_host_ed25519_key", "-----BEGIN OPENSSH PRIVATE KEY-----\n"},
                    {"cron.d/backup", "0 3 * * * root /usr/bin/backup\n"},
                    {"network/if-up.d/x", "#!/bin/sh\nset -e\n"}},
          .symlinks = {{"localtime", "/usr/share/zoneinfo/UTC"}}});
  Commit({.files = {{"ssh/sshd_config", "PermitRootLogin no\nPort 22\n"},
                    {"cron.d/backup", "30 3 * * * root /usr/bin/backup\n"}},
          .symlinks = {{"localtime", "/usr/share/zoneinfo/Europe/Berlin"}}});
  const GitImportSummary summary = Import();
  EXPECT_EQ(summary.tree, TreeKind::kHost);
  EXPECT_THAT(Lines(),
              ElementsAre("1 create cron.d/backup  >1", "1 create localtime  >1",
                          "1 create passwd  >6", "1 create ssh/sshd_config  >2",
                          "2 change cron.d/backup job[root /usr/bin/backup] 0 3 * * *>30 3 * * *",
                          "2 change localtime target /usr/share/zoneinfo/UTC>/usr/share/zoneinfo/"
                          "Europe/Berlin",
                          "2 change ssh/sshd_config PermitRootLogin yes>no"));
  EXPECT_EQ(events_.front().kind, "file:etc");
  ExpectStateIsTree(git_.repository(), events_, TreeKind::kHost);
}

// A random document: maps, lists of objects with and without names, sets.
std::string RandomYaml(std::mt19937& random, int depth, const std::string& indent) {
  std::string text;
  const int keys = 1 + static_cast<int>(random() % 4);
  for (int i = 0; i < keys; ++i) {
    text += indent + "k" + std::to_string(i) + ":";
    const auto kind = depth > 2 ? 0 : random() % 5;
    if (kind <= 1) {
      text += fmt::format(" v{}\n", random() % 5);
    } else if (kind == 2) {
      text += "\n" + RandomYaml(random, depth + 1, indent + "  ");
    } else if (kind == 3) {
      text += fmt::format(" [s{}, s{}, s{}]\n", random() % 4, random() % 4, random() % 9);
    } else {
      text += "\n";
      const auto items = 1 + random() % 4;
      for (unsigned j = 0; j < items; ++j) {
        const bool named = random() % 2 == 0;
        text += indent + "  - " + (named ? fmt::format("name: n{}", random() % 3) : "plain: 1");
        text +=
            fmt::format("\n{}    v: {}\n{}    w: {}\n", indent, random() % 4, indent, random() % 3);
      }
    }
  }
  return text;
}

std::string RandomTerraform(std::mt19937& random) {
  std::string text;
  for (unsigned i = 0; i < 1 + random() % 3; ++i)
    text += fmt::format(
        "resource \"t\" \"r{}\" {{\n  a = {}\n  l = [\"x{}\", var.y]\n  b {{\n    "
        "c = {}\n  }}\n}}\n",
        random() % 4, random() % 5, random() % 5, random() % 3);
  return text;
}

class RandomRepositoryTest : public GitImportTest, public testing::WithParamInterface<unsigned> {};

TEST_P(RandomRepositoryTest, EventsAddUpToTheTreeAfterEveryCommit) {
  std::mt19937 random(GetParam());
  std::set<std::string> live;
  const auto path_of = [&] {
    const char* ends[] = {"yaml", "tf", "ini", "json", "env"};
    return fmt::format("d{}/f{}.{}", random() % 3, random() % 3, ends[random() % 5]);
  };
  const auto content_of = [&](const std::string& path) -> std::string {
    if (path.ends_with("yaml")) {
      std::string text = RandomYaml(random, 0, "");
      // A manifest has its name from its file, so that no two files share an id.
      if (random() % 2 == 0)
        text += "---\napiVersion: v1\nkind: K\nmetadata: {name: " + path.substr(0, 5) +
                "}\nspec:\n" + RandomYaml(random, 1, "  ");
      return text;
    }
    if (path.ends_with("tf")) return RandomTerraform(random);
    if (path.ends_with("json"))
      return fmt::format("{{\"a\": [{{\"id\": {}}}, {{\"x\": {}}}], \"b\": {}}}", random() % 4,
                         random() % 4, random() % 9);
    return fmt::format("A={}\nB={}\n", random() % 5, random() % 5);
  };
  for (int i = 0; i < 60; ++i) {
    GitFixture::Commit commit;
    commit.at = now_ += 11 * kDaySeconds;
    for (unsigned j = 0; j < 1 + random() % 3; ++j) {
      const std::string path = path_of();
      const auto what = random() % 4;
      if (what == 0 && live.contains(path)) {
        commit.deleted.push_back(path);
        live.erase(path);
        commit.files.erase(path);
      } else if (std::find(commit.deleted.begin(), commit.deleted.end(), path) ==
                 commit.deleted.end()) {
        commit.files[path] = content_of(path);
        live.insert(path);
      }
    }
    Commit(commit);
  }
  Import();
  ExpectStateIsTree(git_.repository(), events_, TreeKind::kSources);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomRepositoryTest, testing::Range(1u, 13u));

class BadRepositoryTest : public GitImportTest {
 protected:
  Status ImportOf(const std::string& path) {
    GitImportOptions options;
    options.repository = path;
    options.out = git_.folder() / "out";
    return ImportGitHistory(options).status();
  }
};

TEST_F(BadRepositoryTest, IsNotOne) {
  EXPECT_EQ(ImportOf(git_.folder().string()).code(), StatusCode::kNotFound);
  EXPECT_EQ(ImportOf("/nonexistent/x").code(), StatusCode::kNotFound);
}

TEST_F(BadRepositoryTest, IsEmpty) {
  ASSERT_EQ(git_.Run("git init -q empty"), 0);
  const Status status = ImportOf((git_.folder() / "empty").string());
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), HasSubstr("no commit"));
}

TEST_F(BadRepositoryTest, IsShallow) {
  Commit({.files = {{"a.yaml", "x: 1\n"}}});
  Commit({.files = {{"a.yaml", "x: 2\n"}}});
  git_.Build();
  ASSERT_EQ(git_.Run("git clone -q --depth 1 \"file://$PWD/repo.git\" shallow"), 0);
  const Status status = ImportOf((git_.folder() / "shallow").string());
  EXPECT_THAT(Message(status), HasSubstr("git fetch --unshallow"));
}

TEST_F(BadRepositoryTest, IsDamaged) {
  Commit({.files = {{"a.yaml", "x: 1\n"}}});
  git_.Build();
  ASSERT_EQ(git_.Run("blob=$(git -C repo.git rev-parse main:a.yaml) &&"
                     "file=repo.git/objects/$(echo $blob | cut -c1-2)/$(echo $blob | cut -c3-) &&"
                     "chmod u+w $file && echo garbage > $file"),
            0);
  const Status status = ImportOf(git_.repository());
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << Describe(status);
  EXPECT_THAT(Message(status), HasSubstr("git fsck"));
  EXPECT_FALSE(std::filesystem::exists(git_.folder() / "out" / "repo.tsv.gz"));
}

TEST_F(BadRepositoryTest, LacksTheBranch) {
  Commit({.files = {{"a.yaml", "x: 1\n"}}});
  git_.Build();
  GitImportOptions options;
  options.repository = git_.repository();
  options.branch = "nowhere";
  options.out = git_.folder() / "out";
  EXPECT_EQ(ImportGitHistory(options).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace driftcast::ingest
