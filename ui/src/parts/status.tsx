// Status of resources and keys: a shape, a word and a colour, so that none of them stands alone.
import type { JSX } from "preact";
import type { KeyVerdict, PlanState, ResourceStatus, StatusCounts } from "../api/types";
import { count, words } from "../lib/format";

type Look = "sync" | "drift" | "missing" | "unmanaged" | "unknown";

const looks: Record<ResourceStatus, { look: Look; word: string; meaning: string }> = {
  DRIFTED: { look: "drift", word: "Drifted", meaning: "differs from what is expected" },
  MISSING: { look: "missing", word: "Missing", meaning: "is expected and is not there" },
  UNMANAGED: { look: "unmanaged", word: "Unmanaged", meaning: "is there, and nobody said that it should be" },
  NOT_COMPARED: { look: "unknown", word: "Not compared", meaning: "could not be compared" },
  IN_SYNC: { look: "sync", word: "In sync", meaning: "is as expected" },
};
export const status_order = Object.keys(looks) as ResourceStatus[];

export const statusWord = (status: ResourceStatus): string => looks[status]?.word ?? words(status);
export const statusMeaning = (status: ResourceStatus): string => looks[status]?.meaning ?? "";
export const statusLook = (status: ResourceStatus): Look => looks[status]?.look ?? "unknown";

export function Glyph({ look, size = 14 }: { look: Look; size?: number }): JSX.Element {
  return (
    <svg class={`glyph look-${look}`} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {look === "sync" && <><circle class="fill" cx="8" cy="8" r="6.5" /><path class="cut" d="M5 8.200 7.200 10.400 11 6" /></>}
      {look === "drift" && <path class="fill" d="M8 1 15 8 8 15 1 8Z" />}
      {look === "missing" && <><rect class="fill" x="1.500" y="1.500" width="13" height="13" rx="2" /><path class="cut" d="M5 5l6 6M11 5l-6 6" /></>}
      {look === "unmanaged" && <><circle class="ring" cx="8" cy="8" r="5.500" /><circle class="fill" cx="8" cy="8" r="1.800" /></>}
      {look === "unknown" && <circle class="ring dashed" cx="8" cy="8" r="5.700" />}
    </svg>
  );
}

export function Status({ status }: { status: ResourceStatus }): JSX.Element {
  return (
    <span class={`status look-${statusLook(status)}`}>
      <Glyph look={statusLook(status)} />
      {statusWord(status)}
    </span>
  );
}

const verdicts: Record<KeyVerdict, { look: Look; word: string }> = {
  SAME: { look: "sync", word: "Same" },
  CHANGED: { look: "drift", word: "Changed" },
  ADDED: { look: "unmanaged", word: "Added" },
  REMOVED: { look: "missing", word: "Removed" },
  NOT_COMPARED: { look: "unknown", word: "Not compared" },
};

export function VerdictBadge({ verdict }: { verdict: KeyVerdict }): JSX.Element {
  const { look, word } = verdicts[verdict] ?? verdicts.NOT_COMPARED;
  return <span class={`status look-${look}`}><Glyph look={look} />{word}</span>;
}

/** How a set of resources divides by status: one bar, widest part first in `status_order`. */
export function StatusBar({ counts, label }: { counts: StatusCounts; label?: string }): JSX.Element {
  const total = status_order.reduce((sum, status) => sum + counts[status], 0);
  const parts = status_order.filter((status) => counts[status] > 0);
  const text = parts.map((status) => `${count(counts[status])} ${statusWord(status).toLowerCase()}`).join(", ");
  return (
    <span class="status-bar" role="img" aria-label={`${label ? `${label}: ` : ""}${text || "nothing known"}`} title={text}>
      {parts.map((status) => (
        <span key={status} class={`part look-${statusLook(status)}`} style={{ flexGrow: Math.max(counts[status] / total, 0.012) }} />
      ))}
    </span>
  );
}

export function Legend({ counts }: { counts: StatusCounts }): JSX.Element {
  return (
    <ul class="legend">
      {status_order.map((status) => (
        <li key={status} class={counts[status] ? "" : "none"} title={`${statusWord(status)}: ${statusMeaning(status)}`}>
          <Glyph look={statusLook(status)} />
          <b>{count(counts[status])}</b> {statusWord(status).toLowerCase()}
        </li>
      ))}
    </ul>
  );
}

/** 0 to 10, as a figure and a bar of five; `calm` for what has not happened. */
export function Severity({ value, reason, calm }: { value: number; reason?: string; calm?: boolean }): JSX.Element {
  const level = value >= 8 ? "critical" : value >= 6 ? "high" : value >= 3.5 ? "medium" : value > 0 ? "low" : "none";
  const lit = Math.min(5, Math.ceil(value / 2));
  return (
    <span class={`severity sev-${level}${calm ? " calm" : ""}`} title={reason ? `Severity ${value.toFixed(1)} of 10: ${reason}` : `Severity ${value.toFixed(1)} of 10`}>
      <span class="pips" aria-hidden="true">
        {[1, 2, 3, 4, 5].map((n) => <i key={n} class={n <= lit ? "on" : ""} />)}
      </span>
      <span class="figure">{value.toFixed(1)}</span>
      <span class="word">{level}</span>
    </span>
  );
}

const plan_looks: Record<PlanState, string> = {
  proposed: "quiet", approved: "forecast", sent: "forecast", running: "forecast", verifying: "forecast",
  succeeded: "sync", rolled_back: "drift", failed: "drift", unclear: "missing",
  rejected: "quiet", overridden: "quiet", expired: "quiet",
};

export function PlanBadge({ state }: { state: PlanState }): JSX.Element {
  return <span class={`badge tone-${plan_looks[state] ?? "quiet"}`}>{words(state)}</span>;
}
