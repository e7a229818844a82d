// The inbox: open drifts by cause, so that one cause is one thing to decide.
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { get, may, post } from "../api/client";
import { useQuery, useSteady } from "../api/query";
import type { Drift, DriftGroup, DriftGroupList, DriftPage } from "../api/types";
import { count, plural, shortValue } from "../lib/format";
import { href, setParams, useRoute } from "../lib/router";
import { ActionDialog } from "../parts/action";
import { CauseText, causeTitle } from "../parts/cause";
import { Answered, Empty, NewRows, Time } from "../parts/states";
import { Severity, Status } from "../parts/status";

export function Drifts(): JSX.Element {
  const { query } = useRoute();
  const cause = query.get("cause");
  const at = query.get("at");
  const view = cause ? "list" : query.get("view") ?? "causes";
  return (
    <div class="page">
      <header class="page-head">
        <h1>Drifts</h1>
        <div class="toolbar">
          <div class="segments" role="group" aria-label="View">
            <button aria-pressed={view === "causes"} onClick={() => setParams({ view: null, cause: null })}>By cause</button>
            <button aria-pressed={view === "list"} onClick={() => setParams({ view: "list", cause: null })}>Newest</button>
            <button aria-pressed={view === "closed"} onClick={() => setParams({ view: "closed", cause: null })}>Closed too</button>
          </div>
          <Then at={at} />
          {cause && <button class="pill" onClick={() => setParams({ cause: null, view: null })} aria-label="All causes">one cause ×</button>}
        </div>
        {at && <p class="notice tone-forecast">What was open at <Time at={at} both />, as far as closed drifts are kept. Of one resource: <i>Just before</i>, beside an entry of its history.</p>}
      </header>
      {view === "causes" ? <Causes at={at} /> : <DriftList at={at} cause={cause} open={view !== "closed"} offset={Number(query.get("offset") ?? 0)} />}
    </div>
  );
}

