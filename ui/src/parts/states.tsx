// What a page shows when it has nothing to show: loading, empty, failed, stale. And small helpers.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../api/types";
import { absolute, relative } from "../lib/format";
import { useNow } from "../lib/clock";
import { usePrefs } from "../lib/prefs";
import { Icon, type IconName } from "./icons";

export function Time({ at, none = "never", both = false }: { at: string | null | undefined; none?: string; both?: boolean }): JSX.Element {
  const now = useNow();
  const { zone } = usePrefs();
  if (!at) return <span class="quiet">{none}</span>;
  const moment = Date.parse(at);
  const full = absolute(moment, zone);
  return (
    <time dateTime={at} title={full}>
      {relative(moment, now)}
      {both && <span class="quiet"> · {full}</span>}
    </time>
  );
}

export function Loading({ lines = 6, label = "Loading" }: { lines?: number; label?: string }): JSX.Element {
  // Nothing flashes when the answer comes at once.
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 180);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="skeleton" role="status" aria-label={label}>
      {late && Array.from({ length: lines }, (_, i) => <span key={i} class={`bone w${(i * 7) % 4}`} />)}
    </div>
  );
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <Icon name={icon} size={32} />
      <p class="empty-title">{title}</p>
      {children && <div class="empty-text">{children}</div>}
    </div>
  );
}

export function Failed({ problem, retry }: { problem: Problem; retry?: () => void }): JSX.Element {
  return (
    <div class="notice tone-drift" role="alert">
      <p><b>{problem.title}.</b> {problem.detail}</p>
      {problem.errors && problem.errors.length > 0 && (
        <ul>{problem.errors.map((error, i) => <li key={i}><code>{error.where}</code> {error.message}</li>)}</ul>
      )}
      {retry && <button class="button small" onClick={retry}>Try again</button>}
    </div>
  );
}

/** Around an answer: the states in one place. With data and a problem, the data stays, marked. */
export function Answered<T>({ answer, lines, children }: {
  answer: { data: T | undefined; problem: Problem | undefined; loading: boolean; refresh: () => void };
  lines?: number;
  children: (data: T) => ComponentChildren;
}): JSX.Element {
  if (answer.data === undefined) {
    return answer.problem ? <Failed problem={answer.problem} retry={answer.refresh} /> : <Loading lines={lines} />;
  }
  return (
    <>
      {answer.problem && (
        <p class="notice tone-quiet stale" role="status">
          <Icon name="clock" size={16} /> This is the last answer; the engine did not give a newer one. {answer.problem.detail}
        </p>
      )}
      {children(answer.data)}
    </>
  );
}

export function NewRows({ waiting, show }: { waiting: boolean; show: () => void }): JSX.Element {
  return (
    <div class="new-rows" role="status">
      {waiting && <button class="pill" onClick={show}>Newer rows: show them</button>}
    </div>
  );
}

export function CopyLine({ text, label }: { text: string; label: string }): JSX.Element {
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      setTimeout(() => setDone(false), 2000);
    } catch {
      setDone(false);
    }
  };
  return (
    <span class="copy-line">
      <code>{text}</code>
      <button class="button small quiet-button" onClick={copy} aria-label={`Copy ${label}`}>
        <Icon name={done ? "check" : "copy"} size={16} /> {done ? "Copied" : "Copy"}
      </button>
    </span>
  );
}
