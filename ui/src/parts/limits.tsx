// Limits that series will run into: when, how probably, and what can be done about it.
import type { JSX } from "preact";
import { useQuery } from "../api/query";
import type { Crossing, CrossingList } from "../api/types";
import { chance } from "../lib/format";
import { href } from "../lib/router";
import { HorizonHead, RiskCells } from "./heat";
import { Time } from "./states";

/** Nothing while there are none. `of`: only those of, or answered at, the resource with this id. */
export function Limits({ stack, of }: { stack?: string | null; of?: string }): JSX.Element | null {
  const answer = useQuery<CrossingList>("/crossings", { stack: stack ?? "" }, { live: ["stack"], keep: true });
  const rows = answer.data?.rows.filter((row) => !of || row.answered_at === of || seriesOwner(row) === of) ?? [];
  if (rows.length === 0) return null;
  return (
    <section class="card" aria-labelledby="limits">
      <header class="card-head"><h2 id="limits">Limits ahead</h2><a href={href("/track-record", { of: "limits" })}>How good have they been?</a></header>
      <table class="forecast-table">
        <thead><tr>
          <th scope="col">Series</th><th scope="col">Limit</th><th scope="col">What to do</th>
          <th scope="col"><span class="sr">Chance that it is reached within</span><HorizonHead /></th>
        </tr></thead>
        <tbody>{rows.map((row) => <LimitRow key={`${seriesOwner(row)} ${row.series.metric}`} row={row} />)}</tbody>
      </table>
    </section>
  );
}

function seriesOwner({ series }: Crossing): string {
  return `${series.stack}/${series.resource_kind}/${series.resource_name}`;
}

function LimitRow({ row }: { row: Crossing }): JSX.Element {
  const { series } = row;
  const at = row.likely_at ?? row.possible_at;
  return (
    <tr class={row.probability >= 0.5 ? "is-alert" : ""}>
      <th scope="row">
        <a href={href("/resource", { id: seriesOwner(row) })}>{series.metric}</a>
        <span class="line-sub">{series.stack} · {series.resource_kind} {series.resource_name}</span>
      </th>
      <td>
        {chance(row.probability)}{at && <>, about <Time at={at} /></>}
        <span class="line-sub">{row.limit_source}</span>
      </td>
      <td>
        {!row.answered_at.endsWith("/") && <a href={href("/compare", { trigger: `prediction:${row.answered_at}` })}>Compare plans</a>}
        <details><summary class="quiet">By hand: {row.plans[0]?.title}</summary>
          <ul>{row.plans.map((plan) => <li key={plan.title}><b>{plan.title}</b>: {plan.how}</li>)}</ul>
        </details>
      </td>
      <td><RiskCells p={row.horizons.map((one) => one.p)} what="reaching it" /></td>
    </tr>
  );
}
