// Ignore rules, tokens for scripts, and how this browser shows things.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { currentSession, may, post, remove } from "../api/client";
import { useQuery } from "../api/query";
import type { Rule, RuleList, TokenList, TokenMade } from "../api/types";
import { setPrefs, usePrefs } from "../lib/prefs";
import { ActionDialog } from "../parts/action";
import { ApproverKeys } from "../parts/approver_keys";
import { RuleDialog } from "../parts/rule";
import { Proposals } from "../parts/proposals";
import { Answered, CopyLine, Time } from "../parts/states";
import { OwnPassword, Users, stackList } from "../parts/users";

export function Settings(): JSX.Element {
  const session = currentSession();
  return (
    <div class="page">
      <header class="page-head"><h1>Settings</h1></header>
      <Rules />
      {may("approver") && <ApproverKeys />}
      {may("admin") && session?.stacks.length === 0 && <Users />}
      {may("admin") && <Tokens />}
      <Display />
      <section class="card" aria-labelledby="about-title">
        <header class="card-head"><h2 id="about-title">About</h2></header>
        <p>Driftcast {session?.version}. <a href="/openapi.json">The API as an OpenAPI document</a> · <a href="/metrics">Metrics</a> · <a href="licenses.txt">Licences of what this page uses</a></p>
      </section>
    </div>
  );
}

function Rules(): JSX.Element {
  const rules = useQuery<RuleList>("/rules", {}, { live: ["audit"] });
  const [making, setMaking] = useState(false);
  const [removing, setRemoving] = useState<Rule | null>(null);
  return (
    <>
    <section class="card" aria-labelledby="rules-title">
      <header class="card-head"><h2 id="rules-title">Ignore rules</h2><button class="button small" disabled={!may("operator")} onClick={() => setMaking(true)}>New rule</button></header>
      <p class="quiet">Differences that are no drift, each with an owner, a reason and an end. An ignored difference stays visible.</p>
      <Answered answer={rules} lines={3}>
        {(data) => data.rows.length === 0 ? <p class="quiet nothing">No rule: every difference counts.</p> : (
          <ul class="plain-list rules">{data.rows.map((rule) => (
            <li key={rule.id}>
              <div><p><code>{rule.resource_glob}</code> <span class="quiet">key</span> <code>{rule.key_glob}</code>{rule.alarm_only && <span class="badge tone-quiet">alarm only</span>}</p>
                <p class="quiet">{rule.reason} · {rule.owner} · {rule.expires_at ? <>until <Time at={rule.expires_at} /></> : "no end"}</p></div>
              <button class="button small" disabled={!may("operator")} onClick={() => setRemoving(rule)} aria-label={`Remove the rule ${rule.id}`}>Remove</button>
            </li>))}</ul>
        )}
      </Answered>
      {making && <RuleDialog onClose={() => setMaking(false)} onDone={rules.refresh} />}
      {removing && (
        <ActionDialog title="Remove the rule" verb="Remove" tone="danger" onClose={() => setRemoving(null)} onDone={rules.refresh} act={() => remove(`/rules/${encodeURIComponent(removing.id)}`)}>
          <p>What <code>{removing.resource_glob}</code> hid counts as drift again.</p>
        </ActionDialog>
      )}
    </section>
    <Proposals onSet={rules.refresh} />
    </>
  );
}

const token_roles = ["sender", "viewer", "operator", "approver", "admin"] as const;

function Tokens(): JSX.Element {
  const tokens = useQuery<TokenList>("/tokens", {}, { live: ["audit"] });
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<TokenMade | null>(null);
  const [name, setName] = useState("");
  const [role, setRole] = useState<string>("viewer");
  const [stacks, setStacks] = useState("");
  return (
    <section class="card" aria-labelledby="tokens-title">
      <header class="card-head"><h2 id="tokens-title">Tokens for scripts</h2><button class="button small" onClick={() => setMaking(true)}>New token</button></header>
      {made && <div class="notice tone-sync"><p><b>{made.api_token.name}</b> is shown only now.</p><CopyLine text={made.token} label="the token" /></div>}
      <Answered answer={tokens} lines={2}>
        {(data) => data.rows.length === 0 ? <p class="quiet nothing">None.</p> : (
          <ul class="plain-list">{data.rows.map((token) => (
            <li key={token.id}><span><b>{token.name}</b> <span class="badge tone-quiet">{token.role}</span>{token.stacks?.length ? <span class="quiet"> {token.stacks.join(", ")}</span> : null}</span>
              <span class="quiet">{token.last_used_at ? <>used <Time at={token.last_used_at} /></> : "never used"} · {token.expires_at ? <>until <Time at={token.expires_at} /></> : "no end"}</span>
              <button class="button small" aria-label={`Revoke ${token.name}`} onClick={() => void remove(`/tokens/${encodeURIComponent(token.id)}`).then(tokens.refresh)}>Revoke</button>
            </li>))}</ul>
        )}
      </Answered>
      {making && (
        <ActionDialog title="New token" verb="Make" onClose={() => setMaking(false)} onDone={tokens.refresh} act={async () => setMade(await post<TokenMade>("/tokens", { name, role, stacks: stackList(stacks) }))}>
          <label class="field"><span>Name</span><input class="input" required value={name} onInput={(event) => setName(event.currentTarget.value)} placeholder="nightly report" /></label>
          <label class="field"><span>Role</span><select class="input" value={role} onChange={(event) => setRole(event.currentTarget.value)}>{token_roles.map((word) => <option key={word}>{word}</option>)}</select></label>
          <label class="field"><span>Stacks <small>web-*, db-1; empty = all</small></span><input class="input mono" value={stacks} onInput={(event) => setStacks(event.currentTarget.value)} /></label>
        </ActionDialog>
      )}
    </section>
  );
}

const theme_words = { auto: "As the system", light: "Light", dark: "Dark" };

function Display(): JSX.Element {
  const { theme, zone } = usePrefs();
  return (
    <section class="card" aria-labelledby="display-title">
      <header class="card-head"><h2 id="display-title">On this browser</h2></header>
      <div class="choices">
        <span id="theme-word">Theme</span>
        <div class="segments" role="group" aria-labelledby="theme-word">
          {(["auto", "light", "dark"] as const).map((value) => <button key={value} aria-pressed={theme === value} onClick={() => setPrefs({ theme: value })}>{theme_words[value]}</button>)}
        </div>
        <span id="zone-word">Times in</span>
        <div class="segments" role="group" aria-labelledby="zone-word">
          {(["local", "utc"] as const).map((value) => <button key={value} aria-pressed={zone === value} onClick={() => setPrefs({ zone: value })}>{value === "local" ? `this browser's zone, ${Intl.DateTimeFormat().resolvedOptions().timeZone}` : "UTC"}</button>)}
        </div>
        <span>Password</span><OwnPassword />
      </div>
    </section>
  );
}
