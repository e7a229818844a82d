// The records of a JSON feed, cut out of a stream of bytes without reading the whole.
#ifndef DRIFTCAST_INTEL_JSON_RECORDS_H_
#define DRIFTCAST_INTEL_JSON_RECORDS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace driftcast::intel {

// Finds the objects that are nested in `levels` containers, whatever stands around them:
//   0  one object after another: JSON lines, or a single record
//   1  the elements of an array at the top
//   2  those of an array or object in an object: {"vulnerabilities": [{...}, ...]}
// The names under which a record stands in the objects around it are kept: key().
// Brackets are counted, strings respected; whether a record is valid JSON is for its reader.
// Memory: one record, at most `bytes_max`; larger ones are reported and skipped.
class JsonRecords {
 public:
  // `record` is given each object and the offset of its first byte; `too_large` the offset of one
  // that was skipped.
  JsonRecords(int levels, size_t bytes_max,
              std::function<void(std::string_view record, uint64_t offset)> record,
              std::function<void(uint64_t offset)> too_large);

  void Feed(std::string_view bytes);  // the next bytes of the stream

  // While `record` runs: the name of the member that led to it in the container at this level, 1
  // being the outermost; as written, escapes and all, at most 255 bytes. Empty in an array.
  std::string_view key(int level) const { return keys_[static_cast<size_t>(level)]; }

  // True when the stream ended between records (of an array: behind its end).
  bool complete() const { return depth_ == 0 && !in_string_; }
  uint64_t offset() const { return offset_; }  // bytes fed so far

 private:
  size_t InString(std::string_view bytes, size_t i);

  const int levels_;  // 0 to 3
  const size_t bytes_max_;
  const std::function<void(std::string_view, uint64_t)> record_;
  const std::function<void(uint64_t)> too_large_;
  std::string buffer_;
  std::string keys_[4];  // by depth: the last text that stood there outside of a record
  uint64_t offset_ = 0;
  uint64_t start_ = 0;
  int depth_ = 0;
  bool in_record_ = false;
  bool in_string_ = false;
  bool escaped_ = false;
  bool skipping_ = false;
};

}  // namespace driftcast::intel

#endif  // DRIFTCAST_INTEL_JSON_RECORDS_H_
