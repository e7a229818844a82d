// What can be read from the names and values of a configuration: the short name and folder of a
// resource, the last component of a path, what a value is a version of.
#ifndef DRIFTCAST_PREDICT_NAMES_H_
#define DRIFTCAST_PREDICT_NAMES_H_

#include <optional>
#include <string>
#include <string_view>

namespace driftcast::predict {

// Stands for the number in the path of a series; see SeriesIn.
inline constexpr char kSeriesMark = '\x1e';

// The part of a resource's name that resources with the same purpose share across stacks:
// "HelmRelease/media/plex" -> "plex", "infra:aws_s3_bucket.logs" -> "aws_s3_bucket.logs",
// "roles/web/defaults.yaml" -> "web/defaults.yaml". Suffixes "#2", "~2" and "@folder" are dropped.
std::string_view ShortName(std::string_view kind, std::string_view resource);

// The namespace, module folder or directory it lives in; empty when there is none.
std::string_view FolderOf(std::string_view kind, std::string_view resource);

// "spec.values.image.tag" -> "tag"; "args[]" -> "args[]"; dots within brackets do not count.
std::string_view LastComponent(std::string_view path);

// The path with what stands in brackets taken out: "releases[2.3.1].date" -> "releases[].date".
std::string NormalPath(std::string_view path);

inline bool IsSet(std::string_view path) { return path.ends_with("[]"); }

// Whether a value can be a version, an image, a reference: three to eighty characters with a digit
// and one of ". - : @"; no fingerprint of a secret.
bool IsVersionLike(std::string_view value);

// Splits "repo:tag", "repo@digest", "source?ref=tag" into what has versions and the version.
struct VersionedText {
  std::string_view subject, version;
};
std::optional<VersionedText> SplitVersioned(std::string_view value);

// Whether a key of this name (a last component) holds the version of a sibling key.
bool IsVersionKey(std::string_view last_component);

// The number in a version that counts up: "v11" -> next "v12", "1.2.9" -> "1.2.10", "build-7" ->
// "build-8": the last run of digits, of at most nine, plus one. Nothing when there is none.
std::optional<std::string> NextCount(std::string_view value);

// The same by one place further up: "1.2.9" -> "1.3.0", "v2.0-1" -> "v2.1-0". Nothing without two
// runs of digits next to each other.
std::optional<std::string> NextMinor(std::string_view value);

// A text as one of a series: with kSeriesMark in the place of its last number (or, when that is 0,
// of the one next to it), and the text that came before. "a[1.2].b" -> "a[1.\x1e].b", "a[1.1].b";
// "2.3.0" -> "2.\x1e.0", "2.2.0". Nothing for texts without such a number, or with 0 in it.
struct Series {
  std::string marked, before;
};
std::optional<Series> SeriesIn(std::string_view text);

// The step that leads from one version to the other, taken once more: "1.2.0" -> "1.3.0" leads on
// to "1.4.0". Nothing when they differ in more than one number that grew, and zeros after it.
std::optional<std::string> SameStepAgain(std::string_view before, std::string_view after);

// Whether the text holds a digest or a fingerprint: what no counting can foresee.
bool HasDigest(std::string_view value);

// Days since 1970 of a date "2025-01-31" and back; nothing for other texts.
std::optional<int64_t> DayOfDate(std::string_view value);
std::string DateOfDay(int64_t day);

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_NAMES_H_
