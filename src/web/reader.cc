#include "web/reader.h"

#include <algorithm>
#include <charconv>

namespace driftcast {
namespace {

using Json = nlohmann::json;

std::string Words(const std::vector<const char*>& words) {
  std::string text;
  for (const char* word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t';
  });
}

}  // namespace

std::optional<HttpResponse> FaultList::Problem() const {
  if (faults_.empty()) return std::nullopt;
  const Fault& first = faults_.front();
  std::string detail = first.where + ": " + first.message;
  if (faults_.size() > 1) detail += fmt::format(" (and {} more)", faults_.size() - 1);
  return ProblemResponse(400, detail, faults_);
}

QueryReader::QueryReader(const HttpRequest& request) : request_(request) {}

std::optional<std::string> QueryReader::Take(const char* name) {
  known_.insert(name);
  return request_.Query(name);
}

void QueryReader::Fault(const char* name, std::string message) {
  faults_.Add(std::string("query.") + name, std::move(message));
}

std::string QueryReader::Text(const char* name, size_t size_max) {
  std::string value = Take(name).value_or("");
  if (value.size() > size_max) Fault(name, fmt::format("at most {} bytes", size_max));
  return value;
}

std::string QueryReader::Required(const char* name, size_t size_max) {
  std::string value = Text(name, size_max);
  if (value.empty()) Fault(name, "is required");
  return value;
}

uint64_t QueryReader::Number(const char* name, uint64_t least, uint64_t most, uint64_t otherwise) {
  const auto text = Take(name);
  if (!text) return otherwise;
  uint64_t number = 0;
  const char* const end = text->data() + text->size();
  const auto result = std::from_chars(text->data(), end, number);
  if (result.ec == std::errc() && result.ptr == end && number >= least && number <= most) {
    return number;
  }
  Fault(name, fmt::format("must be a whole number between {} and {}", least, most));
  return otherwise;
}

bool QueryReader::Flag(const char* name, bool otherwise) {
  const auto text = Take(name);
  if (!text) return otherwise;
  if (*text != "true" && *text != "false") Fault(name, "must be true or false");
  return *text == "true";
}

std::optional<Instant> QueryReader::Time(const char* name) {
  const auto text = Take(name);
  if (!text) return std::nullopt;
  const auto at = ParseInstant(*text);
  if (at.ok()) return *at;
  Fault(name, "must be a time as in 2026-05-01T12:00:00Z");
  return std::nullopt;
}

size_t QueryReader::OneOf(const char* name, const std::vector<const char*>& words,
                          size_t otherwise) {
  const auto text = Take(name);
  if (!text) return otherwise;
  const auto found = std::find(words.begin(), words.end(), *text);
  if (found != words.end()) return static_cast<size_t>(found - words.begin());
  Fault(name, "must be one of " + Words(words));
  return otherwise;
}

std::optional<ResourceId> QueryReader::MaybeResource(const char* name) {
  const auto text = Take(name);
  if (!text || text->empty()) return std::nullopt;
  const auto id = ParseResourceId(*text);
  if (id.ok()) return *id;
  Fault(name, "must be a resource id: stack/kind/name");
  return std::nullopt;
}

ResourceId QueryReader::Resource(const char* name) {
  if (Required(name).empty()) return {};
  return MaybeResource(name).value_or(ResourceId{});
}

std::optional<HttpResponse> QueryReader::Finish() {
  std::set<std::string> seen;
  for (const auto& [name, value] : request_.query) {
    if (!known_.contains(name)) Fault(name.c_str(), "is not a parameter of this request");
    if (!seen.insert(name).second) Fault(name.c_str(), "is given twice");
  }
  return faults_.Problem();
}

ObjectReader::ObjectReader(const Json& value, std::string place, FaultList& faults)
    : value_(value), place_(std::move(place)), faults_(faults) {
  if (!value_.is_object()) faults_.Add(place_.empty() ? "/" : place_, "must be an object");
}

const Json* ObjectReader::Find(const char* name) {
  known_.insert(name);
  if (!value_.is_object()) return nullptr;
  const auto found = value_.find(name);
  return found == value_.end() || found->is_null() ? nullptr : &*found;
}

bool ObjectReader::Has(const char* name) const {
  if (!value_.is_object()) return false;
  const auto found = value_.find(name);
  return found != value_.end() && !found->is_null();
}

void ObjectReader::Fault(const char* name, std::string message) {
  faults_.Add(Place(name), std::move(message));
}

