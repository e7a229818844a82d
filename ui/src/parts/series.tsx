// Metric series of a stack or resource; a chart is asked for when it is opened.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useQuery } from "../api/query";
import type { Points, Series } from "../api/types";
import { bytes } from "../lib/format";
import { MetricChart } from "./chart";
import { Answered, Empty, Time } from "./states";

function figure(series: Series): string {
  const value = series.last_value;
  if (/utilization|ratio/.test(series.metric)) return `${(value * 100).toFixed(1)}%`;
  if (/usage|memory|io|bytes/.test(series.metric) && value > 1024) return bytes(value);
  return Math.abs(value) >= 100 ? Math.round(value).toString() : value.toPrecision(3);
}

const nameOf = (series: Series) => `${series.metric.replace(/^system\./, "")} · ${series.resource_name}`;

export function SeriesList({ rows }: { rows: Series[] }): JSX.Element {
  const [open, setOpen] = useState<string | null>(rows[0] ? nameOf(rows[0]) : null);
  const [text, setText] = useState("");
  const shown = rows.filter((row) => nameOf(row).toLowerCase().includes(text.toLowerCase())).slice(0, 60);
  return (
    <section class="card" aria-labelledby="series-title">
      <header class="card-head">
        <h2 id="series-title">Metrics <span class="tally">{rows.length}</span></h2>
        {rows.length > 10 && <input class="input small" type="search" placeholder="Filter metrics" aria-label="Filter metrics" value={text} onInput={(event) => setText(event.currentTarget.value)} />}
      </header>
      <ul class="series">
        {shown.map((row) => {
          const name = nameOf(row);
          return (
            <li key={`${row.resource_kind}/${name}`}>
              <button class="series-line" aria-expanded={open === name} onClick={() => setOpen(open === name ? null : name)}>
                <span class="series-name">{name}</span><b>{figure(row)}</b><span class="quiet"><Time at={row.last_at} /></span>
              </button>
              {open === name && <SeriesChart series={row} />}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function SeriesChart({ series }: { series: Series }): JSX.Element {
  const { stack, resource_kind, resource_name, metric } = series;
  const [from] = useState(() => new Date(Math.floor(Date.now() / 60000) * 60000 - 6 * 3600000).toISOString());
  const points = useQuery<Points>("/series/points", { stack, resource_kind, resource_name, metric, from, limit: 2200 }, { live: ["stack"], concerns: (event) => event.stack === stack });
  return (
    <Answered answer={points} lines={3}>
      {(data) => data.at.length < 2 ? <Empty icon="clock" title="Not enough points yet" /> : <MetricChart points={data} label={metric} />}
    </Answered>
  );
}
