#include "apply/edit.h"

#include <algorithm>

#include "apply/edit_candidates.h"

namespace driftcast {
namespace {

constexpr size_t kCandidatesMax = 400;

// Keys as pairs whose paths do not depend on how many share one.
using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs PairsOf(const std::vector<KeyValue>& keys) {
  Pairs pairs;
  for (const auto& key : keys) pairs.emplace_back(PlainPath(key.path), key.value.text);
  std::ranges::sort(pairs);
  return pairs;
}

// What is to be read afterwards. NotFound when there is nothing to remove.
StatusOr<Pairs> WantedPairs(Pairs pairs, const KeyEdit& edit) {
  const std::string path(PlainPath(edit.path));
  const bool member = path != edit.path;
  const auto matches = [&](const auto& pair) {
    return pair.first == path && (!member || pair.second == edit.value);
  };
  const auto removed = std::erase_if(pairs, matches);
  if (edit.remove && removed == 0) return NotFound("{} is not there", edit.path);
  if (!edit.remove) {
    pairs.emplace_back(path, edit.value);
    std::ranges::sort(pairs);
  }
  return pairs;
}

Status Validate(std::string_view content, const KeyEdit& edit) {
  if (content.size() > kEditBytesMax)
    return ResourceExhausted("a text of {} bytes is not edited in place", content.size());
  if (edit.value.size() > kValueBytesMax || edit.path.size() > kValueBytesMax)
    return InvalidArgument("a name or value of more than {} bytes is refused", kValueBytesMax);
  for (const std::string& text : {edit.path, edit.value})
    for (const char c : text)
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F)
        return InvalidArgument("a name or value with control characters is refused");
  if (edit.path.empty() || edit.path[0] == '@')
    return InvalidArgument("'{}' is not a key of a file's content", edit.path);
  return Ok();
}

}  // namespace

KeyReader ReaderFor(const Format& format) {
  return [format](std::string_view content) -> StatusOr<std::vector<KeyValue>> {
    if (format.syntax == Syntax::kOpaque)
      return Unimplemented("the format of the file is not understood");
    if (format.syntax == Syntax::kLens)
      return Unimplemented("this format ({}) needs the parser program", format.detail);
    Parsed parsed = Parse(format, content);
    for (auto& line : parsed.unparsed)
      parsed.keys.push_back({"@unparsed", Value::Text(std::move(line))});
    if (!parsed.sequence.empty()) parsed.keys.push_back({"@sequence", Value::Text("")});
    return std::move(parsed.keys);
  };
}

StatusOr<std::string> EditKey(std::string_view content, const KeyEdit& edit, const Format& format,
                              const KeyReader& read) {
  DRIFTCAST_RETURN_IF_ERROR(Validate(content, edit));
  DRIFTCAST_ASSIGN_OR_RETURN(const auto keys, read(content));
  const Pairs before = PairsOf(keys);
  DRIFTCAST_ASSIGN_OR_RETURN(const Pairs wanted, WantedPairs(before, edit));
  if (wanted == before) return std::string(content);
  std::optional<std::string> found;
  size_t tried = 0;
  const auto accept = [&](const std::string& candidate) {
    if (++tried > kCandidatesMax) return true;
    const auto now = read(candidate);
    if (!now.ok() || PairsOf(*now) != wanted) return false;
    found = candidate;
    return true;
  };
  const EditContext context{content, edit, format, keys, read};
  ProposeEdits(context, accept);
  if (!found)
    return FailedPrecondition("{} cannot be {} in place without touching anything else", edit.path,
                              edit.remove ? "removed" : "set");
  return *std::move(found);
}

}  // namespace driftcast
