// A Git repository, read only, through libgit2. Nothing of it is ever executed or written: no
// hooks, no filters, no network. Not thread-safe.
#ifndef DRIFTCAST_INGEST_GIT_REPOSITORY_H_
#define DRIFTCAST_INGEST_GIT_REPOSITORY_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

struct git_repository;
struct git_tree;

namespace driftcast::ingest {

struct GitId {
  std::array<unsigned char, 20> bytes{};
  std::string Hex() const;
  bool operator==(const GitId&) const = default;
};

struct GitCommit {
  GitId id;
  int64_t committed_at = 0;  // Unix seconds
  std::string author_name;   // of a merge: the author of the merged head
  std::string author_email;
  std::string message;
  int parent_count = 0;
};

enum class GitChange { kAdded, kModified, kDeleted };
enum class GitMode { kFile, kSymlink, kOther };

struct GitFileChange {
  std::string path;
  GitChange change = GitChange::kAdded;
  GitMode mode = GitMode::kFile;  // of the new version; of the old one when deleted
  GitId blob;                     // the new version
};

class GitRepository {
 public:
  // Opens a working tree or a bare repository at `path` itself (parents are not searched).
  // NotFound: not a repository. FailedPrecondition: without a commit, or a shallow clone.
  static StatusOr<std::unique_ptr<GitRepository>> Open(const std::string& path);
  ~GitRepository();
  GitRepository(const GitRepository&) = delete;
  GitRepository& operator=(const GitRepository&) = delete;

  // The first-parent line of HEAD (or of `branch`, when not empty), oldest first.
  StatusOr<std::vector<GitId>> FirstParentLine(const std::string& branch);

  StatusOr<GitCommit> ReadCommit(const GitId& id);

  // The files that differ between the trees of two commits, in the order of the tree; `from` null:
  // all files of `to`. Subtrees that are the same object are not opened.
  Status Diff(const GitId* from, const GitId& to,
              const std::function<Status(GitFileChange)>& report);

  // A blob's size, then its content. DataLoss when it is missing or damaged.
  StatusOr<uint64_t> BlobSize(const GitId& id);
  StatusOr<std::string> ReadBlob(const GitId& id);

  // Whether the commit's tree has this path.
  bool HasPath(const GitId& commit, const std::string& path);

  // The name of the folder that holds the repository, for naming its stack.
  const std::string& name() const { return name_; }

 private:
  explicit GitRepository(git_repository* repository) : repository_(repository) {}
  StatusOr<git_tree*> TreeOfCommit(const GitId& id);
  Status DiffTrees(const git_tree* from, const git_tree* to, const std::string& folder, int depth,
                   const std::function<Status(GitFileChange)>& report);

  git_repository* repository_;
  std::string name_;
};

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_GIT_REPOSITORY_H_
