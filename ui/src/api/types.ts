// Made from src/web/openapi.json by `npm run types`. Do not edit.

/** RFC 9457 problem, sent as application/problem+json. */
export interface Problem {
  /** A URI that names the kind of problem; `about:blank` when the status says it all. */
  type: string;
  /** The kind of problem, in a few words. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** What is wrong with this request and what to do about it. */
  detail: string;
  /** The single faults, where there are several or where they have a place. */
  errors?: Array<{
    /** Parameter or JSON pointer. */
    where: string;
    message: string;
  }>;
}

/** RFC 3339, UTC, with as many decimals as are known. */
export type Time = string;

/** How far ahead a prediction looks. */
export type Horizon = "1h" | "6h" | "1d" | "3d" | "7d" | "30d";

/** One figure for each horizon: 1h, 6h, 1d, 3d, 7d, 30d. */
export type PerHorizon = number[];

/** A typed scalar. Two values are the same when both fields are. */
export interface Value {
  /** `secret`: a keyed fingerprint made on the host. `digest`: content that is not understood or is too large. */
  type: "null" | "bool" | "integer" | "real" | "text" | "secret" | "digest";
  /** Canonical text. A secret is `h:` and its fingerprint; a digest `sha256:<hex>:<bytes>`. */
  text: string;
}

/** A scalar, or a Value to be exact about its type. A string is read as an unquoted configuration text would be: `true`, `false` and numbers get their type, the rest is text. */
export type InputValue = string | number | boolean | null | Value;

export interface KeyValue {
  /** Names joined with dots; items of a list are `list[label]`, members of a set `set[]`. */
  path: string;
  value: Value;
}

export interface InputKeyValue {
  path: string;
  value: InputValue;
}

/** A resource's name, whole and in parts. */
export interface ResourceId {
  /** stack/kind/name; the name may hold slashes. */
  id: string;
  stack: string;
  kind: string;
  name: string;
}

/** Unknown is never green: NOT_COMPARED is a status of its own. */
export type ResourceStatus = "NOT_COMPARED" | "IN_SYNC" | "DRIFTED" | "MISSING" | "UNMANAGED";

/** ADDED: observed and not expected. REMOVED: expected and not observed. */
export type KeyVerdict = "NOT_COMPARED" | "SAME" | "ADDED" | "REMOVED" | "CHANGED";

/** Where an expected value comes from. */
export type Origin = "none" | "declared" | "enrolled" | "accepted";

/** How the last comparison came about. */
export type Means = "none" | "snapshot" | "event" | "rescan" | "verify" | "import";

export interface Cause {
  kind: "unknown" | "package_run" | "person" | "tool" | "plan" | "declaration";
  /** Changes with the same kind and id have one cause; empty = alone. */
  id: string;
  /** Pseudonym or name; empty = not known. */
  actor: string;
  /** For people. */
  text: string;
  /** `racy`: seen at about the same time; may be somebody else. */
  confidence: "unknown" | "racy" | "exact";
  /** How it is known: `fanotify`, `audit log`, `tetragon`, `falco`, `package log`; empty = not said. */
  seen_by: string;
}

/** Number of resources by status. */
export interface StatusCounts {
  NOT_COMPARED: number;
  IN_SYNC: number;
  DRIFTED: number;
  MISSING: number;
  UNMANAGED: number;
}

export interface Session {
  /** Who you are, as the audit log will say it. */
  principal: string;
  /** viewer reads; operator also sets rules, accepts and snoozes; approver also decides plans; admin also manages tokens and agents. */
  role: "sender" | "viewer" | "operator" | "approver" | "admin";
  /** Globs over the stacks that may be seen and acted on; empty = all. */
  stacks: string[];
  /** null for API tokens, which need none. */
  csrf_token: string | null;
  /** null = does not expire. */
  expires_at: string | null;
  /** Version of the engine. */
  version: string;
  /** The engine's clock. */
  now: string;
}

export interface Overview {
  /** Time of the newest fact. */
  as_of: string;
  /** The engine's clock; far behind `as_of` or ahead of it means that nothing arrives. */
  now: string;
  version: string;
  stacks: number;
  resources: number;
  counts: StatusCounts;
  drifts_open: number;
  /** Drifts and alerts with proposed plans of which nobody has decided one: alternatives count once. */
  plans_waiting: number;
  /** Approved, sent, running or verifying. */
  plans_active: number;
  expected_changes: PerHorizon;
  /** The horizons of every prediction, shortest first. */
  horizons: Array<{
    name: Horizon;
    seconds: number;
  }>;
  /** P(drift) from which a prediction is an alert. */
  alert_threshold: number;
  alert_horizon: Horizon;
  /** Number of the newest live event: connect to /events with it to miss nothing. */
  event_number: number;
}

