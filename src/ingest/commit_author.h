// Who made a commit: a pseudonym, and whether it is a program.
#ifndef DRIFTCAST_INGEST_COMMIT_AUTHOR_H_
#define DRIFTCAST_INGEST_COMMIT_AUTHOR_H_

#include <string>
#include <string_view>

namespace driftcast::ingest {

// 8 hex digits of the SHA-256 of the author's address, as it stands in the commit.
std::string ActorPseudonym(std::string_view email);

// True when the author is a program (dependency updater, CI, image updater, scraper), or the
// commit merges a branch of such a program.
bool IsBotCommit(std::string_view author_name, std::string_view author_email,
                 std::string_view message, bool is_merge);

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_COMMIT_AUTHOR_H_
