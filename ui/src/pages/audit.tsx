// Who decided what, in a log that can only grow.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, get } from "../api/client";
import { useQuery } from "../api/query";
import type { AuditEntry, AuditEntryList, Problem } from "../api/types";
import { plural } from "../lib/format";
import { href, setParams, useRoute } from "../lib/router";
import { Icon } from "../parts/icons";
import { Answered, Empty, Failed, Time } from "../parts/states";

export function Audit(): JSX.Element {
  const subject = useRoute().query.get("subject");
  const newest = useQuery<AuditEntryList>("/audit", { subject, limit: 50 }, { live: ["audit"] });
  const [older, setOlder] = useState<{ rows: AuditEntry[]; next: number | null } | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => setOlder(null), [subject]);
  const more = async (before: number) => {
    try {
      const answer = await get<AuditEntryList>("/audit", { subject, before, limit: 100 });
      setOlder((old) => ({ rows: [...(old?.rows ?? []), ...answer.rows], next: answer.next_before }));
    } catch (error) {
      if (error instanceof ApiError) setProblem(error.problem);
    }
  };
  return (
    <div class="page">
      <header class="page-head">
        <h1>Audit</h1>
        <p class="lead">Each entry carries the hash of the one before it, so that nothing can be taken out or altered unnoticed.</p>
        <div class="toolbar">
          <Verify />
          <Export subject={subject} />
          {subject && <button class="pill" onClick={() => setParams({ subject: null })}>about {subject} ×</button>}
        </div>
      </header>
      <div class="card">
        <Answered answer={newest} lines={8}>
          {(data) => {
            const last = data.rows[data.rows.length - 1]?.number ?? 0;
            const rows = [...data.rows, ...(older?.rows.filter((entry) => entry.number < last) ?? [])];
            const next = older ? older.next : data.next_before;
            return (
              <>
                {rows.length === 0 && <Empty icon="audit" title="No entry" />}
                <ol class="audit-list">{rows.map((entry) => <Entry key={entry.number} entry={entry} />)}</ol>
                {problem && <Failed problem={problem} />}
                {next !== null && rows.length > 0 && <button class="button" onClick={() => more(next)}>Older entries</button>}
              </>
            );
          }}
        </Answered>
      </div>
    </div>
  );
}

function Entry({ entry }: { entry: AuditEntry }): JSX.Element {
  const address = subjectAddress(entry);
  return (
    <li>
      <span class="audit-number">{entry.number}</span>
      <div class="audit-what">
        <p><b>{entry.by}</b> <code>{entry.action}</code> {address ? <a href={address}>{entry.subject}</a> : entry.subject}</p>
        {entry.detail && <p class="quiet">{entry.detail}</p>}
      </div>
      <Time at={entry.at} />
      <code class="hash" title={`SHA-256 ${entry.hash}, after ${entry.previous_hash}`}>{entry.hash.slice(0, 10)}</code>
    </li>
  );
}

function subjectAddress({ action, subject }: AuditEntry): string | null {
  if (action.startsWith("plan.")) return href("/compare", { plan: subject });
  if (/^[^/]+\/[^/]+\/.+/.test(subject)) return href("/resource", { id: subject });
  if (action.startsWith("agent.")) return href("/agents");
  if (action.startsWith("rule.")) return href("/settings");
  return null;
}

/** The whole log, or what is about one subject, as JSON Lines, first entry first: each line with its hash. */
function Export({ subject }: { subject: string | null }): JSX.Element {
  const [got, setGot] = useState<number | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const save = async () => {
    setGot(0);
    setProblem(null);
    try {
      const rows: AuditEntry[] = [];
      for (let before: number | null | undefined; before !== null;) {
        const answer: AuditEntryList = await get<AuditEntryList>("/audit", { subject, before, limit: 1000 });
        rows.push(...answer.rows);
        before = answer.next_before;
        setGot(rows.length);
      }
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([rows.reverse().map((row) => `${JSON.stringify(row)}\n`).join("")], { type: "application/jsonl" }));
      link.download = `driftcast-audit-${new Date().toISOString().slice(0, 10)}.jsonl`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(error.problem);
    }
    setGot(null);
  };
  return (
    <>
      <button class="button" onClick={save} disabled={got !== null}>{got === null ? "Save as JSON Lines" : `${plural(got, "entry", "entries")}…`}</button>
      {problem && <Failed problem={problem} />}
    </>
  );
}

interface Verified { ok: boolean; entries: number; detail: string }

function Verify(): JSX.Element {
  const [result, setResult] = useState<Verified | "busy" | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const check = async () => {
    setResult("busy");
    setProblem(null);
    try {
      setResult(await get<Verified>("/audit/verify"));
    } catch (error) {
      setResult(null);
      if (error instanceof ApiError) setProblem(error.problem);
    }
  };
  return (
    <>
      <button class="button" onClick={check} disabled={result === "busy"}>{result === "busy" ? "Checking…" : "Check the chain"}</button>
      <span role="status">
        {result && result !== "busy" && (result.ok
          ? <span class="badge tone-sync big"><Icon name="check" size={14} /> unbroken, {plural(result.entries, "entry", "entries")}</span>
          : <span class="badge tone-drift big">broken: {result.detail}</span>)}
      </span>
      {problem && <Failed problem={problem} />}
    </>
  );
}
