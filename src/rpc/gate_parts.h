// What the streams and calls of one door share.
#ifndef DRIFTCAST_RPC_GATE_PARTS_H_
#define DRIFTCAST_RPC_GATE_PARTS_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/time.h"
#include "rpc/authority.h"
#include "rpc/engine_seam.h"
#include "rpc/roster.h"
#include "rpc/worker.h"

namespace driftcast {

class StreamTable;

struct GateLimits {
  size_t streams_max = 10'000;             // open at once, of all agents
  size_t stream_facts_max = 4096;          // of one stream on their way to disk
  size_t slow_from_facts = 16'384;         // of all streams; from here on metrics are asked to wait
  Duration slow_pause = 5 * kSecond;       // for how long
  Duration hello_wait = 10 * kSecond;      // a stream without Hello is ended
  Duration check_every = 5 * kSecond;      // revocation and expiry on streams that are open
  Duration retry_min = Duration(5'000);    // when the engine's queue is full; doubles
  Duration retry_max = Duration(200'000);  // up to here
};

// For /metrics. Totals rise over the life of the process.
struct GateCounters {
  std::atomic<uint64_t> facts_total = 0;        // handed to the engine
  std::atomic<uint64_t> batches_total = 0;      // read
  std::atomic<uint64_t> refused_total = 0;      // streams and calls ended with an error of theirs
  std::atomic<uint64_t> gaps_total = 0;         // found in agents' numbers
  std::atomic<uint64_t> times_moved_total = 0;  // facts whose time could not be true
  std::atomic<uint64_t> enrolments_total = 0;   // and renewals
  std::atomic<uint64_t> slow_total = 0;         // requests to hold metrics back
  std::atomic<uint64_t> queue_full_total = 0;   // times that the engine could not take a batch
  std::atomic<uint64_t> orders_total = 0;       // sent
  std::atomic<uint64_t> facts_in_flight = 0;    // read and not yet durable
  std::atomic<uint64_t> submits_in_flight = 0;  // the same, in batches
};

// Borrowed by every stream; outlives them all, and every callback that the engine still owes.
struct GateParts {
  EngineSeam& engine;
  const Authority& authority;
  Roster& roster;
  const Clock& clock;
  GateLimits limits;
  GateCounters& counters;
  StreamTable& streams;
  Worker& clerk;    // may wait for the engine: enrolments, greetings, orders, checks
  Worker& postman;  // never waits: acknowledgements and retries
};

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_GATE_PARTS_H_