/** What the agent said about itself last. */
export interface AgentReport {
  version: string;
  /** Of one core, over the last minute. */
  cpu_percent: number;
  /** Resident. */
  memory_bytes: number;
  spool_bytes: number;
  /** Points dropped since the agent started. */
  metrics_shed: number;
  /** Since the agent started. */
  cpu_ms_by_collector: Record<string, number>;
}

export interface Stack {
  id: string;
  /** Empty = none given. */
  role: string;
  labels: Record<string, string>;
  /** Kinds that the host lets us change; empty = observe only. */
  allowed_kinds: string[];
  /** The one line that would allow changes on this host; null when everything is allowed. */
  allow_command: string | null;
  /** Empty = none yet. */
  agent: string;
  last_fact_at: string | null;
  /** live: a fact within 2 minutes; late: within 15; silent: longer ago. */
  liveness: "live" | "late" | "silent" | "never";
  agent_report: AgentReport | null;
  counts: StatusCounts;
  drifts_open: number;
  expected_changes: PerHorizon;
  /** Of its predictions and open drifts. */
  severity_max: number;
}

export interface ResourceRow {
  id: string;
  stack: string;
  kind: string;
  name: string;
  role: string;
  status: ResourceStatus;
  keys: number;
  keys_differing: number;
  /** Last change of an observed key. */
  changed_at: string | null;
  /** null = never. */
  compared_at: string | null;
  p_change: PerHorizon;
  /** Of its prediction. */
  severity: number;
}

export interface KeyForecast {
  /** That this key moves, given that the resource changes. */
  p: number;
  /** Likeliest new value; null = cannot be said. */
  value: string | null;
  /** Of that value, given that the key moves. */
  value_p: number;
  /** For people: "own history", "candidate version". */
  source: string;
}

export interface ShadowKey {
  path: string;
  expected: Value | null;
  observed: Value | null;
  /** The last value at which both were the same. */
  last_agreed: Value | null;
  origin: Origin;
  verdict: KeyVerdict;
  /** Id of the ignore rule, or `volatile`; empty = counts. */
  ignored_by: string;
  /** When NOT_COMPARED. */
  uncompared_reason: string;
  /** null = never. */
  compared_at: string | null;
  /** Of the observed value. */
  changed_at: string | null;
  /** Learned. */
  changes_per_day: number;
  forecast: KeyForecast | null;
}

export interface Dependency {
  /** `requires`, `owned_by`, `ordered_after`, `connects_to`, ... */
  kind: string;
  /** Id of the resource at the other end; an address of another host of the fleet is resolved to the socket that listens there. */
  to: string;
  /** Of that resource; null when it is not known. */
  status?: ResourceStatus | null;
}

export interface Dependent {
  /** Id of the resource; it may belong to another stack. */
  id: string;
  /** Edges between the two. */
  distance: number;
}

export interface HorizonRisk {
  horizon: Horizon;
  /** Calibrated; never falls with the horizon. */
  p_change: number;
  p_drift_given_change: number;
  /** The product: what alerts use. */
  p_drift: number;
}

export interface PredictedKey {
  path: string;
  /** Given that the resource changes. */
  p: number;
  value: string | null;
  value_p: number;
  source: string;
}

export interface Reason {
  /** Family of inputs: "own history", "rhythm", "similar stacks", "schedule". */
  group: string;
  /** For people, with the evidence. */
  text: string;
  /** Contribution on the logit scale. */
  weight: number;
}

export interface Prediction {
  resource: ResourceId;
  role?: string;
  status?: ResourceStatus;
  made_at: string;
  /** Shortest first. */
  horizons: HorizonRisk[];
  /** Likeliest first. */
  keys: PredictedKey[];
  /** Strongest first. */
  reasons: Reason[];
  /** A known schedule: a timer, an expiry. */
  due_at: string | null;
  severity: number;
  severity_reason: string;
  /** They add up to the severity, between 0 and 10. */
  severity_factors: Array<{
    /** sensitivity, direction, blast radius, exposure, threat. */
    name: string;
    value: number;
    /** For people. */
    text: string;
  }>;
  /** Version that made it. */
  model: string;
  /** No skill here: shown, never alerted. */
  abstains: boolean;
  /** P(drift) at the alert horizon has reached the threshold. */
  alert: boolean;
}

