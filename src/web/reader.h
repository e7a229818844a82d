// Reads what a request says: query parameters and JSON bodies, strictly. Every fault is collected
// with its place, and what nobody asked for is a fault too, so that a misspelt filter is never
// silently ignored.
#ifndef DRIFTCAST_WEB_READER_H_
#define DRIFTCAST_WEB_READER_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/time.h"
#include "http/message.h"
#include "model/resource.h"
#include "web/problem.h"

namespace driftcast {

// What both readers share. Not thread-safe; lives as long as one request.
class FaultList {
 public:
  void Add(std::string where, std::string message) {
    faults_.push_back({std::move(where), std::move(message)});
  }
  bool empty() const { return faults_.empty(); }
  // 400 with all faults; none when there is none.
  std::optional<HttpResponse> Problem() const;

 private:
  std::vector<Fault> faults_;
};

class QueryReader {
 public:
  explicit QueryReader(const HttpRequest& request);

  std::string Text(const char* name, size_t size_max = 8192);  // empty when left out
  std::string Required(const char* name, size_t size_max = 8192);
  uint64_t Number(const char* name, uint64_t least, uint64_t most, uint64_t otherwise);
  bool Flag(const char* name, bool otherwise);
  std::optional<Instant> Time(const char* name);
  // Index of the value in `words`; `otherwise` when left out.
  size_t OneOf(const char* name, const std::vector<const char*>& words, size_t otherwise);
  ResourceId Resource(const char* name);  // required
  std::optional<ResourceId> MaybeResource(const char* name);

  void Fault(const char* name, std::string message);
  // Call last: 400 when something was wrong or not asked for.
  std::optional<HttpResponse> Finish();

 private:
  std::optional<std::string> Take(const char* name);

  const HttpRequest& request_;
  std::set<std::string> known_;
  FaultList faults_;
};

// Reads one JSON object, the body or a part of it.
class ObjectReader {
 public:
  using Json = nlohmann::json;

  // `place` is its JSON pointer; `value` and `faults` must outlive the reader.
  ObjectReader(const Json& value, std::string place, FaultList& faults);
  ObjectReader(Json&& value, std::string place, FaultList& faults) = delete;  // would be gone

  bool Has(const char* name) const;  // given and not null
  std::string Text(const char* name, size_t size_max = 8192);
  std::string Required(const char* name, size_t size_max = 8192);
  bool Flag(const char* name, bool otherwise);
  std::optional<int64_t> Integer(const char* name, int64_t least, int64_t most);
  std::optional<Instant> Time(const char* name);
  size_t OneOf(const char* name, const std::vector<const char*>& words);  // required
  std::vector<std::string> Texts(const char* name, size_t count_max);
  // The array itself; empty when left out.
  const Json& Array(const char* name, size_t count_max);
  std::optional<ResourceId> Resource(const char* name);

  void Fault(const char* name, std::string message);
  std::string Place(const char* name) const { return place_ + "/" + name; }
  void RefuseUnknown();                                             // call last
  void RefuseUnknownBut(std::initializer_list<const char*> known);  // the same, naming them

 private:
  const Json* Find(const char* name);

  const Json& value_;
  const std::string place_;
  FaultList& faults_;
  std::set<std::string> known_;
};

// The body as JSON: an object, sent as application/json. Else a problem: 415 or 400.
struct BodyOrProblem {
  nlohmann::json body;
  std::optional<HttpResponse> problem;
};
BodyOrProblem ReadBody(const HttpRequest& request);

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_READER_H_
