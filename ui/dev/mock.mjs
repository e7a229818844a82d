// A stand-in for the engine, for developing the page and for its tests: serves dist/ and the API
// over made-up data that moves. `node dev/mock.mjs [--port N] [--still] [--many] [--empty]`
import { createServer } from "node:http";
import { createReadStream, existsSync, statSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { addAudit, drift, generator, horizons, makeFleet, trackRecord } from "./mock-data.mjs";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".txt": "text/plain" };
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const statuses = ["NOT_COMPARED", "IN_SYNC", "DRIFTED", "MISSING", "UNMANAGED"];
const active_states = ["approved", "sent", "running", "verifying"];
const final_states = ["succeeded", "rolled_back", "failed", "unclear", "rejected", "overridden", "expired"];

export function startMock({ port = 0, still = true, many = false, empty = false, role = "admin" } = {}) {
  const fleet = makeFleet(many ? { extra: 1950, roles: { web: 25, database: 10, edge: 10, build: 5 } } : { empty });
  const streams = new Set();
  let signed_in = true;
  const timers = new Set();
  const later = (ms, what) => timers.add(setTimeout(what, ms));

  const tell = (kind, stack, id, text) => {
    fleet.number += 1;
    const data = JSON.stringify({ number: fleet.number, at: new Date().toISOString(), stack, id, text });
    for (const stream of streams) stream.write(`id: ${fleet.number}\nevent: ${kind}\ndata: ${data}\n\n`);
  };
  const now = () => new Date().toISOString();
  const ofStack = (id) => [...fleet.resources.values()].filter((resource) => resource.stack === id);
  const countsOf = (resources) => Object.fromEntries(statuses.map((status) => [status, resources.filter((resource) => resource.status === status).length]));
  const sumRisk = (resources) => horizons.map((_, h) => resources.reduce((sum, resource) => sum + resource.p[h], 0));
  const stackView = (stack) => {
    const mine = ofStack(stack.id);
    const drifts = fleet.drifts.filter((one) => one.resource.stack === stack.id && !one.closed_at);
    const missing = ["file", "package", "sysctl"].filter((kind) => !stack.allowed_kinds.includes(kind));
    return { ...stack, allow_command: missing.length ? "./up --allow file,package,sysctl" : null, counts: countsOf(mine), drifts_open: drifts.length, expected_changes: sumRisk(mine), severity_max: Math.max(0, ...drifts.map((one) => one.severity), ...mine.slice(0, 20).map((resource) => (resource.p[4] > 0.5 ? resource.severity : 0))) };
  };
  const rowOf = (resource) => ({ id: resource.id, stack: resource.stack, kind: resource.kind, name: resource.name, role: resource.role, status: resource.status, keys: resource.keys.length, keys_differing: resource.keys.filter((key) => ["CHANGED", "ADDED", "REMOVED"].includes(key.verdict)).length, changed_at: resource.changed_at, compared_at: resource.compared_at, p_change: resource.p, severity: resource.severity });
  const detailOf = (resource) => {
    const { history, p, severity, ...rest } = resource;
    const stack = fleet.stacks.find((one) => one.id === resource.stack);
    const allowed = stack.allowed_kinds.includes(resource.kind);
    return { ...rest, allowed, allow_command: allowed ? null : "./up --allow file,package,sysctl", coverage: { compared: resource.keys.filter((key) => key.verdict !== "NOT_COMPARED").length, not_compared: resource.keys.filter((key) => key.verdict === "NOT_COMPARED").length, ignored: resource.keys.filter((key) => key.ignored_by).length } };
  };
  const filterResources = (query) => {
    const text = (query.get("text") ?? "").toLowerCase();
    const sort = query.get("sort") ?? "name";
    const h = Math.max(0, horizons.indexOf(query.get("horizon") ?? "7d"));
    const rows = [...fleet.resources.values()].filter((resource) => ["stack", "role", "kind", "status"].every((name) => !query.get(name) || resource[name] === query.get(name)) && (!text || resource.name.toLowerCase().includes(text) || resource.keys.some((key) => key.path.toLowerCase().includes(text) || key.observed?.text.toLowerCase().includes(text))));
    const order = { name: (a, b) => (a.id < b.id ? -1 : 1), risk: (a, b) => b.p[h] - a.p[h], changed: (a, b) => (a.changed_at < b.changed_at ? 1 : -1), severity: (a, b) => b.severity - a.severity };
    return rows.sort(order[sort]);
  };
  const page = (rows, query, view = (row) => row) => {
    const offset = Number(query.get("offset") ?? 0);
    const limit = Number(query.get("limit") ?? 100);
    return { rows: rows.slice(offset, offset + limit).map(view), total: rows.length, offset, limit, as_of: now() };
  };
  const wasOpen = (item, query) => (query.get("at") ? item.opened_at <= query.get("at") && (!item.closed_at || item.closed_at > query.get("at")) : !item.closed_at);
  const groups = (query) => {
    const found = new Map();
    for (const one of fleet.drifts.filter((item) => wasOpen(item, query) && (!query.get("stack") || item.resource.stack === query.get("stack")))) {
      const key = one.cause.id ? `${one.cause.kind}:${one.cause.id}` : `unknown:${one.resource.stack}`;
      found.set(key, [...(found.get(key) ?? []), one]);
    }
    return [...found.values()].map((drifts) => {
      const stacks = [...new Set(drifts.map((one) => one.resource.stack))];
      return { cause: drifts[0].cause, drifts: drifts.length, keys: drifts.reduce((sum, one) => sum + one.keys.length, 0), stacks, stacks_total: stacks.length, severity_max: Math.max(...drifts.map((one) => one.severity)), opened_first: drifts.at(-1).opened_at, opened_last: drifts[0].opened_at, sample: drifts.slice(0, 5) };
    }).sort((a, b) => b.severity_max - a.severity_max);
  };
  const predictions = (query) => filterResources(query).filter((resource) => resource.prediction && (query.get("alerts") !== "true" || resource.prediction.alert)).map((resource) => resource.prediction).sort((a, b) => b.horizons[4].p_drift * b.severity - a.horizons[4].p_drift * a.severity);
  const plansOf = (query) => {
    const state = query.get("state") ?? "all";
    return fleet.plans.filter((plan) => (!query.get("trigger") || plan.trigger === query.get("trigger")) && (!query.get("stack") || plan.stack === query.get("stack")) && (!query.get("resource") || plan.resources.some((resource) => resource.id === query.get("resource"))) && (state === "all" || (state === "waiting" && plan.state === "proposed") || (state === "active" && active_states.includes(plan.state)) || (state === "ended" && final_states.includes(plan.state))));
  };
  const peers = (resource) => {
    const others = [...fleet.resources.values()].filter((one) => one.role === resource.role && one.kind === resource.kind && one.name === resource.name && one.stack !== resource.stack);
    const changed = others.filter((one) => one.changed_at).sort((a, b) => (a.changed_at < b.changed_at ? 1 : -1));
    const rows = changed.map((one) => ({ id: one.id, stack: one.stack, status: one.status, changed_at: one.changed_at, keys: one.keys.slice(0, 1).map((key) => ({ path: key.path, value: key.observed, changed_at: one.changed_at })) }));
    return { role: resource.role, peers: others.length, changed_7d: changed.filter((one) => fleet.now - Date.parse(one.changed_at) < 7 * 864e5).length, rows };
  };
  const proposals = () => [
    { resource_glob: "*/file//etc/resolv.conf", key_glob: "nameserver[]", reason: "drifted 12 times on 4 stacks within 9 days; never put back by a plan", drifts: 12, drifts_open: 0, hidden: 11, stacks: ["web-1", "web-2", "web-3", "web-6"], stacks_total: 4, severity_max: 2.5, first_at: new Date(fleet.now - 9 * 864e5).toISOString(), last_at: new Date(fleet.now - 3e7).toISOString(), sample: ["web-1/file//etc/resolv.conf: nameserver[]", "web-2/file//etc/resolv.conf: nameserver[]"] },
    { resource_glob: "build-2/file//etc/motd", key_glob: "content", reason: "drifted 6 times on 1 stack within 21 days; never put back by a plan", drifts: 6, drifts_open: 1, hidden: 6, stacks: ["build-2"], stacks_total: 1, severity_max: 1.0, first_at: new Date(fleet.now - 21 * 864e5).toISOString(), last_at: new Date(fleet.now - 9e7).toISOString(), sample: ["build-2/file//etc/motd: content"] },
  ];
  const setState = (plan, state, fields = {}) => {
    Object.assign(plan, { state, final: final_states.includes(state), ...fields });
    tell("plan", plan.stack, plan.id, `${plan.title}: ${state}`);
  };
  const carryOut = (plan) => {
    const resource = fleet.resources.get(plan.resources[0].id);
    const end = () => {
      setState(plan, "succeeded", { outcome: "An independent read found what was planned.", downtime_measured_s: 0.2 });
      addAudit(fleet, "engine", "plan.succeeded", plan.id, plan.title);
      for (const key of resource.keys.filter((one) => one.expected && one.verdict !== "SAME")) Object.assign(key, plan.needs.length ? { observed: key.expected, verdict: "SAME", changed_at: now() } : { expected: key.observed, verdict: "SAME", origin: "accepted" });
      Object.assign(resource, { status: "IN_SYNC", drift_id: "", means: "verify", compared_at: now() });
      const open = fleet.drifts.find((one) => one.id === plan.trigger);
      if (open) open.closed_at = now();
      for (const other of fleet.plans.filter((one) => one.trigger === plan.trigger && one.state === "proposed")) setState(other, "expired");
      tell("drift", plan.stack, plan.trigger, "closed");
      tell("resource", plan.stack, resource.id, "in sync");
      tell("audit", "", String(fleet.audit.length), "plan.succeeded");
    };
    const slow = still ? 300 : 1500;
    later(slow, () => setState(plan, "sent"));
    later(slow * 2, () => setState(plan, "running", { step_now: 0 }));
    later(slow * 3, () => setState(plan, "running", { step_now: plan.steps.length - 1 }));
    later(slow * 4, () => setState(plan, "verifying"));
    later(slow * 5, end);
  };

  const problem = (status, title, detail, errors) => ({ status, body: { type: "about:blank", title, status, detail, ...(errors ? { errors } : {}) }, type: "application/problem+json" });
  const missing = (what) => problem(404, "Not found", `no ${what}`);

  const decide = (id, body) => {
    const plan = fleet.plans.find((one) => one.id === id);
    if (!plan) return missing(`plan ${id}`);
    if (body.plan_hash !== plan.hash) return problem(409, "Conflict", "the plan has changed since you saw it; look again");
    if (["reject", "override"].includes(body.verdict) && !body.reason) return problem(400, "Bad request", "say why", [{ where: "/reason", message: "is required for this verdict" }]);
    addAudit(fleet, "alice", `plan.${body.verdict}`, plan.id, plan.title);
    const fields = { decided_by: "alice", decision_reason: body.reason ?? "", not_before: body.not_before ?? plan.not_before };
    const next = { approve: "approved", reject: "rejected", override: "overridden", cancel: "proposed" }[body.verdict];
    setState(plan, next, fields);
    if (next === "approved" && !(fields.not_before && Date.parse(fields.not_before) > Date.now())) carryOut(plan);
    return plan;
  };

  fleet.keys = [{ id: "a2V5LW9uZQ", title: "the blue one", site: "driftcast.example.org", made_at: new Date(fleet.now - 20 * 864e5).toISOString(), allow_line: "approver alice driftcast.example.org MCowBQYDK2VwAyEAAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=" }];
  fleet.pauses = [{ id: "pause-1", resource_glob: "db-3/*", by: "alice", reason: "storage is being moved", until: new Date(fleet.now + 5 * 36e5).toISOString() }];
  fleet.models = [
    { version: "2026-05-01", serves: true, at: new Date(fleet.now - 3 * 864e5).toISOString(), by: "engine", reason: "on 51200 forecasts of 12 stacks, 803 of which came true, its loss is 4.1 % less than that of the model in service", learnt_until: new Date(fleet.now - 3 * 864e5).toISOString(), digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" },
    { version: "shipped", serves: false, at: null, by: "driftcast", reason: "comes with the program; trained on public histories of other stacks", learnt_until: null, digest: "" },
    { version: "reference", serves: false, at: null, by: "driftcast", reason: "the fallback: each resource's own rate of changes, shrunk towards its stack's", learnt_until: null, digest: "reference" },
  ];
  const models = () => ({ rows: fleet.models, refit: { running: false, done: 0, last_at: new Date(fleet.now - 3 * 864e5).toISOString(), last: "model 2026-05-01 serves instead of shipped", next_at: new Date(fleet.now + 4 * 864e5).toISOString() }, drifted_at: null });
  const api = (method, path, query, body) => {
    const one = (prefix) => (path.startsWith(prefix) ? decodeURIComponent(path.slice(prefix.length)) : null);
    const resource = () => fleet.resources.get(query.get("id"));
    if (method === "POST") {
      const decision = /^\/plans\/([^/]+)\/decision$/.exec(path);
      if (decision) return decide(decodeURIComponent(decision[1]), body);
      if (path === "/rules/preview") return { drifts_open: 2, keys_open: 3, drifts_past: 14, sample: ["web-2/file//etc/nginx/nginx.conf: http.client_max_body_size"] };
      if (path === "/rules") { const rule = { id: `r-${fleet.rules.length + 1}`, owner: "alice", expires_at: null, alarm_only: true, ...body }; fleet.rules.push(rule); return rule; }
      if (path === "/join-tokens") { fleet.joins.push({ id: `j-${fleet.joins.length + 4}`, role: body.role ?? "", note: "", created_at: now(), expires_at: new Date(Date.now() + 3600e3).toISOString(), created_by: "alice", used_at: null, used_by: "" }); return { join_token: fleet.joins.at(-1), token: "dcj_example", command: "driftcast-agent join --engine https://engine.example:7118 --token dcj_example" }; }
      if (path === "/tokens") { fleet.tokens.push({ id: `t-${fleet.tokens.length + 10}`, name: body.name, role: body.role, created_at: now(), expires_at: null, last_used_at: null, created_by: "alice" }); return { api_token: fleet.tokens.at(-1), token: "dc_example" }; }
      if (path === "/pauses") { fleet.pauses.push({ id: `pause-${fleet.pauses.length + 2}`, by: "alice", ...body }); return fleet.pauses.at(-1); }
      if (path === "/models/refit") return models();
      if (path === "/models/use") { for (const model of fleet.models) model.serves = model.version === body.version; return models(); }
      if (path === "/users") { fleet.users.push({ stacks: [], created_at: now(), created_by: "alice", ...body, password: undefined }); return fleet.users.at(-1); }
      if (path === "/session/password") return undefined;
      if (path === "/keys") { fleet.keys.push({ id: body.id, title: body.title, site: body.site, made_at: now(), allow_line: `approver alice ${body.site} ${body.public_key}` }); return fleet.keys.at(-1); }
      if (path === "/session") { if (body.password === "wrong") return problem(401, "Not signed in", "name or password is wrong"); signed_in = true; return api("GET", "/session", query); }
      if (path === "/resource/accept" || path === "/decisions") return detailOf(fleet.resources.get(body.resource));
      return missing("such thing to do");
    }
    if (method === "DELETE") {
      if (path === "/session") signed_in = false;
      fleet.keys = fleet.keys.filter((key) => key.id !== one("/keys/"));
      fleet.users = fleet.users.filter((user) => user.name !== one("/users/"));
      fleet.rules = fleet.rules.filter((rule) => rule.id !== one("/rules/"));
      fleet.pauses = fleet.pauses.filter((pause) => pause.id !== one("/pauses/"));
      fleet.tokens = fleet.tokens.filter((token) => token.id !== one("/tokens/"));
      fleet.joins = fleet.joins.filter((token) => token.id !== one("/join-tokens/"));
      return undefined;
    }
    if (/^\/plans\/[^/]+\/challenge$/.test(path)) return { required: false, challenge: "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg", valid_until: new Date(fleet.now + 8 * 864e5).toISOString(), keys: [] };
    switch (path) {
      case "/session": return { principal: "alice", role, stacks: [], csrf_token: "mock", expires_at: new Date(Date.now() + 7 * 864e5).toISOString(), version: "0.1.0", now: now() };
      case "/overview": {
        const all = [...fleet.resources.values()];
        return { as_of: now(), now: now(), version: "0.1.0", stacks: fleet.stacks.length, resources: all.length, counts: countsOf(all), drifts_open: fleet.drifts.filter((item) => !item.closed_at).length, plans_waiting: fleet.plans.filter((plan) => plan.state === "proposed").length, plans_active: fleet.plans.filter((plan) => active_states.includes(plan.state)).length, expected_changes: sumRisk(all), horizons: horizons.map((name, i) => ({ name, seconds: [3600, 21600, 86400, 259200, 604800, 2592000][i] })), alert_threshold: 0.5, alert_horizon: "7d", event_number: fleet.number };
      }
      case "/stacks": {
        const h = Math.max(0, horizons.indexOf(query.get("horizon") ?? "7d"));
        const rows = fleet.stacks.filter((stack) => (!query.get("role") || stack.role === query.get("role")) && (!query.get("text") || stack.id.includes(query.get("text")))).map(stackView);
        const order = { severity: (a, b) => b.severity_max - a.severity_max, drift: (a, b) => b.drifts_open - a.drifts_open, risk: (a, b) => b.expected_changes[h] - a.expected_changes[h], name: (a, b) => (a.id < b.id ? -1 : 1) };
        return page(rows.sort(order[query.get("sort") ?? "name"]), query);
      }
      case "/resources": return page(filterResources(query), query, rowOf);
      case "/resource": return resource() ? detailOf(resource()) : missing(`resource ${query.get("id")}`);
      case "/resource/history": return resource() ? { rows: resource().history } : missing("resource");
      case "/resource/state": return resource() ? { id: query.get("id"), at: query.get("at"), keys: resource().keys.filter((key) => key.last_agreed ?? key.observed).map((key) => ({ path: key.path, value: key.last_agreed ?? key.observed })) } : missing("resource");
      case "/drifts": return page(fleet.drifts.filter((item) => (query.get("open") === "false" || wasOpen(item, query)) && (!query.get("stack") || item.resource.stack === query.get("stack")) && (!query.get("cause") || `${item.cause.kind}:${item.cause.id}` === query.get("cause"))), query);
      case "/drifts/causes": return { rows: groups(query).slice(0, Number(query.get("limit") ?? 100)) };
      case "/predictions": return page(predictions(query), query);
      case "/prediction": return resource()?.prediction ?? missing("prediction");
      case "/track-record": return trackRecord();
      case "/plans": return { ...page(plansOf(query), query), left_out: [{ strategy: "isolate", reason: "nothing else would be kept from harm by taking it away", dominated: false }] };
      case "/sign-in": return { password: true, provider: "Single sign-on" };
      case "/models": return models();
      case "/pauses": return { rows: fleet.pauses };
      case "/users": return { rows: fleet.users };
      case "/keys": return { rows: fleet.keys };
      case "/rules/proposals": return { rows: proposals() };
      case "/prediction/peers": return resource() ? peers(resource()) : missing("resource");
      case "/rules": return { rows: fleet.rules };
      case "/activities": return { rows: fleet.activities.get(query.get("stack")) ?? [] };
      case "/agents": return { rows: fleet.stacks.map((stack) => ({ id: stack.agent, stack: stack.id, role: stack.role, state: stack.liveness, last_fact_at: stack.last_fact_at, enrolled_at: now(), certificate_expires_at: new Date(fleet.now + 31 * 864e5).toISOString(), allowed_kinds: stack.allowed_kinds, allow_command: null, labels: stack.labels, report: stack.agent_report })) };
      case "/join-tokens": return { rows: fleet.joins };
      case "/tokens": return { rows: fleet.tokens };
      case "/audit": {
        const rows = fleet.audit.filter((entry) => (!query.get("before") || entry.number < Number(query.get("before"))) && (!query.get("subject") || entry.subject === query.get("subject"))).reverse();
        return { rows, next_before: null };
      }
      case "/audit/verify": return { ok: true, entries: fleet.audit.length, detail: "" };
      case "/series": return { rows: ["system.cpu.utilization:host:cpu:0.13", "system.memory.utilization:host:memory:0.62", "system.filesystem.utilization:mount:/var:0.71", "system.cpu.load_average.1m:host:load:0.42"].map((text) => { const [metric, resource_kind, resource_name, last] = text.split(":"); return { stack: query.get("stack"), resource_kind, resource_name, metric, last_at: now(), last_value: Number(last) }; }) };
      case "/series/outlook": {
        const random = generator(5);
        const from = Date.parse(query.get("from")), step = (fleet.now - from) / 300;
        const wave = (t) => 0.5 + 0.12 * Math.sin(t / 432e5 * Math.PI) + (t - fleet.now) / 864e5 * 0.02;
        const at = Array.from({ length: 300 }, (_, i) => from + i * step);
        const ahead = Array.from({ length: Math.round(Number(query.get("horizon_s")) / 3600) }, (_, i) => fleet.now + (i + 0.5) * 36e5);
        const iso = (t) => new Date(t).toISOString();
        const spike = 220;
        return {
          points: { at: at.map(iso), value: at.map((t, i) => wave(t) + (random() - 0.5) * 0.03 + (i === spike ? 0.25 : 0)), low: at.map((t) => wave(t) - 0.05), high: at.map((t) => wave(t) + 0.05) },
          unusual: [{ at: iso(at[spike]), kind: "anomaly", text: `${query.get("metric")} is unusual: 0.85, expected 0.55 to 0.65` }],
          forecast: { at: ahead.map(iso), mean: ahead.map(wave), low: ahead.map((t) => wave(t) - 0.04 - (t - fleet.now) / 864e5 * 0.02), high: ahead.map((t) => wave(t) + 0.04 + (t - fleet.now) / 864e5 * 0.02) },
          limit: 1, limit_source: "all of it is used", p_crossing: 0, crossing_likely_at: null, crossing_possible_at: null,
        };
      }
      case "/crossings": {
        const stack = fleet.stacks[0]?.id, id = `${stack}/mount//var`;
        if (!stack || (query.get("stack") && query.get("stack") !== stack)) return { rows: [] };
        return { rows: [{
          series: { stack, resource_kind: "mount", resource_name: "/var", metric: "system.filesystem.utilization", last_at: new Date(fleet.now).toISOString(), last_value: 0.91 },
          limit: 1, limit_source: "all of it is used", probability: 0.83,
          horizons: ["1h", "6h", "1d", "3d", "7d", "30d"].map((horizon, i) => ({ horizon, p: [0, 0.01, 0.06, 0.41, 0.83, 0.83][i] })),
          answered_at: id, likely_at: new Date(fleet.now + 3.4 * 864e5).toISOString(), possible_at: new Date(fleet.now + 1.4 * 864e5).toISOString(),
          plans: [{ strategy: "relieve_cause", title: "Free space on /var", how: "See what is large: du -xh --max-depth=2 /var | sort -h | tail.", effort_minutes: 15, reversible: false }],
        }] };
      }
      case "/series/points": {
        const random = generator(5);
        const at = Array.from({ length: 360 }, (_, i) => new Date(fleet.now - (360 - i) * 60e3).toISOString());
        let level = 0.4;
        return { at, value: at.map((_, i) => (level += (random() - 0.5) * 0.03, Math.max(0.02, level + Math.sin(i / 40) * 0.1))) };
      }
      case "/search": {
        const q = query.get("q").toLowerCase();
        const stacks = fleet.stacks.filter((stack) => stack.id.includes(q)).slice(0, 4).map((stack) => ({ type: "stack", id: stack.id, title: stack.id, detail: `role ${stack.role}`, status: "", severity: 0 }));
        const rows = filterResources(new URLSearchParams({ text: q })).slice(0, 8).map((item) => ({ type: "resource", id: item.id, title: item.name, detail: `${item.stack} / ${item.kind}`, status: item.status, severity: item.severity }));
        return { rows: [...stacks, ...rows] };
      }
      default: {
        const stack = fleet.stacks.find((item) => item.id === one("/stacks/"));
        if (stack) return stackView(stack);
        return fleet.drifts.find((item) => item.id === one("/drifts/")) ?? fleet.plans.find((item) => item.id === one("/plans/")) ?? missing(path);
      }
    }
  };

  const serveFile = (path, response) => {
    const file = join(dist, normalize(path === "/" ? "/index.html" : path));
    if (!file.startsWith(dist) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404, { "Content-Type": "text/plain" }).end("not found\n");
      return;
    }
    response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream", "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff" });
    createReadStream(file).pipe(response);
  };

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://localhost");
    if (!url.pathname.startsWith("/api/v1")) return serveFile(url.pathname, response);
    const path = url.pathname.slice("/api/v1".length);
    if (path === "/events") {
      response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
      response.write(": hello\n\n");
      streams.add(response);
      request.on("close", () => streams.delete(response));
      return;
    }
    let text = "";
    for await (const chunk of request) text += chunk;
    const send = (status, body, type = "application/json") => response.writeHead(status, { "Content-Type": type }).end(body === undefined ? "" : JSON.stringify(body));
    if (!signed_in && path !== "/session" && path !== "/sign-in") return send(401, problem(401, "Not signed in", "open the link that ./up printed").body, "application/problem+json");
    if (!signed_in && request.method === "GET" && path !== "/sign-in") return send(401, problem(401, "Not signed in", "open the link that ./up printed").body, "application/problem+json");
    if (request.method !== "GET" && path !== "/session" && request.headers["x-csrf-token"] !== "mock") return send(403, problem(403, "Not allowed", "X-CSRF-Token is missing").body, "application/problem+json");
    const answer = api(request.method, path, url.searchParams, text ? JSON.parse(text) : undefined);
    if (answer?.type === "application/problem+json") return send(answer.status, answer.body, answer.type);
    const made = request.method === "POST" && ["/rules", "/tokens", "/join-tokens", "/users", "/pauses", "/keys"].includes(path);
    return send(answer === undefined ? 204 : made ? 201 : 200, answer);
  });
  if (!still) {
    timers.add(setInterval(() => {
      const stack = fleet.stacks[Math.floor(Math.random() * fleet.stacks.length)];
      stack.last_fact_at = now();
      tell("stack", stack.id, stack.id, "reported");
    }, 2000));
  }
  return new Promise((resolve) => {
    server.listen(port, "127.0.0.1", () => resolve({
      url: `http://127.0.0.1:${server.address().port}`, fleet, tell,
      drift: (id, path, to) => { const made = drift(fleet, id, path, to, { kind: "person", id: "session-50", actor: "bob", text: "sudo sed by bob", confidence: "racy", seen_by: "fanotify" }, Date.now(), 6.6, "changed outside a window"); tell("drift", made.resource.stack, made.id, "opened"); tell("resource", made.resource.stack, id, "changed"); return made; },
      signOut: () => { signed_in = false; },
      stop: () => { timers.forEach((timer) => { clearTimeout(timer); clearInterval(timer); }); streams.forEach((stream) => stream.end()); server.closeAllConnections(); return new Promise((done) => server.close(done)); },
    }));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const flag = (name) => process.argv.includes(`--${name}`);
  const at = process.argv.indexOf("--port");
  const mock = await startMock({ port: at > 0 ? Number(process.argv[at + 1]) : 7190, still: flag("still"), many: flag("many"), empty: flag("empty") });
  console.log(`the page with made-up data: ${mock.url}/`);
}
