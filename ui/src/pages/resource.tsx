// One resource: expected, observed and forecast side by side, and everything that explains them.
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { may, post } from "../api/client";
import { useQuery } from "../api/query";
import type { Activity, ActivityList, Drift, HistoryEntry, HistoryEntryList, PlanPage, Resource, ResourceRowPage, SeriesList, State } from "../api/types";
import { chance, plural, shortValue, splitName, words } from "../lib/format";
import { href, setParams, useRoute } from "../lib/router";
import { ActionDialog } from "../parts/action";
import { CauseText } from "../parts/cause";
import { RiskTable } from "../parts/curve";
import { ExposureList } from "../parts/exposure";
import { DependencyGraph, hasNeighbours } from "../parts/graph";
import { Icon } from "../parts/icons";
import { KeyTable } from "../parts/keys";
import { Limits } from "../parts/limits";
import { AllowLine, strategy_words } from "../parts/plan";
import { Reasons } from "../parts/reasons";
import { RuleDialog } from "../parts/rule";
import { Answered, Empty, Time } from "../parts/states";
import { Glyph, PlanBadge, Severity, Status, statusLook, statusMeaning, statusWord } from "../parts/status";
import { SeriesList as SeriesCharts } from "../parts/series";
import { Timeline } from "../parts/timeline";

export function ResourcePage(): JSX.Element {
  const id = useRoute().query.get("id") ?? "";
  const concerns = (event: { id: string; stack: string }) => event.id === id || (!event.id.includes("/") && id.startsWith(`${event.stack}/`));
  const resource = useQuery<Resource>("/resource", { id }, { live: ["resource", "drift", "prediction", "plan", "stack"], concerns });
  const history = useQuery<HistoryEntryList>("/resource/history", { id, limit: 500 }, { live: ["resource"], concerns });
  return (
    <div class="page resource">
      {!resource.data && <h1 class="sr">Resource</h1>}
      <Answered answer={resource} lines={10}>
        {(data) => <Body key={data.id} resource={data} history={history.data?.rows ?? []} />}
      </Answered>
    </div>
  );
}

/** What names no resource (a login, a deployment, an incident) concerns the whole host. */
const concerns = (activity: Activity, resource: Resource): boolean =>
  activity.resources.length === 0 || activity.resources.includes(`${resource.kind}/${resource.name}`);

function Body({ resource, history }: { resource: Resource; history: HistoryEntry[] }): JSX.Element {
  const at = useRoute().query.get("at");
  const activities = useQuery<ActivityList>("/activities", { stack: resource.stack, limit: 200 }, { live: ["stack"], concerns: (event) => event.stack === resource.stack });
  const touching = activities.data?.rows.filter((activity) => concerns(activity, resource)) ?? [];
  return (
    <>
      <Head resource={resource} />
      {at && <Then id={resource.id} at={at} resource={resource} />}
      <section class="card" aria-labelledby="k-title">
        <header class="card-head">
          <h2 id="k-title">Expected, observed, forecast</h2>
          <Coverage resource={resource} />
        </header>
        {resource.keys.length > 0 ? <KeyTable keys={resource.keys} />
          : <Empty icon="resources" title="No keys">{resource.exists ? "It is there, and has no configuration that is read." : "It is not there."}</Empty>}
      </section>
      <section class="card" aria-labelledby="t-title">
        <header class="card-head"><h2 id="t-title">Past and ahead</h2><span class="quiet">{plural(history.filter((entry) => entry.op !== "initial").length, "change")} known</span></header>
        <Timeline history={history} activities={touching} prediction={resource.prediction} since={resource.first_seen_at} />
        <HistoryList history={history} />
      </section>
      <div class="columns">
        <div class="stacked">
          <Outlook resource={resource} />
          <Threats resource={resource} />
          <Exposed resource={resource} />
          <Similar resource={resource} />
        </div>
        <div class="stacked">
          <PlansOf resource={resource} />
          <Around resource={resource} />
        </div>
      </div>
      <Limits stack={resource.stack} of={resource.id} />
      <Metrics resource={resource} history={history} />
    </>
  );
}