/** A resource's shadow: expected, observed and forecast, key by key. */
export interface Resource {
  id: string;
  stack: string;
  kind: string;
  name: string;
  role: string;
  status: ResourceStatus;
  exists: boolean;
  /** By path. */
  keys: ShadowKey[];
  /** Number of keys. */
  coverage: {
    compared: number;
    not_compared: number;
    ignored: number;
  };
  depends_on: Dependency[];
  /** What needs it, through any number of others and on other hosts too, nearest first. */
  dependents: Dependent[];
  /** All of them; at most 1000 are counted. */
  dependents_total: number;
  /** What is known about it and is not its configuration: candidate version, owner, next run. */
  context: KeyValue[];
  means: Means;
  /** null = never. */
  compared_at: string | null;
  first_seen_at: string | null;
  changed_at: string | null;
  /** Of the open drift; empty = none. */
  drift_id: string;
  /** The host lets us change resources of this kind. */
  allowed: boolean;
  /** The one line that would; null when allowed. */
  allow_command: string | null;
  /** Open on its package, worst first; at most 200. */
  exposures: Exposure[];
  /** All of them. */
  exposures_total: number;
  /** Indicators of threat feeds that were met on it, worst first. */
  indicators: MetIndicator[];
  prediction: Prediction | null;
}

export interface HistoryEntry {
  /** When it happened, as well as the source knows. */
  at: string;
  op: "create" | "delete" | "add" | "change" | "remove" | "initial";
  /** Empty for create and delete. */
  path: string;
  /** Canonical text. */
  old_value: string;
  new_value: string;
  actor: string;
  bot: boolean;
  /** Entries with the same id happened together; `0` = alone. */
  change_id: string;
  /** Part of a restructuring. */
  mass: boolean;
  cause: Cause;
  /** It was not declared, approved or accepted. */
  drift: boolean;
}

/** The observed configuration as it was. */
export interface State {
  id: string;
  at: string;
  keys: KeyValue[];
}

export interface Drift {
  id: string;
  resource: ResourceId;
  status: ResourceStatus;
  cause: Cause;
  opened_at: string;
  /** null = open. */
  closed_at: string | null;
  /** Those that differ; `forecast` is null here. */
  keys: ShadowKey[];
  severity: number;
  severity_reason: string;
}

/** Open drifts that have one cause. Drifts without a known cause are grouped by stack. */
export interface DriftGroup {
  cause: Cause;
  drifts: number;
  /** Differing keys, in all. */
  keys: number;
  /** At most 20. */
  stacks: string[];
  stacks_total: number;
  severity_max: number;
  opened_first: string;
  opened_last: string;
  /** The most severe ones, at most 5. */
  sample: Drift[];
}

export interface TrackHorizon {
  horizon: Horizon;
  /** Changed within the horizon. */
  hits: number;
  misses: number;
  /** Cannot be said. */
  voided: number;
  /** A plan acted on it: left out. */
  treated: number;
  /** Mean over hits and misses, in nats; null when there are none. */
  log_loss: number | null;
  /** Mean, of the constant that fits best afterwards. */
  log_loss_reference: number | null;
  alerts: number;
  alert_hits: number;
  /** alert_hits / alerts. */
  precision: number | null;
  /** alert_hits / hits. */
  recall: number | null;
  /** Mean over alerts that were hits. */
  lead_time_s: number | null;
  /** Of predicted probability, [0, 0.1) to [0.9, 1]. */
  bins: Array<{
    from: number;
    to: number;
    count: number;
    hits: number;
    /** Mean prediction; null when empty. */
    p_mean: number | null;
    /** What really happened; null when empty. */
    hit_rate: number | null;
  }>;
  /** What each alert threshold would have done on the last 30 days, by the forecasts whose horizon passed then. */
  recent: {
    /** Days that have any. */
    days: number;
    /** Thresholds 0, 0.05, ... 0.95. */
    steps: Array<{
      from: number;
      /** Forecasts that reach it. */
      alerts: number;
      /** Of those, how many came true. */
      hits: number;
      /** Changes whose forecast did not reach it. */
      missed: number;
      /** Mean, of the hits. */
      lead_time_s: number | null;
    }>;
  };
}

export interface TrackRecord {
  model: string;
  /** Predictions whose horizon has not passed. */
  open: number;
  alert_threshold: number;
  alert_horizon: Horizon;
  horizons: TrackHorizon[];
}

export type Strategy = "do_nothing" | "prevent" | "adopt_early" | "guard" | "relieve_cause" | "isolate" | "revert" | "accept" | "accept_until" | "schedule";

export type PlanState = "proposed" | "approved" | "sent" | "running" | "verifying" | "succeeded" | "rolled_back" | "failed" | "unclear" | "rejected" | "overridden" | "expired";

export interface PlanStep {
  kind: "accept_observed" | "set_key" | "remove_key" | "restore_content" | "restore_metadata" | "install_package" | "hold_package" | "unhold_package" | "set_sysctl" | "remove_resource" | "reload_unit" | "restart_unit" | "arm_guard" | "start_unit" | "stop_unit" | "enable_unit" | "disable_unit" | "mask_unit" | "unmask_unit" | "run_command" | "clean_package_cache" | "check_unit" | "check_port" | "check_command" | "check_space" | "write_file" | "check_certificate" | "check_metric";
  resource: ResourceId;
  parameters: Record<string, string>;
  reversible: boolean;
  timeout_s: number;
}

