// Ignore rules that the past speaks for, each with what it would have hidden. Nothing sets itself.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { may } from "../api/client";
import { useQuery } from "../api/query";
import type { RuleProposal, RuleProposalList } from "../api/types";
import { count, plural } from "../lib/format";
import { RuleDialog } from "./rule";
import { Answered, Time } from "./states";
import { Severity } from "./status";

export function Proposals({ onSet }: { onSet: () => void }): JSX.Element {
  const proposals = useQuery<RuleProposalList>("/rules/proposals", { limit: 20 }, { live: ["audit"] });
  const [taking, setTaking] = useState<RuleProposal | null>(null);
  return (
    <section class="card" aria-labelledby="proposals-title">
      <header class="card-head"><h2 id="proposals-title">Rules that the past speaks for</h2></header>
      <p class="quiet">Keys that drift again and again, mildly, and that nobody has put back by a plan. Look at what each would have hidden before you set it.</p>
      <Answered answer={proposals} lines={3}>
        {(data) => data.rows.length === 0 ? <p class="quiet nothing">None: nothing mild has come back four times.</p> : (
          <ul class="plain-list rules">{data.rows.map((row) => (
            <li key={`${row.resource_glob} ${row.key_glob}`}>
              <div>
                <p><code>{row.resource_glob}</code> <span class="quiet">key</span> <code>{row.key_glob || "(whole)"}</code></p>
                <p class="quiet">{row.reason} · last <Time at={row.last_at} /> · <Severity value={row.severity_max} calm /></p>
                <details><summary>Would have hidden {plural(row.hidden, "drift")} wholly, {count(row.drifts - row.hidden)} in part</summary>
                  <ul class="inputs">{row.sample.map((line, i) => <li key={i}><code class="wrap">{line}</code></li>)}</ul></details>
              </div>
              <button class="button small" disabled={!may("operator")} onClick={() => setTaking(row)} aria-label={`Look at it: a rule for ${row.resource_glob} ${row.key_glob}`}>Look at it</button>
            </li>))}</ul>
        )}
      </Answered>
      {taking && <RuleDialog resources={taking.resource_glob} keys={taking.key_glob} because={taking.reason} onClose={() => setTaking(null)} onDone={() => { proposals.refresh(); onSet(); }} />}
    </section>
  );
}
