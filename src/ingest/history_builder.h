// From versions of files to the history of resources: the state machine of an import.
//
// It is given, change after change, the documents of the files that changed, and tells which
// resource appeared, vanished, moved, or changed which leaf.
//
// Who is the same resource:
// - a document with the same id in the same file;
// - within one change, a document that vanished and one that appeared: with the same id (it moved
//   to another file), the same kind and name, or, for files and Terraform blocks, enough of the
//   same content under the same name or in the same folder. A moved resource keeps its id.
// Two files that define one id at the same time for ten days or longer define two resources, told
// apart by "@folder" ("@file" for Terraform). When the first goes away sooner, the second simply
// continues it.
//
// Because that is known ten days later only, changes wait in memory while such a pair is pending;
// and because an id gets its "@" for its whole history, rows carry the number of a resource, whose
// name is final after Finish().
#ifndef DRIFTCAST_INGEST_HISTORY_BUILDER_H_
#define DRIFTCAST_INGEST_HISTORY_BUILDER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ingest/config_file.h"

namespace driftcast::ingest {

// A change is a restructuring (mass) when it touches more resources or has more events.
inline constexpr size_t kMassResources = 300;
inline constexpr size_t kMassEvents = 3000;
inline constexpr int64_t kSecondOwnerSeconds = 10 * 24 * 3600;

// A version of one file: its documents, or its end. Versions that do not parse are not told.
struct FileVersion {
  std::string path;
  bool deleted = false;
  std::vector<ConfigDocument> documents;
};

struct ChangeAuthor {
  int64_t at_seconds = 0;  // never goes back
  std::string actor;
  bool bot = false;
};

struct HistoryRow {
  uint32_t resource = 0;
  ChangeOp op = ChangeOp::kChange;
  std::string path;
  std::string old_value;
  std::string new_value;
};

struct HistoryChange {
  ChangeAuthor author;
  uint64_t change_id = 0;  // from 1
  bool mass = false;
  std::vector<HistoryRow> rows;  // kInitial rows follow their kCreate
};

class HistoryBuilder {
 public:
  // `sink` is given the changes in order, those with events only.
  explicit HistoryBuilder(std::function<Status(const HistoryChange&)> sink);
  ~HistoryBuilder();

  // One change. Errors are the sink's.
  Status Apply(const ChangeAuthor& author, std::vector<FileVersion> files);
  // Gives the sink what waited. No Apply after it.
  Status Finish();

  // The final id and kind of a resource; valid after Finish().
  std::string ResourceName(uint32_t resource) const;
  const std::string& ResourceKind(uint32_t resource) const;
  size_t live_resources() const;

 private:
  struct Document;
  struct Resource;
  struct Claim;
  using DocumentPtr = std::unique_ptr<Document>;
  using Documents = std::vector<DocumentPtr>;

  void PairWithinFile(FileVersion file, Documents* vanished, Documents* appeared);
  void MatchMoves(Documents* vanished, Documents* appeared);
  void Continue(DocumentPtr before, DocumentPtr after);
  void Vanish(const Document& document);
  void Appear(DocumentPtr document);
  void TakeOver(Document* successor, const Document& predecessor);
  void Place(DocumentPtr document);
  void Release(const Document& document);

  uint32_t NewResource(const Document& document, bool pending);
  int FreeGeneration(const Resource& resource, bool same_place_only) const;
  void EndResource(uint32_t number, bool drop);
  void EmitCreate(const Document& document);
  void EmitDelete(const Document& document);
  void EmitDiff(const Document& before, const Document& after);
  void PromotePending(int64_t now);
  Status Flush();
  Status FlushChange(HistoryChange change);

  std::function<Status(const HistoryChange&)> sink_;
  std::unordered_map<std::string, Documents> files_;
  std::unordered_map<std::string, Claim> claims_;  // by kind, base and number
  std::unordered_set<std::string> shared_;         // kind and base with several owners
  std::unordered_map<std::string, std::vector<uint32_t>> live_;  // resources by id at birth
  std::vector<Resource> resources_;
  std::deque<std::pair<int64_t, uint32_t>> pending_;  // since when, which resource
  std::deque<HistoryChange> waiting_;
  uint64_t changes_ = 0;
};

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_HISTORY_BUILDER_H_
