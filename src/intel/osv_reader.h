// Open Source Vulnerability records (https://ossf.github.io/osv-schema/), as a stream.
#ifndef DRIFTCAST_INTEL_OSV_READER_H_
#define DRIFTCAST_INTEL_OSV_READER_H_

#include <functional>
#include <string_view>

#include "base/status.h"
#include "intel/advisory.h"
#include "intel/json_records.h"
#include "intel/json_value.h"

namespace driftcast::intel {

inline constexpr size_t kFeedRecordBytesMax = 8 << 20;

// Reads JSON lines or records one after another, as OSV's own and GitHub's exports hold them. A
// record that cannot be used is a warning and no end; its parts of an unknown kind (GIT ranges) are
// passed over.
class OsvReader {
 public:
  OsvReader(std::function<void(Advisory)> advisory, std::function<void(FeedWarning)> warning);

  void Feed(std::string_view bytes) { records_.Feed(bytes); }
  // DataLoss when the stream ends within a record.
  Status Finish() const;

  // One record. InvalidArgument when it is no JSON object or has no id.
  StatusOr<Advisory> Read(std::string_view record);

 private:
  JsonParser parser_;
  std::function<void(FeedWarning)> warning_;
  JsonRecords records_;
};

}  // namespace driftcast::intel

#endif  // DRIFTCAST_INTEL_OSV_READER_H_
