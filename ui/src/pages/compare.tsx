// Two to five plans side by side, the chosen one in full, and the decision.
import type { JSX } from "preact";
import { useQuery } from "../api/query";
import type { Drift, Plan, PlanPage } from "../api/types";
import { href, setParams, useRoute } from "../lib/router";
import { CauseText } from "../parts/cause";
import { Decide } from "../parts/decide";
import { axes, bestOn, StepDiff, strategy_words, viewStep } from "../parts/plan";
import { Progress } from "../parts/progress";
import { Answered, Empty, Time } from "../parts/states";
import { PlanBadge, Severity } from "../parts/status";
import { NotProposed, PolicyLine } from "../parts/verdict";
import { KeyMoves } from "./drifts";

export function ComparePage(): JSX.Element {
  const { query } = useRoute();
  const trigger = query.get("trigger");
  const id = query.get("plan");
  // A link may name only the plan; its trigger then leads to the others.
  const one = useQuery<Plan>(`/plans/${encodeURIComponent(id ?? "")}`, {}, { skip: !id || trigger !== null, live: ["plan"], concerns: (event) => event.id === id });
  const known = trigger ?? one.data?.trigger ?? null;
  if (known === null) {
    return <div class="page"><h1 class="sr">Plans</h1>{id ? <Answered answer={one}>{() => null}</Answered> : <Empty icon="plans" title="No plan was named"><a href={href("/plans")}>All plans</a></Empty>}</div>;
  }
  return <Compare key={known} trigger={known} chosen={id} />;
}

function Compare({ trigger, chosen }: { trigger: string; chosen: string | null }): JSX.Element {
  const plans = useQuery<PlanPage>("/plans", { trigger, limit: 50 }, { live: ["plan", "drift"] });
  return (
    <div class="page wide compare">
      <TriggerHead trigger={trigger} />
      <Answered answer={plans} lines={10}>
        {(data) => {
          const listed = order(data.rows);
          if (listed.length === 0) return <div class="card"><Empty icon="plans" title="No plan yet">The engine is working them out, or what they were for is gone.</Empty></div>;
          const selected = listed.find((plan) => plan.id === chosen) ?? listed.find((plan) => ["approved", "sent", "running", "verifying"].includes(plan.state)) ?? listed[0];
          const side = listed.slice(0, 5);
          if (!side.includes(selected)) side[side.length - 1] = selected;
          return (
            <>
              {side.length > 1 && <SideBySide plans={side} selected={selected} />}
              <Chosen key={selected.id} plan={selected} refresh={plans.refresh} />
              <NotProposed left_out={data.left_out} />
            </>
          );
        }}
      </Answered>
    </div>
  );
}

/** Live plans in the engine's order; what has ended comes last. */
function order(plans: Plan[]): Plan[] {
  const old = (plan: Plan) => (plan.state === "expired" || plan.state === "rejected" ? 1 : 0);
  return [...plans].sort((a, b) => old(a) - old(b));
}

function TriggerHead({ trigger }: { trigger: string }): JSX.Element {
  const forecast = trigger.startsWith("prediction:") ? trigger.slice("prediction:".length) : null;
  const drift = useQuery<Drift>(`/drifts/${encodeURIComponent(trigger)}`, {}, { skip: forecast !== null, live: ["drift"], concerns: (event) => event.id === trigger });
  if (forecast !== null) {
    const [stack, kind, ...name] = forecast.split("/");
    return (
      <header class="page-head">
        <p class="crumbs"><a href={href("/plans")}>Plans</a> / <a href={href("/stack", { id: stack })}>{stack}</a> / {kind}</p>
        <h1>What to do about the forecast for <a href={href("/resource", { id: forecast })}>{name.join("/")}</a></h1>
        <p><a href={href("/forecast", { id: forecast })}>The forecast and its reasons</a></p>
      </header>
    );
  }
  return (
    <header class="page-head">
      <p class="crumbs"><a href={href("/plans")}>Plans</a>{drift.data && <> / <a href={href("/stack", { id: drift.data.resource.stack })}>{drift.data.resource.stack}</a> / {drift.data.resource.kind}</>}</p>
      {!drift.data && <h1>What to do about the drift</h1>}
      {drift.problem && !drift.data && <p class="quiet">{drift.problem.detail}</p>}
      {drift.data && (
        <>
          <h1>What to do about <a href={href("/resource", { id: drift.data.resource.id })}>{drift.data.resource.name}</a></h1>
          <KeyMoves drift={drift.data} limit={6} />
          <div class="verdict-line">
            <Severity value={drift.data.severity} reason={drift.data.severity_reason} />
            <span class="quiet">{drift.data.severity_reason}</span>
            <span><CauseText cause={drift.data.cause} /> · <Time at={drift.data.opened_at} /></span>
            {drift.data.closed_at && <span class="badge tone-sync">closed <Time at={drift.data.closed_at} /></span>}
          </div>
        </>
      )}
    </header>
  );
}

