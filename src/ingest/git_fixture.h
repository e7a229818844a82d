// For tests: Git repositories made by `git fast-import`, with times and authors as wanted, without
// the machine's or a person's Git settings.
#ifndef DRIFTCAST_INGEST_GIT_FIXTURE_H_
#define DRIFTCAST_INGEST_GIT_FIXTURE_H_

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/status.h"

namespace driftcast::ingest {

// A temporary folder with one bare repository in it. The stream is collected and given to Git at
// Build().
class GitFixture {
 public:
  GitFixture() {
    std::string pattern = testing::TempDir() + "git-XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  ~GitFixture() { std::filesystem::remove_all(folder_); }
  GitFixture(const GitFixture&) = delete;
  GitFixture& operator=(const GitFixture&) = delete;

  struct Commit {
    int64_t at = 0;
    std::map<std::string, std::string> files = {};  // path to new content
    std::vector<std::string> deleted = {};          // paths of files or folders
    std::vector<std::pair<std::string, std::string>> renamed = {};
    std::map<std::string, std::string> symlinks = {};  // path to target
    std::string name = "Ann";
    std::string email = "ann@example.org";
    std::string message = "change";
    int parent = 0;  // mark of the first parent; 0: the last commit on main
    int merged = 0;  // mark of a merged head; 0: no merge
    bool on_main = true;
  };

  // Adds a commit, returns its mark.
  int Add(const Commit& c) {
    const int mark = ++marks_;
    const int parent = c.parent == 0 ? head_ : c.parent;
    stream_ += fmt::format("commit refs/heads/{}\nmark :{}\n", c.on_main ? "main" : "side", mark);
    stream_ += fmt::format("author {} <{}> {} +0000\n", c.name, c.email, c.at);
    stream_ += fmt::format("committer Someone <someone@example.org> {} +0000\n", c.at);
    AddData(c.message);
    if (parent != 0) stream_ += fmt::format("from :{}\n", parent);
    if (c.merged != 0) stream_ += fmt::format("merge :{}\n", c.merged);
    for (const auto& [from, to] : c.renamed) stream_ += fmt::format("R \"{}\" \"{}\"\n", from, to);
    for (const auto& path : c.deleted) stream_ += fmt::format("D {}\n", path);
    for (const auto& [path, content] : c.files) {
      stream_ += fmt::format("M 100644 inline {}\n", path);
      AddData(content);
    }
    for (const auto& [path, target] : c.symlinks) {
      stream_ += fmt::format("M 120000 inline {}\n", path);
      AddData(target);
    }
    if (c.on_main) head_ = mark;
    return mark;
  }

  // Makes the repository from what was added.
  void Build() {
    std::ofstream(folder_ / "stream", std::ios::binary) << stream_;
    ASSERT_EQ(Run("git init -q --bare -b main repo.git && git -C repo.git fast-import --quiet "
                  "--force < stream"),
              0);
  }

  std::filesystem::path folder() const { return folder_; }
  std::string repository() const { return (folder_ / "repo.git").string(); }

  // Runs a shell command in the folder without any Git settings; its exit status.
  int Run(const std::string& command) const {
    return std::system(fmt::format("cd '{}' && export HOME='{}' GIT_CONFIG_NOSYSTEM=1 "
                                   "GIT_CONFIG_GLOBAL=/dev/null && {}",
                                   folder_.string(), folder_.string(), command)
                           .c_str());
  }

 private:
  void AddData(const std::string& data) {
    stream_ += fmt::format("data {}\n{}\n", data.size(), data);
  }

  std::filesystem::path folder_;
  std::string stream_;
  int marks_ = 0;
  int head_ = 0;
};

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_GIT_FIXTURE_H_
