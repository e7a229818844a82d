// Asking and staying current. A question is asked again when an event says that its answer may
// have changed, at most about once a second; the last answer stays on the page meanwhile.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";
import { toQuery, type Params } from "../lib/router";
import { ApiError, get } from "./client";
import { listen, type LiveKind } from "./live";
import type { Event as LiveEvent, Problem } from "./types";

export interface Answer<T> {
  data: T | undefined;
  problem: Problem | undefined; // of the last attempt; data may still be there, and is then stale
  loading: boolean; // nothing to show yet
  refresh: () => void;
}

interface Options {
  live?: LiveKind[];
  /** Which events of these kinds matter; left out = all. */
  concerns?: (event: LiveEvent) => boolean;
  skip?: boolean;
  /** While a new question is under way, the answer to the one before stays (filters, paging). */
  keep?: boolean;
}

const cache = new Map<string, unknown>();
const cache_max = 60;
const pause_ms = 900;

function remember(key: string, data: unknown): void {
  cache.delete(key);
  cache.set(key, data);
  if (cache.size > cache_max) cache.delete(cache.keys().next().value as string);
}

export function forgetAnswers(): void {
  cache.clear();
}

export function useQuery<T>(path: string, params: Params = {}, options: Options = {}): Answer<T> {
  const key = path + toQuery(params);
  const [, redraw] = useState(0);
  const state = useRef<{ key: string; problem?: Problem; busy: boolean }>({ key: "", busy: false });
  const concerns = useRef(options.concerns);
  concerns.current = options.concerns;

  const ask = useCallback(
    async (signal: AbortSignal) => {
      try {
        remember(key, await get<T>(key, {}, signal));
        if (!signal.aborted) state.current = { key, busy: false };
      } catch (error) {
        if (signal.aborted) return;
        const problem = error instanceof ApiError ? error.problem
          : { type: "about:blank", title: "The page has a fault", status: 0, detail: String(error) };
        state.current = { key, problem, busy: false };
        if (problem.status === 401) dispatchEvent(new CustomEvent("driftcast:signed-out"));
      }
      if (!signal.aborted) redraw((n) => n + 1);
    },
    [key],
  );

  const again = useRef<() => void>(() => undefined);
  const live = options.live?.join(",") ?? "";
  useEffect(() => {
    if (options.skip) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last_asked = Date.now();
    const askNow = () => {
      timer = undefined;
      last_asked = Date.now();
      void ask(abort.signal);
    };
    const askSoon = () => {
      timer ??= setTimeout(askNow, Math.max(60, pause_ms - (Date.now() - last_asked)));
    };
    again.current = askNow;
    askNow();
    const stop = live
      ? listen((kind, event) => {
          if (kind === "reset") askSoon();
          else if (live.split(",").includes(kind) && (concerns.current?.(event) ?? true)) askSoon();
        })
      : () => undefined;
    const retry = setInterval(() => {
      if (state.current.problem && [0, 429, 503].includes(state.current.problem.status)) askNow();
    }, 5000);
    return () => {
      abort.abort();
      clearTimeout(timer);
      clearInterval(retry);
      stop();
    };
  }, [ask, live, options.skip]);

  const before = useRef<T | undefined>(undefined);
  const fresh = cache.get(key) as T | undefined;
  const data = fresh ?? (options.keep ? before.current : undefined);
  before.current = data;
  const problem = state.current.key === key ? state.current.problem : undefined;
  return { data, problem, loading: data === undefined && !problem && !options.skip, refresh: () => again.current() };
}

/**
 * Rows that never jump under the pointer. While `area` is hovered or holds the focus, rows keep
 * their order and only their contents change; `waiting` says that more has changed, and `show`
 * lets it in.
 */
export function useSteady<Row>(
  rows: Row[] | undefined, idOf: (row: Row) => string, area: RefObject<HTMLElement>, scope: string,
): { rows: Row[] | undefined; waiting: boolean; show: () => void } {
  const shown = useRef<{ scope: string; rows: Row[] }>({ scope: "", rows: [] });
  const [, redraw] = useState(0);
  let waiting = false;
  if (rows) {
    const same_scope = shown.current.scope === scope && shown.current.rows.length > 0;
    if (same_scope && isBusy(area.current)) {
      const fresh = new Map(rows.map((row) => [idOf(row), row]));
      const kept = shown.current.rows;
      waiting = kept.length !== rows.length || kept.some((row, i) => idOf(row) !== idOf(rows[i]));
      shown.current = { scope, rows: kept.map((row) => fresh.get(idOf(row)) ?? row) };
    } else {
      shown.current = { scope, rows };
    }
  }
  const show = useCallback(() => {
    shown.current = { scope: "", rows: [] };
    redraw((n) => n + 1);
  }, []);
  useEffect(() => {
    if (!waiting || !area.current) return;
    const element = area.current;
    const leave = () => setTimeout(() => !isBusy(element) && show(), 150);
    element.addEventListener("pointerleave", leave);
    element.addEventListener("focusout", leave);
    return () => {
      element.removeEventListener("pointerleave", leave);
      element.removeEventListener("focusout", leave);
    };
  }, [waiting]);
  return { rows: rows ? shown.current.rows : undefined, waiting, show };
}

function isBusy(element: HTMLElement | null): boolean {
  if (!element) return false;
  return element.matches(":hover") || element.contains(document.activeElement);
}
