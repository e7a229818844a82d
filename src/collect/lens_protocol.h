// What the agent and its parser process (driftcast-lens) say to each other over a pair of pipes.
//
//   request:  u32 length, name of the lens; u32 length, content
//   reply:    u8 1, u32 count, then for each key: u32 length, path; u8 ValueType; u32 length, text
//             u8 0, u32 length, reason
// All numbers little-endian. One request at a time; the parser ends when its input ends.
#ifndef DRIFTCAST_COLLECT_LENS_PROTOCOL_H_
#define DRIFTCAST_COLLECT_LENS_PROTOCOL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/value.h"

namespace driftcast {

// Bounds on both sides. A file beyond them is compared by its content alone.
inline constexpr size_t kLensContentBytesMax = 512 << 10;
inline constexpr size_t kLensKeysMax = 4096;
inline constexpr size_t kLensReplyBytesMax = 4 << 20;

struct LensRequest {
  std::string lens;
  std::string content;
};

std::string EncodeLensRequest(std::string_view lens, std::string_view content);
std::string EncodeLensReply(const StatusOr<std::vector<KeyValue>>& keys);

// Reads as much as is there: `complete` is false while bytes are missing. InvalidArgument when no
// further bytes can make it right.
StatusOr<LensRequest> DecodeLensRequest(std::string_view bytes, bool& complete);
// The parser's own refusal comes back as FailedPrecondition.
StatusOr<std::vector<KeyValue>> DecodeLensReply(std::string_view bytes, bool& complete);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_LENS_PROTOCOL_H_
