// Bytes of a certificate request, as anybody who has a token may send them.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "rpc/x509.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto key = driftcast::ReadCsr({reinterpret_cast<const char*>(data), size});
  if (key.ok()) DRIFTCAST_CHECK(key->Sha256().size() == 32);
  return 0;
}
