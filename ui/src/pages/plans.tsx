// What waits for a decision, what is under way, what has ended: one line for each trigger.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useQuery, useSteady } from "../api/query";
import type { DriftPage, Plan, PlanPage, PredictionPage, ResourceId } from "../api/types";
import { duration, money, chance, splitName } from "../lib/format";
import { href, setParams, useRoute } from "../lib/router";
import { Pauses } from "../parts/pauses";
import { strategy_words } from "../parts/plan";
import { Answered, Empty, Loading, NewRows, Time } from "../parts/states";
import { PlanBadge } from "../parts/status";
import { Pager } from "./drifts";

const states: Array<[string, string]> = [["waiting", "To decide"], ["active", "Under way"], ["ended", "Ended"]];
const page_size = 200;
const triggers_max = 30;

export function Plans(): JSX.Element {
  const { query } = useRoute();
  const state = query.get("state") ?? "waiting";
  const stack = query.get("stack");
  return (
    <div class="page">
      <header class="page-head">
        <h1>Plans</h1>
        <div class="toolbar">
          <div class="segments" role="group" aria-label="Which plans">
            {states.map(([value, word]) => <button key={value} aria-pressed={state === value} onClick={() => setParams({ state: value, offset: null })}>{word}</button>)}
          </div>
          {stack && <button class="pill" onClick={() => setParams({ stack: null })}>stack: {stack} ×</button>}
        </div>
      </header>
      <Pauses resources={stack ? `${stack}/*` : "*"} />
      {state === "waiting" ? <ToDecide stack={stack} /> : <Decided state={state} stack={stack} offset={Number(query.get("offset") ?? 0)} />}
    </div>
  );
}

/** What calls for a decision: open drifts, then forecasts that are alerts. Plans are made on demand. */
function ToDecide({ stack }: { stack: string | null }): JSX.Element {
  const drifts = useQuery<DriftPage>("/drifts", { stack, limit: triggers_max }, { live: ["drift"] });
  const alerts = useQuery<PredictionPage>("/predictions", { stack, alerts: true, limit: triggers_max }, { live: ["prediction"] });
  const drifted = new Set(drifts.data?.rows.map((drift) => drift.resource.id));
  const triggers = drifts.data && alerts.data && [
    ...drifts.data.rows.map((drift) => ({ id: drift.id, resource: drift.resource, at: drift.opened_at, severity: drift.severity })),
    ...alerts.data.rows.filter((row) => !drifted.has(row.resource.id)).map((row) => ({ id: `prediction:${row.resource.id}`, resource: row.resource, at: row.made_at, severity: row.severity })),
  ];
  const area = useRef<HTMLDivElement>(null);
  const steady = useSteady(triggers, (trigger) => trigger.id, area, `waiting ${stack}`);
  const more = (drifts.data?.total ?? 0) - triggers_max;
  return (
    <div ref={area}>
      <NewRows {...steady} />
      <Answered answer={drifts} lines={8}>
        {() => (
          <>
            {steady.rows?.length === 0 && <div class="card"><NoPlans state="waiting" /></div>}
            <ul class="plan-groups">{steady.rows?.map((trigger) => <li key={trigger.id}><Trigger trigger={trigger} /></li>)}</ul>
            {more > 0 && <p class="quiet nothing">The newest {triggers_max} drifts are shown. <a href={href("/drifts")}>All drifts, by cause</a></p>}
          </>
        )}
      </Answered>
    </div>
  );
}

interface TriggerRow {
  id: string;
  resource: ResourceId;
  at: string;
  severity: number;
}

