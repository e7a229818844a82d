// The decision about a plan. An approval names the hash of what was seen: a plan that has changed
// meanwhile is not approved.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ApiError, get, may, post } from "../api/client";
import type { ApprovalChallenge, ApprovalProof, Plan, PlanDecision } from "../api/types";
import { sign, whyNoKeys } from "../lib/authenticator";
import { ActionDialog } from "./action";
import { Icon } from "./icons";
import { AllowLine } from "./plan";

type Choice = "approve" | "schedule" | "reject" | "override" | "cancel";

export function Decide({ plan, onDone }: { plan: Plan; onDone: () => void }): JSX.Element | null {
  const [choice, setChoice] = useState<Choice | null>(null);
  if (plan.state === "approved" || plan.state === "proposed") {
    const allowed = may("approver");
    const why_not = allowed ? undefined : "Needs the role approver";
    return (
      <div class="decide">
        {!plan.allowed && plan.allow_command && <AllowLine command={plan.allow_command} stack={plan.stack} />}
        <div class="actions">
          {plan.state === "proposed" ? (
            <>
              <button class="button primary" disabled={!allowed || !plan.allowed} title={why_not ?? (plan.allowed ? undefined : "The host does not allow it yet")} onClick={() => setChoice("approve")}><Icon name="check" size={18} /> Approve</button>
              <button class="button" disabled={!allowed || !plan.allowed} title={why_not} onClick={() => setChoice("schedule")}><Icon name="clock" size={18} /> Schedule</button>
              <button class="button" disabled={!allowed} title={why_not} onClick={() => setChoice("override")}>I do it by hand</button>
              <button class="button" disabled={!allowed} title={why_not} onClick={() => setChoice("reject")}>Reject</button>
            </>
          ) : (
            <button class="button" disabled={!allowed} title={why_not} onClick={() => setChoice("cancel")}><Icon name="undo" size={18} /> Take the approval back</button>
          )}
        </div>
        {choice && <DecisionDialog plan={plan} choice={choice} onClose={() => setChoice(null)} onDone={onDone} />}
      </div>
    );
  }
  return null;
}

const texts: Record<Choice, { title: string; verb: string; verdict: PlanDecision["verdict"] }> = {
  approve: { title: "Approve this plan", verb: "Approve", verdict: "approve" },
  schedule: { title: "Schedule this plan", verb: "Approve for then", verdict: "approve" },
  reject: { title: "Reject this plan", verb: "Reject", verdict: "reject" },
  override: { title: "Do it by hand", verb: "Override", verdict: "override" },
  cancel: { title: "Take the approval back", verb: "Take back", verdict: "cancel" },
};

/** The word of the person's own key, where the host wants it; null where it does not. */
async function prove(plan: Plan): Promise<ApprovalProof | null> {
  const asked = await get<ApprovalChallenge>(`/plans/${encodeURIComponent(plan.id)}/challenge`);
  if (!asked.required) return null;
  const missing = asked.keys.length === 0
    ? `${plan.stack} carries out only what is approved with a key that it knows. Make one under Settings, and put its line into the host's allow-list.`
    : whyNoKeys();
  if (missing) throw new ApiError({ type: "about:blank", title: "An approver's key is needed", status: 0, detail: missing });
  return sign(asked);
}

function DecisionDialog({ plan, choice, onClose, onDone }: { plan: Plan; choice: Choice; onClose: () => void; onDone: () => void }): JSX.Element {
  const { title, verb, verdict } = texts[choice];
  const reason = choice === "reject" || choice === "override" ? "required" : "optional";
  const until = choice === "schedule" ? "required" : choice === "override" ? "optional" : undefined;
  return (
    <ActionDialog title={title} verb={verb} reason={reason} until={until} untilLabel={choice === "schedule" ? "Not before" : "Quiet until"} onClose={onClose} onDone={onDone}
      act={async ({ reason: why, until: at }) => post(`/plans/${encodeURIComponent(plan.id)}/decision`, {
        verdict, plan_hash: plan.hash, reason: why, ...(verdict === "approve" ? { proof: await prove(plan) } : {}),
        ...(choice === "schedule" ? { not_before: at } : {}), ...(choice === "override" ? { until: at } : {}),
      })}>
      {(choice === "approve" || choice === "schedule") && (
        <>
          <p><b>{plan.title}</b></p>
          <p>{plan.needs.length > 0
            ? `The agent on ${plan.stack} checks again that the state is the one shown, keeps what was there, carries out ${plan.steps.length === 1 ? "one step" : `${plan.steps.length} steps`}, and verifies. If the check fails it puts everything back.`
            : "Nothing changes on the host: only what is expected changes."}</p>
          {!plan.reversible && <p class="notice tone-drift"><b>This cannot be undone.</b></p>}
        </>
      )}
      {choice === "override" && <p>No plan will run. Say what you do, so that the next person knows.</p>}
      {choice === "cancel" && <p>It has not started. It goes back to the list.</p>}
    </ActionDialog>
  );
}