function Head({ resource }: { resource: Resource }): JSX.Element {
  const [action, setAction] = useState<"accept" | "snooze" | "ignore" | null>(null);
  const { folder, leaf } = splitName(resource.name);
  const drift = useQuery<Drift>(`/drifts/${encodeURIComponent(resource.drift_id)}`, {}, { skip: !resource.drift_id, live: ["drift"], concerns: (event) => event.id === resource.drift_id });
  return (
    <header class="page-head">
      <p class="crumbs"><a href={href("/")}>Fleet</a> / <a href={href("/stack", { id: resource.stack })}>{resource.stack}</a> / <a href={href("/resources", { stack: resource.stack, kind: resource.kind })}>{resource.kind}</a></p>
      <h1 class="name"><span class="folder">{folder}</span>{leaf}</h1>
      <div class="verdict-line">
        <span class={`verdict look-${statusLook(resource.status)}`}><Glyph look={statusLook(resource.status)} size={18} /><b>{statusWord(resource.status)}</b></span>
        <span class="quiet">{statusMeaning(resource.status)}</span>
        {resource.drift_id && drift.data && (
          <>
            <span>since <Time at={drift.data.opened_at} />, <CauseText cause={drift.data.cause} /></span>
            <Severity value={drift.data.severity} reason={drift.data.severity_reason} />
          </>
        )}
      </div>
      {drift.data && resource.drift_id && drift.data.severity_reason && <p class="quiet why">{drift.data.severity_reason}</p>}
      <div class="actions">
        {resource.drift_id && <a class="button primary" href={href("/compare", { trigger: resource.drift_id })}><Icon name="plans" size={18} /> Compare plans</a>}
        {["DRIFTED", "UNMANAGED", "MISSING"].includes(resource.status) && (
          <button class="button" disabled={!may("operator")} title={may("operator") ? undefined : "Needs the role operator"} onClick={() => setAction("accept")}>Expect what is observed</button>
        )}
        <button class="button" disabled={!may("operator")} title={may("operator") ? undefined : "Needs the role operator"} onClick={() => setAction("snooze")}>Snooze</button>
        {resource.drift_id && <button class="button" disabled={!may("operator")} title={may("operator") ? undefined : "Needs the role operator"} onClick={() => setAction("ignore")}>Ignore by a rule</button>}
      </div>
      {resource.allow_command && resource.drift_id && <AllowLine command={resource.allow_command} stack={resource.stack} />}
      {action === "accept" && (
        <ActionDialog title="Expect what is observed" verb="Accept" onClose={() => setAction(null)} reason="required"
          act={({ reason }) => post("/resource/accept", { resource: resource.id, reason })}>
          <p>What is there now becomes what should be there. Nothing changes on the host; the audit log keeps your reason.</p>
        </ActionDialog>
      )}
      {action === "ignore" && (
        <RuleDialog resources={`*/${resource.kind}/${resource.name}`} keys={onlyDiffering(resource) ?? "*"} onClose={() => setAction(null)} onDone={() => undefined} />
      )}
      {action === "snooze" && (
        <ActionDialog title="Snooze" verb="Snooze" onClose={() => setAction(null)} reason="required" until="required"
          act={({ reason, until }) => post("/decisions", { resource: resource.id, verdict: "snooze", reason, until })}>
          <p>No alert about this resource until then. It stays visible with its status.</p>
        </ActionDialog>
      )}
    </header>
  );
}

/** The path of the one key that differs, for a rule that hides no more than it must. */
function onlyDiffering(resource: Resource): string | null {
  const differing = resource.keys.filter((key) => !["SAME", "NOT_COMPARED"].includes(key.verdict));
  return differing.length === 1 ? differing[0].path : null;
}

function Coverage({ resource }: { resource: Resource }): JSX.Element {
  const { compared, not_compared, ignored } = resource.coverage;
  return (
    <p class="coverage quiet">
      {plural(compared, "key")} compared <Time at={resource.compared_at} />{resource.means !== "none" && <> by {resource.means}</>}
      {not_compared > 0 && <b class="em-unknown"> · {not_compared} not compared</b>}
      {ignored > 0 && <> · {ignored} ignored</>}
    </p>
  );
}

