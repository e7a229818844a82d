// A fact: one thing that happened, with its time. Facts are the only input of the engine; what
// agents report, what people decide and the passing of time itself all arrive as facts.
#ifndef DRIFTCAST_MODEL_FACT_H_
#define DRIFTCAST_MODEL_FACT_H_

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "model/cause.h"
#include "model/change.h"
#include "model/plan.h"
#include "model/resource.h"
#include "model/value.h"

namespace driftcast {

// A stack reports for the first time, or says what it is. Set by the agent at every connection.
struct StackEnrolled {
  RoleName role;
  std::map<std::string, std::string> labels;  // "os" -> "Debian 12", "kernel" -> ..., free
  std::vector<std::string> allowed_kinds;     // kinds that the host's own allow-list lets us change
};

// How a comparison came about. Stored: never renumber.
enum class Means : uint8_t {
  kNone = 0,      // never compared
  kSnapshot = 1,  // first or full read
  kEvent = 2,     // the kernel or a program said that it moved, then it was read
  kRescan = 3,    // periodic read
  kVerify = 4,    // read again after a plan
  kImport = 5,    // from a history or a state file
};

// A key that could not be compared, and why: never shown as in sync.
struct UncomparedKey {
  std::string path;    // empty = the whole resource
  std::string reason;  // "permission denied", "larger than 1 MiB", ...
  friend auto operator<=>(const UncomparedKey&, const UncomparedKey&) = default;
};

// A resource's whole observed configuration: keys that are absent from it are gone.
struct ResourceObserved {
  ResourceId resource;
  std::vector<KeyValue> keys;          // canonical order
  std::vector<Dependency> depends_on;  // whole set, canonical order
  std::vector<KeyValue> context;       // what is known about it and is not its configuration:
                                  // "candidate" (version), "owner" (package), "next_run" (RFC 3339)
  std::vector<UncomparedKey> uncompared;
  Means means = Means::kNone;
  Cause cause;
};

struct ResourceVanished {
  ResourceId resource;
  Means means = Means::kNone;
  Cause cause;
};

// The agent has now looked at every resource of these kinds that exists. Those of the same stack
// and kinds that were not reported since `started_at` have vanished; or, with `unchanged_omitted`,
// are as they were, and have been compared again.
struct SnapshotCompleted {
  std::vector<std::string> kinds;
  Instant started_at;
  bool unchanged_omitted = false;
};

// Where an expected value comes from. Stored: never renumber.
enum class Origin : uint8_t {
  kNone = 0,
  kDeclared = 1,  // by whoever provisions the resource
  kEnrolled = 2,  // first observation of a stack without declarations
  kAccepted = 3,  // a person or an approved rule took over an observed value
};

// What the resource should be. Only this, and nothing learned, moves an expectation.
struct ExpectationSet {
  ResourceId resource;  // for a whole role: stack empty and `role` given
  RoleName role;
  std::vector<KeyValue> keys;      // empty with kAccepted: take over everything observed
  std::vector<std::string> unset;  // paths that are no longer expected
  Origin origin = Origin::kNone;
  Principal by;
  std::string reason;
  bool complete = false;  // nothing else may be there: an extra key is drift
  bool absent = false;    // the resource itself should not exist
};

// A thing that people or programs did, which explains changes: a package run, a login, a deploy.
struct ActivityReported {
  std::string kind;   // "package_run", "login", "sudo", "deployment", "incident"
  std::string id;     // unique within stack and kind
  std::string actor;  // pseudonym or name; empty = not known
  std::string text;   // for people
  Instant started_at;
  Instant ended_at;                    // equal to started_at when it has no length
  std::vector<std::string> resources;  // "kind/name" of what it says it touched
  std::map<std::string, std::string> details;
};

struct MetricPoint {
  std::string resource_kind;  // e.g. "host", "mount"
  std::string resource_name;
  std::string metric;  // OpenTelemetry name: "system.filesystem.utilization"
  Instant at;
  double value = 0;  // the metric's own unit, as its name says
};

struct MetricsObserved {
  std::vector<MetricPoint> points;
};

// Nothing happened until now: horizons pass, rules expire, windows open. At most one a second.
struct TimeAdvanced {};

// Changes from before the engine knew the stack: the past of a host, an imported history.
struct PastChanges {
  std::vector<ChangeEvent> events;  // time order
};

// Which differences are no drift. Removal: `removed` with the id.
struct IgnoreRule {
  std::string id;
  std::string resource_glob;  // over stack/kind/name: "*/file//etc/resolv.conf"; '*' crosses '/'
  std::string key_glob;       // over the path; "*" = every key
  std::string owner;
  std::string reason;
  Instant expires_at;      // epoch = never
  bool alarm_only = true;  // still shown as a difference, but raises no alert and no status
  bool removed = false;
};

// A person or policy decided about a plan, or a resource.
enum class Verdict : uint8_t {  // Stored: never renumber.
  kNone = 0,
  kApprove = 1,
  kReject = 2,
  kOverride = 3,  // done or to be done by hand; the reason says what
  kSnooze = 4,    // do not alert about it until `until`
  kCancel = 5,    // take back an approval that has not started
  kUndo = 6,      // take back a plan that was applied: makes the plan that does so
  kDone = 7,      // "I did it myself": the engine looks whether the host is as planned
};

struct DecisionMade {
  PlanId plan;  // empty for a snooze or override of a resource
  ResourceId resource;
  Verdict verdict = Verdict::kNone;
  std::string plan_hash;  // hex; what the person saw. A plan that has changed since is not approved
  Principal by;
  std::string reason;
  Instant not_before;        // schedule; epoch = now
  Instant until;             // snooze and override; epoch = for good
  ApprovalProof proof = {};  // of an approval
};

// What an agent reports about a plan that it carries out.
struct PlanProgressed {
  PlanId plan;
  PlanState state = PlanState::kProposed;
  int32_t step = -1;     // index of the step that this is about; -1 = the whole plan
  std::string detail;    // for people; on failure what is left different
  Duration downtime{0};  // measured, in total so far
};

// The site's policy from now on. The fact carries the text and the time zones that it names, so
// that recorded facts alone say what was permitted when.
struct PolicyPublished {
  std::string text;                          // see remedy/policy_file.h; empty = no policy
  std::map<std::string, std::string> zones;  // TZif bytes by name: "Europe/Berlin"
  std::string digest;                        // SHA-256 of the text, hex
  Principal by;
  std::string reason;
};

// People work there: nothing is begun on what the pause covers until it ends or is lifted.
struct PauseSet {
  std::string id;             // "pause-..."
  std::string resource_glob;  // over stack/kind/name; "*" = everything, "web-7/*" = one stack
  Principal by;
  std::string reason;
  Instant until;  // a pause always ends
  bool lifted = false;
};

// A plan that a person wrote or edited; it is approved and judged like any other.
struct PlanWritten {
  RemediationPlan plan;
  Principal by;
  std::string reason;
};

// A model of the forecast serves from now on. The shard reads its bytes by digest.
struct ModelPublished {
  std::string digest;    // SHA-256 of its bytes, hex; empty = shipped; "reference" = the fallback
  std::string version;   // for people, unique at the site: "2026-11-24"
  Principal by;          // "engine" for a refit
  std::string reason;    // for people: how it was judged
  Instant learnt_until;  // it has learnt from what happened until then; epoch = elsewhere
};

// What an agent says about itself, every minute.
struct AgentReported {
  std::string version;
  double cpu_percent = 0;     // of one core, over the last minute
  uint64_t memory_bytes = 0;  // resident
  uint64_t spool_bytes = 0;
  uint64_t metrics_shed = 0;                          // points dropped since start
  std::map<std::string, double> cpu_ms_by_collector;  // since start
};

// A feed of outside knowledge (vulnerabilities, exploitation, lifecycles, indicators) was read, or
// an attempt to read it failed. With a digest its content is replaced, whole, by the blob of that
// digest; without one the content that it has stays, and only what is said about it moves.
struct FeedPublished {
  std::string feed;    // its name at this site: "debian", "kev"
  std::string format;  // as the reader names it: "osv", "debian-tracker", "kev", "epss", ...
  std::string digest;  // SHA-256 of the content, hex; empty = as before
  std::string source;  // address or file name
  Instant fetched_at;  // when it was read, or looked at and found unchanged
  Instant newest_at;   // of its newest record, as the feed says; epoch = it does not say
  uint64_t records = 0;
  uint64_t warnings = 0;                     // records that could not be used
  std::vector<std::string> warning_samples;  // the first of them, with their places; at most 20
  std::string error;                         // why the attempt failed; empty = it did not
  Duration stale_after{0};                   // age from which it is stale; zero = the format's own
  bool removed = false;                      // forget the feed and what it said
};

using FactBody = std::variant<StackEnrolled, ResourceObserved, ResourceVanished, SnapshotCompleted,
                              ExpectationSet, ActivityReported, MetricsObserved, TimeAdvanced,
                              PastChanges, IgnoreRule, DecisionMade, PlanProgressed, ModelPublished,
                              AgentReported, PolicyPublished, PauseSet, PlanWritten, FeedPublished>;

struct Fact {
  Instant at;     // when it happened, by the clock of whoever saw it
  StackId stack;  // whom it is about; empty for facts about everything (TimeAdvanced, rules)
  AgentId agent;  // who says so; empty = the engine itself or a person
  uint64_t sequence =
      0;  // the agent's number of the fact, from 1 without gaps; 0 = not from an agent
  FactBody body;
  std::string unknown_fields;  // protobuf fields of a newer version, carried along untouched
};

}  // namespace driftcast

#endif  // DRIFTCAST_MODEL_FACT_H_
