// Forecasts as calm heat: one colour, from paper to blue, with the figure in it.
import type { JSX } from "preact";
import { expected, chance } from "../lib/format";

export const horizon_names = ["1h", "6h", "1d", "3d", "7d", "30d"];
export const horizon_words = ["1 hour", "6 hours", "1 day", "3 days", "7 days", "30 days"];

function step(heat: number): number {
  return Math.max(0, Math.min(9, Math.round(heat * 9)));
}

/** P(change) at the six horizons. */
export function RiskCells({ p, mark, what = "change" }: { p: number[]; mark?: number; what?: string }): JSX.Element {
  const label = p.map((value, i) => `${chance(value)} within ${horizon_words[i]}`).join(", ");
  return (
    <span class="heat-row" role="img" aria-label={`Chance of ${what}: ${label}`}>
      {p.map((value, i) => (
        <span key={i} class={`heat h${step(value)}${mark === i ? " marked" : ""}`} title={`${chance(value)} within ${horizon_words[i]}`}>
          {chance(value)}
        </span>
      ))}
    </span>
  );
}

/** Expected number of changed resources at the six horizons; the colour is their share of all. */
export function ChangeCells({ changes, resources, mark }: { changes: number[]; resources: number; mark?: number }): JSX.Element {
  const label = changes.map((value, i) => `${expected(value)} within ${horizon_words[i]}`).join(", ");
  return (
    <span class="heat-row" role="img" aria-label={`Expected changes: ${label}`}>
      {changes.map((value, i) => (
        <span key={i} class={`heat h${step(shareHeat(value, resources))}${mark === i ? " marked" : ""}`}
              title={`${expected(value)} of ${resources} expected to change within ${horizon_words[i]}`}>
          {expected(value)}
        </span>
      ))}
    </span>
  );
}

/** A share of changing resources to colour: rises fast at first, and is full at six in ten. */
export function shareHeat(changes: number, resources: number): number {
  return resources > 0 ? Math.min(1, Math.sqrt(changes / resources / 0.6)) : 0;
}

export const heatStep = step;

export function HorizonHead({ mark }: { mark?: number }): JSX.Element {
  return (
    <span class="heat-row head" aria-hidden="true">
      {horizon_names.map((name, i) => <span key={name} class={mark === i ? "marked" : ""}>{name}</span>)}
    </span>
  );
}
