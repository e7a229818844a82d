// One's own keys for approvals: a host that names them in its allow-list carries out nothing that they
// have not signed.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { currentSession, post, remove } from "../api/client";
import { useQuery } from "../api/query";
import type { ApproverKey, ApproverKeyList } from "../api/types";
import { makeKey, whyNoKeys } from "../lib/authenticator";
import { ActionDialog } from "./action";
import { Answered, CopyLine, Time } from "./states";

export function ApproverKeys(): JSX.Element {
  const keys = useQuery<ApproverKeyList>("/keys", {}, { live: ["audit"] });
  const [making, setMaking] = useState(false);
  const [removing, setRemoving] = useState<ApproverKey | null>(null);
  const [title, setTitle] = useState("");
  const missing = whyNoKeys();
  return (
    <section class="card" aria-labelledby="keys-title">
      <header class="card-head"><h2 id="keys-title">Your keys for approvals</h2><button class="button small" disabled={missing !== null} onClick={() => setMaking(true)}>New key</button></header>
      <p class="quiet">A security key, a phone or this machine's own. With its line in the allow-list of a host, that host carries out only what you have approved with it: nobody can approve in your place, not even from the engine itself.</p>
      {missing && <p class="notice">{missing}</p>}
      <Answered answer={keys} lines={2}>
        {(data) => data.rows.length === 0 ? <p class="quiet nothing">None: you approve by word.</p> : (
          <ul class="plain-list keys">{data.rows.map((key) => (
            <li key={key.id}>
              <div><p><b>{key.title}</b> <span class="quiet">on {key.site}, since <Time at={key.made_at} /></span></p>
                <CopyLine text={key.allow_line} label={`the line of ${key.title} for /etc/driftcast/allow`} /></div>
              <button class="button small" aria-label={`Remove ${key.title}`} onClick={() => setRemoving(key)}>Remove</button>
            </li>))}</ul>
        )}
      </Answered>
      {making && (
        <ActionDialog title="New key" verb="Make it" onClose={() => setMaking(false)} onDone={keys.refresh}
          act={async () => post("/keys", await makeKey(title, currentSession()?.principal ?? ""))}>
          <p>The browser asks you to touch the key, or to unlock this machine.</p>
          <label class="field"><span>Name <small>the blue one, my phone</small></span><input class="input" required maxLength={100} value={title} onInput={(event) => setTitle(event.currentTarget.value)} /></label>
        </ActionDialog>
      )}
      {removing && (
        <ActionDialog title={`Remove ${removing.title}`} verb="Remove" tone="danger" onClose={() => setRemoving(null)} onDone={keys.refresh} act={() => remove(`/keys/${encodeURIComponent(removing.id)}`)}>
          <p>The page does not ask for it any more. Hosts believe it until its line is taken out of their allow-list.</p>
        </ActionDialog>
      )}
    </section>
  );
}
