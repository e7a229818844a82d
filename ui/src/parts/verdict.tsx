// What the site's policy says about a plan, and which strategies are not among the plans, and why.
import type { JSX } from "preact";
import type { LeftOut, PolicyVerdict } from "../api/types";
import { plural, sentence } from "../lib/format";
import { strategy_words } from "./plan";
import { Time } from "./states";

const tones: Record<PolicyVerdict["action"], string> = { forbid: "drift", needs_approval: "quiet", wait: "forecast", run: "sync" };

function words(verdict: PolicyVerdict): JSX.Element {
  switch (verdict.action) {
    case "forbid": return <>The policy forbids it.</>;
    case "needs_approval": return <>{plural(Math.max(1, verdict.approvals_missing), "approval")} missing{verdict.who.length > 0 && !verdict.who.includes("*") && <>, of {verdict.who.join(", ")}</>}.</>;
    case "wait": return <>It begins <Time at={verdict.not_before} both />{verdict.not_after && <>, and must end before <Time at={verdict.not_after} both /></>}.</>;
    case "run": return <>{verdict.unattended ? "It may run unattended." : "It may run now."}</>;
  }
}

export function PolicyLine({ verdict }: { verdict: PolicyVerdict }): JSX.Element {
  return (
    <div class={`notice tone-${tones[verdict.action]}`}>
      <p><b>Policy:</b> {words(verdict)}</p>
      {verdict.reasons.length > 0 && <ul class="inputs">{verdict.reasons.map((reason) => <li key={reason}>{sentence(reason)}</li>)}</ul>}
    </div>
  );
}

export function NotProposed({ left_out }: { left_out: LeftOut[] }): JSX.Element | null {
  if (left_out.length === 0) return null;
  return (
    <details class="card not-proposed">
      <summary>Not proposed: {left_out.map((item) => strategy_words[item.strategy].toLowerCase()).join(", ")}</summary>
      <ul class="inputs">{left_out.map((item) => (
        <li key={item.strategy}><b>{strategy_words[item.strategy]}</b>{item.dominated && <span class="badge tone-quiet">never better</span>}: {item.reason}</li>
      ))}</ul>
    </details>
  );
}
