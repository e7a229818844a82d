// Addresses: everything that can be looked at has one, after the '#', so that a link can be sent.
import { useEffect, useState } from "preact/hooks";

export type Params = Record<string, string | number | boolean | null | undefined>;

export interface Route {
  path: string; // "/resources"
  query: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const text = hash.replace(/^#/, "") || "/";
  const mark = text.indexOf("?");
  return mark < 0
    ? { path: text, query: new URLSearchParams() }
    : { path: text.slice(0, mark), query: new URLSearchParams(text.slice(mark + 1)) };
}

/** "id=web-7/…&at=…": empty, null and false parameters are left out; '/' stays readable. */
export function toQuery(params: Params): string {
  const parts = Object.entries(params)
    .filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value)).replace(/%2F/g, "/").replace(/%3A/g, ":")}`);
  return parts.length ? `?${parts.join("&")}` : "";
}

export function href(path: string, params: Params = {}): string {
  return `#${path}${toQuery(params)}`;
}

export function go(path: string, params: Params = {}): void {
  location.hash = href(path, params);
}

/** Changes parameters of the address without a new entry in the browser's history. */
export function setParams(changes: Params): void {
  const { path, query } = parseRoute(location.hash);
  const merged: Params = { ...Object.fromEntries(query), ...changes };
  const next = href(path, merged);
  if (next === location.hash) return;
  history.replaceState(null, "", next);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const follow = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}
