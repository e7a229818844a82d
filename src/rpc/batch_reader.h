// Turns what an agent sends into facts that may be applied: numbers without gaps, only what an
// agent may say, only about its own stack, at times that can be true.
//
// Pure: bytes in, facts out; the fuzzer's target. Not thread-safe.
#ifndef DRIFTCAST_RPC_BATCH_READER_H_
#define DRIFTCAST_RPC_BATCH_READER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "model/fact.h"
#include "rpc/speaker.h"

namespace driftcast {

namespace v1 {
class FactBatch;
}

inline constexpr int kBatchFactsMax = 512;
// Numbers stay below, so that a hostile one cannot overflow what comes after it.
inline constexpr uint64_t kSequenceMax = uint64_t{1} << 62;
// A clock that is ahead is corrected at once, one that is behind beyond this.
inline constexpr Duration kClockBehindMax = kMinute;

// Numbers that will never come: first and last.
struct SequenceGap {
  uint64_t from = 0;
  uint64_t to = 0;
};

class BatchReader {
 public:
  struct Batch {
    std::vector<Fact> facts;         // without those that came before
    std::optional<SequenceGap> gap;  // in front of the first fact
    uint64_t last = 0;               // number of the batch's last fact, repeated or not
    uint32_t times_moved = 0;        // facts whose time was still in the future, or before 2000
    std::optional<Instant> snapshot_started;  // of the newest SnapshotCompleted in it
  };

  // `durable`: what the engine has of the agent. `clock_ahead`: the agent's clock minus the
  // engine's, as its Hello showed; 0 when not known.
  BatchReader(Speaker speaker, uint64_t durable, Duration clock_ahead);

  // Reads a batch and changes nothing, so that it can be read again when the engine was too busy
  // to take the facts; Advance goes on behind it. InvalidArgument says which fact is wrong, and
  // refused() then has its number (0: the batch as a whole). Nothing of it is then to be applied.
  StatusOr<Batch> Read(const v1::FactBatch& batch, Instant now);
  void Advance(uint64_t last) { next_ = std::max(next_, last + 1); }

  uint64_t next() const { return next_; }  // the number that is expected
  uint64_t refused() const { return refused_; }

 private:
  Status CheckNumbers(const v1::FactBatch& batch);
  Status Claim(Fact& fact) const;

  Speaker speaker_;
  uint64_t next_;
  Duration clock_ahead_;
  uint64_t refused_ = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_BATCH_READER_H_
