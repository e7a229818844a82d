// Said against happened: a forecaster is good when the dots lie on the diagonal.
import type { JSX } from "preact";
import type { TrackHorizon } from "../api/types";
import { count, percent } from "../lib/format";

export function Reliability({ track }: { track: TrackHorizon }): JSX.Element {
  const size = 340, left = 44, top = 10, bottom = 40;
  const plot = size - left - 12;
  const height = top + plot + bottom;
  const x = (p: number) => left + plot * p;
  const y = (p: number) => top + plot * (1 - p);
  const filled = track.bins.filter((bin) => bin.count > 0 && bin.p_mean !== null && bin.hit_rate !== null);
  const most = Math.max(1, ...filled.map((bin) => bin.count));
  const label = filled.map((bin) => `said ${percent(bin.p_mean ?? 0)}, happened ${percent(bin.hit_rate ?? 0)} of ${bin.count}`).join("; ");
  return (
    <figure class="chart reliability">
      <svg width={size} height={height} viewBox={`0 0 ${size} ${height}`} role="img" aria-label={`Reliability diagram. ${label || "No scored predictions yet"}`}>
        {[0, 0.2, 0.4, 0.6, 0.8, 1].map((p) => (
          <g key={p}>
            <line class="grid" x1={x(0)} x2={x(1)} y1={y(p)} y2={y(p)} />
            <text class="tick" x={left - 6} y={y(p) + 4} text-anchor="end">{Math.round(p * 100)}</text>
            <text class="tick" x={x(p)} y={y(0) + 16} text-anchor="middle">{Math.round(p * 100)}</text>
          </g>
        ))}
        <line class="diagonal" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
        {filled.map((bin) => (
          <g key={bin.from}>
            <line class="gap" x1={x(bin.p_mean ?? 0)} x2={x(bin.p_mean ?? 0)} y1={y(bin.p_mean ?? 0)} y2={y(bin.hit_rate ?? 0)} />
            <circle class="bin" cx={x(bin.p_mean ?? 0)} cy={y(bin.hit_rate ?? 0)} r={3 + 7 * Math.sqrt(bin.count / most)}>
              <title>{`${count(bin.count)} predictions said about ${percent(bin.p_mean ?? 0)}; it happened in ${percent(bin.hit_rate ?? 0)}`}</title>
            </circle>
          </g>
        ))}
        <text class="axis-title" x={x(0.5)} y={y(0) + 34} text-anchor="middle">said, %</text>
        <text class="axis-title" x={12} y={y(0.5)} text-anchor="middle" transform={`rotate(-90 12 ${y(0.5)})`}>happened, %</text>
      </svg>
    </figure>
  );
}
