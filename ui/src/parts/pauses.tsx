// People work there: nothing is begun on what a pause covers until it ends or is lifted.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { currentSession, post, remove } from "../api/client";
import { useQuery } from "../api/query";
import type { Pause, PauseList } from "../api/types";
import { ActionDialog } from "./action";
import { Answered, Time } from "./states";

export function Pauses({ resources = "*" }: { resources?: string }): JSX.Element {
  const pauses = useQuery<PauseList>("/pauses", {}, { live: ["audit"] });
  const [pausing, setPausing] = useState(false);
  const [lifting, setLifting] = useState<Pause | null>(null);
  const [glob, setGlob] = useState(resources);
  const may = ["operator", "approver", "admin"].includes(currentSession()?.role ?? "");
  return (
    <section class="card" aria-labelledby="pauses-title">
      <header class="card-head"><h2 id="pauses-title">Pauses</h2>{may && <button class="button small" onClick={() => setPausing(true)}>Pause</button>}</header>
      <Answered answer={pauses} lines={1}>
        {(data) => data.rows.length === 0 ? <p class="quiet">Nothing is paused. While people work on something, pause it: no plan is begun there.</p> : (
          <ul class="plain-list">{data.rows.map((pause) => (
            <li key={pause.id}><span><code>{pause.resource_glob}</code></span>
              <span class="quiet">{pause.reason} · {pause.by} · until <Time at={pause.until} /></span>
              {may && <button class="button small" aria-label={`Lift the pause of ${pause.resource_glob}`} onClick={() => setLifting(pause)}>Lift</button>}
            </li>))}</ul>
        )}
      </Answered>
      {pausing && (
        <ActionDialog title="Pause" verb="Pause" reason="required" until="required" onClose={() => setPausing(false)} onDone={pauses.refresh}
          act={({ reason, until }) => post("/pauses", { resource_glob: glob, reason, until })}>
          <label class="field"><span>Resources <small>stack/kind/name; * crosses slashes</small></span><input class="input mono" required value={glob} onInput={(event) => setGlob(event.currentTarget.value)} /></label>
          <p class="quiet">No plan is begun there, also none that is approved. Drift is still seen and told.</p>
        </ActionDialog>
      )}
      {lifting && (
        <ActionDialog title={`Lift the pause of ${lifting.resource_glob}`} verb="Lift it" onClose={() => setLifting(null)} onDone={pauses.refresh} act={() => remove(`/pauses/${encodeURIComponent(lifting.id)}`)}>
          <p>Approved plans whose time has come are begun at once.</p>
        </ActionDialog>
      )}
    </section>
  );
}
