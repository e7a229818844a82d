// Every resource, filtered and sorted by the engine, drawn as far as it is in view.
import type { JSX } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api/client";
import { listen } from "../api/live";
import { ApiError } from "../api/client";
import type { Problem, ResourceRow, ResourceRowPage, ResourceStatus } from "../api/types";
import { chance, count, splitName } from "../lib/format";
import { go, href, setParams, useRoute } from "../lib/router";
import { HorizonHead, RiskCells, horizon_names } from "../parts/heat";
import { Empty, Failed, Loading, Time } from "../parts/states";
import { Severity, Status, statusWord, status_order } from "../parts/status";
import { VirtualTable } from "../parts/virtual";

const page_size = 200;
const sorts: Array<[string, string]> = [["name", "Name"], ["risk", "Chance of change"], ["severity", "Severity"], ["changed", "Last changed"]];
const known_kinds = ["file", "package", "sysctl", "unit"];

export function Resources(): JSX.Element {
  const { query } = useRoute();
  const of = (name: string) => query.get(name) ?? "";
  const horizon = of("horizon") || "7d";
  const sort = of("sort") || "name";
  const filter = { stack: of("stack"), role: of("role"), kind: of("kind"), status: of("status"), text: of("text"), sort, horizon };
  const key = JSON.stringify(filter);
  const list = usePagedRows(key, filter);
  const mark = horizon_names.indexOf(horizon);
  const kinds = [...new Set([...known_kinds, ...(filter.kind ? [filter.kind] : [])])];
  return (
    <div class="page wide resources">
      <header class="page-head">
        <h1>Resources <span class="tally">{list.total === undefined ? "" : count(list.total)}</span></h1>
        <div class="toolbar filters" role="group" aria-label="Filters">
          <input class="input grow" type="search" placeholder="Part of a name, key or value" aria-label="Part of a name, key or value"
                 value={filter.text} onInput={(event) => setParams({ text: event.currentTarget.value })} />
          <select class="input" aria-label="Status" value={filter.status} onChange={(event) => setParams({ status: event.currentTarget.value })}>
            <option value="">Any status</option>
            {status_order.map((status) => <option key={status} value={status}>{statusWord(status)}</option>)}
          </select>
          <select class="input" aria-label="Kind" value={filter.kind} onChange={(event) => setParams({ kind: event.currentTarget.value })}>
            <option value="">Any kind</option>
            {kinds.map((kind) => <option key={kind}>{kind}</option>)}
          </select>
          <select class="input" aria-label="Sort by" value={sort} onChange={(event) => setParams({ sort: event.currentTarget.value })}>
            {sorts.map(([value, word]) => <option key={value} value={value}>{word}</option>)}
          </select>
          {sort === "risk" && (
            <select class="input" aria-label="Horizon" value={horizon} onChange={(event) => setParams({ horizon: event.currentTarget.value })}>
              {horizon_names.map((name) => <option key={name}>{name}</option>)}
            </select>
          )}
          {(["stack", "role"] as const).filter((name) => filter[name]).map((name) => (
            <button key={name} class="pill" onClick={() => setParams({ [name]: "" })} aria-label={`Any ${name} instead of ${filter[name]}`}>{name}: {filter[name]} ×</button>
          ))}
        </div>
      </header>
      {list.problem && <Failed problem={list.problem} retry={list.refresh} />}
      {list.total === undefined && !list.problem && <Loading lines={10} />}
      {list.total === 0 && <Empty icon="search" title="No resource matches"><a href={href("/resources")}>Show all</a></Empty>}
      {list.total !== undefined && list.total > 0 && (
        <VirtualTable
          label="Resources" total={list.total} rowHeight={56} rowAt={list.rowAt} idOf={(row) => row.id} want={list.want}
          open={(row) => go("/resource", { id: row.id })}
          head={<>
            <span role="columnheader">Resource</span><span role="columnheader">Status</span><span role="columnheader" class="c-sev">Severity</span>
            <span role="columnheader" class="c-heat"><span class="sr">Chance of change within</span><HorizonHead mark={sort === "risk" ? mark : undefined} /></span>
            <span role="columnheader" class="c-when">Changed</span><span role="columnheader" class="c-when">Compared</span>
          </>}
          draw={(row) => <Row row={row} mark={sort === "risk" ? mark : undefined} />}
        />
      )}
    </div>
  );
}

