// Words for reading line-based configuration, shared by its readers (config_readers.h).
#ifndef DRIFTCAST_INGEST_LINE_READER_H_
#define DRIFTCAST_INGEST_LINE_READER_H_

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ingest/config_node.h"

namespace driftcast::ingest {

std::string_view Trimmed(std::string_view text);

// The lines of a text: trimmed, joined where one ends with a backslash, without empty ones.
std::vector<std::string> LogicalLines(std::string_view text);

// Without the quotes around it, when they are one pair.
std::string_view Unquoted(std::string_view value);

// A map under construction: keys are found by hash, a key may come again, and may also name a
// section. Build() makes the tree: one value is a scalar, more are a list, a section is a map (with
// "{}" behind its name where a value has the same name). Move-only.
class LineMap {
 public:
  void Add(std::string_view key, std::string value);
  LineMap* Section(std::string_view name);  // lives as long as this map
  bool Has(std::string_view key) const { return places_.contains(std::string(key)); }
  ConfigNode Build() &&;

 private:
  struct Item {
    std::string key;
    std::vector<std::string> values;
    std::unique_ptr<LineMap> section;
  };
  Item& At(std::string_view key);

  std::vector<Item> items_;
  std::unordered_map<std::string, size_t> places_;
};

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_LINE_READER_H_
