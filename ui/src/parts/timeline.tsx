// One time axis: what changed, solid, to the left of now; what is forecast, dashed, to its right.
import type { JSX } from "preact";
import type { Activity, HistoryEntry, Prediction } from "../api/types";
import { day, chance } from "../lib/format";
import { useNow } from "../lib/clock";
import { usePrefs } from "../lib/prefs";
import { useWidth } from "../lib/size";
import { horizon_names } from "./heat";

const day_ms = 86400000;

export function Timeline({ history, activities, prediction, since }: {
  history: HistoryEntry[]; activities: Activity[]; prediction: Prediction | null; since: string | null;
}): JSX.Element {
  const [box, width] = useWidth<HTMLElement>();
  const now = useNow();
  const { zone } = usePrefs();
  const height = 132;
  const changes = history.filter((entry) => entry.op !== "initial");
  const oldest = Math.min(now - 7 * day_ms, ...changes.map((entry) => Date.parse(entry.at)));
  const from = Math.max(oldest, now - 400 * day_ms);
  const split = prediction ? Math.round(width * 0.62) : width - 12;
  const left = 12, base = 92, ceiling = 18;
  const x = (at: number) => left + ((at - from) / (now - from)) * (split - left - 6);
  const stacks = stackUp(changes, x, base);
  const known = since ? Date.parse(since) : from;
  const ahead = prediction?.horizons ?? [];
  const hx = (i: number) => split + ((width - split - 20) * (i + 1)) / ahead.length;
  const hy = (p: number) => base - (base - ceiling) * p;
  const curve = `M${split},${base}` + ahead.map((risk, i) => `L${hx(i)},${hy(risk.p_change)}`).join("");
  const label = `${changes.length} changes and ${activities.length} activities since ${day(from, zone)}` +
    (ahead.length ? `; ahead, ${ahead.map((risk) => `${chance(risk.p_change)} within ${risk.horizon}`).join(", ")}` : "");
  return (
    <figure class="chart timeline" ref={box}>
      <svg width={width} height={height} role="img" aria-label={label}>
        {ahead.length > 0 && <rect class="future" x={split} y="0" width={width - split} height={height} rx="6" />}
        <line class="axis" x1={left} x2={split} y1={base} y2={base} />
        {known > from && <line class="axis unknown" x1={left} x2={x(known)} y1={base} y2={base} />}
        {ticks(from, now).map((at) => (
          <g key={at}>
            <line class="axis" x1={x(at)} x2={x(at)} y1={base} y2={base + 5} />
            <text class="tick" x={x(at)} y={base + 20} text-anchor="middle">{day(at, zone)}</text>
          </g>
        ))}
        {activities.filter((activity) => Date.parse(activity.started_at) > from).map((activity) => {
          const cx = x(Date.parse(activity.started_at));
          return <path key={`${activity.kind}:${activity.id}`} class="activity" d={`M${cx},${base + 1}l4,7h-8Z`}><title>{activity.text}</title></path>;
        })}
        {stacks.map(({ entry, cx, cy }, i) =>
          entry.drift
            ? <path key={i} class="event drift" d={`M${cx},${cy - 5}l5,5l-5,5l-5,-5Z`} />
            : <circle key={i} class="event" cx={cx} cy={cy} r="3.600" />)}
        {ahead.length > 0 && (
          <>
            <path class="area" d={`${curve}L${hx(ahead.length - 1)},${base}Z`} />
            <path class="line change" d={curve} />
            {ahead.map((risk, i) => (
              <g key={risk.horizon}>
                <text class="value" x={hx(i)} y={hy(risk.p_change) - 7} text-anchor="middle">{i % 2 === 1 || width > 700 ? chance(risk.p_change) : ""}</text>
                <text class="tick" x={hx(i)} y={base + 20} text-anchor="middle">{horizon_names[i]}</text>
              </g>
            ))}
            <line class="axis ahead" x1={split} x2={width - 12} y1={base} y2={base} />
          </>
        )}
        <line class="now" x1={split} x2={split} y1="8" y2={base + 8} />
        <text class="tick now-text" x={split} y={base + 34} text-anchor={ahead.length ? "middle" : "end"}>now</text>
      </svg>
      <figcaption class="keyline marks">
        <span><i class="m-change" aria-hidden="true" />change</span><span><i class="m-drift" aria-hidden="true" />drift</span>
        {activities.length > 0 && <span><i class="m-activity" aria-hidden="true" />what people and programs did</span>}
        {ahead.length > 0 && <span class="swatch">chance that it changes</span>}
      </figcaption>
    </figure>
  );
}

/** Events at (nearly) the same place stand on top of each other, up to six high. */
function stackUp(entries: HistoryEntry[], x: (at: number) => number, base: number) {
  const heights = new Map<number, number>();
  const placed: Array<{ entry: HistoryEntry; cx: number; cy: number }> = [];
  for (const entry of entries) {
    const cx = x(Date.parse(entry.at));
    if (cx < 8) continue;
    const slot = Math.round(cx / 8);
    const height = heights.get(slot) ?? 0;
    heights.set(slot, height + 1);
    if (height < 6) placed.push({ entry, cx: slot * 8, cy: base - 9 - height * 11 });
  }
  return placed;
}

function ticks(from: number, to: number): number[] {
  const days = (to - from) / day_ms;
  const step = [1, 2, 7, 14, 30, 60, 90].find((size) => days / size <= 6) ?? 120;
  const first = Math.ceil((from + day_ms * 0.4) / day_ms) * day_ms;
  const found = [];
  for (let at = first; at < to - step * day_ms * 0.3; at += step * day_ms) found.push(at);
  return found;
}
