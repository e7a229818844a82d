#include "collect/file_collector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "collect/scratch_root.h"

namespace driftcast {
namespace {

class FileCollectorTest : public testing::Test {
 protected:
  FileCollectorTest() : guard_(std::string(32, 'k')), lenses_(DRIFTCAST_LENS) {}

  FileCollector& Collector() {
    if (!collector_)
      collector_ = std::make_unique<FileCollector>(
          scratch_.root(), guard_, lenses_, options_,
          [](const std::string& path) { return path == "/etc/owned.conf" ? "pkg" : ""; });
    return *collector_;
  }
  RecordingSink Collect(Depth depth = Depth::kAll) {
    RecordingSink sink;
    status_ = Collector().Collect(depth, sink);
    return sink;
  }
  ResourceObserved One(const std::string& name) {
    auto one = Collector().CollectOne("file", name);
    EXPECT_TRUE(one.ok() && one->has_value()) << name;
    return one.ok() && one->has_value() ? **one : ResourceObserved{};
  }

  ScratchRoot scratch_;
  SecretGuard guard_;
  LensClient lenses_;
  FileOptions options_;
  std::unique_ptr<FileCollector> collector_;
  Status status_;
};

TEST_F(FileCollectorTest, ReadsKeysModeAndOwner) {
  scratch_.Write("/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
  scratch_.Write("/etc/group", "root:x:0:\n");
  scratch_.Write("/etc/ssh/sshd_config", "PermitRootLogin no\n", 0600);
  scratch_.Write("/etc/owned.conf", "a = 1\n");
  scratch_.Link("/etc/localtime", "/usr/share/zoneinfo/UTC");
  const RecordingSink sink = Collect();
  ASSERT_TRUE(status_.ok()) << Describe(status_);
  EXPECT_EQ(sink.observed.size(), 5u);
  const ResourceObserved* sshd = sink.Find("/etc/ssh/sshd_config");
  ASSERT_NE(sshd, nullptr);
  EXPECT_EQ(ValueOf(sshd->keys, "PermitRootLogin"), "no");
  EXPECT_EQ(ValueOf(sshd->keys, "@mode"), "0600");
  EXPECT_EQ(ValueOf(sshd->context, "format"), "keywords");
  EXPECT_EQ(ValueOf(sink.Find("/etc/localtime")->keys, "@target"), "/usr/share/zoneinfo/UTC");
  const ResourceObserved* owned = sink.Find("/etc/owned.conf");
  ASSERT_EQ(owned->depends_on.size(), 1u);
  EXPECT_EQ(owned->depends_on[0].to_name, "pkg");
}

TEST_F(FileCollectorTest, ReadsStructuredFormatsInItsParserProcess) {
  scratch_.Write("/etc/a.json", R"({"a": {"b": [1, 2]}, "list": [{"name": "x", "v": true}]})");
  scratch_.Write("/etc/a.yaml", "a:\n  b: [1, 2]\nc: 'text'\nd: &x {e: 1}\nf: *x\n");
  scratch_.Write("/etc/a.toml", "[a]\nb = 1\nc = [\"x\"]\n");
  scratch_.Write("/etc/logrotate.d/app", "/var/log/app.log {\n  weekly\n  rotate 4\n}\n");
  const RecordingSink sink = Collect();
  const auto& json = sink.Find("/etc/a.json")->keys;
  EXPECT_EQ(ValueOf(json, "a.b[]"), "1");
  EXPECT_EQ(ValueOf(json, "list[x].v"), "true");
  const auto& yaml = sink.Find("/etc/a.yaml")->keys;
  EXPECT_EQ(ValueOf(yaml, "c"), "text");
  EXPECT_EQ(ValueOf(yaml, "f.e"), "1");
  EXPECT_EQ(ValueOf(sink.Find("/etc/a.toml")->keys, "a.b"), "1");
  EXPECT_EQ(ValueOf(sink.Find("/etc/logrotate.d/app")->keys, "rule.rotate"), "4");
}

TEST_F(FileCollectorTest, ReadsOnlyWhatChanged) {
  scratch_.Write("/etc/a.conf", "x = 1\n");
  scratch_.Write("/etc/b.conf", "y = 1\n");
  // Times in the past, so that the files do not count as just written.
  for (const char* name : {"/etc/a.conf", "/etc/b.conf"})
    std::filesystem::last_write_time(
        scratch_.Real(name), std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  Collect();
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));  // ctime cannot be set back
  Collect(Depth::kChanged);
  EXPECT_EQ(Collect(Depth::kChanged).unchanged.size(), 2u);
  scratch_.Write("/etc/b.conf", "y = 2\n");
  const RecordingSink sink = Collect(Depth::kChanged);
  EXPECT_EQ(sink.unchanged, std::vector<std::string>{"/etc/a.conf"});
  ASSERT_EQ(sink.observed.size(), 1u);
  EXPECT_EQ(ValueOf(sink.observed[0].keys, "y"), "2");
}

TEST_F(FileCollectorTest, CommentsAndOrderChangeNothing) {
  scratch_.Write("/etc/a.conf", "x = 1\ny = 2\n");
  const auto before = One("/etc/a.conf").keys;
  scratch_.Write("/etc/a.conf", "# hello\ny = 2\n\nx = 1\n");
  EXPECT_EQ(One("/etc/a.conf").keys, before);
}

TEST_F(FileCollectorTest, SaysWhatItCouldNotCompare) {
  options_.content_bytes_max = 1 << 20;
  scratch_.Write("/etc/huge", std::string(2 << 20, 'x'));
  scratch_.Write("/etc/closed.conf", "a = 1\n", 0);
  const RecordingSink sink = Collect();
  ASSERT_EQ(sink.Find("/etc/huge")->uncompared.size(), 1u);
  EXPECT_EQ(sink.Find("/etc/huge")->uncompared[0].reason, "larger than 1 MiB");
  if (geteuid() != 0) {  // root may read everything
    ASSERT_EQ(sink.Find("/etc/closed.conf")->uncompared.size(), 1u);
    EXPECT_EQ(sink.Find("/etc/closed.conf")->uncompared[0].reason, "permission denied");
  }
  EXPECT_EQ(Collector().coverage().uncompared.at("larger than 1 MiB"), 1u);
}

TEST_F(FileCollectorTest, GlobsAndExclusions) {
  options_.globs = {"/etc/app/*.conf", "/opt/x"};
  scratch_.Write("/etc/app/a.conf", "a = 1\n");
  scratch_.Write("/etc/app/a.txt", "a\n");
  scratch_.Write("/etc/app/sub/b.conf", "a = 1\n");
  scratch_.Write("/opt/x/deep/c", "a\n");
  scratch_.Write("/opt/x/deep/c~", "a\n");
  RecordingSink sink = Collect();
  std::vector<std::string> names;
  for (const auto& o : sink.observed) names.push_back(o.resource.name);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"/etc/app/a.conf", "/opt/x/deep/c"}));
}

