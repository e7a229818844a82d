// Path patterns.
#ifndef DRIFTCAST_COLLECT_GLOB_H_
#define DRIFTCAST_COLLECT_GLOB_H_

#include <string_view>

namespace driftcast {

// '*' any characters but '/', "**" any characters, '?' one character but '/', "[abc]" and "[a-z]"
// one of these. Linear in the path for each star: no pattern makes it slow enough to matter.
bool MatchGlob(std::string_view pattern, std::string_view path);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_GLOB_H_
