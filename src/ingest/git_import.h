// The history of a Git repository of configuration, in the layout of learn/history_file.h.
//
// The first-parent line of the default branch is read commit by commit, oldest first; of each
// commit only the blobs that changed. Memory holds the newest version of every document, the
// names of all resources, and changes that wait (history_builder.h).
#ifndef DRIFTCAST_INGEST_GIT_IMPORT_H_
#define DRIFTCAST_INGEST_GIT_IMPORT_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "ingest/config_file.h"

namespace driftcast::ingest {

struct GitImportOptions {
  std::string repository;        // a working tree or a bare repository
  std::filesystem::path out;     // folder for STACK.tsv.gz and STACK.init.tsv.gz; made if missing
  std::string stack;             // empty: the name of the repository's folder
  std::string branch;            // empty: HEAD
  std::optional<TreeKind> tree;  // empty: found out (etckeeper's .etckeeper, or passwd and hosts)
  // Called after each commit.
  std::function<void(size_t done, size_t total)> progress;
};

struct GitImportSummary {
  std::string stack;
  TreeKind tree = TreeKind::kSources;
  std::filesystem::path events;  // the STACK.tsv.gz
  size_t commits = 0;            // on the first-parent line
  uint64_t changes = 0;          // commits with events
  uint64_t events_written = 0;
  uint64_t mass_events = 0;
  uint64_t bot_changes = 0;
  uint64_t initial_rows = 0;
  size_t resources = 0;     // live at the end
  uint64_t versions = 0;    // of files, parsed
  uint64_t unreadable = 0;  // versions that did not parse and were passed over
  uint64_t dates_corrected = 0;
  std::vector<std::string> first_unreadable;  // "path at commit: reason", at most 10
};

// The errors of GitRepository, and of writing. Files of an earlier import are replaced only when
// this one succeeded.
StatusOr<GitImportSummary> ImportGitHistory(const GitImportOptions& options);

// A stack's name must be usable as a file's: other characters become '-'.
std::string StackNameFor(const std::string& folder);

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_GIT_IMPORT_H_
