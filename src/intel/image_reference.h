// Container images as configurations name them: "nginx:1.27-alpine",
// "registry.example:5000/team/app@sha256:...". No registry is asked for anything.
#ifndef DRIFTCAST_INTEL_IMAGE_REFERENCE_H_
#define DRIFTCAST_INTEL_IMAGE_REFERENCE_H_

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "intel/lifecycle.h"

namespace driftcast::intel {

struct ImageReference {
  std::string repository;  // with what is left out by convention: "docker.io/library/nginx"
  std::string tag;         // "latest" when neither tag nor digest is given; empty beside a digest
  std::string digest;      // "sha256:<hex>"; empty = none

  // "docker.io/library/nginx:1.27", of which equal texts name equal images.
  std::string ToText() const;
};

// None for what is no reference, variables ("${TAG}") included.
std::optional<ImageReference> ParseImageReference(std::string_view text);

// Whether the tag `b` is a later version than `a`, of the same variant: "1.25.3-alpine" is before
// "1.27.0-alpine". Tags with other numbers of parts, other variants ("-alpine", "-slim") or without
// a version say nothing: false.
bool IsNewerTag(std::string_view a, std::string_view b);

// What is known of the release that an image holds.
struct ImageLife {
  std::string release;  // "1.25"
  Instant ends;         // of its support; epoch = not said
  bool ended = false;
  std::string newest;  // release of the product, when it is a later one; empty = it is not
  Instant newest_at;   // when that came out; epoch = not said
};

// By the last part of the repository's name, which is the product's, or a name known to stand for
// it ("postgres"), and the longest beginning of the tag that is a release. Of official images and
// those that are named like them; none when that leads nowhere.
std::optional<ImageLife> LifeOfImage(const Lifecycles& lives, const ImageReference& image,
                                     Instant now);

}  // namespace driftcast::intel

#endif  // DRIFTCAST_INTEL_IMAGE_REFERENCE_H_