function Trigger({ trigger }: { trigger: TriggerRow }): JSX.Element {
  const plans = useQuery<PlanPage>("/plans", { trigger: trigger.id, limit: 10 }, { live: ["plan"], concerns: (event) => event.stack === trigger.resource.stack });
  if (plans.data && plans.data.rows.length > 0) return <Group plans={plans.data.rows} />;
  return (
    <article class="card plan-group" aria-label={`Plans for ${trigger.resource.name}`}>
      <header><h2><a href={href("/compare", { trigger: trigger.id })}>{trigger.resource.name}</a></h2><p class="quiet">{trigger.resource.stack} · <Time at={trigger.at} /></p></header>
      {plans.loading ? <Loading lines={1} /> : <p class="quiet">{plans.problem?.detail ?? "No plan fits."}</p>}
    </article>
  );
}

function Decided({ state, stack, offset }: { state: string; stack: string | null; offset: number }): JSX.Element {
  const plans = useQuery<PlanPage>("/plans", { state, stack, offset, limit: page_size }, { live: ["plan"], keep: true });
  const groups = plans.data ? byTrigger(plans.data.rows) : undefined;
  const area = useRef<HTMLDivElement>(null);
  const steady = useSteady(groups, (group) => group[0].trigger, area, `${state} ${stack} ${offset}`);
  return (
    <div ref={area}>
      <NewRows {...steady} />
      <Answered answer={plans} lines={8}>
        {(data) => (
          <>
            {steady.rows?.length === 0 && <div class="card"><NoPlans state={state} /></div>}
            <ul class="plan-groups">{steady.rows?.map((group) => <li key={group[0].trigger}><Group plans={group} /></li>)}</ul>
            <Pager offset={offset} size={page_size} total={data.total} />
          </>
        )}
      </Answered>
    </div>
  );
}

function NoPlans({ state }: { state: string }): JSX.Element {
  if (state === "active") return <Empty icon="plans" title="Nothing is under way">Approved plans are shown here, step by step.</Empty>;
  if (state === "ended") return <Empty icon="audit" title="Nothing has ended yet" />;
  return <Empty icon="check" title="Nothing to decide">Plans come with a drift, or with a forecast that reaches the alert threshold.</Empty>;
}

function byTrigger(plans: Plan[]): Plan[][] {
  const groups = new Map<string, Plan[]>();
  for (const plan of plans) groups.set(plan.trigger, [...(groups.get(plan.trigger) ?? []), plan]);
  return [...groups.values()];
}

function Group({ plans }: { plans: Plan[] }): JSX.Element {
  const [best, ...others] = plans;
  const resource = best.resources[0];
  const is_forecast = best.trigger.startsWith("prediction:");
  const { folder, leaf } = splitName(resource?.name ?? best.title);
  const { estimate } = best;
  return (
    <article class="card plan-group" aria-label={`Plans for ${resource?.name ?? best.stack}`}>
      <header>
        <h2><a href={href("/compare", { trigger: best.trigger })}><span class="folder">{folder}</span>{leaf}</a></h2>
        <p class="quiet"><span class={`badge tone-${is_forecast ? "forecast" : "drift"}`}>{is_forecast ? "forecast" : "drift"}</span> {best.stack} · <Time at={best.made_at} /></p>
      </header>
      <a class="plan-best" href={href("/compare", { trigger: best.trigger, plan: best.id })}>
        <span class="strategy">{strategy_words[best.strategy]}</span>
        <span class="plan-title">{best.title}</span>
        <span class="plan-facts">{estimate.downtime_s.p50 > 0 ? duration(estimate.downtime_s.p50) : "no"} downtime · {money(estimate.cost, estimate.currency)}{best.steps.length > 0 && <> · {chance(estimate.p_success)} succeeds</>}</span>
        {best.state === "proposed" ? <span class="badge tone-quiet">best ranked</span> : <PlanBadge state={best.state} />}
      </a>
      {others.length > 0 && (
        <p class="plan-others"><span class="quiet">or</span>
          {others.slice(0, 6).map((plan) => (
            <a key={plan.id} href={href("/compare", { trigger: plan.trigger, plan: plan.id })} title={plan.title}>{strategy_words[plan.strategy]}{plan.state !== "proposed" && <PlanBadge state={plan.state} />}</a>
          ))}
        </p>
      )}
    </article>
  );
}
