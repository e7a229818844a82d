// Calls of the engine's API. Errors are Problems, worded by the engine.
import { toQuery, type Params } from "../lib/router";
import type { Problem, Session } from "./types";

export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }
  get status(): number {
    return this.problem.status;
  }
}

let session: Session | null = null;

export const currentSession = (): Session | null => session;

async function request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && session?.csrf_token) headers["X-CSRF-Token"] = session.csrf_token;
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method, headers, signal, credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    throw new ApiError({
      type: "about:blank", title: "No connection", status: 0,
      detail: "The engine does not answer. It may be restarting; the page tries again by itself.",
    });
  }
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  const parsed = parse(text);
  if (response.ok && parsed !== undefined) return parsed as T;
  const problem = parsed as Partial<Problem> | undefined;
  throw new ApiError({
    type: problem?.type ?? "about:blank",
    title: problem?.title ?? `Error ${response.status}`,
    status: response.status,
    detail: problem?.detail ?? "The engine's answer could not be read.",
    errors: problem?.errors,
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const get = <T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> =>
  request<T>("GET", path + toQuery(params), undefined, signal);
export const post = <T>(path: string, body: unknown): Promise<T> => request<T>("POST", path, body);
export const remove = (path: string): Promise<void> => request<void>("DELETE", path);

export async function loadSession(): Promise<Session> {
  session = await get<Session>("/session");
  return session;
}

export async function signIn(token: string): Promise<Session> {
  session = await post<Session>("/session", { token });
  return session;
}

/** With a name and a password. */
export async function signInAs(user: string, password: string): Promise<Session> {
  session = await post<Session>("/session", { user, password });
  return session;
}

const ranks = { sender: -1, viewer: 0, operator: 1, approver: 2, admin: 3 };

export function may(role: keyof typeof ranks): boolean {
  return session !== null && ranks[session.role] >= ranks[role];
}