export interface Quantiles {
  p50: number;
  p90: number;
}

export interface Estimate {
  downtime_s: Quantiles;
  duration_s: Quantiles;
  effort_minutes: number;
  /** Downtime x rate + effort + resources, in `currency`. */
  cost: number;
  /** ISO 4217. */
  currency: string;
  p_success: number;
  /** Each figure's origin, for people. */
  inputs: string[];
}

export interface Plan {
  id: string;
  strategy: Strategy;
  stack: string;
  title: string;
  /** When this strategy applies, here. */
  why: string;
  resources: ResourceId[];
  /** Id of the drift, or `prediction:` and a resource id. */
  trigger: string;
  /** In order; empty = nothing changes on the host. */
  steps: PlanStep[];
  /** The state that it was made for, checked again before the first step. */
  base: Array<{
    resource: ResourceId;
    observed: KeyValue[];
  }>;
  estimate: Estimate;
  security: {
    /** Expected exploit-days. */
    exposure_before: number;
    exposure_after: number;
    text: string;
  };
  blast: {
    direct: number;
    transitive: number;
    /** Of `transitive`, on other hosts. */
    elsewhere: number;
    /** "kind/name" of those on the same host. */
    top: string[];
    /** Names of those hosts. */
    stacks: string[];
  };
  /** false: a person must approve it each time. */
  reversible: boolean;
  /** Rank by the site's weights; more is better. */
  score: number;
  rank_reason: string;
  made_at: string;
  expires_at: string | null;
  /** null = at once. */
  not_before: string | null;
  /** SHA-256 of what is to be done, hex. An approval must name it. */
  hash: string;
  state: PlanState;
  /** The state will not change any more. */
  final: boolean;
  decided_by: string;
  decision_reason: string;
  /** Once it has ended. */
  outcome: string;
  downtime_measured_s: number;
  /** Index of the step under way; -1 = none yet. */
  step_now: number;
  /** In the order in which they were given. */
  approvals: Approval[];
  /** When there were enough approvals. */
  approved_at: string | null;
  started_at: string | null;
  ended_at: string | null;
  /** Who wrote or edited it; empty: proposed by the engine. */
  author: string;
  /** Id of the applied plan that it takes back; empty: none. */
  undo_of: string;
  /** What the policy said when it was decided or begun. */
  policy_reasons: string[];
  /** What the policy says now; null once it has ended. */
  policy: PolicyVerdict | null;
  /** Kinds that the host must allow for its steps. */
  needs: string[];
  /** The host allows all of them. */
  allowed: boolean;
  /** The one line that would; null when allowed. */
  allow_command: string | null;
}

/** override: a person does it by hand, and the reason says what. cancel takes back an approval that has not started. */
export type Verdict = "approve" | "reject" | "override" | "snooze" | "cancel";

export interface PlanDecision {
  /** `undo` takes back an applied plan by a plan of its own (the answer); `done` says that a person did it, and the engine looks; `override` also takes over while it runs. */
  verdict: "approve" | "reject" | "override" | "cancel" | "undo" | "done";
  /** The hash that you saw. A plan that has changed since is refused with 409. */
  plan_hash: string;
  /** Required for override and reject. */
  reason?: string;
  /** Schedule it; null or left out = now. */
  not_before?: string | null;
  /** For override: quiet until then; null = for good. */
  until?: string | null;
  proof?: ApprovalProof;
}

export interface ResourceDecision {
  /** Resource id. */
  resource: string;
  verdict: "snooze" | "override";
  reason: string;
  /** null = for good (override only). */
  until?: string | null;
}

/** What a resource should be. */
export interface Expectation {
  /** Resource id. Either this or role, kind and name. */
  resource?: string;
  /** For every stack of a role. */
  role?: string;
  /** With `role`. */
  kind?: string;
  /** With `role`. */
  name?: string;
  keys?: InputKeyValue[];
  /** Paths that are no longer expected. */
  unset?: string[];
  /** Nothing else may be there: an extra key is drift. */
  complete?: boolean;
  /** The resource itself should not exist. */
  absent?: boolean;
}

export interface Rule {
  id: string;
  /** Over stack/kind/name; `*` crosses slashes. */
  resource_glob: string;
  /** Over the path; `*` = every key. */
  key_glob: string;
  owner: string;
  reason: string;
  /** null = never. */
  expires_at: string | null;
  /** Still shown as a difference, but raises no alert and no status. */
  alarm_only: boolean;
}

export interface RuleInput {
  /** Left out: a new one is made. */
  id?: string;
  resource_glob: string;
  key_glob: string;
  reason: string;
  expires_at?: string | null;
  /** Default true. */
  alarm_only?: boolean;
}