function Then({ id, at, resource }: { id: string; at: string; resource: Resource }): JSX.Element {
  const state = useQuery<State>("/resource/state", { id, at });
  const now = new Map(resource.keys.map((key) => [key.path, key.observed?.text]));
  return (
    <section class="card then" aria-labelledby="then-title">
      <header class="card-head">
        <h2 id="then-title">As it was, <Time at={at} both /></h2>
        <button class="button small" onClick={() => setParams({ at: null })}>Back to now</button>
      </header>
      <Answered answer={state} lines={4}>
        {(data) => {
          const moved = data.keys.filter((key) => now.get(key.path) !== key.value.text);
          const then = new Set(data.keys.map((key) => key.path));
          const since_added = resource.keys.filter((key) => key.observed && !then.has(key.path));
          return (
            <>
              <p class="quiet">{plural(data.keys.length, "key")} then; {moved.length + since_added.length === 0 ? "nothing is different now." : `${moved.length + since_added.length} different now:`}</p>
              <div class="diffs">
                {moved.map((key) => (
                  <div class="diff" key={key.path}><span class="diff-path">{key.path}</span>
                    <span class="minus"><span class="sign">− </span><span class="sr">then: </span>{shortValue(key.value.text) || "(empty)"}</span>
                    <span class="plus"><span class="sign">+ </span><span class="sr">now: </span>{now.get(key.path) !== undefined ? shortValue(now.get(key.path) as string) || "(empty)" : "(gone)"}</span></div>
                ))}
                {since_added.map((key) => (
                  <div class="diff" key={key.path}><span class="diff-path">{key.path}</span>
                    <span class="plus"><span class="sign">+ </span><span class="sr">now: </span>{shortValue(key.observed?.text ?? "")}</span></div>
                ))}
              </div>
            </>
          );
        }}
      </Answered>
    </section>
  );
}

const op_words: Record<HistoryEntry["op"], string> = { create: "appeared", delete: "vanished", add: "added", change: "", remove: "removed", initial: "first seen" };

function HistoryList({ history }: { history: HistoryEntry[] }): JSX.Element {
  const [all, setAll] = useState(false);
  const entries = history.filter((entry) => entry.op !== "initial");
  if (entries.length === 0) return <p class="quiet nothing">Nothing has changed since it is known.</p>;
  const shown = all ? entries : entries.slice(0, 8);
  return (
    <>
      <ol class="log history">
        {shown.map((entry, i) => (
          <li key={i} class={entry.drift ? "is-drift" : ""}>
            <Time at={entry.at} />
            <span class="what">
              {entry.path && <code>{entry.path}</code>} {op_words[entry.op]}{" "}
              {entry.op === "change" && <><code class="old">{shortValue(entry.old_value) || "empty"}</code> → <code class="new">{shortValue(entry.new_value) || "empty"}</code></>}
              {entry.op === "add" && <code class="new">{shortValue(entry.new_value)}</code>}
              {entry.op === "remove" && <code class="old">{shortValue(entry.old_value)}</code>}
            </span>
            <span class="who"><CauseText cause={entry.cause} /></span>
            {entry.drift ? <span class="badge tone-drift">drift</span> : <span class="badge tone-quiet">expected</span>}
            <button class="link" onClick={() => { setParams({ at: new Date(Date.parse(entry.at) - 1).toISOString() }); scrollTo(0, 0); }}>just before</button>
          </li>
        ))}
      </ol>
      {entries.length > shown.length && <button class="button small" onClick={() => setAll(true)}>Show all {entries.length}</button>}
    </>
  );
}

function Outlook({ resource }: { resource: Resource }): JSX.Element {
  const prediction = resource.prediction;
  return (
    <section class="card" aria-labelledby="o-title">
      <header class="card-head"><h2 id="o-title">Forecast</h2>{prediction && <a href={href("/forecast", { id: resource.id })}>In full</a>}</header>
      {!prediction && <Empty icon="forecasts" title="No forecast">There is not enough history for one yet.</Empty>}
      {prediction && (
        <>
          {prediction.abstains && <p class="notice tone-quiet">This stack is known for less than 15 days: the figures are little more than a plain rate, and no alert is raised.</p>}
          <RiskTable horizons={prediction.horizons} />
          <Reasons reasons={prediction.reasons.slice(0, 4)} />
        </>
      )}
    </section>
  );
}

function Threats({ resource }: { resource: Resource }): JSX.Element | null {
  if (resource.indicators.length === 0) return null;
  return (
    <section class="card" aria-labelledby="th-title">
      <header class="card-head"><h2 id="th-title">Indicators met</h2></header>
      <ul class="lines">{resource.indicators.map((met) => <li key={met.met + met.feed} class="line"><span class="line-main"><b>{met.met}</b> {met.confidence !== null && <span class="badge tone-quiet">confidence {met.confidence} of 100</span>}</span><span class="line-sub">{met.text}</span></li>)}</ul>
    </section>
  );
}

