// Configuration histories on disk: one pair of files per stack.
//
//   STACK.tsv.gz       events, oldest first:
//                      ts stack kind resource path op old new actor bot change_id mass
//   STACK.init.tsv.gz  the leaves of every resource at the moment it appeared:
//                      ts stack kind resource path value change_id
//
// Both are gzip'd UTF-8 with a header line and tabs between columns, without quoting; `ts` is Unix
// seconds. Columns are found by their name; others are ignored. The init file may be missing.
//
// Read together they give one stream of ChangeEvents: the leaves of a resource follow its kCreate
// at once, as kInitial events. A resource that was there before anybody looked has no kCreate: its
// leaves stand in the events file, as op "initial", at the time when it was found.
#ifndef DRIFTCAST_LEARN_HISTORY_FILE_H_
#define DRIFTCAST_LEARN_HISTORY_FILE_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "model/change.h"

namespace driftcast::learn {

// Lines of a gzip'd text, one at a time. Not thread-safe.
class GzipLines {
 public:
  static StatusOr<std::unique_ptr<GzipLines>> Open(const std::filesystem::path& path);
  ~GzipLines();
  GzipLines(const GzipLines&) = delete;
  GzipLines& operator=(const GzipLines&) = delete;

  // The next line without its line break, valid until the next call; false at the end.
  // DataLoss when the file is cut or damaged, ResourceExhausted for a line over 1 MiB.
  StatusOr<bool> Next(std::string_view* line);

  uint64_t line_number() const { return line_number_; }  // of the line last given, from 1

 private:
  explicit GzipLines(void* file) : file_(file) {}
  StatusOr<bool> Fill();

  void* file_;
  std::string buffer_;
  size_t begin_ = 0;
  uint64_t line_number_ = 0;
  bool at_end_ = false;
};

// Reads one stack's history as a stream, in the order of the file. Memory: the init rows of one
// change. Not thread-safe.
class HistoryReader {
 public:
  // `events` is the STACK.tsv.gz; its init file is looked for beside it. NotFound, or
  // InvalidArgument when a header lacks a column.
  static StatusOr<std::unique_ptr<HistoryReader>> Open(const std::filesystem::path& events);
  ~HistoryReader();

  // Fills the next event; false at the end. InvalidArgument (with file and line) on a row that
  // cannot be read or times that go backwards; DataLoss on a damaged file.
  StatusOr<bool> Next(ChangeEvent* event);

  const std::string& stack() const { return stack_; }  // from the file's name

 private:
  struct Columns;
  struct InitRow;
  HistoryReader();
  StatusOr<bool> NextEventRow(ChangeEvent* event);
  Status ReadInitOf(const ChangeEvent& create);
  StatusOr<bool> ReadAhead();

  std::filesystem::path path_;
  std::string stack_;
  std::unique_ptr<GzipLines> events_;
  std::unique_ptr<GzipLines> init_;  // null when there is no init file
  std::unique_ptr<Columns> columns_;
  std::unique_ptr<InitRow> ahead_;  // the next init row that was not used yet; null at the end
  // Init rows of change `loaded_change_`, by "kind\tresource".
  std::unordered_map<std::string, std::vector<InitRow>> loaded_;
  uint64_t loaded_change_ = 0;
  bool any_loaded_ = false;
  std::vector<ChangeEvent> initial_;  // leaves of the create last given, the next one last
  int64_t last_seconds_ = INT64_MIN;
};

// Writes one stack's history in the same layout. kInitial events that follow their kCreate go to
// the init file. Events of one change stand together, and change ids do not fall.
// Call Finish() to learn whether everything reached the disk. Not thread-safe.
class HistoryWriter {
 public:
  // Creates or replaces `folder`/`stack`.tsv.gz and its init file.
  static StatusOr<std::unique_ptr<HistoryWriter>> Create(const std::filesystem::path& folder,
                                                         const std::string& stack);
  ~HistoryWriter();
  Status Add(const ChangeEvent& event);
  Status Finish();

 private:
  HistoryWriter() = default;
  void* events_ = nullptr;
  void* init_ = nullptr;
  std::string line_;
  uint64_t change_id_ = 0;         // of the last kCreate
  std::set<std::string> created_;  // in that change, "kind\tresource"
};

// The event files of a folder (every STACK.tsv.gz that is no init file), sorted by name.
// NotFound when there is no such folder or none in it.
StatusOr<std::vector<std::filesystem::path>> ListHistories(const std::filesystem::path& folder);

// "billimek" for ".../billimek.tsv.gz".
std::string StackOfHistory(const std::filesystem::path& events);

const char* OpName(ChangeOp op);  // "create", "delete", "add", "change", "remove", "initial"

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_HISTORY_FILE_H_
