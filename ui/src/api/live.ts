// Live events: one stream for the page, handed to whoever shows something that may have changed.
import { useEffect, useState } from "preact/hooks";
import type { Event as LiveEvent } from "./types";

export type LiveKind = "resource" | "drift" | "prediction" | "plan" | "stack" | "audit";
export type Connection = "connecting" | "open" | "lost";
type Listener = (kind: LiveKind | "reset", event: LiveEvent) => void;

const kinds: LiveKind[] = ["resource", "drift", "prediction", "plan", "stack", "audit"];
const listeners = new Set<Listener>();
const watchers = new Set<() => void>();
let source: EventSource | null = null;
let connection: Connection = "connecting";
let retry_ms = 1000;

function setConnection(next: Connection): void {
  if (next === connection) return;
  connection = next;
  watchers.forEach((watcher) => watcher());
}

function deliver(kind: LiveKind | "reset", data: string): void {
  let event: LiveEvent;
  try {
    event = JSON.parse(data) as LiveEvent;
  } catch {
    return; // A line of a newer engine: the next question will show the truth.
  }
  listeners.forEach((listener) => listener(kind, event));
}

export function connect(after?: number): void {
  source?.close();
  source = new EventSource(`/api/v1/events${after === undefined ? "" : `?after=${after}`}`);
  source.onopen = () => {
    const was_lost = connection === "lost";
    retry_ms = 1000;
    setConnection("open");
    if (was_lost) deliver("reset", '{"number":0}');
  };
  source.onerror = () => {
    setConnection("lost");
    if (source?.readyState !== EventSource.CLOSED) return;
    setTimeout(connect, retry_ms);
    retry_ms = Math.min(retry_ms * 2, 30000);
  };
  for (const kind of [...kinds, "reset"] as const) {
    source.addEventListener(kind, (message) => deliver(kind, (message as MessageEvent).data));
  }
}

export function disconnect(): void {
  source?.close();
  source = null;
}

export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export function useConnection(): Connection {
  const [, redraw] = useState(0);
  useEffect(() => {
    const watcher = () => redraw((n) => n + 1);
    watchers.add(watcher);
    return () => void watchers.delete(watcher);
  }, []);
  return connection;
}
