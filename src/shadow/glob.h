// Globs over ids and key paths.
#ifndef DRIFTCAST_SHADOW_GLOB_H_
#define DRIFTCAST_SHADOW_GLOB_H_

#include <string_view>

namespace driftcast {

// '*' stands for any text, '/' included, '?' for one byte; everything else for itself. Linear in
// practice: one place to go back to (Krauss 2008, "Matching Wildcards").
bool MatchesGlob(std::string_view glob, std::string_view text);

}  // namespace driftcast

#endif  // DRIFTCAST_SHADOW_GLOB_H_
