// Which model forecasts, which did before, and its refit on the site's own past.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { currentSession, post } from "../api/client";
import { useQuery } from "../api/query";
import type { Model, Models } from "../api/types";
import { percent, sentence } from "../lib/format";
import { ActionDialog } from "./action";
import { Answered, Time } from "./states";

const ranks = ["viewer", "sender", "operator", "approver", "admin"];
const may = (role: string): boolean => ranks.indexOf(currentSession()?.role ?? "viewer") >= ranks.indexOf(role);

export function ModelList(): JSX.Element {
  const models = useQuery<Models>("/models", {}, { live: ["audit"] });
  const [refitting, setRefitting] = useState(false);
  const [chosen, setChosen] = useState<Model | null>(null);
  return (
    <section class="card models" aria-labelledby="models-title">
      <header class="card-head"><h2 id="models-title">Models</h2>
        {may("operator") && <button class="button small" disabled={models.data?.refit.running} onClick={() => setRefitting(true)}>{models.data?.refit.running ? `Refitting, ${percent(models.data.refit.done)}` : "Refit now"}</button>}
      </header>
      <p class="quiet">The model that ships with the program is refitted on what happened here. A refitted one serves only if it was better on days that neither had learnt from.</p>
      <Answered answer={models} lines={3}>
        {(data) => (
          <>
            {data.drifted_at && <p class="notice tone-drift">Since <Time at={data.drifted_at} both /> what happens surprises the model more than it used to. It is refitted at once; look at what has changed at the site as well.</p>}
            <ul class="plain-list">{data.rows.map((model) => (
              <li key={model.version}>
                <span><b>{model.version}</b> {model.serves && <span class="badge tone-sync">serves</span>}</span>
                <span class="quiet">{model.at ? <>since <Time at={model.at} />, by {model.by}: </> : ""}{model.reason}</span>
                {may("admin") && !model.serves && <button class="button small" aria-label={`Use ${model.version}`} onClick={() => setChosen(model)}>Use</button>}
              </li>))}</ul>
            <p class="quiet foot">
              {data.refit.last ? <>Last refit <Time at={data.refit.last_at} />: {data.refit.last}. </> : "Nothing was refitted yet. "}
              {data.refit.next_at && <>The next one begins by itself <Time at={data.refit.next_at} />.</>}
            </p>
          </>
        )}
      </Answered>
      {refitting && (
        <ActionDialog title="Refit the model now" verb="Refit" reason="optional" onClose={() => setRefitting(false)} onDone={models.refresh} act={({ reason }) => post("/models/refit", { reason })}>
          <p>The past of this site is learnt from again, in the background. Forecasts go on meanwhile, and change only if the refitted model proves better.</p>
        </ActionDialog>
      )}
      {chosen && (
        <ActionDialog title={`Forecast with model ${chosen.version}`} verb="Use it" reason="required" onClose={() => setChosen(null)} onDone={models.refresh} act={({ reason }) => post("/models/use", { version: chosen.version, reason })}>
          <p>{sentence(chosen.reason)}. It forecasts from now on, until a refit proves better.</p>
        </ActionDialog>
      )}
    </section>
  );
}
