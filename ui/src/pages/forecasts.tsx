// What will change: by expected loss, with the likeliest value and the strongest reason.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useQuery, useSteady } from "../api/query";
import type { Overview, Prediction, PredictionPage } from "../api/types";
import { chance, count, percent, shortValue, splitName } from "../lib/format";
import { href, setParams, useRoute } from "../lib/router";
import { HorizonHead, RiskCells, horizon_names } from "../parts/heat";
import { Limits } from "../parts/limits";
import { FirstReason } from "../parts/reasons";
import { Answered, Empty, NewRows, Time } from "../parts/states";
import { Severity } from "../parts/status";
import { Pager } from "./drifts";

const page_size = 50;

export function Forecasts(): JSX.Element {
  const { query } = useRoute();
  const alerts = query.get("alerts") === "true";
  const offset = Number(query.get("offset") ?? 0);
  const filter = { text: query.get("text") ?? "", stack: query.get("stack"), role: query.get("role"), alerts };
  const overview = useQuery<Overview>("/overview");
  const rows = useQuery<PredictionPage>("/predictions", { ...filter, offset, limit: page_size }, { live: ["prediction", "resource"], keep: true });
  const area = useRef<HTMLDivElement>(null);
  const steady = useSteady(rows.data?.rows, (row) => row.resource.id, area, JSON.stringify({ ...filter, offset }));
  const mark = horizon_names.indexOf(overview.data?.alert_horizon ?? "");
  return (
    <div class="page">
      <header class="page-head">
        <h1>Forecasts <span class="tally">{rows.data ? count(rows.data.total) : ""}</span></h1>
        <p class="lead">
          Most loss first: chance of drift times severity.
          {overview.data && <> An alert is raised from {percent(overview.data.alert_threshold)} of drift within {overview.data.alert_horizon}.</>}{" "}
          <a href={href("/track-record")}>How good have they been?</a>
        </p>
        <div class="toolbar">
          <input class="input grow" type="search" placeholder="Part of a name, key or value" aria-label="Part of a name, key or value" value={filter.text} onInput={(event) => setParams({ text: event.currentTarget.value, offset: null })} />
          <div class="segments" role="group" aria-label="Which forecasts">
            <button aria-pressed={!alerts} onClick={() => setParams({ alerts: null, offset: null })}>All</button>
            <button aria-pressed={alerts} onClick={() => setParams({ alerts: true, offset: null })}>Alerts</button>
          </div>
          {(["stack", "role"] as const).filter((name) => filter[name]).map((name) => (
            <button key={name} class="pill" onClick={() => setParams({ [name]: null })}>{name}: {filter[name]} ×</button>
          ))}
        </div>
      </header>
      {offset === 0 && <Limits stack={filter.stack} />}
      <div class="card" ref={area}>
        <NewRows {...steady} />
        <Answered answer={rows} lines={10}>
          {(data) => (
            <>
              {data.total === 0 && (
                <Empty icon="forecasts" title={alerts ? "No alert" : "No forecast"}>{alerts ? "Nothing reaches the alert threshold." : "Forecasts come with the first history of a host."}</Empty>
              )}
              {data.total > 0 && (
                <table class="forecast-table">
                  <thead><tr>
                    <th scope="col">Resource</th><th scope="col">Likely change</th><th scope="col">Severity</th>
                    <th scope="col"><span class="sr">Chance of change within</span><HorizonHead mark={mark} /></th>
                  </tr></thead>
                  <tbody>{steady.rows?.map((row) => <ForecastRow key={row.resource.id} row={row} mark={mark} />)}</tbody>
                </table>
              )}
              <Pager offset={offset} size={page_size} total={data.total} />
            </>
          )}
        </Answered>
      </div>
    </div>
  );
}

function ForecastRow({ row, mark }: { row: Prediction; mark: number }): JSX.Element {
  const { folder, leaf } = splitName(row.resource.name);
  const key = row.keys[0];
  return (
    <tr class={row.alert ? "is-alert" : ""}>
      <th scope="row">
        <a href={href("/forecast", { id: row.resource.id })} title={row.resource.name}><span class="folder">{folder}</span>{leaf}</a>
        <span class="line-sub">{row.resource.stack} · {row.resource.kind}{row.alert && <span class="badge tone-drift">alert</span>}{row.abstains && <span class="badge tone-quiet">abstains</span>}</span>
      </th>
      <td>
        {key ? <span class="likely"><code>{key.path}</code>{key.value !== null && <> → <code class="forecast">{shortValue(key.value)}</code></>} <span class="quiet">{chance(key.p)}</span></span> : <span class="quiet">no key stands out</span>}
        <span class="line-sub">{row.due_at && <>due <Time at={row.due_at} /> · </>}<FirstReason reasons={row.reasons} /></span>
      </td>
      <td><Severity value={row.severity} reason={row.severity_reason} calm={!row.alert} /></td>
      <td><RiskCells p={row.horizons.map((risk) => risk.p_change)} mark={mark} /></td>
    </tr>
  );
}
