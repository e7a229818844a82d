// OTLP/JSON as any sender may bring it.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>

#include "base/status.h"
#include "ingest/otlp_reader.h"
#include "ingest/sample_list.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const google::protobuf::LogSilencer quiet;
  using namespace driftcast::ingest;  // NOLINT: a program of one function
  const auto bytes = OtlpFromJson({reinterpret_cast<const char*>(data), size});
  if (!bytes.ok()) return 0;
  SampleList list;
  DRIFTCAST_CHECK(ReadOtlp(*bytes, list).ok(), "what protobuf wrote cannot be read");
  return 0;
}