TEST_F(FileCollectorTest, TooManyFilesIsAnErrorNotASilentCut) {
  options_.resources_max = 3;
  for (int i = 0; i < 5; ++i) scratch_.Write("/etc/f" + std::to_string(i), "x");
  Collect();
  EXPECT_EQ(status_.code(), StatusCode::kResourceExhausted);
}

TEST_F(FileCollectorTest, HostileFiles) {
  scratch_.Write("/etc/passwd", std::string(3 << 20, 'r'));  // one line without end
  scratch_.Write("/etc/app.conf", std::string("a = 1\0b", 7));
  scratch_.Write("/etc/deep.json", std::string(200000, '['));
  scratch_.Write("/etc/deep.yaml", std::string(200000, '['));
  scratch_.Write("/etc/bomb.yaml",
                 "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                 "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                 "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n");
  scratch_.Write("/etc/new\nline", "x");
  scratch_.Write("/etc/100%25", "x");
  scratch_.Link("/etc/loop", "/etc/loop");
  scratch_.Link("/etc/up", "..");
  scratch_.Link("/etc/outside", "../../../../../../../../etc/hostname");
  mkfifo(scratch_.Real("/etc/fifo").c_str(), 0644);
  const RecordingSink sink = Collect();
  ASSERT_TRUE(status_.ok()) << Describe(status_);
  EXPECT_EQ(sink.observed.size(), 11u);
  for (const ResourceObserved& o : sink.observed) {
    ResourceId id = o.resource;
    id.stack.value = "host";
    EXPECT_TRUE(ValidateResourceId(id).ok()) << id.name;
    EXPECT_FALSE(o.keys.empty());
  }
  ASSERT_NE(sink.Find("/etc/new%0Aline"), nullptr);
  EXPECT_EQ(One("/etc/new%0Aline").resource.name, "/etc/new%0Aline");
  EXPECT_EQ(One("/etc/100%2525").resource.name, "/etc/100%2525");
  EXPECT_EQ(ValueOf(sink.Find("/etc/fifo")->keys, "@type"), "fifo");
  for (const char* name : {"/etc/passwd", "/etc/deep.json", "/etc/deep.yaml", "/etc/bomb.yaml"})
    EXPECT_NE(ValueOf(sink.Find(name)->keys, "@content"), "(none)") << name;
}

TEST_F(FileCollectorTest, LinksCannotLeadOutOfTheRoot) {
  scratch_.Link("/etc/app", "/../../../../etc");
  EXPECT_FALSE(scratch_.root().Read("/etc/app/os-release", 1 << 20).ok());
  EXPECT_FALSE(scratch_.root().Read("/../../etc/os-release", 1 << 20).ok());
}

TEST_F(FileCollectorTest, AVanishedFileIsGone) {
  scratch_.Write("/etc/a", "x");
  One("/etc/a");
  std::filesystem::remove(scratch_.Real("/etc/a"));
  auto gone = Collector().CollectOne("file", "/etc/a");
  ASSERT_TRUE(gone.ok());
  EXPECT_FALSE(gone->has_value());
}

TEST(LensClientTest, ACrashOrAHangHarmsNothing) {
  LensClient none("");
  EXPECT_EQ(none.Parse("json", "{}").status().code(), StatusCode::kUnavailable);
  LensClient missing("/nonexistent/program");
  EXPECT_EQ(missing.Parse("json", "{}").status().code(), StatusCode::kUnavailable);
  LensClient dies("/bin/false");
  EXPECT_EQ(dies.Parse("json", "{}").status().code(), StatusCode::kAborted);
  LensClient babbles("/bin/cat");  // echoes the request, which is no reply
  EXPECT_FALSE(babbles.Parse("json", "{}").ok());
  ScratchRoot scratch;
  scratch.Write("/hang", "#!/bin/sh\nexec sleep 60\n", 0755);
  LensClient hangs(scratch.Real("/hang").string(), std::chrono::milliseconds(200));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(hangs.Parse("json", "{}").status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(LensClientTest, ARefusalKeepsTheProcess) {
  LensClient lenses(DRIFTCAST_LENS);
  EXPECT_EQ(lenses.Parse("json", "{nope").status().code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(lenses.Parse("json", "{}").ok());
  EXPECT_EQ(lenses.Parse("Nosuch.lns", "x").status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(lenses.Parse("json", std::string(1 << 20, ' ')).status().code(),
            StatusCode::kResourceExhausted);
  EXPECT_TRUE(lenses.Parse("toml", "a = 1\n").ok());
}

}  // namespace
}  // namespace driftcast
