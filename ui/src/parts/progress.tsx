// A plan's way from approval to proof, as it happens.
import type { JSX } from "preact";
import type { Plan } from "../api/types";
import { duration, sentence } from "../lib/format";
import { Icon } from "./icons";
import { Time } from "./states";

const stations: Array<{ states: Plan["state"][]; word: string }> = [
  { states: ["approved"], word: "Approved" },
  { states: ["sent"], word: "Signed and sent" },
  { states: ["running"], word: "Carried out" },
  { states: ["verifying"], word: "Read again" },
  { states: ["succeeded"], word: "Verified" },
];

const ends: Partial<Record<Plan["state"], string>> = {
  rolled_back: "Rolled back: everything is as before", failed: "Failed before anything was changed",
  unclear: "Unclear: a person must look", overridden: "A person does it by hand",
};

export function Progress({ plan }: { plan: Plan }): JSX.Element {
  const bad_end = ends[plan.state];
  const place = stations.findIndex((station) => station.states.includes(plan.state));
  const only_engine = plan.needs.length === 0;
  return (
    <div class={`progress p-${plan.state}`} aria-live="polite">
      {!bad_end && (
        <ol class="stations">
          {stations.map((station, i) => {
            const done = i < place || plan.state === "succeeded";
            return (
              <li key={station.word} class={done ? "done" : i === place ? "here" : ""} aria-current={i === place ? "step" : undefined}>
                <span class="station-dot">{done ? <Icon name="check" size={14} /> : null}</span>
                <span class="station-word">{station.word}{plan.state === "running" && i === place && plan.step_now >= 0 && !only_engine ? ` · step ${plan.step_now + 1} of ${plan.steps.length}` : ""}</span>
              </li>
            );
          })}
        </ol>
      )}
      {bad_end && <p class={`notice tone-${plan.state === "overridden" ? "quiet" : plan.state === "unclear" ? "missing" : "drift"}`}><b>{bad_end}.</b> {sentence(plan.outcome)}</p>}
      {plan.state === "succeeded" && <p class="notice tone-sync"><b>Verified.</b> {sentence(plan.outcome) || "An independent read found what was planned."} {plan.needs.length > 0 && <>Measured downtime: {duration(plan.downtime_measured_s)}.</>}</p>}
      {plan.state === "approved" && plan.not_before && Date.parse(plan.not_before) > Date.now() && <p class="quiet">Begins <Time at={plan.not_before} both />.</p>}
      <p class="quiet">{plan.decided_by && <>Decided by {plan.decided_by}{plan.decision_reason && <>: “{plan.decision_reason}”</>}.</>}</p>
    </div>
  );
}
