// What waits for a decision, what is under way, what has ended: one line for each trigger.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useQuery, useSteady } from "../api/query";
import type { Plan, PlanPage } from "../api/types";
import { duration, money, chance, splitName } from "../lib/format";
import { href, setParams, useRoute } from "../lib/router";
import { strategy_words } from "../parts/plan";
import { Answered, Empty, NewRows, Time } from "../parts/states";
import { PlanBadge } from "../parts/status";
import { Pager } from "./drifts";

const states: Array<[string, string]> = [["waiting", "To decide"], ["active", "Under way"], ["ended", "Ended"]];
const page_size = 200;

export function Plans(): JSX.Element {
  const { query } = useRoute();
  const state = query.get("state") ?? "waiting";
  const stack = query.get("stack");
  const offset = Number(query.get("offset") ?? 0);
  const plans = useQuery<PlanPage>("/plans", { state, stack, offset, limit: page_size }, { live: ["plan"], keep: true });
  const groups = plans.data ? byTrigger(plans.data.rows) : undefined;
  const area = useRef<HTMLDivElement>(null);
  const steady = useSteady(groups, (group) => group[0].trigger, area, `${state} ${stack} ${offset}`);
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
        <span class="plan-facts">{duration(estimate.downtime_s.p50)} downtime · {money(estimate.cost, estimate.currency)}{best.steps.length > 0 && <> · {chance(estimate.p_success)} succeeds</>}</span>
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
