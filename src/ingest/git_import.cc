#include "ingest/git_import.h"

#include <cctype>
#include <charconv>
#include <cstdlib>

#include "base/file.h"
#include "ingest/commit_author.h"
#include "ingest/git_repository.h"
#include "ingest/history_builder.h"
#include "learn/history_file.h"

namespace driftcast::ingest {
namespace {

constexpr size_t kFirstUnreadableMax = 10;
constexpr const char* kSpoolStack = "rows";

// A folder that vanishes with its owner.
class TemporaryFolder {
 public:
  static StatusOr<std::unique_ptr<TemporaryFolder>> In(const std::filesystem::path& parent) {
    std::error_code error;
    std::filesystem::create_directories(parent, error);
    if (error) return FailedPrecondition("cannot make '{}': {}", parent.string(), error.message());
    std::string pattern = (parent / ".import-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
      return ErrnoStatus(errno, "a temporary folder in " + parent.string());
    return std::unique_ptr<TemporaryFolder>(new TemporaryFolder(pattern));
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

class GitImport {
 public:
  GitImport(const GitImportOptions& options, GitRepository* repository)
      : options_(options), repository_(*repository) {}

  StatusOr<GitImportSummary> Run() {
    DRIFTCAST_ASSIGN_OR_RETURN(const std::vector<GitId> line,
                               repository_.FirstParentLine(options_.branch));
    summary_.commits = line.size();
    summary_.stack = options_.stack.empty() ? StackNameFor(repository_.name()) : options_.stack;
    summary_.tree =
        options_.tree.value_or(IsHostTree(line.back()) ? TreeKind::kHost : TreeKind::kSources);
    DRIFTCAST_ASSIGN_OR_RETURN(const auto folder, TemporaryFolder::In(options_.out));
    DRIFTCAST_ASSIGN_OR_RETURN(spool_, learn::HistoryWriter::Create(folder->path(), kSpoolStack));
    HistoryBuilder builder([this](const HistoryChange& change) { return Spool(change); });
    builder_ = &builder;
    for (size_t i = 0; i < line.size(); ++i) {
      DRIFTCAST_RETURN_IF_ERROR(ImportCommit(i == 0 ? nullptr : &line[i - 1], line[i]));
      if (options_.progress) options_.progress(i + 1, line.size());
    }
    DRIFTCAST_RETURN_IF_ERROR(builder.Finish());
    DRIFTCAST_RETURN_IF_ERROR(spool_->Finish());
    summary_.resources = builder.live_resources();
    DRIFTCAST_RETURN_IF_ERROR(NameResources(folder->path()));
    return summary_;
  }

 private:
  bool IsHostTree(const GitId& head) {
    return repository_.HasPath(head, ".etckeeper") ||
           (repository_.HasPath(head, "passwd") && repository_.HasPath(head, "hosts"));
  }

  Status ImportCommit(const GitId* before, const GitId& id) {
    DRIFTCAST_ASSIGN_OR_RETURN(const GitCommit commit, repository_.ReadCommit(id));
    std::vector<FileVersion> files;
    DRIFTCAST_RETURN_IF_ERROR(repository_.Diff(before, id, [&](GitFileChange change) {
      return Annotate(ReadVersion(commit, std::move(change), &files), "commit " + id.Hex());
    }));
    if (commit.committed_at < now_) ++summary_.dates_corrected;
    now_ = std::max(now_, commit.committed_at);
    ChangeAuthor author;
    author.at_seconds = now_;
    author.actor = ActorPseudonym(commit.author_email);
    author.bot = IsBotCommit(commit.author_name, commit.author_email, commit.message,
                             commit.parent_count > 1);
    return builder_->Apply(author, std::move(files));
  }

  Status ReadVersion(const GitCommit& commit, GitFileChange change,
                     std::vector<FileVersion>* files) {
    const FileFormat format = FormatOf(change.path, summary_.tree);
    if (format == FileFormat::kNone) return Ok();
    FileVersion version{ValidUtf8(change.path), false, {}};
    const bool host = summary_.tree == TreeKind::kHost;
    if (change.change == GitChange::kDeleted || change.mode == GitMode::kOther ||
        (change.mode == GitMode::kSymlink && !host)) {
      version.deleted = true;
    } else if (change.mode == GitMode::kSymlink) {
      DRIFTCAST_ASSIGN_OR_RETURN(const std::string target, repository_.ReadBlob(change.blob));
      version.documents.push_back(SymlinkDocument(version.path, target));
    } else {
      DRIFTCAST_ASSIGN_OR_RETURN(const uint64_t size, repository_.BlobSize(change.blob));
      if (size > kConfigFileBytesMax) return Ok();
      DRIFTCAST_ASSIGN_OR_RETURN(const std::string content, repository_.ReadBlob(change.blob));
      auto documents = ReadDocuments(version.path, format, summary_.tree, content);
      ++summary_.versions;
      if (!documents.ok()) {
        NoteUnreadable(commit, version.path, documents.status());
        return Ok();
      }
      version.documents = *std::move(documents);
    }
    files->push_back(std::move(version));
    return Ok();
  }

  void NoteUnreadable(const GitCommit& commit, const std::string& path, const Status& why) {
    ++summary_.unreadable;
    if (summary_.first_unreadable.size() < kFirstUnreadableMax)
      summary_.first_unreadable.push_back(
          fmt::format("{} at {}: {}", path, commit.id.Hex().substr(0, 12), Message(why)));
  }

  Status Spool(const HistoryChange& change) {
    ChangeEvent event;
    event.at = FromUnixSeconds(change.author.at_seconds);
    event.stack = summary_.stack;
    event.actor = change.author.actor;
    event.bot = change.author.bot;
    event.change_id = change.change_id;
    event.mass = change.mass;
    ++summary_.changes;
    summary_.bot_changes += event.bot;
    for (const HistoryRow& row : change.rows) {
      const bool initial = row.op == ChangeOp::kInitial;
      summary_.initial_rows += initial;
      summary_.events_written += !initial;
      summary_.mass_events += !initial && change.mass;
      event.kind = builder_->ResourceKind(row.resource);
      event.resource = std::to_string(row.resource);
      event.op = row.op;
      event.path = row.path;
      event.old_value = row.old_value;
      event.new_value = row.new_value;
      DRIFTCAST_RETURN_IF_ERROR(spool_->Add(event));
    }
    return Ok();
  }

  // Copies the rows with the final names of their resources, then puts the files in place.
  Status NameResources(const std::filesystem::path& folder) {
    DRIFTCAST_ASSIGN_OR_RETURN(
        const auto reader,
        learn::HistoryReader::Open(folder / (std::string(kSpoolStack) + ".tsv.gz")));
    DRIFTCAST_ASSIGN_OR_RETURN(const auto writer,
                               learn::HistoryWriter::Create(folder, summary_.stack));
    ChangeEvent event;
    for (;;) {
      DRIFTCAST_ASSIGN_OR_RETURN(const bool more, reader->Next(&event));
      if (!more) break;
      uint32_t number = 0;
      std::from_chars(event.resource.data(), event.resource.data() + event.resource.size(), number);
      event.stack = summary_.stack;
      event.resource = builder_->ResourceName(number);
      DRIFTCAST_RETURN_IF_ERROR(writer->Add(event));
    }
    DRIFTCAST_RETURN_IF_ERROR(writer->Finish());
    summary_.events = options_.out / (summary_.stack + ".tsv.gz");
    for (const char* suffix : {".init.tsv.gz", ".tsv.gz"}) {
      std::error_code error;
      const std::string name = summary_.stack + suffix;
      std::filesystem::rename(folder / name, options_.out / name, error);
      if (error) return FailedPrecondition("cannot put '{}' in place: {}", name, error.message());
    }
    return Ok();
  }

  const GitImportOptions& options_;
  GitRepository& repository_;
  HistoryBuilder* builder_ = nullptr;
  std::unique_ptr<learn::HistoryWriter> spool_;
  int64_t now_ = 0;
  GitImportSummary summary_;
};

}  // namespace

StatusOr<GitImportSummary> ImportGitHistory(const GitImportOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const auto repository, GitRepository::Open(options.repository));
  return GitImport(options, repository.get()).Run();
}

std::string StackNameFor(const std::string& folder) {
  std::string name;
  for (char c : folder) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
    name += plain ? c : '-';
  }
  while (name.starts_with('.')) name.erase(0, 1);
  return name.empty() ? "repository" : name;
}

}  // namespace driftcast::ingest
