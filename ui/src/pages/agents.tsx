// Who watches the hosts, whether they are heard, and what they cost.
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { may, post, remove } from "../api/client";
import { useQuery, useSteady } from "../api/query";
import type { Agent, AgentList, JoinTokenList, JoinTokenMade } from "../api/types";
import { bytes, count, duration, percent } from "../lib/format";
import { href } from "../lib/router";
import { ActionDialog } from "../parts/action";
import { Answered, CopyLine, Empty, NewRows, Time } from "../parts/states";

export function Agents(): JSX.Element {
  const agents = useQuery<AgentList>("/agents", {}, { live: ["stack"] });
  const area = useRef<HTMLDivElement>(null);
  const steady = useSteady(agents.data?.rows, (row) => row.id, area, "agents");
  const [revoking, setRevoking] = useState<Agent | null>(null);
  return (
    <div class="page wide">
      <header class="page-head">
        <h1>Agents <span class="tally">{agents.data ? count(agents.data.rows.length) : ""}</span></h1>
        <p class="lead">An agent reads its host and reports. It changes something only where the host itself allows that kind, and only what somebody approved.</p>
      </header>
      <div class="card" ref={area}>
        <NewRows {...steady} />
        <Answered answer={agents} lines={6}>
          {() => steady.rows?.length === 0 ? <Empty icon="agents" title="No agent yet">Make a join token below and run its line on the host.</Empty> : (
            <div class="scroll-x" tabIndex={0} role="region" aria-label="Agents">
              <table class="figures agents">
                <thead><tr><th scope="col">Agent</th><th scope="col">State</th><th scope="col">CPU of a core</th><th scope="col">Memory</th><th scope="col">Waiting to send</th><th scope="col">Metrics dropped</th><th scope="col">May change</th><th scope="col">Certificate</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
                <tbody>{steady.rows?.map((agent) => <Row key={agent.id} agent={agent} revoke={() => setRevoking(agent)} />)}</tbody>
              </table>
            </div>
          )}
        </Answered>
      </div>
      {may("admin") && <JoinTokens />}
      {revoking && (
        <ActionDialog title={`Revoke ${revoking.id}`} verb="Revoke" tone="danger" reason="required" onClose={() => setRevoking(null)} onDone={agents.refresh}
          act={({ reason }) => post(`/agents/${encodeURIComponent(revoking.id)}/revoke`, { reason })}>
          <p>Its certificate is refused from now on. What it reported stays. To come back it must enrol with a new join token.</p>
        </ActionDialog>
      )}
    </div>
  );
}

const state_words = { live: "live", late: "late", silent: "silent", never: "not heard yet", revoked: "revoked" };

function Row({ agent, revoke }: { agent: Agent; revoke: () => void }): JSX.Element {
  const report = agent.report;
  const none = <span class="quiet">not reported</span>;
  return (
    <tr>
      <th scope="row"><a href={href("/stack", { id: agent.stack })}>{agent.id}</a><span class="line-sub">{[agent.role, agent.labels.os, report && `version ${report.version}`].filter(Boolean).join(" · ")}</span></th>
      <td data-label="State"><span class={`liveness l-${agent.state}`}><i aria-hidden="true" />{state_words[agent.state]}</span><span class="note"><Time at={agent.last_fact_at} /></span></td>
      <td data-label="CPU of a core">{report ? <>{report.cpu_percent.toFixed(2)}%<Collectors report={report} /></> : none}</td>
      <td data-label="Memory">{report ? bytes(report.memory_bytes) : none}</td>
      <td data-label="Waiting to send">{report ? (report.spool_bytes ? bytes(report.spool_bytes) : "nothing") : none}</td>
      <td data-label="Metrics dropped">{report ? (report.metrics_shed ? <b class="em-drift">{count(report.metrics_shed)}</b> : "none") : none}</td>
      <td data-label="May change">{agent.allowed_kinds.length ? agent.allowed_kinds.join(", ") : <span class="quiet">nothing: observe only</span>}</td>
      <td data-label="Certificate">{agent.certificate_expires_at ? <>until <Time at={agent.certificate_expires_at} /></> : <span class="quiet">–</span>}</td>
      <td>{may("admin") && agent.state !== "revoked" && <button class="button small" onClick={revoke} aria-label={`Revoke ${agent.id}`}>Revoke</button>}</td>
    </tr>
  );
}

/** Where the time went since the agent began, most first. */
function Collectors({ report }: { report: NonNullable<Agent["report"]> }): JSX.Element | null {
  const all = Object.entries(report.cpu_ms_by_collector).sort((a, b) => b[1] - a[1]);
  const sum = all.reduce((total, [, ms]) => total + ms, 0);
  if (sum === 0) return null;
  return <span class="note" title={all.map(([name, ms]) => `${name} ${duration(ms / 1000)}`).join(", ")}>{all.slice(0, 2).map(([name, ms]) => `${name} ${percent(ms / sum)}`).join(", ")}</span>;
}

function JoinTokens(): JSX.Element {
  const tokens = useQuery<JoinTokenList>("/join-tokens", {}, { live: ["audit", "stack"] });
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<JoinTokenMade | null>(null);
  const [role, setRole] = useState("");
  return (
    <section class="card" aria-labelledby="join-title">
      <header class="card-head"><h2 id="join-title">Join tokens</h2><button class="button small" onClick={() => setMaking(true)}>Make one</button></header>
      {made && (
        <div class="notice tone-sync"><p><b>Run this on the host</b>, within the hour. The token works once and is shown only now.</p><CopyLine text={made.command} label="the join line" /></div>
      )}
      <Answered answer={tokens} lines={2}>
        {(data) => data.rows.length === 0 ? <p class="quiet nothing">None is open.</p> : (
          <ul class="plain-list">{data.rows.map((token) => (
            <li key={token.id}><span><code>{token.id}</code> {token.role && <>for role <b>{token.role}</b></>} {token.note && <span class="quiet">{token.note}</span>}</span>
              <span class="quiet">{token.used_at ? <>used <Time at={token.used_at} /> by {token.used_by}</> : <>until <Time at={token.expires_at} /></>}</span>
              {!token.used_at && <button class="button small" aria-label={`Withdraw ${token.id}`} onClick={() => void remove(`/join-tokens/${encodeURIComponent(token.id)}`).then(tokens.refresh)}>Withdraw</button>}
            </li>))}</ul>
        )}
      </Answered>
      {making && (
        <ActionDialog title="Make a join token" verb="Make" onClose={() => setMaking(false)} onDone={tokens.refresh}
          act={async () => setMade(await post<JoinTokenMade>("/join-tokens", { role, ttl_s: 3600 }))}>
          <p>One host can enrol with it, within an hour.</p>
          <label class="field"><span>Role <small>(optional: stacks of one role are compared with each other)</small></span><input class="input" value={role} maxLength={256} onInput={(event) => setRole(event.currentTarget.value)} placeholder="web" /></label>
        </ActionDialog>
      )}
    </section>
  );
}