function SideBySide({ plans, selected }: { plans: Plan[]; selected: Plan }): JSX.Element {
  const choose = (plan: Plan) => setParams({ plan: plan.id, trigger: plan.trigger });
  return (
    <section class="card side" aria-labelledby="side-title">
      <h2 id="side-title" class="sr">Side by side</h2>
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Plans side by side">
        <table class="compare-table">
          <thead>
            <tr>
              <td class="corner" />
              {plans.map((plan, i) => (
                <th scope="col" key={plan.id} class={plan === selected ? "chosen" : ""}>
                  <button class="plan-head" aria-pressed={plan === selected} onClick={() => choose(plan)}>
                    <span class="strategy">{strategy_words[plan.strategy]}</span>
                    <span class="plan-title">{plan.title}</span>
                    <span class="plan-tags">{i === 0 && !plan.final && <span class="badge tone-forecast">best ranked</span>}{plan.state !== "proposed" && <PlanBadge state={plan.state} />}{plan.state === "proposed" && !plan.allowed && <span class="badge tone-quiet">observe-only</span>}</span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {axes.map((axis) => {
              const best = bestOn(axis, plans);
              return (
                <tr key={axis.name}>
                  <th scope="row">{axis.name}</th>
                  {plans.map((plan) => (
                    <td key={plan.id} class={plan === selected ? "chosen" : ""} onClick={() => choose(plan)}>
                      <span class="axis-text">{axis.text(plan)}{best.has(plan.id) && <span class="best" title="Best on this axis">best</span>}</span>
                      {axis.more && <span class="note">{axis.more(plan)}</span>}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Chosen({ plan, refresh }: { plan: Plan; refresh: () => void }): JSX.Element {
  const under_way = !["proposed", "rejected", "expired"].includes(plan.state);
  return (
    <section class="card chosen-plan" aria-labelledby="chosen-title">
      <header class="card-head"><h2 id="chosen-title">{plan.title}</h2><PlanBadge state={plan.state} /></header>
      <p class="why">{plan.why}</p>
      {plan.rank_reason && <p class="quiet">Rank: {plan.rank_reason}</p>}
      {under_way && <Progress plan={plan} />}
      {plan.policy && !plan.final && <PolicyLine verdict={plan.policy} />}
      <Decide plan={plan} onDone={refresh} />
      <h3>{plan.steps.length === 0 ? "Steps" : "Steps, in this order"}</h3>
      {plan.steps.length === 0 ? <p class="quiet">Nothing changes on the host.</p> : (
        <ol class="steps">
          {plan.steps.map((step, i) => {
            const view = viewStep(step, plan);
            return (
              <li key={i} class={plan.step_now === i && !plan.final ? "now" : ""}>
                <p>{view.what}{!step.reversible && <span class="badge tone-drift">cannot be undone</span>}</p>
                <StepDiff view={view} />
              </li>
            );
          })}
        </ol>
      )}
      <details>
        <summary>Where the figures come from</summary>
        {plan.estimate.inputs.length === 0 ? <p class="quiet">No inputs were recorded.</p> : <ul class="inputs">{plan.estimate.inputs.map((input, i) => <li key={i}>{input}</li>)}</ul>}
      </details>
      {plan.blast.transitive > 0 && (
        <details>
          <summary>What depends on it: {plan.blast.direct} directly, {plan.blast.transitive} in all{plan.blast.elsewhere > 0 ? `, ${plan.blast.elsewhere} of them on other hosts (${plan.blast.stacks.join(", ")})` : ""}</summary>
          <ul class="inputs">{plan.blast.top.map((name) => <li key={name}><a href={href("/resource", { id: `${plan.stack}/${name}` })}>{name}</a></li>)}</ul>
        </details>
      )}
      <details>
        <summary>Exactly what is signed</summary>
        <dl class="context">
          <div><dt>plan</dt><dd><code>{plan.id}</code></dd></div>
          <div><dt>hash</dt><dd><code class="wrap">{plan.hash}</code></dd></div>
          <div><dt>made</dt><dd><Time at={plan.made_at} both /></dd></div>
          <div><dt>valid until</dt><dd><Time at={plan.expires_at} none="it is decided" both /></dd></div>
          {plan.steps.map((step, i) => (
            <div key={i}><dt>step {i + 1}</dt><dd><code class="wrap">{step.kind} {step.resource.id} {Object.entries(step.parameters).map(([name, value]) => `${name}=${value}`).join(" ")}</code></dd></div>
          ))}
        </dl>
        <p><a href={href("/audit", { subject: plan.id })}>Its entries in the audit log</a></p>
      </details>
    </section>
  );
}
