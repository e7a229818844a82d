// The same resource in similar stacks: where it has already changed, and to what.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useQuery } from "../api/query";
import type { Peers as PeersAnswer } from "../api/types";
import { plural, shortValue } from "../lib/format";
import { href } from "../lib/router";
import { Answered, Time } from "./states";

const shown_first = 6;

export function Peers({ id }: { id: string }): JSX.Element {
  const peers = useQuery<PeersAnswer>("/prediction/peers", { id }, { live: ["resource"], concerns: (event) => event.id.endsWith(id.slice(id.indexOf("/"))) });
  const [all, setAll] = useState(false);
  return (
    <section class="card" aria-labelledby="peers-title">
      <header class="card-head"><h2 id="peers-title">Similar stacks that already changed</h2></header>
      <Answered answer={peers} lines={3}>
        {(data) => (
          <>
            <p class="quiet">{sentence(data)}</p>
            <ul class="lines peers">{data.rows.slice(0, all ? undefined : shown_first).map((row) => (
              <li key={row.id}>
                <a class="line" href={href("/resource", { id: row.id })}>
                  <span class="line-main"><b>{row.stack}</b></span>
                  <span class="line-sub">{row.keys.map((key) => <span key={key.path}><code>{key.path || "(whole)"}</code> → <code class="forecast">{key.value ? shortValue(key.value.text) || "empty" : "not there"}</code> </span>)}</span>
                  <span class="quiet"><Time at={row.changed_at} /></span>
                </a>
              </li>))}</ul>
            {data.rows.length > shown_first && !all && <button class="button small" onClick={() => setAll(true)}>All {data.rows.length}</button>}
          </>
        )}
      </Answered>
    </section>
  );
}

function sentence({ peers, changed_7d, role }: PeersAnswer): string {
  if (peers === 0) return role ? `No other ${role} stack has it.` : "No other stack without a role has it.";
  const of = `${plural(peers, role ? `other ${role} stack` : "other stack")} ${peers === 1 ? "has" : "have"} it`;
  return changed_7d === 0 ? `${of}; it changed on none of them in the last seven days.` : `${of}; it changed on ${changed_7d} in the last seven days.`;
}
