// Changes one key of a configuration text and leaves everything else, comments, order and spelling,
// as it is.
//
// It does not know the formats: it knows the reader that turned the text into keys in the first
// place. Candidates are made from the text itself (the old value replaced where it stands; the line
// that holds a key left out; a line like a neighbour's put in), and the first is taken whose
// reading differs from that of the old text in the one key, as wanted, and in nothing else. When
// none does, nothing is changed and the reason is given. So whatever the reader understands can be
// edited, and an edit that would do more than it says cannot happen, as far as the reader sees.
#ifndef DRIFTCAST_APPLY_EDIT_H_
#define DRIFTCAST_APPLY_EDIT_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "collect/parse.h"
#include "model/value.h"

namespace driftcast {

// Keys of a text, what was not understood included ("@unparsed" and the line).
using KeyReader = std::function<StatusOr<std::vector<KeyValue>>(std::string_view content)>;

// Reads with the agent's own parsers. Unimplemented for formats that are compared as a whole or
// need a parser process.
KeyReader ReaderFor(const Format& format);

struct KeyEdit {
  std::string path;  // as in collect/parse.h; "x[]" is a member of a set
  std::string value;
  bool remove = false;  // the key; of a set the member `value`
};

inline constexpr size_t kEditBytesMax = 512 << 10;  // of the text
inline constexpr size_t kValueBytesMax = 4096;

// The edited text; the same text when the key is so already. InvalidArgument for a value that holds
// control characters or is too long; NotFound when a key or member to be removed is not there;
// FailedPrecondition when no candidate does what is wanted.
StatusOr<std::string> EditKey(std::string_view content, const KeyEdit& edit, const Format& format,
                              const KeyReader& read);

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_EDIT_H_
