// The fleet at a glance: one sentence, what needs somebody, what comes next, and every stack.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useQuery, useSteady } from "../api/query";
import type { DriftGroupList, Overview, PredictionPage, Stack, StackPage as StackRows } from "../api/types";
import { chance, count, expected, percent, plural } from "../lib/format";
import { href, setParams, useRoute } from "../lib/router";
import { CauseText } from "../parts/cause";
import { ChangeCells, HorizonHead, heatStep, horizon_names, horizon_words, shareHeat } from "../parts/heat";
import { FirstReason } from "../parts/reasons";
import { Answered, Empty, NewRows, Time } from "../parts/states";
import { Legend, Severity, StatusBar } from "../parts/status";

export function Fleet(): JSX.Element {
  const overview = useQuery<Overview>("/overview", {}, { live: ["resource", "drift", "plan", "stack"] });
  return (
    <div class="page fleet">
      <h1 class="sr">Fleet</h1>
      <Answered answer={overview} lines={3}>{(data) => <Headline data={data} />}</Answered>
      <div class="columns">
        <NeedsSomebody />
        <ComingNext threshold={overview.data?.alert_threshold} />
      </div>
      <Stacks />
    </div>
  );
}

function Headline({ data }: { data: Overview }): JSX.Element {
  const off = data.counts.DRIFTED + data.counts.MISSING;
  const week = data.expected_changes[4];
  if (data.stacks === 0) {
    return (
      <Empty icon="agents" title="No host has enrolled yet">
        <p>An agent makes its host's shadow. <a href={href("/agents")}>Make a join token</a>, or wait a moment: <code>./up</code> enrols this machine by itself.</p>
      </Empty>
    );
  }
  return (
    <section class="headline" aria-label="In short">
      <p class="sentence">
        {off === 0
          ? <>Nothing that was compared has <a href={href("/drifts")}>drifted</a>.</>
          : <><a class="em-drift" href={href("/drifts")}>{plural(off, "resource")}</a> of {count(data.resources)} {off === 1 ? "is" : "are"} not as expected.</>}{" "}
        About <a class="em-forecast" href={href("/forecasts")}>{expected(week)}</a> will change within seven days.
        {data.counts.NOT_COMPARED > 0 && <> {count(data.counts.NOT_COMPARED)} could <a class="em-unknown" href={href("/resources", { status: "NOT_COMPARED" })}>not be compared</a>.</>}
      </p>
      <StatusBar counts={data.counts} label="All resources" />
      <div class="headline-foot">
        <Legend counts={data.counts} />
        <dl class="horizon-strip" aria-label="Expected changes">
          {data.expected_changes.map((value, i) => (
            <div key={i} title={`${expected(value)} resources are expected to change within ${horizon_words[i]}`}>
              <dt>{horizon_names[i]}</dt><dd>{expected(value)}</dd>
            </div>
          ))}
        </dl>
      </div>
    </section>
  );
}

function NeedsSomebody(): JSX.Element {
  const groups = useQuery<DriftGroupList>("/drifts/causes", { limit: 5 }, { live: ["drift"] });
  const area = useRef<HTMLElement>(null);
  const steady = useSteady(groups.data?.rows, (row) => row.sample[0]?.id ?? row.cause.id, area, "needs");
  return (
    <section class="card" ref={area} aria-labelledby="needs-title">
      <header class="card-head"><h2 id="needs-title">Has drifted</h2><a href={href("/drifts")}>All drifts</a></header>
      <Answered answer={groups} lines={4}>
        {() => (
          <>
            <ul class="lines">
              {steady.rows?.map((group) => {
                const drift = group.sample[0];
                const address = group.drifts === 1 && drift ? href("/compare", { trigger: drift.id })
                  : href("/drifts", { cause: `${group.cause.kind}:${group.cause.id}` });
                return (
                  <li key={drift?.id}>
                    <a class="line" href={address}>
                      <span class="line-main">
                        <b>{drift?.resource.name}</b>{group.drifts > 1 && <> and {count(group.drifts - 1)} more</>}
                        <span class="quiet"> on {group.stacks_total === 1 ? group.stacks[0] : plural(group.stacks_total, "stack")}</span>
                      </span>
                      <span class="line-sub"><CauseText cause={group.cause} /> · <Time at={group.opened_last} /></span>
                      <Severity value={group.severity_max} />
                    </a>
                  </li>
                );
              })}
            </ul>
            {steady.rows?.length === 0 && <Empty icon="check" title="No open drift">Everything that was compared is as expected.</Empty>}
          </>
        )}
      </Answered>
      <NewRows {...steady} />
    </section>
  );
}

