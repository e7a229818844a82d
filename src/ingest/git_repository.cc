#include "ingest/git_repository.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include <git2.h>

#include "base/crypto.h"

namespace driftcast::ingest {
namespace {

// libgit2's own caches: parsed objects, and windows of the pack files mapped into memory.
constexpr ptrdiff_t kObjectCacheBytes = 32 << 20;
constexpr size_t kMappedBytes = 128 << 20;
constexpr int kFolderDepthMax = 200;

void StartLibrary() {
  static const bool started = [] {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, kObjectCacheBytes);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, kMappedBytes);
    // Another user's repository (root's /etc) may be read: nothing of it is executed here.
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    return true;
  }();
  (void)started;
}

std::string LastError() {
  const git_error* error = git_error_last();
  return error == nullptr || error->message == nullptr ? "unknown error" : error->message;
}

git_oid ToOid(const GitId& id) {
  git_oid oid;
  std::memcpy(oid.id, id.bytes.data(), id.bytes.size());
  return oid;
}

GitId FromOid(const git_oid* oid) {
  GitId id;
  std::memcpy(id.bytes.data(), oid->id, id.bytes.size());
  return id;
}

Status Damaged(const char* what, const GitId& id) {
  return DataLoss("{} {} is missing or damaged ({}); 'git fsck' tells more", what, id.Hex(),
                  LastError());
}

template <typename T, void (*Free)(T*)>
struct Freer {
  void operator()(T* object) const { Free(object); }
};
using CommitPtr = std::unique_ptr<git_commit, Freer<git_commit, git_commit_free>>;
using TreePtr = std::unique_ptr<git_tree, Freer<git_tree, git_tree_free>>;
using BlobPtr = std::unique_ptr<git_blob, Freer<git_blob, git_blob_free>>;

StatusOr<CommitPtr> LookupCommit(git_repository* repository, const GitId& id) {
  const git_oid oid = ToOid(id);
  git_commit* commit = nullptr;
  if (git_commit_lookup(&commit, repository, &oid) != 0) return Damaged("commit", id);
  return CommitPtr(commit);
}

StatusOr<TreePtr> LookupTree(git_repository* repository, const git_oid* oid) {
  git_tree* tree = nullptr;
  if (git_tree_lookup(&tree, repository, oid) != 0) return Damaged("tree", FromOid(oid));
  return TreePtr(tree);
}

GitMode ModeOf(const git_tree_entry* entry) {
  switch (git_tree_entry_filemode(entry)) {
    case GIT_FILEMODE_BLOB:
    case GIT_FILEMODE_BLOB_EXECUTABLE:
      return GitMode::kFile;
    case GIT_FILEMODE_LINK:
      return GitMode::kSymlink;
    default:
      return GitMode::kOther;  // a submodule
  }
}

bool IsFolder(const git_tree_entry* entry) { return git_tree_entry_type(entry) == GIT_OBJECT_TREE; }

Status CheckUsable(git_repository* repository, const std::string& path) {
  if (git_repository_is_shallow(repository) == 1)
    return FailedPrecondition(
        "'{}' is a shallow clone: its history is cut off. Run 'git fetch --unshallow' first", path);
  if (git_repository_is_empty(repository) == 1)
    return FailedPrecondition("'{}' has no commit yet", path);
  return Ok();
}

}  // namespace

