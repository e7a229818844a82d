// What another alert threshold would have done in the last 30 days, counted from scored forecasts.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { TrackHorizon } from "../api/types";
import { count, duration, percent, plural } from "../lib/format";
import { useWidth } from "../lib/size";

type Steps = TrackHorizon["recent"]["steps"];

export function Threshold({ track, threshold }: { track: TrackHorizon; threshold: number }): JSX.Element {
  const { days, steps } = track.recent;
  const [at, setAt] = useState(Math.round(threshold * steps.length));
  const step = steps[at];
  const now = steps[Math.round(threshold * steps.length)] ?? step;
  const changes = step.hits + step.missed;
  const rate = (value: number) => count(Math.round((value / Math.max(1, days)) * 7));
  return (
    <section class="card" aria-labelledby="thr">
      <header class="card-head"><h2 id="thr">If the threshold had been</h2><b class="big">{Math.round(step.from * 100)}%</b></header>
      {days === 0 ? <p class="quiet">Nothing was scored at this horizon in the last 30 days.</p> : (
        <>
          <input type="range" min="1" max={steps.length - 1} value={at} aria-label="Threshold" aria-valuetext={`${Math.round(step.from * 100)} percent`} onInput={(event) => setAt(Number(event.currentTarget.value))} />
          <ThresholdChart steps={steps} at={at} />
          <dl class="bignums">
            <div><dt>alerts a week</dt><dd>{rate(step.alerts)}</dd></div>
            <div><dt>of them right</dt><dd>{step.alerts === 0 ? "–" : percent(step.hits / step.alerts)}</dd></div>
            <div><dt>changes caught</dt><dd>{changes === 0 ? "–" : percent(step.hits / changes)}</dd></div>
            <div><dt>lead time, mean</dt><dd>{step.lead_time_s === null ? "–" : duration(step.lead_time_s)}</dd></div>
          </dl>
          <p>{step === now ? "This is how it is set." : compare(step, now)}</p>
          <p class="quiet foot">From the forecasts whose time passed on the last {plural(days, "day")} that had any, by their chance of change.</p>
        </>
      )}
    </section>
  );
}

function compare(step: Steps[number], now: Steps[number]): string {
  const alerts = step.alerts - now.alerts;
  const hits = step.hits - now.hits;
  const word = (value: number) => (value < 0 ? "fewer" : "more");
  return `Against today's threshold: ${plural(Math.abs(alerts), "alert")} ${word(alerts)}, of which ${count(Math.abs(alerts - hits))} would have been false, and ${plural(Math.abs(hits), "change")} ${hits < 0 ? "missed" : "caught"} in addition.`;
}

/** Precision and recall over the threshold; the line that moves is the one under the thumb. */
function ThresholdChart({ steps, at }: { steps: Steps; at: number }): JSX.Element {
  const [box, width] = useWidth<HTMLElement>();
  const height = 130, left = 40, right = 12, top = 8, bottom = 22;
  const x = (i: number) => left + ((width - left - right) * i) / (steps.length - 1);
  const y = (p: number) => top + (height - top - bottom) * (1 - p);
  const path = (of: (step: Steps[number]) => number | null) => {
    let line = "";
    steps.forEach((step, i) => {
      const value = of(step);
      if (value !== null) line += `${line ? "L" : "M"}${x(i)},${y(value)}`;
    });
    return line;
  };
  return (
    <figure class="chart" ref={box}>
      <svg width={width} height={height} role="img" aria-label="Share of alerts that were right, and of changes that were caught, by threshold">
        {[0, 0.5, 1].map((p) => <g key={p}><line class="grid" x1={left} x2={width - right} y1={y(p)} y2={y(p)} /><text class="tick" x={left - 8} y={y(p) + 4} text-anchor="end">{p * 100}%</text></g>)}
        {[0, 5, 10, 15].map((i) => <text key={i} class="tick" x={x(i)} y={height - 6} text-anchor="middle">{i * 5}%</text>)}
        <line class="now" x1={x(at)} x2={x(at)} y1={top} y2={height - bottom} />
        <path class="line change solid" d={path((step) => (step.hits + step.missed === 0 ? null : step.hits / (step.hits + step.missed)))} />
        <path class="line right solid" d={path((step) => (step.alerts === 0 ? null : step.hits / step.alerts))} />
      </svg>
      <figcaption class="keyline"><span class="swatch right solid">alerts that were right</span><span class="swatch solid">changes caught</span></figcaption>
    </figure>
  );
}