export interface RulePreview {
  /** Open drifts that it would quiet, wholly. */
  drifts_open: number;
  /** Differing keys of open drifts that it matches. */
  keys_open: number;
  /** Closed drifts that it would have quieted. */
  drifts_past: number;
  /** "resource id: key", at most 20. */
  sample: string[];
}

export interface Activity {
  /** `package_run`, `login`, `sudo`, `deployment`, `incident`. */
  kind: string;
  id: string;
  actor: string;
  text: string;
  started_at: string;
  ended_at: string;
  /** `kind/name` of what it says it touched. */
  resources: string[];
  details: Record<string, string>;
}

export interface Agent {
  id: string;
  stack: string;
  role: string;
  state: "live" | "late" | "silent" | "never" | "revoked";
  last_fact_at: string | null;
  enrolled_at?: string | null;
  certificate_expires_at?: string | null;
  allowed_kinds: string[];
  allow_command?: string | null;
  labels: Record<string, string>;
  report: AgentReport | null;
}

export interface JoinToken {
  id: string;
  role?: string;
  note?: string;
  created_at: string;
  expires_at: string;
  created_by?: string;
  used_at?: string | null;
  /** The agent; empty = not used. */
  used_by?: string;
}

export interface Token {
  id: string;
  name: string;
  role: "sender" | "viewer" | "operator" | "approver" | "admin";
  /** Globs over the stacks that may be seen and acted on; empty = all. */
  stacks?: string[];
  created_at: string;
  expires_at: string | null;
  last_used_at?: string | null;
  created_by?: string;
}

export interface AuditEntry {
  /** From 1, without gaps. */
  number: number;
  at: string;
  by: string;
  /** `plan.approve`, `rule.set`, `agent.enrolled`, ... */
  action: string;
  subject: string;
  /** For people; before and after. */
  detail: string;
  /** Hex; 64 zeros for the first. */
  previous_hash: string;
  /** SHA-256 of the entry and the hash before it, hex. */
  hash: string;
}

export interface Series {
  stack: string;
  resource_kind: string;
  resource_name: string;
  /** OpenTelemetry name. */
  metric: string;
  last_at: string;
  last_value: number;
}

/** Two columns of the same length, oldest first. */
export interface Points {
  at: string[];
  value: Array<number | null>;
}

export interface SearchHit {
  type: "stack" | "role" | "resource" | "drift" | "plan";
  id: string;
  title: string;
  /** Where and how it matched. */
  detail: string;
  /** Of a resource or plan; else empty. */
  status: string;
  severity: number;
}

export interface Event {
  /** Rises by one with every event, over restarts too. */
  number: number;
  at: string;
  stack: string;
  /** Resource id, drift id, plan id, audit number. */
  id: string;
  /** For people. */
  text: string;
}

export interface StackPage {
  rows: Stack[];
  /** Matching rows, on this page or not. */
  total: number;
  offset: number;
  limit: number;
  /** Time of the newest fact. */
  as_of: string;
}

export interface ResourceRowPage {
  rows: ResourceRow[];
  /** Matching rows, on this page or not. */
  total: number;
  offset: number;
  limit: number;
  /** Time of the newest fact. */
  as_of: string;
}

export interface DriftPage {
  rows: Drift[];
  /** Matching rows, on this page or not. */
  total: number;
  offset: number;
  limit: number;
  /** Time of the newest fact. */
  as_of: string;
}

export interface PredictionPage {
  rows: Prediction[];
  /** Matching rows, on this page or not. */
  total: number;
  offset: number;
  limit: number;
  /** Time of the newest fact. */
  as_of: string;
}

export interface PlanPage {
  rows: Plan[];
  /** Matching rows, on this page or not. */
  total: number;
  offset: number;
  limit: number;
  /** Time of the newest fact. */
  as_of: string;
  /** Strategies that are not among the plans, and why; filled when the list is about one resource. */
  left_out: LeftOut[];
}

export interface HistoryEntryList {
  rows: HistoryEntry[];
}

export interface DriftGroupList {
  rows: DriftGroup[];
}

export interface RuleList {
  rows: Rule[];
}

export interface ActivityList {
  rows: Activity[];
}

export interface AgentList {
  rows: Agent[];
}

export interface JoinTokenList {
  rows: JoinToken[];
}

export interface TokenList {
  rows: Token[];
}

export interface AuditEntryList {
  rows: AuditEntry[];
  /** Ask with `before` = this for older entries; null at the first. */
  next_before: number | null;
}

export interface SeriesList {
  rows: Series[];
}

export interface SearchHitList {
  rows: SearchHit[];
}

