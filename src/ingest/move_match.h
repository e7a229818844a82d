// Which of the documents that vanished in a change are among those that appeared: moves.
#ifndef DRIFTCAST_INGEST_MOVE_MATCH_H_
#define DRIFTCAST_INGEST_MOVE_MATCH_H_

#include <string_view>
#include <utility>
#include <vector>

#include "ingest/config_file.h"

namespace driftcast::ingest {

struct MoveCandidate {
  const ConfigDocument* document;
  std::string_view path;
};

// Pairs of indices (vanished, appeared), each index at most once, of one kind each. In order of
// trust: the same id; the same name, in folders of the same names before others (with half of the
// content, where the name is not enough: files, Terraform blocks, or several of the name); for files and Terraform blocks, most of the content in
// the same folder; all of a content of some size.
std::vector<std::pair<size_t, size_t>> FindMoves(const std::vector<MoveCandidate>& vanished,
                                                 const std::vector<MoveCandidate>& appeared);

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_MOVE_MATCH_H_
