// What other systems say happened: deployments by a small call, incidents from Alertmanager.
#include <algorithm>
#include <set>

#include "web/api.h"
#include "web/reader.h"

namespace driftcast {
namespace {

constexpr size_t kAlertsMax = 1000;
constexpr size_t kTextMax = 500;

bool IsKnown(const std::vector<StackSummary>& stacks, const std::string& id) {
  return std::any_of(stacks.begin(), stacks.end(),
                     [&](const StackSummary& stack) { return stack.id.value == id; });
}

std::vector<StackSummary> StacksOf(const ApiContext& context) {
  return context.engine.Ask([](const EngineView& view) { return view.Stacks(); });
}

// Stacks that a marker is about: one, or all of a role.
std::vector<StackId> Targets(const std::vector<StackSummary>& stacks, const std::string& stack,
                             const std::string& role) {
  std::vector<StackId> targets;
  for (const StackSummary& one : stacks)
    if (one.id.value == stack || (stack.empty() && one.role.value == role))
      targets.push_back(one.id);
  return targets;
}

HttpResponse PostActivity(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  const std::string stack = reader.Text("stack", 200), role = reader.Text("role", 200);
  ActivityReported activity;
  activity.kind =
      std::vector{"deployment", "incident",
                  "maintenance"}[reader.OneOf("kind", {"deployment", "incident", "maintenance"})];
  activity.id = reader.Required("id", 200);
  activity.text = reader.Required("text", kTextMax);
  activity.actor = reader.Text("actor", 200);
  activity.started_at = reader.Time("started_at").value_or(context.clock->Now());
  activity.ended_at = reader.Time("ended_at").value_or(activity.started_at);
  activity.resources = reader.Texts("resources", 1000);
  if (stack.empty() == role.empty()) reader.Fault("stack", "name a stack or a role");
  if (activity.ended_at < activity.started_at) reader.Fault("ended_at", "is before `started_at`");
  reader.RefuseUnknown();
  if (auto bad = faults.Problem()) return *std::move(bad);
  if (activity.actor.empty()) activity.actor = call.caller.principal.value;
  const auto targets = Targets(StacksOf(context), stack, role);
  if (targets.empty())
    return ProblemResponse(404, stack.empty() ? "no stack of role " + role : "no stack " + stack);
  std::vector<Fact> facts;
  for (const StackId& target : targets) facts.push_back(context.NewFact(target, activity));
  const Status status = context.engine.SubmitAndWait(std::move(facts));
  if (!status.ok()) return ProblemOf(status);
  return JsonResponse({{"stacks", targets.size()}}, 201);
}

std::string TextIn(const nlohmann::json& object, const char* name) {
  if (!object.is_object() || !object.contains(name) || !object[name].is_string()) return "";
  return object[name].get<std::string>().substr(0, kTextMax);
}

// The stack that an alert's labels name: "stack", or the host of "instance" or "host".
std::string StackIn(const nlohmann::json& labels, const std::vector<StackSummary>& stacks) {
  for (const char* name : {"stack", "host", "nodename", "instance"}) {
    std::string text = TextIn(labels, name);
    if (IsKnown(stacks, text)) return text;
    text = text.substr(0, text.rfind(':'));  // "web-7:9100"
    if (IsKnown(stacks, text)) return text;
    text = text.substr(0, text.find('.'));  // "web-7.example.com"
    if (IsKnown(stacks, text)) return text;
  }
  return "";
}

ActivityReported Incident(const nlohmann::json& alert, const nlohmann::json& labels, Instant now) {
  ActivityReported incident;
  incident.kind = "incident";
  incident.id = TextIn(alert, "fingerprint");
  const nlohmann::json annotations = alert.value("annotations", nlohmann::json::object());
  const std::string name = TextIn(labels, "alertname"), summary = TextIn(annotations, "summary");
  incident.text = name + (summary.empty() ? "" : ": " + summary);
  if (incident.id.empty()) incident.id = name;
  const auto started = ParseInstant(TextIn(alert, "startsAt"));
  const auto ended = ParseInstant(TextIn(alert, "endsAt"));
  incident.started_at = started.ok() ? *started : now;
  const bool over = TextIn(alert, "status") == "resolved" && ended.ok();
  incident.ended_at = over ? std::max(*ended, incident.started_at) : incident.started_at;
  incident.details["state"] = over ? "resolved" : "firing";
  if (const auto severity = TextIn(labels, "severity"); !severity.empty())
    incident.details["severity"] = severity;
  return incident;
}

HttpResponse PostAlertmanager(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  if (!body.is_object() || !body.contains("alerts") || !body["alerts"].is_array())
    return ProblemResponse(400, "no `alerts`: this is no body of an Alertmanager webhook");
  const auto stacks = StacksOf(context);
  std::vector<Fact> facts;
  size_t unknown = 0;
  for (const auto& alert : body["alerts"]) {
    if (facts.size() == kAlertsMax || !alert.is_object()) break;
    const nlohmann::json labels = alert.value("labels", nlohmann::json::object());
    const std::string stack = StackIn(labels, stacks);
    if (stack.empty())
      ++unknown;
    else
      facts.push_back(
          context.NewFact(StackId(stack), Incident(alert, labels, context.clock->Now())));
  }
  const size_t taken = facts.size();
  if (taken > 0) {
    const Status status = context.engine.SubmitAndWait(std::move(facts));
    if (!status.ok()) return ProblemOf(status);
  }
  return JsonResponse({{"taken", taken}, {"of_no_stack", unknown}});
}

}  // namespace

void AddActivityRoutes(ApiContext& context, Router& router) {
  router.Add({"POST", "/api/v1/activities", Role::kOperator, Bind(context, PostActivity)});
  router.Add(
      {"POST", "/api/v1/hooks/alertmanager", Role::kOperator, Bind(context, PostAlertmanager)});
}

}  // namespace driftcast
