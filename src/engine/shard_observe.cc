// Facts about what is: stacks, resources, snapshots, activities, the past.
#include <algorithm>

#include "engine/shard_state.h"
#include "shadow/update.h"

namespace driftcast {
namespace {

// A change seen within this time after a run that touched the resource is explained by it.
constexpr Duration kRunGrace = std::chrono::minutes(5);
// A run's end is known to the second, and what it wrote last is read a moment later.
constexpr Duration kReadGrace = std::chrono::seconds(5);

bool Touches(const ActivityReported& activity, const std::string& kind_and_name) {
  return std::find(activity.resources.begin(), activity.resources.end(), kind_and_name) !=
         activity.resources.end();
}

// A package run explains the packages that it names, the files that those own, and, since scripts
// of packages write what no package owns (alternatives, users, links that enable units), whatever
// else moved on the host while it ran.
bool Explains(const ActivityReported& activity, const ResourceId& id,
              const std::vector<Dependency>& depends_on, Instant at) {
  if (activity.kind != "package_run") return false;
  if (at < activity.started_at || at > activity.ended_at + kRunGrace) return false;
  if (at <= activity.ended_at + kReadGrace) return true;
  if (Touches(activity, id.kind + "/" + id.name)) return true;
  return std::any_of(depends_on.begin(), depends_on.end(), [&](const Dependency& edge) {
    return edge.kind == "owned_by" && Touches(activity, edge.to_kind + "/" + edge.to_name);
  });
}

Cause CauseFrom(const ActivityReported& activity) {
  return {CauseKind::kPackageRun, activity.id, activity.actor, activity.text, Confidence::kRacy};
}

Cause FindCause(const StackRecord& record, const ResourceId& id,
                const std::vector<Dependency>& depends_on, Instant at) {
  for (auto run = record.activities.rbegin(); run != record.activities.rend(); ++run)
    if (Explains(*run, id, depends_on, at)) return CauseFrom(*run);
  return {};
}

bool IsProgram(const Cause& cause) {
  return cause.kind == CauseKind::kTool || cause.kind == CauseKind::kPlan ||
         cause.kind == CauseKind::kDeclaration;
}

UpdateContext ContextFor(const ShardState& shard, const Fact& fact, const Cause& cause) {
  UpdateContext context;
  context.at = fact.at;
  context.change_id = shard.numbers.fact_number;
  context.actor = cause.actor;
  context.bot = IsProgram(cause);
  return context;
}

// Counts changes of the kind, and how many of them were drift.
void CountChanges(StackRecord& record, const ResourceId& id, bool drift) {
  DriftShare& share = record.drift_share[id.kind];
  ++share.changes;
  if (drift) ++share.drifts;
}

bool IsDrift(const ShadowResource& view) {
  return view.status == ResourceStatus::kDrifted || view.status == ResourceStatus::kMissing ||
         view.status == ResourceStatus::kUnmanaged;
}

void TakeIn(ShardState& shard, const ResourceId& id, const std::vector<ChangeEvent>& events,
            ResourceState state, const Cause& cause, bool enrolling) {
  const ShadowResource view = ViewOfSlot(shard, id, state);
  if (!events.empty()) {
    if (!enrolling) CountChanges(shard.stacks[id.stack.value].record, id, IsDrift(view));
    Record(shard, events, cause, IsDrift(view) && !enrolling,
           enrolling ? Lesson::kFound : Lesson::kNow);
  }
  PutJudged(shard, id, std::move(state), view, cause);
}

// What a resource held when it went, for the record: one kRemove a key.
std::vector<ChangeEvent> KeysThatGo(const ResourceId& id, const Fact& fact,
                                    const ResourceState& state) {
  std::vector<ChangeEvent> lost;
  for (const KeyState& key : state.keys) {
    if (!state.exists || !key.observed) continue;
    ChangeEvent event;
    event.at = fact.at;
    event.stack = id.stack.value;
    event.kind = id.kind;
    event.resource = id.name;
    event.path = key.path;
    event.op = ChangeOp::kRemove;
    event.old_value = key.observed->Display();
    lost.push_back(std::move(event));
  }
  return lost;
}

bool IsOfPeople(const std::string& kind) {
  return kind == "login" || kind == "sudo" || kind == "su";
}

// Counts an activity in a rhythm the first time that it is told, and says whether it is at an hour
// at which there was none. `who` is a pseudonym, of a person or of a team.
struct Habit {
  bool unusual = false;
  uint32_t seen = 0;
};
Habit Follow(ShardState& shard, const std::string& who, const ActivityReported& activity,
             bool first) {
  // Logins and uses of root are habits of their own: a login in the night does not make the sudo
  // that follows it usual.
  const std::string habit = who + (activity.kind == "login" ? "" : " as root");
  PersonRhythm& rhythm = shard.people[habit];
  const Habit found{rhythm.IsUnusual(activity.started_at), rhythm.total()};
  if (first) {
    rhythm.Add(activity.started_at);
    shard.pending.people.insert(habit);
  }
  return found;
}

// The activity, marked when it is at an hour at which its person was never seen, or nobody of the
// team; sudo at such an hour of the person is alerted. Of a person who is new the team's hours say
// what is unusual.
ActivityReported Noted(ShardState& shard, const Fact& fact, ActivityReported activity, bool first) {
  if (activity.actor.empty()) return activity;
  const Habit person = Follow(shard, activity.actor, activity, first);
  Habit team;
  const auto named = activity.details.find("team");
  if (named != activity.details.end() && !named->second.empty())
    team = Follow(shard, named->second, activity, first);
  const bool alone = person.seen < PersonRhythm::kLearned && team.unusual;
  if (team.unusual)
    activity.details["unusual_of_team"] =
        fmt::format("nobody of {} was seen at this hour in {} logins", named->second, team.seen);
  if (!person.unusual && !alone) return activity;
  activity.details["unusual"] =
      alone ? activity.details["unusual_of_team"]
            : fmt::format("{} was not seen at this hour in {} logins", activity.actor, person.seen);
  activity.text += ", at an unusual hour";
  if (alone) activity.text += " of " + named->second;
  if (first && activity.kind != "login")
    Alert(shard, "person.unusual", fact.stack.value + "@" + activity.kind + "@" + activity.id,
          fact.stack, fact.stack.value, activity.text, 5);
  return activity;
}

// The oldest; of people's logins when those are more than half.
void ForgetOne(std::deque<ActivityReported>& kept) {
  const auto of_people = [](const ActivityReported& a) { return IsOfPeople(a.kind); };
  const auto count = static_cast<size_t>(std::count_if(kept.begin(), kept.end(), of_people));
  const auto oldest =
      count * 2 > kept.size() ? std::find_if(kept.begin(), kept.end(), of_people) : kept.begin();
  kept.erase(oldest);
}

void ApplyRoleExpectations(ShardState& shard, const StackId& stack, const RoleName& role) {
  if (role.empty()) return;
  for (const ExpectationSet& wanted : shard.role_expectations) {
    if (wanted.role != role) continue;
    ResourceId id = wanted.resource;
    id.stack = stack;
    const Slot* slot = FindSlot(shard, id);
    ResourceState state = slot != nullptr ? DecodeSlot(*slot) : ResourceState();
    ApplyExpectation(wanted, state);
    PutState(shard, id, std::move(state),
             {CauseKind::kDeclaration, "", "", "", Confidence::kExact});
  }
}

}  // namespace

void ApplyEnrolled(ShardState& shard, const Fact& fact, const StackEnrolled& body) {
  const bool known = shard.stacks.contains(fact.stack.value);
  Stack& stack = StackFor(shard, fact.stack);
  const bool new_role = stack.record.role != body.role;
  stack.record.role = body.role;
  stack.record.labels = body.labels;
  TakeAddresses(shard, fact.stack.value, stack);
  HoldAgain(shard, shard.stacks.find(fact.stack.value)->first, stack);
  stack.record.allowed_kinds = body.allowed_kinds;
  stack.record.agent = fact.agent;
  if (!known)
    Audit(shard, Principal("engine"), "stack.enrolled", fact.stack.value,
          "role " + body.role.value);
  Emit(shard, LiveEvent::Kind::kStack, fact.stack, fact.stack.value, known ? "" : "enrolled");
  if (new_role) ApplyRoleExpectations(shard, fact.stack, body.role);
}

void ApplyObserved(ShardState& shard, const Fact& fact, const ResourceObserved& body) {
  Stack& stack = StackFor(shard, body.resource.stack);
  const Slot* slot = FindSlot(shard, body.resource);
  ResourceState state = slot != nullptr ? DecodeSlot(*slot) : ResourceState();
  const Cause cause = body.cause.known()
                          ? body.cause
                          : FindCause(stack.record, body.resource, body.depends_on, fact.at);
  UpdateContext context = ContextFor(shard, fact, cause);
  context.enrolling =
      body.means == Means::kSnapshot && !stack.record.enrolled_kinds.contains(body.resource.kind);
  // Nobody changed what is seen for the first time: it says nothing about people's habits.
  context.bot = context.bot || context.enrolling;
  ResourceObserved observed = body;
  observed.cause = cause;
  const auto events = ApplyObservation(observed, context, state);
  TakeIn(shard, body.resource, events, std::move(state), cause, context.enrolling);
}

void ApplyVanishedFact(ShardState& shard, const Fact& fact, const ResourceVanished& body) {
  Stack& stack = StackFor(shard, body.resource.stack);
  const Slot* slot = FindSlot(shard, body.resource);
  if (slot == nullptr) return;
  ResourceState state = DecodeSlot(*slot);
  const Cause cause = body.cause.known()
                          ? body.cause
                          : FindCause(stack.record, body.resource, state.depends_on, fact.at);
  const std::vector<ChangeEvent> lost = KeysThatGo(body.resource, fact, state);
  const auto events =
      ApplyVanished(body.resource, body.means, ContextFor(shard, fact, cause), state);
  Record(shard, lost, cause, false, Lesson::kNone);
  TakeIn(shard, body.resource, events, std::move(state), cause, false);
}

void ApplySnapshot(ShardState& shard, const Fact& fact, const SnapshotCompleted& body) {
  Stack& stack = StackFor(shard, fact.stack);
  for (const std::string& kind : body.kinds) {
    stack.record.enrolled_kinds.insert(kind);
    stack.record.kind_compared_at[kind] = body.started_at;
    if (body.unchanged_omitted) continue;
    std::vector<std::string> gone;
    const std::string prefix = kind + '\0';
    for (auto slot = stack.slots.lower_bound(prefix);
         slot != stack.slots.end() && slot->first.starts_with(prefix); ++slot)
      if (slot->second.compared_at < body.started_at) gone.push_back(slot->first);
    for (const std::string& slot_key : gone)
      ApplyVanishedFact(shard, fact, {IdFromSlotKey(fact.stack, slot_key), Means::kSnapshot, {}});
  }
  Emit(shard, LiveEvent::Kind::kStack, fact.stack, fact.stack.value, "");
}

void ApplyExpectationFact(ShardState& shard, const Fact& fact, const ExpectationSet& body) {
  const Cause cause{CauseKind::kDeclaration, "", body.by.value, body.reason, Confidence::kExact};
  if (!body.role.empty()) {
    std::erase_if(shard.role_expectations, [&](const ExpectationSet& old) {
      return old.role == body.role && old.resource == body.resource;
    });
    shard.role_expectations.push_back(body);
    shard.pending.expectations = true;
    std::vector<StackId> stacks;
    for (const auto& [id, stack] : shard.stacks)
      if (stack.record.role == body.role) stacks.emplace_back(id);
    for (const StackId& stack : stacks) ApplyRoleExpectations(shard, stack, body.role);
  } else {
    StackFor(shard, body.resource.stack);
    const Slot* slot = FindSlot(shard, body.resource);
    ResourceState state = slot != nullptr ? DecodeSlot(*slot) : ResourceState();
    ApplyExpectation(body, state);
    PutState(shard, body.resource, std::move(state), cause);
  }
  Audit(shard, body.by, std::string("expectation.") + OriginName(body.origin),
        body.role.empty()
            ? body.resource.ToText()
            : "role " + body.role.value + "/" + body.resource.kind + "/" + body.resource.name,
        body.reason);
  (void)fact;
}

void ApplyActivity(ShardState& shard, const Fact& fact, const ActivityReported& body) {
  Stack& stack = StackFor(shard, fact.stack);
  auto& kept = stack.record.activities;
  const size_t known_before = std::erase_if(
      kept, [&](const ActivityReported& a) { return a.kind == body.kind && a.id == body.id; });
  kept.push_back(IsOfPeople(body.kind) ? Noted(shard, fact, body, known_before == 0) : body);
  if (kept.size() > StackRecord::kActivitiesKept) ForgetOne(kept);
  // A run is often reported after what it changed: name it in the drifts that it explains.
  for (auto& [id, drift] : shard.drifts) {
    if (drift.resource.stack != fact.stack || drift.closed_at != Instant() || drift.cause.known())
      continue;
    const Slot* slot = FindSlot(shard, drift.resource);
    if (slot == nullptr ||
        !Explains(body, drift.resource, DecodeSlot(*slot).depends_on, slot->changed_at))
      continue;
    drift.cause = CauseFrom(body);
    shard.pending.drifts.insert(id);
    Emit(shard, LiveEvent::Kind::kDrift, fact.stack, id, "explained by " + body.text);
  }
}

void ApplyPast(ShardState& shard, const Fact& fact, const PastChanges& body) {
  StackFor(shard, fact.stack);
  for (ChangeEvent event : body.events) {
    event.stack = fact.stack.value;
    Cause cause;
    if (event.kind == "package") cause.kind = CauseKind::kPackageRun;
    Record(shard, {std::move(event)}, cause, false, Lesson::kPast);
    // Each is an entry of its own; the number keeps their keys apart.
    ++shard.numbers.fact_number;
  }
  Emit(shard, LiveEvent::Kind::kStack, fact.stack, fact.stack.value, "");
}

void ApplyRule(ShardState& shard, const Fact& fact, const IgnoreRule& body) {
  shard.rules[body.id] = body;
  shard.pending.rules.insert(body.id);
  RebuildActiveRules(shard);
  Audit(shard, Principal(body.owner), body.removed ? "rule.removed" : "rule.set", body.id,
        body.reason);
  // Judge again what the rule touches.
  for (const auto& [stack_id, stack] : shard.stacks) {
    std::vector<ResourceId> touched;
    for (const auto& [slot_key, slot] : stack.slots) {
      if (slot.keys_differing > 0 || slot.status != ResourceStatus::kInSync || body.removed)
        touched.push_back(IdFromSlotKey(StackId(stack_id), slot_key));
    }
    for (const ResourceId& id : touched) PutState(shard, id, DecodeSlot(*FindSlot(shard, id)), {});
  }
  (void)fact;
}

}  // namespace driftcast