function ComingNext({ threshold }: { threshold?: number }): JSX.Element {
  const next = useQuery<PredictionPage>("/predictions", { limit: 5 }, { live: ["prediction"] });
  const area = useRef<HTMLElement>(null);
  const steady = useSteady(next.data?.rows, (row) => row.resource.id, area, "next");
  return (
    <section class="card" ref={area} aria-labelledby="next-title">
      <header class="card-head"><h2 id="next-title">Will change</h2><a href={href("/forecasts")}>All forecasts</a></header>
      <Answered answer={next} lines={4}>
        {() => (
          <>
            <ul class="lines">
              {steady.rows?.map((row) => {
                const risk = row.horizons[4];
                const key = row.keys[0];
                return (
                  <li key={row.resource.id}>
                    <a class="line" href={href("/forecast", { id: row.resource.id })}>
                      <span class="line-main"><b>{row.resource.name}</b><span class="quiet"> on {row.resource.stack}</span></span>
                      <span class="line-sub">
                        {key && key.value !== null ? <><code>{key.path}</code> → <code class="forecast">{key.value}</code></> : <FirstReason reasons={row.reasons} none="own history" />}
                        {row.due_at && <> · due <Time at={row.due_at} /></>}
                      </span>
                      <span class="chance" title={threshold !== undefined ? `Alerts begin at ${percent(threshold)} of drift` : undefined}>
                        <b>{chance(risk.p_change)}</b><small>in 7 days{row.alert && <span class="alert"> · alert</span>}</small>
                      </span>
                    </a>
                  </li>
                );
              })}
            </ul>
            {steady.rows?.length === 0 && <Empty icon="forecasts" title="No forecast yet">The first forecasts come with the first history of a host.</Empty>}
          </>
        )}
      </Answered>
      <NewRows {...steady} />
    </section>
  );
}

const sorts: Array<[string, string]> = [["severity", "Severity"], ["drift", "Open drifts"], ["risk", "Expected changes"], ["name", "Name"]];

function Stacks(): JSX.Element {
  const { query } = useRoute();
  const horizon = query.get("horizon") ?? "7d";
  const sort = query.get("sort") ?? "severity";
  const text = query.get("text") ?? "";
  const role = query.get("role") ?? "";
  const stacks = useQuery<StackRows>("/stacks", { text, role, sort, horizon, limit: 1000 }, { live: ["stack", "drift", "resource", "prediction"], keep: true });
  const area = useRef<HTMLElement>(null);
  const steady = useSteady(stacks.data?.rows, (row) => row.id, area, `${text} ${role} ${sort} ${horizon}`);
  const mark = horizon_names.indexOf(horizon);
  const many = (stacks.data?.total ?? 0) > 60;
  const view = query.get("view") ?? (many ? "tiles" : "rows");
  const roles = [...new Set(stacks.data?.rows.map((row) => row.role).filter(Boolean))].sort();
  return (
    <section class="card stacks" ref={area} aria-labelledby="stacks-title">
      <header class="card-head">
        <h2 id="stacks-title">Stacks <span class="tally">{stacks.data ? count(stacks.data.total) : ""}</span></h2>
        <div class="toolbar">
          <input class="input small" type="search" placeholder="Filter stacks" aria-label="Filter stacks" value={text} onInput={(event) => setParams({ text: event.currentTarget.value })} />
          {(roles.length > 1 || role) && (
            <select class="input small" aria-label="Role" value={role} onChange={(event) => setParams({ role: event.currentTarget.value })}>
              <option value="">All roles</option>
              {(role && !roles.includes(role) ? [role, ...roles] : roles).map((name) => <option key={name}>{name}</option>)}
            </select>
          )}
          <select class="input small" aria-label="Sort by" value={sort} onChange={(event) => setParams({ sort: event.currentTarget.value })}>
            {sorts.map(([value, word]) => <option key={value} value={value}>{word}</option>)}
          </select>
          <div class="segments" role="group" aria-label="Horizon">
            {horizon_names.map((name) => <button key={name} aria-pressed={name === horizon} onClick={() => setParams({ horizon: name })}>{name}</button>)}
          </div>
          <div class="segments" role="group" aria-label="View">
            <button aria-pressed={view === "rows"} onClick={() => setParams({ view: "rows" })}>Rows</button>
            <button aria-pressed={view === "tiles"} onClick={() => setParams({ view: "tiles" })}>Tiles</button>
          </div>
        </div>
      </header>
      <Answered answer={stacks} lines={6}>
        {() => steady.rows?.length === 0 ? <Empty icon="search" title="No stack matches" />
          : view === "tiles" ? <Tiles stacks={steady.rows ?? []} mark={mark} /> : <Rows stacks={steady.rows ?? []} mark={mark} />}
      </Answered>
      <NewRows {...steady} />
    </section>
  );
}

