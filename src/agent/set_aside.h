// Facts that the engine refuses: kept on disk for a person to look at, and replaced on their way up
// so that the rest goes on.
//
// Each is a file FOLDER/<number, 20 digits>.txt (mode 0600): why, and the fact in protobuf's text
// format. At most kFilesMax are kept, the newest; what is removed for it is logged.
#ifndef DRIFTCAST_AGENT_SET_ASIDE_H_
#define DRIFTCAST_AGENT_SET_ASIDE_H_

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/time.h"

namespace driftcast {

// Of the uplink's thread, but for count.
class SetAside {
 public:
  static constexpr size_t kFilesMax = 100;

  SetAside(std::filesystem::path folder, const Clock& clock);

  // Keeps a fact (v1.Fact, as it is in the spool) that the engine refused with this reason. From
  // then on Replace gives something else for its number:
  // - for an observation the same resource without its keys, "not compared" and why: what the
  //   engine last saw of it must not pass for the present;
  // - for anything else, or when that is refused as well, an activity on the host's timeline;
  // - when that is refused too, nothing: the number is left out, and the engine, which sees the
  //   gap, asks for a snapshot.
  void Keep(uint64_t sequence, const std::string& fact, const std::string& reason);

  // What to send under this number: `fact` itself unless it was refused. Empty: nothing. Valid
  // until the next call of Keep or Forget.
  std::string_view Replace(uint64_t sequence, std::string_view fact) const;

  // Up to this number everything is the engine's.
  void Forget(uint64_t sequence_durable);

  uint64_t count() const { return count_; }  // facts set aside since start; any thread

 private:
  std::string Write(uint64_t sequence, const std::string& fact, const std::string& reason);
  void RemoveOldest() const;

  const std::filesystem::path folder_;
  const Clock& clock_;
  std::map<uint64_t, std::string> stand_ins_;  // by number; empty = leave it out
  std::atomic<uint64_t> count_ = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_SET_ASIDE_H_