std::string GitId::Hex() const {
  return driftcast::Hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

GitRepository::~GitRepository() { git_repository_free(repository_); }

StatusOr<std::unique_ptr<GitRepository>> GitRepository::Open(const std::string& path) {
  StartLibrary();
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return NotFound("there is no '{}'", path);
  git_repository* raw = nullptr;
  const int code =
      git_repository_open_ext(&raw, path.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr);
  if (code == GIT_ENOTFOUND) return NotFound("'{}' is not a Git repository", path);
  if (code != 0) return FailedPrecondition("cannot open '{}': {}", path, LastError());
  std::unique_ptr<GitRepository> repository(new GitRepository(raw));
  DRIFTCAST_RETURN_IF_ERROR(CheckUsable(raw, path));
  auto folder = std::filesystem::absolute(path).lexically_normal();
  if (folder.filename().empty()) folder = folder.parent_path();
  if (folder.filename() == ".git") folder = folder.parent_path();
  repository->name_ = folder.filename().string();
  if (repository->name_.size() > 4 && repository->name_.ends_with(".git"))
    repository->name_.resize(repository->name_.size() - 4);
  return repository;
}

StatusOr<std::vector<GitId>> GitRepository::FirstParentLine(const std::string& branch) {
  git_object* object = nullptr;
  const std::string name = branch.empty() ? "HEAD" : branch;
  int code = git_revparse_single(&object, repository_, (name + "^{commit}").c_str());
  if (code != 0 && branch.empty())  // a bare mirror may have a HEAD that points nowhere
    code = git_revparse_single(&object, repository_, "refs/remotes/origin/HEAD^{commit}");
  if (code == GIT_ENOTFOUND)
    return NotFound("there is no branch '{}' with a commit in this repository", name);
  if (code != 0) return DataLoss("cannot read '{}': {}", name, LastError());
  CommitPtr commit(reinterpret_cast<git_commit*>(object));
  std::vector<GitId> line;
  for (;;) {
    line.push_back(FromOid(git_commit_id(commit.get())));
    if (git_commit_parentcount(commit.get()) == 0) break;
    DRIFTCAST_ASSIGN_OR_RETURN(
        commit, LookupCommit(repository_, FromOid(git_commit_parent_id(commit.get(), 0))));
  }
  std::reverse(line.begin(), line.end());
  return line;
}

StatusOr<GitCommit> GitRepository::ReadCommit(const GitId& id) {
  DRIFTCAST_ASSIGN_OR_RETURN(const CommitPtr commit, LookupCommit(repository_, id));
  GitCommit result;
  result.id = id;
  result.committed_at = git_commit_time(commit.get());
  result.parent_count = static_cast<int>(git_commit_parentcount(commit.get()));
  if (const char* message = git_commit_message(commit.get())) result.message = message;
  const git_commit* author_of = commit.get();
  CommitPtr merged;
  if (result.parent_count > 1) {
    // The merged head tells who made the change; the merge itself whoever let it in.
    auto head = LookupCommit(repository_, FromOid(git_commit_parent_id(commit.get(), 1)));
    if (head.ok()) merged = *std::move(head);
    if (merged != nullptr) author_of = merged.get();
  }
  const git_signature* author = git_commit_author(author_of);
  if (author != nullptr && author->name != nullptr) result.author_name = author->name;
  if (author != nullptr && author->email != nullptr) result.author_email = author->email;
  return result;
}

StatusOr<git_tree*> GitRepository::TreeOfCommit(const GitId& id) {
  DRIFTCAST_ASSIGN_OR_RETURN(const CommitPtr commit, LookupCommit(repository_, id));
  git_tree* tree = nullptr;
  if (git_commit_tree(&tree, commit.get()) != 0) return Damaged("the tree of commit", id);
  return tree;
}

Status GitRepository::Diff(const GitId* from, const GitId& to,
                           const std::function<Status(GitFileChange)>& report) {
  TreePtr old_tree;
  if (from != nullptr) {
    DRIFTCAST_ASSIGN_OR_RETURN(git_tree* const tree, TreeOfCommit(*from));
    old_tree.reset(tree);
  }
  DRIFTCAST_ASSIGN_OR_RETURN(git_tree* const tree, TreeOfCommit(to));
  const TreePtr new_tree(tree);
  return DiffTrees(old_tree.get(), new_tree.get(), "", 0, report);
}

// Both trees are in Git's order, so that one pass over both finds what differs.
Status GitRepository::DiffTrees(const git_tree* from, const git_tree* to, const std::string& folder,
                                int depth, const std::function<Status(GitFileChange)>& report) {
  if (depth > kFolderDepthMax) return ResourceExhausted("folder '{}' is nested too deeply", folder);
  const size_t from_count = from == nullptr ? 0 : git_tree_entrycount(from);
  const size_t to_count = to == nullptr ? 0 : git_tree_entrycount(to);
  const auto visit = [&](const git_tree_entry* a, const git_tree_entry* b) -> Status {
    const git_tree_entry* any = b != nullptr ? b : a;
    const std::string path = folder + git_tree_entry_name(any);
    if (!IsFolder(any)) {
      if (a != nullptr && b != nullptr &&
          git_tree_entry_filemode(a) == git_tree_entry_filemode(b) &&
          git_oid_equal(git_tree_entry_id(a), git_tree_entry_id(b)))
        return Ok();
      return report({path,
                     a == nullptr   ? GitChange::kAdded
                     : b == nullptr ? GitChange::kDeleted
                                    : GitChange::kModified,
                     ModeOf(any), FromOid(git_tree_entry_id(any))});
    }
    if (a != nullptr && b != nullptr && git_oid_equal(git_tree_entry_id(a), git_tree_entry_id(b)))
      return Ok();
    TreePtr old_tree, new_tree;
    if (a != nullptr) {
      DRIFTCAST_ASSIGN_OR_RETURN(old_tree, LookupTree(repository_, git_tree_entry_id(a)));
    }
    if (b != nullptr) {
      DRIFTCAST_ASSIGN_OR_RETURN(new_tree, LookupTree(repository_, git_tree_entry_id(b)));
    }
    return DiffTrees(old_tree.get(), new_tree.get(), path + "/", depth + 1, report);
  };
  for (size_t i = 0, j = 0; i < from_count || j < to_count;) {
    const git_tree_entry* a = i < from_count ? git_tree_entry_byindex(from, i) : nullptr;
    const git_tree_entry* b = j < to_count ? git_tree_entry_byindex(to, j) : nullptr;
    const int order = a == nullptr ? 1 : b == nullptr ? -1 : git_tree_entry_cmp(a, b);
    DRIFTCAST_RETURN_IF_ERROR(visit(order <= 0 ? a : nullptr, order >= 0 ? b : nullptr));
    i += order <= 0;
    j += order >= 0;
  }
  return Ok();
}

StatusOr<uint64_t> GitRepository::BlobSize(const GitId& id) {
  const git_oid oid = ToOid(id);
  git_odb* odb = nullptr;
  if (git_repository_odb(&odb, repository_) != 0) return Damaged("the store of blob", id);
  size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  const int code = git_odb_read_header(&size, &type, odb, &oid);
  git_odb_free(odb);
  if (code != 0) return Damaged("blob", id);
  return size;
}

StatusOr<std::string> GitRepository::ReadBlob(const GitId& id) {
  const git_oid oid = ToOid(id);
  git_blob* raw = nullptr;
  if (git_blob_lookup(&raw, repository_, &oid) != 0) return Damaged("blob", id);
  const BlobPtr blob(raw);
  return std::string(static_cast<const char*>(git_blob_rawcontent(blob.get())),
                     static_cast<size_t>(git_blob_rawsize(blob.get())));
}

bool GitRepository::HasPath(const GitId& commit, const std::string& path) {
  auto tree = TreeOfCommit(commit);
  if (!tree.ok()) return false;
  const TreePtr owned(*tree);
  git_tree_entry* entry = nullptr;
  if (git_tree_entry_bypath(&entry, owned.get(), path.c_str()) != 0) return false;
  git_tree_entry_free(entry);
  return true;
}

}  // namespace driftcast::ingest
