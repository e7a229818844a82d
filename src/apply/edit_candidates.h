// Texts that may be what an edit wants, likeliest first. Inside the room; see apply/edit.h.
#ifndef DRIFTCAST_APPLY_EDIT_CANDIDATES_H_
#define DRIFTCAST_APPLY_EDIT_CANDIDATES_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "apply/edit.h"

namespace driftcast {

struct EditContext {
  std::string_view content;
  const KeyEdit& edit;
  const Format& format;
  const std::vector<KeyValue>& keys;  // of the content
  const KeyReader& read;
};

// Hands candidates to `accept` until it returns true.
using Accept = std::function<bool(const std::string& candidate)>;
void ProposeEdits(const EditContext& context, const Accept& accept);

// A path without the mark of a set: "line[]" -> "line".
std::string_view PlainPath(std::string_view path);

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_EDIT_CANDIDATES_H_
