// Unified diffs, as `diff -u` writes them.
#ifndef DRIFTCAST_APPLY_DIFF_H_
#define DRIFTCAST_APPLY_DIFF_H_

#include <string>
#include <string_view>

namespace driftcast {

// With "--- a/<path>" and "+++ b/<path>" and three lines of context; empty when both are the same.
// `absent_before`, `absent_after`: the file is made or removed ("/dev/null"). Common lines at both
// ends are cut off and the rest compared by longest common subsequence, or, above 2,000 lines
// there, as one block. `patch -p1` and `git apply` take it.
std::string UnifiedDiff(const std::string& path, std::string_view before, std::string_view after,
                        bool absent_before = false, bool absent_after = false);

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_DIFF_H_