function Exposed({ resource }: { resource: Resource }): JSX.Element | null {
  if (resource.exposures_total === 0) return null;
  return (
    <section class="card" aria-labelledby="x-title">
      <header class="card-head"><h2 id="x-title">Exposures</h2><a href={href("/exposures", { stack: resource.stack })}>All of {resource.stack}</a></header>
      <ExposureList rows={resource.exposures.slice(0, 12)} total={resource.exposures_total} />
    </section>
  );
}

function PlansOf({ resource }: { resource: Resource }): JSX.Element {
  const plans = useQuery<PlanPage>("/plans", { resource: resource.id, limit: 20 }, { live: ["plan"], concerns: (event) => event.stack === resource.stack });
  return (
    <section class="card" aria-labelledby="p-title">
      <header class="card-head"><h2 id="p-title">Plans</h2></header>
      <Answered answer={plans} lines={3}>
        {(data) => data.rows.length === 0 ? <p class="quiet nothing">No plan: there is nothing to decide.</p> : (
          <ul class="lines">
            {data.rows.slice(0, 8).map((plan) => (
              <li key={plan.id}>
                <a class="line" href={href("/compare", { trigger: plan.trigger, plan: plan.id })}>
                  <span class="line-main"><b>{plan.title}</b></span>
                  <span class="line-sub">{strategy_words[plan.strategy] ?? words(plan.strategy)} · {chance(plan.estimate.p_success)} succeeds</span>
                  <PlanBadge state={plan.state} />
                </a>
              </li>
            ))}
          </ul>
        )}
      </Answered>
    </section>
  );
}

/** The same thing on stacks of the same role: what they have there, and whether it differs. */
function Similar({ resource }: { resource: Resource }): JSX.Element | null {
  const rows = useQuery<ResourceRowPage>("/resources", { role: resource.role, kind: resource.kind, text: resource.name, sort: "changed", limit: 50 }, { skip: !resource.role, live: ["drift"] });
  const others = rows.data?.rows.filter((row) => row.name === resource.name && row.stack !== resource.stack) ?? [];
  if (others.length === 0) return null;
  const differing = others.filter((row) => row.status !== "IN_SYNC").length;
  return (
    <section class="card" aria-labelledby="sim-title">
      <header class="card-head"><h2 id="sim-title">On similar stacks</h2><span class="quiet">{differing === 0 ? `all ${others.length} in sync` : `${differing} of ${others.length} not in sync`}</span></header>
      <ul class="deps">
        {others.slice(0, 8).map((row) => (
          <li key={row.id}><a href={href("/resource", { id: row.id })}>{row.stack}</a><span class="quiet">changed <Time at={row.changed_at} none="never" /></span><Status status={row.status} /></li>
        ))}
      </ul>
      {others.length > 8 && <p class="more"><a href={href("/resources", { role: resource.role, kind: resource.kind, text: resource.name })}>All {others.length}</a></p>}
    </section>
  );
}

function Around({ resource }: { resource: Resource }): JSX.Element | null {
  const reached = resource.dependents.map((dependent) => dependent.id);
  const neighbours = hasNeighbours(resource.depends_on, reached);
  if (!neighbours && resource.context.length === 0) return null;
  return (
    <section class="card" aria-labelledby="a-title">
      <header class="card-head"><h2 id="a-title">Around it</h2></header>
      {resource.context.length > 0 && (
        <dl class="context">{resource.context.map((item, i) => <div key={i}><dt>{item.path.replace(/_/g, " ")}</dt><dd><code>{shortValue(item.value.text)}</code></dd></div>)}</dl>
      )}
      {neighbours && <DependencyGraph resource={resource} reached={reached} reachedTotal={resource.dependents_total} />}
    </section>
  );
}

function Metrics({ resource, history }: { resource: Resource; history: HistoryEntry[] }): JSX.Element | null {
  const series = useQuery<SeriesList>("/series", { stack: resource.stack });
  const changes = useMemo(() => history.filter((entry) => entry.op !== "initial")
    .map((entry) => ({ at: entry.at, text: entry.path ? `${entry.path} changed` : `${entry.op}d`, drift: entry.drift })), [history]);
  const mine = series.data?.rows.filter((row) => row.resource_kind === resource.kind && row.resource_name === resource.name) ?? [];
  return mine.length > 0 ? <SeriesCharts rows={mine} changes={changes} /> : null;
}
