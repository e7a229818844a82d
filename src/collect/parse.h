// Configuration texts to keys. Pure: no disk, no processes; any input, however hostile, gives keys
// or counts as unparsed. Linear in the input's size.
//
// Paths (what people see, what rules match, what plans set):
//   kKeywords  "PermitRootLogin no"            PermitRootLogin = no
//              inside "Match User bob"         Match[User bob].PermitRootLogin
//   kShell     "export LANG=C"                 LANG = C
//   kIni       "[Unit]" then "After=x"         Unit.After = x      (before any section: After)
//   kBraces    "APT::Periodic::Enable "1";"    APT::Periodic::Enable = 1
//              "server { listen 80; }"         server.listen = 80
//              "location /x { root /y; }"      location[/x].root = /y
//   kTable     a line of /etc/passwd           user[root].shell = /bin/bash
//   kDeb822    a stanza of a sources file      source[URIs Suites].Types = deb
//   kLines     "10.0.0.1 a"                    line[] = "10.0.0.1 a"
// A path that occurs more than once becomes a set: "path[]", one member for each value. So order,
// comments and blank lines do not matter; where order does (kLines of an ordered format) a text
// `sequence` holds it.
#ifndef DRIFTCAST_COLLECT_PARSE_H_
#define DRIFTCAST_COLLECT_PARSE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/value.h"

namespace driftcast {

enum class Syntax : uint8_t {
  kOpaque,    // not understood: content is one value
  kKeywords,  // name, then blanks, '=' or ':', then the value
  kShell,     // NAME=value, quoted as in a shell
  kIni,       // [section] and name = value
  kBraces,    // nested { } with statements that end in ';'
  kTable,     // fields between separators, one of which names the entry
  kDeb822,    // stanzas of "Name: value", as in Debian's control files
  kLines,     // every line stands for itself
  kLens,      // read by a helper process: JSON, YAML, TOML and everything with an Augeas lens
};

// How to read one file.
struct Format {
  Syntax syntax = Syntax::kOpaque;
  std::string detail = {};  // kTable: a layout; kLens: "json", "yaml", "toml" or a lens' name
  bool ordered = false;     // the order of lines means something
  bool known = false;       // chosen by the file's path, not guessed from its content
  bool names_mean_nothing = false;  // keys that sound like secrets are none
};

struct Parsed {
  std::vector<KeyValue> keys;         // not yet canonical, secrets still in
  std::vector<std::string> unparsed;  // lines that were not understood
  std::string sequence;               // of an ordered format: its lines, normalised
};

// The format by path alone (known), else kOpaque.
Format FormatOfPath(std::string_view path);

// The format by path, else by what the content looks like. Content with NUL bytes is kOpaque.
Format FormatOf(std::string_view path, std::string_view content);

// Reads everything but kLens and kOpaque (which give an empty result).
Parsed Parse(const Format& format, std::string_view content);

// Length of the well-formed UTF-8 sequence at the front of a text that is not empty; 0 when it is
// not one (RFC 3629).
size_t Utf8Length(std::string_view text);

// Makes texts safe to show and store: control characters and bytes that are not UTF-8 become
// "\xNN". A text over `bytes_max` is cut and ends in "...".
std::string CleanText(std::string_view text, size_t bytes_max);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_PARSE_H_
