// From a file's bytes to keys without secrets.
#ifndef DRIFTCAST_COLLECT_FILE_CONTENT_H_
#define DRIFTCAST_COLLECT_FILE_CONTENT_H_

#include <string>
#include <string_view>
#include <vector>

#include "collect/lens_client.h"
#include "collect/parse.h"
#include "collect/secret.h"
#include "model/fact.h"
#include "model/value.h"

namespace driftcast {

// Keys of one file:
//   names as in collect/parse.h, for a format that is understood;
//   "@unparsed[]"  a keyed fingerprint of each line that was not understood (at most 64; with more
//                  the whole content is taken as one value instead);
//   "@sequence"    where order means something: changes when only the order does;
//   "@content"     digest or keyed fingerprint of content that is not understood.
// Whatever looks like a secret is a fingerprint (collect/secret.h).
struct FileContent {
  std::vector<KeyValue> keys;  // canonical
  std::string format;          // for people: "ini", "lens Logrotate.lns", "content"
};

// `owner_only`: nobody but its owner and root may read the file. Never fails: what is not
// understood is compared as a whole.
FileContent ReadFileContent(const std::string& path, std::string_view content, bool owner_only,
                            const SecretGuard& guard, LensClient& lenses);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_FILE_CONTENT_H_
