// What this host knows about plans: one folder for each that was begun, which is the ledger against
// replay, the intent log and the way back in one.
//
//   DATA/lock                  held while a plan is carried out or undone
//   DATA/plans/<plan id>/      made and synced before anything else happens
//   DATA/plans/<plan id>/log   one JSON object a line, each synced before what it announces:
//       {"record":"begin","hash":..,"stack":..,"expires_at":..}
//       {"record":"undo","step":2,"undo":{..}}   how to go back; written before the change
//       {"record":"done","step":2}
//       {"record":"again"}                       a guard sets to work once more: what is above has
//       ended
//       {"record":"end","state":"succeeded","detail":".."}
//   DATA/kept/<sha256>         contents of files as they were, by digest
//   DATA/debs/                 packages to go back to, and to go forward to
//
// A log without "end" is a plan that was interrupted. A line that is not whole announces nothing:
// what it would have announced has not begun.
#ifndef DRIFTCAST_APPLY_JOURNAL_H_
#define DRIFTCAST_APPLY_JOURNAL_H_

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apply/undo.h"
#include "base/file.h"
#include "base/status.h"
#include "model/plan.h"

namespace driftcast {

// The record of one plan, open for appending.
class Journal {
 public:
  // AlreadyExists when the plan was begun before, whatever became of it.
  static StatusOr<Journal> Begin(const std::filesystem::path& data, const RemediationPlan& plan);
  static StatusOr<Journal> Reopen(const std::filesystem::path& data, const PlanId& plan);
  // For a plan that may be carried out more than once (model/guard.h) and has ended.
  static StatusOr<Journal> BeginAgain(const std::filesystem::path& data, const PlanId& plan);

  // Each is on disk when it returns.
  Status AddUndo(size_t step, const Undo& undo);
  Status AddDone(size_t step);
  Status End(PlanState state, const std::string& detail);

 private:
  Journal(std::filesystem::path data, FileDescriptor fd)
      : data_(std::move(data)), fd_(std::move(fd)) {}
  Status Append(const nlohmann::json& record);

  std::filesystem::path data_;
  FileDescriptor fd_;
};

// What a log says.
struct JournalContent {
  PlanId plan;
  std::string hash;  // of the plan
  Instant expires_at;
  std::vector<std::pair<size_t, Undo>> undos;  // in the order of the changes; of the last time
  std::vector<size_t> done;
  PlanState end = PlanState::kRunning;  // kRunning: interrupted
  std::string detail;
};

// DataLoss when a whole line makes no sense.
StatusOr<JournalContent> ReadJournal(const std::filesystem::path& data, const PlanId& plan);

// The same, of a log's text.
StatusOr<JournalContent> ParseJournal(const std::filesystem::path& data, const PlanId& plan,
                                      std::string_view text);

// All plans that were begun here, sorted by id.
StatusOr<std::vector<PlanId>> ListJournals(const std::filesystem::path& data);

// Forgets plans that ended, and expired more than `age` ago: they cannot be replayed any more. Then
// kept contents that no log mentions and that are older than that.
Status PruneJournals(const std::filesystem::path& data, Instant now, Duration age);

// One at a time: ResourceExhausted when another process still holds the lock after `patience`.
StatusOr<FileDescriptor> LockData(const std::filesystem::path& data,
                                  Duration patience = Duration{0});

// Stores content under its SHA-256 and returns that in hex.
StatusOr<std::string> KeepContent(const std::filesystem::path& data, const std::string& content);
// What `find` makes of the youngest kept content of which it makes something. NotFound.
StatusOr<std::string> KeptLine(const std::filesystem::path& data,
                               const std::function<std::string(const std::string&)>& find);
// NotFound; DataLoss when it is not what its name says.
StatusOr<std::string> KeptContent(const std::filesystem::path& data, const std::string& digest);

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_JOURNAL_H_