export interface JoinTokenMade {
  join_token: JoinToken;
  /** Shown this once. */
  token: string;
  /** What to run on the host. */
  command: string;
}

export interface TokenMade {
  api_token: Token;
  /** Shown this once. */
  token: string;
}

export interface User {
  name: string;
  role: "viewer" | "operator" | "approver" | "admin";
  /** Globs over the stacks that may be seen and acted on; empty = all. */
  stacks: string[];
  created_at: string;
  created_by: string;
}

export interface UserList {
  rows: User[];
}

export interface Peers {
  role: string;
  /** Other stacks of the role that have this resource. */
  peers: number;
  /** Of those, where it changed in the last seven days. */
  changed_7d: number;
  rows: Array<{
    id: string;
    stack: string;
    status: ResourceStatus;
    changed_at: string;
    /** Those that moved last. */
    keys: Array<{
      path: string;
      value: Value | null;
      changed_at: string;
    }>;
  }>;
}

export interface RuleProposal {
  resource_glob: string;
  key_glob: string;
  /** The evidence, in words. */
  reason: string;
  /** In which the key was one that differed. */
  drifts: number;
  drifts_open: number;
  /** Drifts of nothing else: they would not have been seen at all. */
  hidden: number;
  stacks: string[];
  stacks_total: number;
  severity_max: number;
  first_at: string;
  last_at: string;
  sample: string[];
}

export interface RuleProposalList {
  rows: RuleProposal[];
}

/** One series on one time axis. */
export interface SeriesOutlook {
  /** At most `rows` of the points, of each stretch the one farthest from what was expected; null while too little was known. */
  points: {
    at: string[];
    value: Array<number | null>;
    low: Array<number | null>;
    high: Array<number | null>;
  };
  unusual: Array<{
    at: string;
    /** anomaly, level_change or limit_crossing */
    kind: string;
    text: string;
  }>;
  /** Means of slots (hours, mostly) with their 95 % interval. */
  forecast: {
    at: string[];
    mean: Array<number | null>;
    low: Array<number | null>;
    high: Array<number | null>;
  };
  limit: number | null;
  /** Where the limit comes from; empty without one. */
  limit_source: string;
  /** That the limit is reached within the horizon. */
  p_crossing: number;
  /** null = open. */
  crossing_likely_at: string | null;
  /** null = open. */
  crossing_possible_at: string | null;
}

export interface CrossingList {
  rows: Crossing[];
}

/** A bounded series that may run into its limit, with what can be done about it. */
export interface Crossing {
  series: Series;
  limit: number | null;
  limit_source: string;
  probability: number;
  /** That the limit is reached within each horizon. */
  horizons: Array<{
    horizon: string;
    p: number;
  }>;
  /** Id of the resource whose plans answer it: the one whose configuration sets the limit, else the series' own. */
  answered_at: string;
  /** null = open. */
  likely_at: string | null;
  /** null = open. */
  possible_at: string | null;
  /** Advice for people. Plans that can be approved or scheduled are those of `answered_at`. */
  plans: Relief[];
}

export interface Relief {
  strategy: "relieve_cause";
  title: string;
  how: string;
  effort_minutes: number;
  reversible: boolean;
}

export interface Approval {
  by: string;
  at: string;
  reason: string;
  /** With the approver's own key. */
  signed: boolean;
}

export interface PolicyVerdict {
  action: "forbid" | "needs_approval" | "wait" | "run";
  /** Nobody has to approve. */
  unattended: boolean;
  approvals_missing: number;
  /** Who may approve; `*` is anybody who can sign in. */
  who: string[];
  not_before: string | null;
  not_after: string | null;
  /** Each with the rule's name. */
  reasons: string[];
}

export interface LeftOut {
  strategy: Strategy;
  reason: string;
  /** It would work, and another plan is at least as good in every respect. */
  dominated: boolean;
}

export interface Pause {
  id: string;
  /** Over stack/kind/name; `*` crosses slashes. */
  resource_glob: string;
  by: string;
  reason: string;
  until: string;
}

export interface PauseList {
  rows: Pause[];
}

export interface PauseInput {
  resource_glob: string;
  reason: string;
  until: string;
}

export interface Policy {
  /** TOML; empty: no policy. */
  text: string;
  /** SHA-256 of the text, hex; null: none was ever set. */
  digest: string | null;
  by: string | null;
  at: string | null;
  reason: string | null;
  /** The next ones of each role that has stacks, freezes taken out. */
  windows: Array<{
    role: string;
    from: string;
    to: string;
  }>;
}

export interface PolicyInput {
  text: string;
  reason?: string;
}

export interface PlanInput {
  stack: string;
  title: string;
  why?: string;
  /** Id of the drift or prediction that it answers; left out: that of the first step's resource. */
  trigger?: string;
  strategy?: Strategy;
  steps: StepInput[];
  reason?: string;
}

