// Probability over time. The six horizons stand at equal distances; what lies ahead is dashed.
import type { JSX } from "preact";
import type { HorizonRisk } from "../api/types";
import { chance } from "../lib/format";
import { useWidth } from "../lib/size";
import { horizon_words } from "./heat";

export function RiskCurve({ horizons, threshold, alertHorizon }: {
  horizons: HorizonRisk[]; threshold?: number; alertHorizon?: string;
}): JSX.Element {
  const [box, width] = useWidth<HTMLElement>();
  const height = 210;
  const left = 40, right = 16, top = 14, bottom = 30;
  const x = (i: number) => left + ((width - left - right) * (i + 1)) / horizons.length;
  const y = (p: number) => top + (height - top - bottom) * (1 - p);
  const line = (of: (risk: HorizonRisk) => number) =>
    `M${left},${y(0)}` + horizons.map((risk, i) => `L${x(i)},${y(of(risk))}`).join("");
  const change = line((risk) => risk.p_change);
  const label = horizons
    .map((risk, i) => `within ${horizon_words[i]}: change ${chance(risk.p_change)}, drift ${chance(risk.p_drift)}`).join("; ");
  return (
    <figure class="chart" ref={box}>
      <svg width={width} height={height} role="img" aria-label={`Probability over time. ${label}`}>
        {[0, 0.25, 0.5, 0.75, 1].map((p) => (
          <g key={p}>
            <line class="grid" x1={left} x2={width - right} y1={y(p)} y2={y(p)} />
            <text class="tick" x={left - 8} y={y(p) + 4} text-anchor="end">{p * 100}%</text>
          </g>
        ))}
        {threshold !== undefined && (
          <g>
            <line class="threshold" x1={left} x2={width - right} y1={y(threshold)} y2={y(threshold)} />
            <text class="tick" x={left + 6} y={y(threshold) - 5}>alert when drift reaches this{alertHorizon ? ` at ${alertHorizon}` : ""}</text>
          </g>
        )}
        <path class="area" d={`${change}L${x(horizons.length - 1)},${y(0)}Z`} />
        <path class="line change" d={change} />
        <path class="line drift" d={line((risk) => risk.p_drift)} />
        {horizons.map((risk, i) => (
          <g key={risk.horizon}>
            <circle class="dot change" cx={x(i)} cy={y(risk.p_change)} r="3.500" />
            <circle class="dot drift" cx={x(i)} cy={y(risk.p_drift)} r="2.500" />
            <text class="tick" x={x(i)} y={height - 9} text-anchor="middle">{risk.horizon}</text>
          </g>
        ))}
        <text class="tick" x={left} y={height - 9} text-anchor="middle">now</text>
      </svg>
      <figcaption class="keyline"><span class="swatch change">Chance that it changes</span><span class="swatch drift">that the change is drift</span></figcaption>
    </figure>
  );
}

/** The six probabilities as figures, for reading and for screen readers. */
export function RiskTable({ horizons }: { horizons: HorizonRisk[] }): JSX.Element {
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label="Probabilities">
      <table class="figures">
        <thead><tr><th scope="col">within</th>{horizons.map((risk, i) => <th scope="col" key={risk.horizon}><abbr title={horizon_words[i]}>{risk.horizon}</abbr></th>)}</tr></thead>
        <tbody>
          <tr><th scope="row">change</th>{horizons.map((risk) => <td key={risk.horizon}>{chance(risk.p_change)}</td>)}</tr>
          <tr><th scope="row">drift</th>{horizons.map((risk) => <td key={risk.horizon}>{chance(risk.p_drift)}</td>)}</tr>
        </tbody>
      </table>
    </div>
  );
}