function Row({ row, mark }: { row: ResourceRow; mark?: number }): JSX.Element {
  const { folder, leaf } = splitName(row.name);
  return (
    <>
      <span role="cell" class="c-name">
        <a href={href("/resource", { id: row.id })} title={row.name}><span class="folder">{folder}</span>{leaf}</a>
        <span class="line-sub">{row.stack} · {row.kind} · {row.keys} {row.keys === 1 ? "key" : "keys"}{row.keys_differing > 0 && <b class="em-drift"> · {row.keys_differing} differing</b>}</span>
      </span>
      <span role="cell" class="c-status"><Status status={row.status as ResourceStatus} /></span>
      <span role="cell" class="c-sev"><Severity value={row.severity} calm={row.status === "IN_SYNC"} /></span>
      <span role="cell" class="c-heat"><RiskCells p={row.p_change} mark={mark} /><span class="only-phone quiet">{chance(row.p_change[4])} in 7 d</span></span>
      <span role="cell" class="c-when"><Time at={row.changed_at} none="not since known" /></span>
      <span role="cell" class="c-when"><Time at={row.compared_at} /></span>
    </>
  );
}

/** Pages of rows by their place, fetched as they are wanted and refreshed when something moves. */
function usePagedRows(key: string, filter: Record<string, string>) {
  const pages = useRef(new Map<number, ResourceRow[]>());
  const asked = useRef(new Set<number>());
  const wanted = useRef<[number, number]>([0, 60]);
  const scope = useRef(key);
  const [state, setState] = useState<{ total?: number; problem?: Problem; turn: number }>({ turn: 0 });

  const ask = useCallback(async (page: number) => {
    const mine = scope.current;
    asked.current.add(page);
    try {
      const answer = await get<ResourceRowPage>("/resources", { ...filter, offset: page * page_size, limit: page_size });
      if (scope.current !== mine) return;
      pages.current.set(page, answer.rows);
      setState((old) => ({ total: answer.total, turn: old.turn + 1 }));
    } catch (error) {
      if (scope.current === mine && error instanceof ApiError) setState((old) => ({ ...old, problem: error.problem }));
    } finally {
      if (scope.current === mine) asked.current.delete(page);
    }
  }, [key]);

  const askWanted = useCallback((again: boolean) => {
    const [first, last] = wanted.current;
    for (let page = Math.floor(first / page_size); page <= Math.floor(Math.max(first, last - 1) / page_size); page += 1) {
      if (!asked.current.has(page) && (again || !pages.current.has(page))) void ask(page);
    }
  }, [ask]);

  useEffect(() => {
    scope.current = key;
    asked.current.clear();
    wanted.current = [0, 60];
    const timer = setTimeout(() => {
      pages.current.clear();
      void ask(0);
    }, pages.current.size ? 150 : 0);
    return () => clearTimeout(timer);
  }, [key]);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = listen((kind) => {
      if (!["resource", "drift", "prediction", "reset"].includes(kind)) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        const [first, last] = wanted.current;
        for (const page of [...pages.current.keys()]) {
          if ((page + 1) * page_size < first || page * page_size > last) pages.current.delete(page);
        }
        askWanted(true);
      }, 1000);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [askWanted]);

  return {
    total: state.total,
    problem: state.problem,
    rowAt: (index: number) => pages.current.get(Math.floor(index / page_size))?.[index % page_size],
    want: (first: number, last: number) => {
      wanted.current = [first, last];
      askWanted(false);
    },
    refresh: () => {
      setState((old) => ({ ...old, problem: undefined }));
      void ask(0);
    },
  };
}