const total = (stack: Stack) => Object.values(stack.counts).reduce((sum, part) => sum + part, 0);
const live_words = { live: "live", late: "late", silent: "silent", never: "not heard yet" };

export function Liveness({ state, at }: { state: Stack["liveness"]; at: string | null }): JSX.Element {
  return <span class={`liveness l-${state}`}><i aria-hidden="true" />{live_words[state]}{state !== "live" && at ? <> · <Time at={at} /></> : null}</span>;
}

function Rows({ stacks, mark }: { stacks: Stack[]; mark: number }): JSX.Element {
  return (
    <div class="stack-rows" role="table" aria-label="Stacks">
      <div role="rowgroup">
        <div role="row" class="stack-row head">
          <span role="columnheader">Stack</span>
          <span role="columnheader">Resources</span>
          <span role="columnheader">Drifts</span>
          <span role="columnheader">Severity</span>
          <span role="columnheader"><span class="sr">Expected changes within</span><HorizonHead mark={mark} /></span>
        </div>
      </div>
      <div role="rowgroup">
        {stacks.slice(0, 300).map((stack) => (
          <div key={stack.id} role="row" class="stack-row">
            <span role="cell" class="stack-name">
              <a href={href("/stack", { id: stack.id })}>{stack.id}</a>
              <span class="line-sub">{stack.role && <>{stack.role} · </>}<Liveness state={stack.liveness} at={stack.last_fact_at} /></span>
            </span>
            <span role="cell" class="stack-health"><StatusBar counts={stack.counts} /><span class="line-sub">{count(total(stack))}</span></span>
            <span role="cell" class={stack.drifts_open ? "em-drift" : "quiet"} data-label="drifts">{stack.drifts_open}</span>
            <span role="cell"><Severity value={stack.severity_max} /></span>
            <span role="cell"><ChangeCells changes={stack.expected_changes} resources={total(stack)} mark={mark} /></span>
          </div>
        ))}
      </div>
      {stacks.length > 300 && <p class="quiet nothing">The first 300 of {stacks.length} are shown: filter, or use tiles.</p>}
    </div>
  );
}

function Tiles({ stacks, mark }: { stacks: Stack[]; mark: number }): JSX.Element {
  const by_role = new Map<string, Stack[]>();
  for (const stack of stacks) by_role.set(stack.role, [...(by_role.get(stack.role) ?? []), stack]);
  return (
    <div class="tile-groups">
      {[...by_role.entries()].sort(([a], [b]) => a.localeCompare(b)).map(([role, group]) => (
        <div key={role} class="tile-group">
          <h3>{role || "no role"} <span class="tally">{group.length}</span></h3>
          <ul class="tiles">
            {group.map((stack) => {
              const changes = stack.expected_changes[mark];
              const text = `${stack.id}: ${expected(changes)} changes within ${horizon_words[mark]}, ${plural(stack.drifts_open, "open drift")}, ${live_words[stack.liveness]}`;
              return (
                <li key={stack.id}>
                  <a class={`tile heat h${heatStep(shareHeat(changes, total(stack)))} l-${stack.liveness}`} href={href("/stack", { id: stack.id })} title={text} aria-label={text}>
                    {stack.drifts_open > 0 ? <i class="tile-drift">{stack.drifts_open > 99 ? "99+" : stack.drifts_open}</i> : null}
                  </a>
                </li>
              );
            })}
          </ul>
        </div>
      ))}
      <p class="quiet tile-key">Colour: expected changes within {horizon_words[mark]}, as a share of the stack. A figure: open drifts.</p>
    </div>
  );
}
