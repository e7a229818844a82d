// Why a forecast says what it says: each reason with its weight, to the right when it raises the
// chance and to the left when it lowers it.
import type { JSX } from "preact";
import type { Reason } from "../api/types";
import { withTimes } from "../lib/format";
import { usePrefs } from "../lib/prefs";

export function Reasons({ reasons }: { reasons: Reason[] }): JSX.Element {
  const { zone } = usePrefs();
  if (reasons.length === 0) return <p class="quiet nothing">No reason was given.</p>;
  const most = Math.max(0.01, ...reasons.map((reason) => Math.abs(reason.weight)));
  return (
    <ul class="reasons">
      {reasons.map((reason, i) => (
        <li key={i}>
          <span class="reason-text">{withTimes(reason.text, zone)}<small>{reason.group}</small></span>
          <span class="reason-bar" aria-hidden="true">
            <i class={reason.weight >= 0 ? "up" : "down"} style={{ width: `${(Math.abs(reason.weight) / most) * 50}%` }} />
          </span>
          <span class="reason-weight" title="Contribution on the logit scale"><span class="sr">{reason.weight >= 0 ? "raises by " : "lowers by "}</span>{reason.weight >= 0 ? "+" : "−"}{Math.abs(reason.weight).toFixed(1)}</span>
        </li>
      ))}
    </ul>
  );
}

/** The strongest reason alone. */
export function FirstReason({ reasons, none = "" }: { reasons: Reason[]; none?: string }): JSX.Element {
  const { zone } = usePrefs();
  return <>{withTimes(reasons[0]?.text ?? none, zone)}</>;
}
