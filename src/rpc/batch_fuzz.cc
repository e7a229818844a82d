// Bytes of a FactBatch, as any agent may send them, to facts that may be applied.
#include "driftcast/v1/agent.pb.h"

#include <cstddef>
#include <cstdint>

#include "rpc/batch_reader.h"
#include "wire/fact.h"

using namespace driftcast;  // NOLINT: a program of one function

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Instant now = FromUnixSeconds(1'800'000'000);
  v1::FactBatch message;
  if (!message.ParseFromArray(data, static_cast<int>(size))) return 0;
  BatchReader reader({AgentId("agent-1"), StackId("web-7")}, 3, kHour);
  const auto batch = reader.Read(message, now);
  if (!batch.ok()) return 0;
  uint64_t expected = batch->gap ? batch->gap->to + 1 : reader.next();
  for (const auto& fact : batch->facts) {
    DRIFTCAST_CHECK(fact.agent.value == "agent-1" && fact.stack.value == "web-7");
    DRIFTCAST_CHECK(fact.sequence == expected++, "gap or repeat inside a batch");
    DRIFTCAST_CHECK(fact.at <= now && fact.at >= FromUnixSeconds(946'684'800));
    const auto again = DecodeFact(EncodeFact(fact));
    DRIFTCAST_CHECK(again.ok(), "{}", Describe(again.status()));
  }
  reader.Advance(batch->last);
  DRIFTCAST_CHECK(reader.next() > batch->last);
  return 0;
}