std::string ObjectReader::Text(const char* name, size_t size_max) {
  const Json* const value = Find(name);
  if (!value) return {};
  if (!value->is_string()) {
    Fault(name, "must be a text");
    return {};
  }
  const auto& text = value->get_ref<const std::string&>();
  if (text.size() > size_max) Fault(name, fmt::format("at most {} bytes", size_max));
  if (HasControl(text)) Fault(name, "holds a control character");
  return text;
}

std::string ObjectReader::Required(const char* name, size_t size_max) {
  if (!Find(name)) {
    Fault(name, "is required");
    return {};
  }
  std::string text = Text(name, size_max);
  if (text.empty() && value_.at(name).is_string()) Fault(name, "must not be empty");
  return text;
}

bool ObjectReader::Flag(const char* name, bool otherwise) {
  const Json* const value = Find(name);
  if (!value) return otherwise;
  if (value->is_boolean()) return value->get<bool>();
  Fault(name, "must be true or false");
  return otherwise;
}

std::optional<int64_t> ObjectReader::Integer(const char* name, int64_t least, int64_t most) {
  const Json* const value = Find(name);
  if (!value) return std::nullopt;
  const bool fits = value->is_number_unsigned()
                        ? value->get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX)
                        : value->is_number_integer();
  if (fits && value->get<int64_t>() >= least && value->get<int64_t>() <= most) {
    return value->get<int64_t>();
  }
  Fault(name, fmt::format("must be a whole number between {} and {}", least, most));
  return std::nullopt;
}

std::optional<Instant> ObjectReader::Time(const char* name) {
  const std::string text = Text(name, 64);
  if (text.empty()) {
    if (Has(name) && value_.at(name).is_string()) Fault(name, "must be a time or null");
    return std::nullopt;
  }
  const auto at = ParseInstant(text);
  if (at.ok()) return *at;
  Fault(name, "must be a time as in 2026-05-01T12:00:00Z");
  return std::nullopt;
}

size_t ObjectReader::OneOf(const char* name, const std::vector<const char*>& words) {
  const std::string text = Required(name, 64);
  const auto found = std::find(words.begin(), words.end(), text);
  if (found != words.end()) return static_cast<size_t>(found - words.begin());
  if (!text.empty()) Fault(name, "must be one of " + Words(words));
  return 0;
}

const Json& ObjectReader::Array(const char* name, size_t count_max) {
  static const Json kNothing = Json::array();
  const Json* const value = Find(name);
  if (!value) return kNothing;
  if (!value->is_array()) {
    Fault(name, "must be a list");
    return kNothing;
  }
  if (value->size() <= count_max) return *value;
  Fault(name, fmt::format("at most {} items", count_max));
  return kNothing;
}

std::vector<std::string> ObjectReader::Texts(const char* name, size_t count_max) {
  std::vector<std::string> texts;
  const Json& array = Array(name, count_max);
  for (size_t i = 0; i < array.size(); ++i) {
    if (array[i].is_string() && !array[i].get_ref<const std::string&>().empty()) {
      texts.push_back(array[i].get<std::string>());
    } else {
      faults_.Add(fmt::format("{}/{}/{}", place_, name, i), "must be a text that is not empty");
    }
  }
  return texts;
}

std::optional<ResourceId> ObjectReader::Resource(const char* name) {
  const std::string text = Text(name);
  if (text.empty()) return std::nullopt;
  const auto id = ParseResourceId(text);
  const Status valid = id.ok() ? ValidateResourceId(*id) : id.status();
  if (valid.ok()) return *id;
  Fault(name, id.ok() ? Message(valid) : "must be a resource id: stack/kind/name");
  return std::nullopt;
}

void ObjectReader::RefuseUnknown() {
  if (!value_.is_object()) return;
  for (const auto& [name, value] : value_.items()) {
    if (!known_.contains(name)) Fault(name.c_str(), "is not a field of this request");
  }
}

void ObjectReader::RefuseUnknownBut(std::initializer_list<const char*> known) {
  known_.insert(known.begin(), known.end());
  RefuseUnknown();
}

BodyOrProblem ReadBody(const HttpRequest& request) {
  const std::string_view type = request.Header("content-type");
  if (type.substr(0, type.find(';')) != "application/json") {
    return {{}, ProblemResponse(415, "send the body as application/json")};
  }
  try {
    Json body = Json::parse(request.body);
    if (!body.is_object()) return {{}, ProblemResponse(400, "the body must be a JSON object")};
    return {std::move(body), std::nullopt};
  } catch (const Json::exception& error) {
    return {{}, ProblemResponse(400, std::string("the body is not JSON: ") + error.what())};
  }
}

}  // namespace driftcast
