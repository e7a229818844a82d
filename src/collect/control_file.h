// Debian control files: stanzas of "Name: value" (dpkg's status, apt's Packages and Release).
// Reading is by views into the text: nothing is copied. Any bytes are accepted; lines that are not
// of the format are skipped.
#ifndef DRIFTCAST_COLLECT_CONTROL_FILE_H_
#define DRIFTCAST_COLLECT_CONTROL_FILE_H_

#include <functional>
#include <string>
#include <string_view>

namespace driftcast {

// One field. A value that continues on further lines keeps its line breaks and the blanks at
// their beginnings.
struct ControlField {
  std::string_view name, value;
};

// Walks over a text stanza by stanza, field by field.
class ControlReader {
 public:
  explicit ControlReader(std::string_view text) : rest_(text) {}

  // Moves to the next stanza; false at the end. Fields of the present one that were not read are
  // skipped.
  bool NextStanza();
  bool NextField(ControlField& field);  // false at the stanza's end

 private:
  std::string_view TakeLine();  // with its line break

  std::string_view rest_;
  bool in_stanza_ = false;
};

// Debian's order of versions (deb-version(7)): negative, 0 or positive as a < b, a = b, a > b.
int CompareDebianVersions(std::string_view a, std::string_view b);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_CONTROL_FILE_H_
