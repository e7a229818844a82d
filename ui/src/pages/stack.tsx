// One stack: its health, what happened on it, its metrics.
import type { JSX } from "preact";
import { useQuery } from "../api/query";
import type { ActivityList, DriftPage, PredictionPage, SeriesList, Stack } from "../api/types";
import { chance, count, expected } from "../lib/format";
import { href, useRoute } from "../lib/router";
import { CauseText } from "../parts/cause";
import { ChangeCells, HorizonHead } from "../parts/heat";
import { FirstReason } from "../parts/reasons";
import { Answered, Empty, Time } from "../parts/states";
import { AllowLine } from "../parts/plan";
import { Legend, Severity, StatusBar } from "../parts/status";
import { SeriesList as SeriesCharts } from "../parts/series";
import { Liveness } from "./fleet";

export function StackPage(): JSX.Element {
  const id = useRoute().query.get("id") ?? "";
  const concerns = (event: { stack: string }) => event.stack === id;
  const stack = useQuery<Stack>(`/stacks/${encodeURIComponent(id)}`, {}, { live: ["stack", "drift", "resource"], concerns });
  return (
    <div class="page">
      {!stack.data && <h1 class="sr">Stack</h1>}
      <Answered answer={stack}>{(data) => <StackBody stack={data} />}</Answered>
    </div>
  );
}

function StackBody({ stack }: { stack: Stack }): JSX.Element {
  const total = Object.values(stack.counts).reduce((sum, part) => sum + part, 0);
  const concerns = (event: { stack: string }) => event.stack === stack.id;
  const drifts = useQuery<DriftPage>("/drifts", { stack: stack.id, limit: 8 }, { live: ["drift"], concerns });
  const next = useQuery<PredictionPage>("/predictions", { stack: stack.id, limit: 8 }, { live: ["prediction"], concerns });
  const activities = useQuery<ActivityList>("/activities", { stack: stack.id, limit: 12 }, { live: ["stack"], concerns });
  const series = useQuery<SeriesList>("/series", { stack: stack.id }, {});
  return (
    <>
      <header class="page-head">
        <p class="crumbs"><a href={href("/")}>Fleet</a> {stack.role && <>/ <a href={href("/", { role: stack.role })}>{stack.role}</a></>}</p>
        <h1>{stack.id}</h1>
        <p class="facts">
          <Liveness state={stack.liveness} at={stack.last_fact_at} />
          {Object.entries(stack.labels).map(([name, value]) => <span key={name}><span class="quiet">{name}</span> {value}</span>)}
          <span>{stack.allowed_kinds.length ? <><span class="quiet">may change</span> {stack.allowed_kinds.join(", ")}</> : "observe only"}</span>
        </p>
      </header>
      {stack.allow_command && stack.allowed_kinds.length === 0 && <AllowLine command={stack.allow_command} stack={stack.id} />}
      <section class="card" aria-label="Health">
        <StatusBar counts={stack.counts} />
        <div class="headline-foot"><Legend counts={stack.counts} /><a href={href("/resources", { stack: stack.id })}>All {count(total)} resources</a></div>
        <div class="stack-outlook"><span class="quiet">Expected changes: {expected(stack.expected_changes[4])} within 7 days</span>
          <span><HorizonHead /><ChangeCells changes={stack.expected_changes} resources={total} /></span></div>
      </section>
      <div class="columns">
        <div class="stacked">
        <section class="card" aria-labelledby="s-drift">
          <header class="card-head"><h2 id="s-drift">Has drifted</h2></header>
          <Answered answer={drifts} lines={3}>{(data) => data.rows.length === 0 ? <Empty icon="check" title="No open drift" /> : (
            <ul class="lines">{data.rows.map((drift) => (
              <li key={drift.id}><a class="line" href={href("/compare", { trigger: drift.id })}>
                <span class="line-main"><b>{drift.resource.name}</b></span>
                <span class="line-sub"><CauseText cause={drift.cause} /> · <Time at={drift.opened_at} /></span>
                <Severity value={drift.severity} reason={drift.severity_reason} />
              </a></li>))}</ul>)}
          </Answered>
        </section>
        <section class="card" aria-labelledby="s-act">
          <header class="card-head"><h2 id="s-act">What people and programs did</h2></header>
          <Answered answer={activities} lines={3}>{(data) => data.rows.length === 0 ? <Empty icon="clock" title="Nothing reported yet" /> : (
            <ol class="log">{data.rows.map((activity) => (
              <li key={`${activity.kind}:${activity.id}`}>
                <Time at={activity.started_at} /> <span class="badge tone-quiet">{activity.kind.replace("_", " ")}</span>
                <span>{activity.text}{activity.actor && <span class="quiet"> by {activity.actor}</span>}</span>
              </li>))}</ol>)}
          </Answered>
        </section>
        </div>
        <section class="card" aria-labelledby="s-next">
          <header class="card-head"><h2 id="s-next">Will change</h2></header>
          <Answered answer={next} lines={3}>{(data) => data.rows.length === 0 ? <Empty icon="forecasts" title="No forecast yet" /> : (
            <ul class="lines">{data.rows.map((row) => (
              <li key={row.resource.id}><a class="line" href={href("/forecast", { id: row.resource.id })}>
                <span class="line-main"><b>{row.resource.name}</b></span>
                <span class="line-sub"><FirstReason reasons={row.reasons} /></span>
                <span class="chance"><b>{chance(row.horizons[4].p_change)}</b><small>in 7 days{row.alert && <span class="alert"> · alert</span>}</small></span>
              </a></li>))}</ul>)}
          </Answered>
        </section>
      </div>
      <Answered answer={series} lines={2}>{(data) => data.rows.length === 0 ? null : <SeriesCharts rows={data.rows} />}</Answered>
    </>
  );
}