export interface StepInput {
  kind: string;
  /** stack/kind/name */
  resource: string;
  parameters?: Record<string, string>;
  timeout_s?: number;
}

export interface Model {
  version: string;
  /** Now. */
  serves: boolean;
  /** Since when; null for the model of the program when it serves from the start. */
  at: string | null;
  by: string;
  /** How it was judged, or why somebody chose it. */
  reason: string;
  /** It has learnt from what happened until then; null = on other sites. */
  learnt_until: string | null;
  /** SHA-256 of its bytes; empty for the model of the program. */
  digest: string;
}

export interface Models {
  rows: Model[];
  refit: RefitState;
  /** Since when what happens surprises the model that serves more than it used to; null = it does not. */
  drifted_at: string | null;
}

export interface RefitState {
  running: boolean;
  /** Of the refit that runs, 0 to 1. */
  done: number;
  /** null = there was none. */
  last_at: string | null;
  /** What came of it. */
  last: string;
  /** When the next one begins by itself. */
  next_at: string | null;
}

export interface RefitInput {
  reason?: string;
}

export interface ModelUseInput {
  version: string;
  reason: string;
}

/** A source of outside knowledge. */
export interface Feed {
  /** Its name at this site. */
  feed: string;
  /** osv, debian-tracker, kev, epss, nvd, ... */
  format: string;
  /** Address or file. */
  source: string;
  /** SHA-256 of the content in use, hex; empty = none was read yet. */
  digest: string;
  /** That could be used. */
  records: number;
  /** Of its newest record, as the feed says. */
  newest_at: string | null;
  /** When the content was read, or last found unchanged. */
  fetched_at: string | null;
  /** When it was last tried. */
  attempted_at: string | null;
  /** Why the last attempt failed; the content from before stays in use. Empty = it did not. */
  error: string;
  /** Records that could not be used. */
  warnings: number;
  /** The first of them, with their places. */
  warning_samples: string[];
  /** Age of the content, in seconds, from which it is stale. */
  stale_after_s: number;
  /** Older than it should be, or never read. */
  stale: boolean;
}

export interface FeedList {
  rows: Feed[];
}

export interface FeedInput {
  /** a-z, 0-9, '-', '_' and '.'; at most 64. */
  feed: string;
  /** As in Feed. */
  format?: string;
  /** Of the content that was uploaded before; empty = the content stays. */
  digest?: string;
  /** Address or file. */
  source?: string;
  /** Default: now. */
  fetched_at?: string | null;
  /** Of its newest record. */
  newest_at?: string | null;
  /** In the content. */
  records?: number;
  /** Records that could not be used. */
  warnings?: number;
  warning_samples?: string[];
  /** Why an attempt failed. */
  error?: string;
}

export interface FeedPiece {
  /** SHA-256 of the whole, hex. */
  digest: string;
  /** Of the piece in the whole, in bytes. 0 begins again. */
  offset: number;
  /** The piece, base64; at most 1 MiB of text. */
  data: string;
}

export interface FeedReceived {
  /** Of the whole. */
  digest: string;
  /** Bytes that are there now. */
  received: number;
}

/** A vulnerability that is open on a package. KEV, EPSS and CVSS say different things and stay apart. */
export interface Exposure {
  /** CVE, or the advisory's id where it has none. */
  id: string;
  /** That say so. */
  advisories: string[];
  /** As OSV names it: "Debian:12". */
  ecosystem: string;
  /** Source package. */
  package: string;
  /** That is installed. */
  version: string;
  /** First version without it, of this release; empty = no fix is known. */
  fixed: string;
  /** When the fix came out. */
  fixed_since: string | null;
  /** One line. */
  summary: string;
  /** As the distribution words it. */
  urgency: string;
  /** P(exploited within 30 days). */
  epss: number | null;
  /** Share of all CVEs that are less likely. */
  epss_percentile: number | null;
  /** Base score. */
  cvss: number | null;
  /** CVSS says that it is attacked over a network. */
  network: boolean;
  /** In CISA's catalogue of those used in attacks. */
  exploited: boolean;
  /** When it came into it. */
  exploited_since: string | null;
  /** Until when the catalogue wants it fixed. */
  due: string | null;
  /** Known from ransomware campaigns. */
  ransomware: boolean;
  /** What it adds to a severity. */
  weight: number;
  /** Stacks of the same role that have the package; 0 in lists. */
  similar: number;
  /** Those of them that have the fix. */
  similar_fixed: number;
}

