// A dialog that does one thing: says what will happen, asks for a reason or a date, and shows what
// the engine answered.
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { ApiError } from "../api/client";
import type { Problem } from "../api/types";
import { Dialog } from "./dialog";
import { Failed } from "./states";

export interface Inputs {
  reason: string;
  until: string | null; // RFC 3339
}

type Need = "required" | "optional";

export function ActionDialog({ title, verb, reason, reasonText = "", until, untilLabel = "Until", tone = "primary", act, onClose, onDone, children }: {
  title: string; verb: string; reason?: Need; reasonText?: string; until?: Need; untilLabel?: string; tone?: "primary" | "danger";
  act: (inputs: Inputs) => Promise<unknown>; onClose: () => void; onDone?: () => void; children?: ComponentChildren;
}): JSX.Element {
  const [text, setText] = useState(reasonText);
  const [date, setDate] = useState(until === "required" ? localInput(Date.now() + 24 * 3600000) : "");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await act({ reason: text.trim(), until: date ? new Date(date).toISOString() : null });
      onDone?.();
      onClose();
    } catch (error) {
      setBusy(false);
      // What the browser says of an authenticator: the person did not want to, or it was not there.
      if (error instanceof DOMException) setProblem({ type: "about:blank", title: "Not signed", status: 0, detail: error.message });
      else if (error instanceof ApiError) setProblem(error.problem);
      else throw error;
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        {children}
        {until && (
          <label class="field"><span>{untilLabel}{until === "optional" && <small> (optional)</small>}</span>
            <input class="input" type="datetime-local" required={until === "required"} min={localInput(Date.now())} value={date} onInput={(event) => setDate(event.currentTarget.value)} />
          </label>
        )}
        {reason && (
          <label class="field"><span>Reason{reason === "optional" && <small> (optional)</small>}</span>
            <textarea class="input" rows={3} maxLength={2000} required={reason === "required"} value={text} onInput={(event) => setText(event.currentTarget.value)} />
          </label>
        )}
        {problem && <Failed problem={problem} />}
        <div class="form-foot">
          <button type="button" class="button" onClick={onClose}>Leave it</button>
          <button type="submit" class={`button ${tone}`} disabled={busy}>{busy ? "One moment…" : verb}</button>
        </div>
      </form>
    </Dialog>
  );
}

/** A moment as <input type="datetime-local"> wants it. */
function localInput(at: number): string {
  const date = new Date(at - new Date(at).getTimezoneOffset() * 60000);
  return date.toISOString().slice(0, 16);
}
