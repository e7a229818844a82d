// Live events.
#include <charconv>

#include "web/api.h"
#include "web/reader.h"

namespace driftcast {
namespace {

constexpr LiveEvent::Kind kKinds[] = {LiveEvent::Kind::kResource,   LiveEvent::Kind::kDrift,
                                      LiveEvent::Kind::kPrediction, LiveEvent::Kind::kPlan,
                                      LiveEvent::Kind::kStack,      LiveEvent::Kind::kAudit};

// Bits of comma-separated kinds.
uint32_t ReadKinds(std::string_view text, QueryReader& query) {
  uint32_t bits = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    uint32_t bit = 0;
    for (const LiveEvent::Kind kind : kKinds) {
      if (word == LiveKindName(kind)) bit = 1u << static_cast<unsigned>(kind);
    }
    if (bit == 0) {
      query.Fault("kinds", "must be of resource, drift, prediction, plan, stack, audit");
    }
    bits |= bit;
  }
  return bits;
}

std::optional<uint64_t> ReadLastEventId(const HttpRequest& request) {
  const std::string_view text = request.Header("last-event-id");
  uint64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

HttpResponse GetEvents(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  LiveFilter filter;
  filter.scope = call.caller.stacks;
  filter.stack = query.Text("stack");
  filter.kinds = ReadKinds(query.Text("kinds"), query);
  std::optional<uint64_t> after;
  constexpr uint64_t kNone = UINT64_MAX;
  const uint64_t asked = query.Number("after", 0, INT64_MAX, kNone);
  if (asked != kNone) after = asked;
  if (auto problem = query.Finish()) return *std::move(problem);
  if (const auto last = ReadLastEventId(call.request)) after = last;
  HttpResponse response;
  response.stream = context.live.Open(filter, after, call.caller.credential);
  if (!response.stream) return ProblemResponse(503, "too many pages are open; close some");
  return response.Set("Content-Type", "text/event-stream")
      .Set("Cache-Control", "no-store")
      .Set("X-Accel-Buffering", "no");
}

}  // namespace

void AddEventRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/events", Role::kViewer, Bind(context, GetEvents)});
}

}  // namespace driftcast
