#include "store/store.h"

namespace driftcast {

const char* TableName(Table table) {
  switch (table) {
    case Table::kState:
      return "state";
    case Table::kHistory:
      return "history";
    case Table::kFacts:
      return "facts";
    case Table::kAudit:
      return "audit";
    case Table::kPoints:
      return "points";
    case Table::kSettings:
      return "settings";
    case Table::kOutbox:
      return "outbox";
    case Table::kBlobs:
      return "blobs";
  }
  return "unknown";
}

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

std::string OrderedNumber(uint64_t number) {
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(number >> (56 - 8 * i));
  return bytes;
}

uint64_t FromOrderedNumber(std::string_view bytes) {
  DRIFTCAST_CHECK(bytes.size() == 8);
  uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

}  // namespace driftcast