export interface ExposureRow {
  /** CVE, or the advisory's id where it has none. */
  id: string;
  /** That say so. */
  advisories: string[];
  /** As OSV names it: "Debian:12". */
  ecosystem: string;
  /** Source package. */
  package: string;
  /** That is installed. */
  version: string;
  /** First version without it, of this release; empty = no fix is known. */
  fixed: string;
  /** When the fix came out. */
  fixed_since: string | null;
  /** One line. */
  summary: string;
  /** As the distribution words it. */
  urgency: string;
  /** P(exploited within 30 days). */
  epss: number | null;
  /** Share of all CVEs that are less likely. */
  epss_percentile: number | null;
  /** Base score. */
  cvss: number | null;
  /** CVSS says that it is attacked over a network. */
  network: boolean;
  /** In CISA's catalogue of those used in attacks. */
  exploited: boolean;
  /** When it came into it. */
  exploited_since: string | null;
  /** Until when the catalogue wants it fixed. */
  due: string | null;
  /** Known from ransomware campaigns. */
  ransomware: boolean;
  /** What it adds to a severity. */
  weight: number;
  /** Stacks of the same role that have the package; 0 in lists. */
  similar: number;
  /** Those of them that have the fix. */
  similar_fixed: number;
  /** That have it. */
  stacks: number;
  /** That have it. */
  resources: number;
  /** Ids of the first 20 resources. */
  some: string[];
}

export interface ExposurePage {
  rows: ExposureRow[];
  /** Matching rows, on this page or not. */
  total: number;
  offset: number;
  limit: number;
  /** Time of the newest fact. */
  as_of: string;
}

/** An indicator of a threat feed that was met on a resource. */
export interface MetIndicator {
  resource: ResourceId;
  /** address, file hash, user or port. */
  type: string;
  /** What the host shows. */
  met: string;
  /** What it fits. */
  indicator: string;
  /** That has it. */
  feed: string;
  /** All of it, for people. */
  text: string;
  /** As its source says. */
  confidence: number | null;
  /** A list that says it is met everywhere; empty = none does. */
  benign: string;
  /** What it adds to a severity. */
  weight: number;
}

export interface MetIndicatorPage {
  rows: MetIndicator[];
  /** Matching rows, on this page or not. */
  total: number;
  offset: number;
  limit: number;
  /** Time of the newest fact. */
  as_of: string;
}

export interface FeedUpdate {
  /** One of the configured ones; left out = all. */
  feed?: string;
}

export interface ActivityInput {
  /** Which stack it is about; or */
  stack?: string;
  /** all stacks of this role. */
  role?: string;
  kind: "deployment" | "incident" | "maintenance";
  /** Unique within stack and kind; the same one again replaces it. */
  id: string;
  /** For people. */
  text: string;
  /** Who; default: who asks. */
  actor?: string;
  /** Default: now. */
  started_at?: string;
  /** Default: when it started. */
  ended_at?: string;
  /** kind/name of what it touched. */
  resources?: string[];
}

export interface ActivityTaken {
  /** On whose timeline it is now. */
  stacks: number;
}

/** What Alertmanager sends beside `alerts`, now or in a later version, is passed over. */
export interface AlertmanagerHook {
  /** As Alertmanager's webhook (version 4) sends them. */
  alerts: Array<{
    status?: string;
    fingerprint?: string;
    startsAt?: string;
    endsAt?: string;
  }>;
}

export interface AlertsTaken {
  /** Alerts that are on a stack's timeline now. */
  taken: number;
  /** Alerts whose labels (stack, host, nodename, instance) name none that is known. */
  of_no_stack: number;
}

export interface ApproverKey {
  /** The credential's id as the browser names it, base64url. */
  id: string;
  /** For people. */
  title: string;
  /** The host name under which the page was open when the key was made; it approves there only. */
  site: string;
  made_at: string;
  /** For the allow-list of hosts that are to carry out only what this key has approved. */
  allow_line: string;
}

export interface ApproverKeyNew {
  /** The credential's id, base64url. */
  id: string;
  title: string;
  site: string;
  /** SubjectPublicKeyInfo, base64url: P-256, Ed25519 or RSA of 2048 bits or more. */
  public_key: string;
}

export interface ApprovalChallenge {
  /** Whether the plan's host carries out only what is approved with a key. */
  required: boolean;
  /** 32 bytes, base64url: what the key has to sign. It says the plan, without its times, and `valid_until`. */
  challenge: string;
  /** The host begins the plan no later. To be sent back with the proof. */
  valid_until: string;
  /** Your own. */
  keys: Array<{
    id: string;
    site: string;
  }>;
}

/** An assertion of Web Authentication over the challenge; each part in base64url. Needed where the host wants it. */
export type ApprovalProof = {
  /** The credential's id. */
  key: string;
  authenticator_data: string;
  /** clientDataJSON. */
  client_data: string;
  signature: string;
  /** As it came with the challenge. */
  valid_until: string;
} | null;

export interface ApproverKeyList {
  rows: ApproverKey[];
}