/** Another moment than now. */
function Then({ at }: { at: string | null }): JSX.Element {
  const local = (moment: number) => new Date(moment - new Date(moment).getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  return (
    <>
      <label class="then"><span>As of</span>
        <input class="input" type="datetime-local" max={local(Date.now())} value={at ? local(Date.parse(at)) : ""}
               onChange={(event) => setParams({ at: event.currentTarget.value ? new Date(event.currentTarget.value).toISOString() : null, offset: null })} />
      </label>
      {at && <button class="pill" onClick={() => setParams({ at: null })} aria-label="Now instead">now ×</button>}
    </>
  );
}

function Causes({ at }: { at: string | null }): JSX.Element {
  const groups = useQuery<DriftGroupList>("/drifts/causes", { limit: 200, at }, { live: ["drift"] });
  const area = useRef<HTMLDivElement>(null);
  const steady = useSteady(groups.data?.rows, (row) => `${row.cause.kind}:${row.cause.id}:${row.stacks[0]}`, area, `causes ${at}`);
  return (
    <div ref={area}>
      <NewRows {...steady} />
      <Answered answer={groups} lines={8}>
        {() => steady.rows?.length === 0
          ? <div class="card"><Empty icon="check" title="No open drift">Everything that was compared is as expected. What could not be compared is listed under <a href={href("/resources", { status: "NOT_COMPARED" })}>resources</a>.</Empty></div>
          : <ul class="cause-list">{steady.rows?.map((group) => <li key={group.sample[0]?.id}><CauseCard group={group} /></li>)}</ul>}
      </Answered>
    </div>
  );
}

function CauseCard({ group }: { group: DriftGroup }): JSX.Element {
  const address = href("/drifts", { cause: `${group.cause.kind}:${group.cause.id}` });
  const [accepting, setAccepting] = useState(false);
  const title = group.cause.kind === "unknown" ? `Cause not known, on ${group.stacks[0]}` : causeTitle(group.cause);
  return (
    <article class="card cause-card" aria-label={title}>
      <header>
        <h2>{title}{group.cause.confidence === "racy" && <span class="badge tone-quiet" title="Seen at about the same time; it may be somebody else">likely</span>}</h2>
        <Severity value={group.severity_max} />
      </header>
      <p class="quiet">
        {plural(group.drifts, "resource")}, {plural(group.keys, "key")} on {group.stacks_total === 1 ? <a href={href("/stack", { id: group.stacks[0] })}>{group.stacks[0]}</a> : plural(group.stacks_total, "stack")}
        {group.cause.actor && !title.includes(group.cause.actor) && <> · by {group.cause.actor}</>} · <Time at={group.opened_last} />
      </p>
      <ul class="drift-lines">{group.sample.map((drift) => <li key={drift.id}><DriftLine drift={drift} /></li>)}</ul>
      <div class="cause-foot">
        {group.drifts > group.sample.length && group.cause.id && <a href={address}>All {count(group.drifts)} of this cause</a>}
        {group.drifts > 1 && group.cause.id && <button class="button small" disabled={!may("operator")} onClick={() => setAccepting(true)}>Expect all {count(group.drifts)}</button>}
      </div>
      {accepting && (
        <ActionDialog title={`Expect all ${count(group.drifts)}`} verb="Accept all" reason="required" onClose={() => setAccepting(false)} act={({ reason }) => acceptAll(group, reason)}>
          <p>What is observed on {plural(group.drifts, "resource")} becomes what is expected. Nothing changes on any host; the audit log gets one entry for each.</p>
        </ActionDialog>
      )}
    </article>
  );
}

/** Takes over what is observed on every resource with open drift of this cause. */
async function acceptAll(group: DriftGroup, reason: string): Promise<void> {
  const drifts = await get<DriftPage>("/drifts", { cause: `${group.cause.kind}:${group.cause.id}`, limit: 1000 });
  for (const drift of drifts.rows) await post("/resource/accept", { resource: drift.resource.id, reason });
}

function DriftLine({ drift }: { drift: Drift }): JSX.Element {
  return (
    <div class="drift-line">
      <div class="drift-what">
        <a href={href("/resource", { id: drift.resource.id })}>{drift.resource.name}</a> <span class="quiet">{drift.resource.stack}</span>
        <KeyMoves drift={drift} />
      </div>
      <Status status={drift.status} />
      {drift.closed_at ? <span class="quiet">closed <Time at={drift.closed_at} /></span>
        : <a class="button small" href={href("/compare", { trigger: drift.id })} aria-label={`Plans for ${drift.resource.name}`}>Plans</a>}
    </div>
  );
}

export function KeyMoves({ drift, limit = 3 }: { drift: Drift; limit?: number }): JSX.Element {
  const text = (value: { text: string } | null, none: string) => (value ? shortValue(value.text) || "empty" : none);
  return (
    <ul class="moves">
      {drift.keys.slice(0, limit).map((key, i) => (
        <li key={i}><code>{key.path || "(whole)"}</code> <code class="old">{text(key.expected, "not expected")}</code> → <code class="new">{text(key.observed, "not there")}</code></li>
      ))}
      {drift.keys.length > limit && <li class="quiet">and {drift.keys.length - limit} more</li>}
    </ul>
  );
}

const page_size = 50;

function DriftList({ at, cause, open, offset }: { at: string | null; cause: string | null; open: boolean; offset: number }): JSX.Element {
  const drifts = useQuery<DriftPage>("/drifts", { cause, at, open: open ? undefined : "false", offset, limit: page_size }, { live: ["drift"], keep: true });
  const area = useRef<HTMLDivElement>(null);
  const steady = useSteady(drifts.data?.rows, (row) => row.id, area, `${at} ${cause} ${open} ${offset}`);
  return (
    <div class="card" ref={area}>
      <NewRows {...steady} />
      <Answered answer={drifts} lines={8}>
        {(data) => (
          <>
            {data.total === 0 && <Empty icon="check" title="None" />}
            <ul class="drift-lines roomy">
              {steady.rows?.map((drift) => (
                <li key={drift.id}>
                  <DriftLine drift={drift} />
                  <p class="line-sub"><CauseText cause={drift.cause} /> · <Time at={drift.opened_at} /> · <Severity value={drift.severity} reason={drift.severity_reason} /> <span>{drift.severity_reason}</span></p>
                </li>
              ))}
            </ul>
            <Pager offset={offset} size={page_size} total={data.total} />
          </>
        )}
      </Answered>
    </div>
  );
}

export function Pager({ offset, size, total }: { offset: number; size: number; total: number }): JSX.Element | null {
  if (total <= size) return null;
  return (
    <nav class="pager" aria-label="Pages">
      <button class="button small" disabled={offset === 0} onClick={() => setParams({ offset: Math.max(0, offset - size) || null })}>Before</button>
      <span>{count(offset + 1)}–{count(Math.min(total, offset + size))} of {count(total)}</span>
      <button class="button small" disabled={offset + size >= total} onClick={() => setParams({ offset: offset + size })}>Next</button>
    </nav>
  );
}
