// Metric series of a stack or resource; a chart is asked for when it is opened.
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { useQuery } from "../api/query";
import type { Series, SeriesOutlook } from "../api/types";
import { bytes, chance } from "../lib/format";
import { type ChangeMark, MetricChart } from "./chart";
import { Answered, Empty, Time } from "./states";

// A value in the unit that its metric's name says.
function valueText(metric: string, value: number): string {
  const name = metric.split("{")[0] ?? metric;
  if (/utilization|ratio/.test(name)) return `${(value * 100).toFixed(1)}%`;
  if (/usage|memory|io|bytes/.test(name) && Math.abs(value) > 1024) return bytes(value);
  return Math.abs(value) >= 100 ? Math.round(value).toString() : Number(value.toPrecision(3)).toString();
}

const nameOf = (series: Series) => `${series.metric.replace(/^system\./, "")} · ${series.resource_name}`;

const no_changes: ChangeMark[] = [];

export function SeriesList({ rows, changes = no_changes }: { rows: Series[]; changes?: ChangeMark[] }): JSX.Element {
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
                <span class="series-name">{name}</span><b>{valueText(row.metric, row.last_value)}</b><span class="quiet"><Time at={row.last_at} /></span>
              </button>
              {open === name && <SeriesChart series={row} changes={changes} />}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

const windows = [
  { name: "1 h", back_h: 1, ahead_s: 3600 },
  { name: "6 h", back_h: 6, ahead_s: 6 * 3600 },
  { name: "2 d", back_h: 48, ahead_s: 86400 },
  { name: "7 d", back_h: 168, ahead_s: 7 * 86400 },
] as const;

function SeriesChart({ series, changes }: { series: Series; changes: ChangeMark[] }): JSX.Element {
  const { stack, resource_kind, resource_name, metric } = series;
  const [span, setSpan] = useState(1);
  const { back_h, ahead_s } = windows[span] ?? windows[1];
  const from = new Date(Math.floor(Date.now() / 600000) * 600000 - back_h * 3600000).toISOString();
  const outlook = useQuery<SeriesOutlook>("/series/outlook", { stack, resource_kind, resource_name, metric, from, horizon_s: ahead_s }, { live: ["stack"], concerns: (event) => event.stack === stack });
  const inside = useMemo(() => changes.filter((change) => change.at >= from), [changes, from]);
  return (
    <div class="metric-body">
      <div class="metric-spans" role="group" aria-label="Time shown">
        {windows.map((one, i) => <button key={one.name} aria-pressed={span === i} onClick={() => setSpan(i)}>{one.name}</button>)}
      </div>
      <Answered answer={outlook} lines={4}>
        {(data) => data.points.at.length < 2 ? <Empty icon="clock" title="Not enough points yet" /> : (
          <>
            <MetricChart outlook={data} changes={inside} label={metric} format={(value) => valueText(metric, value)} />
            <Crossing outlook={data} />
          </>
        )}
      </Answered>
    </div>
  );
}

// When the limit is reached, and how sure that is.
function Crossing({ outlook }: { outlook: SeriesOutlook }): JSX.Element | null {
  if (outlook.limit === null || outlook.p_crossing < 0.1) return null;
  const at = outlook.crossing_likely_at ?? outlook.crossing_possible_at;
  return (
    <p class="metric-crossing">
      Reaches its limit ({outlook.limit_source}) with {chance(outlook.p_crossing)}{at && <>, about <Time at={at} /></>}.
    </p>
  );
}
