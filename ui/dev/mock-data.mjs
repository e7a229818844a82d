// A made-up fleet for developing the page and for its tests. Nothing of it is shipped.
const hour = 3600e3;
const day = 24 * hour;
export const horizons = ["1h", "6h", "1d", "3d", "7d", "30d"];
const horizon_days = [1 / 24, 0.25, 1, 3, 7, 30];

/** A small seeded generator (mulberry32), so that every run shows the same fleet. */
export function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const iso = (ms) => new Date(ms).toISOString();
const value = (type, text) => ({ type, text: String(text) });
const guess = (text) => (/^-?\d+$/.test(text) ? value("integer", text) : text === "true" || text === "false" ? value("bool", text) : value("text", text));
export const idParts = (id) => {
  const [stack, kind, ...name] = id.split("/");
  return { id, stack, kind, name: name.join("/") };
};

const files = {
  "/etc/ssh/sshd_config": { Port: "22", PermitRootLogin: "no", PasswordAuthentication: "no", X11Forwarding: "no", MaxAuthTries: "4", ClientAliveInterval: "300", AllowGroups: "ops deploy", Subsystem: "sftp /usr/lib/openssh/sftp-server", "HostKey[1]": "/etc/ssh/ssh_host_ed25519_key", LogLevel: "VERBOSE", UsePAM: "true", PrintMotd: "no", AcceptEnv: "LANG LC_*", KexAlgorithms: "curve25519-sha256" },
  "/etc/nginx/nginx.conf": { user: "www-data", worker_processes: "auto", "events.worker_connections": "4096", "http.keepalive_timeout": "65", "http.server_tokens": "off", "http.ssl_protocols": "TLSv1.2 TLSv1.3", "http.client_max_body_size": "16m", "http.gzip": "on" },
  "/etc/postgresql/15/main/postgresql.conf": { max_connections: "200", shared_buffers: "4GB", work_mem: "16MB", effective_cache_size: "12GB", wal_level: "replica", log_min_duration_statement: "500", ssl: "on", password_encryption: "scram-sha-256" },
  "/etc/systemd/resolved.conf": { "Resolve.DNS": "10.0.0.2", "Resolve.DNSSEC": "allow-downgrade", "Resolve.LLMNR": "no" },
  "/etc/resolv.conf": { "nameserver[1]": "10.0.0.2", "nameserver[2]": "10.0.0.3", search: "prod.example" },
  "/etc/fstab": { "/.options": "errors=remount-ro", "/var.options": "defaults,noatime" },
  "/etc/cron.d/backup": { schedule: "15 2 * * *", user: "backup", command: "/usr/local/bin/backup --all" },
  "/etc/default/grub": { GRUB_TIMEOUT: "5", GRUB_CMDLINE_LINUX: "mitigations=auto" },
  "/etc/apt/apt.conf.d/50unattended-upgrades": { "Unattended-Upgrade.Automatic-Reboot": "false", "Unattended-Upgrade.Origins-Pattern[1]": "origin=Debian,codename=bookworm" },
};
const packages = "openssl libssl3 openssh-server nginx postgresql-15 curl systemd linux-image-amd64 libc6 python3.11 sudo bash git rsync vim tzdata ca-certificates apt dpkg gnupg iproute2 nftables chrony rsyslog logrotate cron unattended-upgrades needrestart less tmux htop".split(" ");
const sysctls = { "net.ipv4.ip_forward": "0", "vm.swappiness": "10", "net.core.somaxconn": "4096", "kernel.randomize_va_space": "2", "fs.file-max": "2097152", "net.ipv4.tcp_syncookies": "1", "kernel.kptr_restrict": "1", "vm.max_map_count": "262144" };
const fleet_roles = { web: 10, database: 4, edge: 6, build: 3 };

function makeKeys(kind, name, random) {
  if (kind === "file") {
    const known = files[name] ?? Object.fromEntries(Array.from({ length: 2 + Math.floor(random() * 6) }, (_, i) => [["enabled", "timeout", "path", "level", "mode", "limit", "interval", "target"][i], ["true", "30", "/var/lib/app", "info", "0644", "100", "60", "default"][i]]));
    const keys = Object.entries(known).map(([path, text]) => [path, guess(text)]);
    if (name.endsWith(".env")) keys.push(["API_TOKEN", value("secret", "h:9c41ab77de02")]);
    return [...keys, ["owner", value("text", "root")], ["mode", value("text", "0644")]];
  }
  if (kind === "package") {
    const version = `${1 + Math.floor(random() * 5)}.${Math.floor(random() * 20)}.${Math.floor(random() * 12)}-1+deb12u${1 + Math.floor(random() * 3)}`;
    return [["version", value("text", version)], ["hold", value("text", "install")], ["architecture", value("text", "amd64")]];
  }
  return [["value", guess(sysctls[name] ?? "1")]];
}

function makeRisk(random, hot) {
  const rate = hot ? 0.08 + random() * 0.4 : Math.exp(-7 + random() * 4.5);
  return horizon_days.map((days) => Math.min(0.995, 1 - Math.exp(-rate * days)));
}

function newKey(path, agreed, now, random) {
  return {
    path, expected: agreed, observed: agreed, last_agreed: agreed, origin: random() < 0.3 ? "declared" : "enrolled", verdict: "SAME", ignored_by: "",
    uncompared_reason: "", compared_at: iso(now - random() * 600e3), changed_at: random() < 0.3 ? iso(now - random() * 90 * day) : null, changes_per_day: +(random() * 0.05).toFixed(4), forecast: null,
  };
}

/** The whole fleet: stacks, resources, drifts, predictions, plans, audit. */
export function makeFleet({ now = Date.now(), extra = 40, seed = 7, roles = fleet_roles, empty = false } = {}) {
  const random = generator(seed);
  const fleet = { now, stacks: [], resources: new Map(), drifts: [], plans: [], rules: [], audit: [], activities: new Map(), joins: [], tokens: [], users: [], number: 8812, retired: new Set() };
  if (empty) return fleet;
  for (const [role, many] of Object.entries(roles)) {
    for (let n = 1; n <= many; n += 1) addStack(fleet, `${role}-${n}`, role, extra, random);
  }
  addDrifts(fleet, random);
  addForecasts(fleet, random);
  addRest(fleet);
  return fleet;
}

function addStack(fleet, id, role, extra, random) {
  const allowed = role === "web" ? (id === "web-1" ? ["file", "package", "sysctl"] : ["file"]) : [];
  fleet.stacks.push({
    id, role, labels: { os: "Debian 12", kernel: "6.1.0-28-amd64", site: random() < 0.5 ? "fra" : "ams" }, allowed_kinds: allowed, agent: id,
    last_fact_at: iso(fleet.now - (id === "edge-5" ? 3 * hour : random() * 40e3)), liveness: id === "edge-5" ? "silent" : id === "build-2" ? "late" : "live",
    agent_report: { version: "0.1.0", cpu_percent: 0.08 + random() * 0.3, memory_bytes: Math.round(17e6 + random() * 6e6), spool_bytes: id === "build-2" ? 482133 : 0, metrics_shed: id === "build-2" ? 1204 : 0, cpu_ms_by_collector: { file: 812, package: 120, sysctl: 310, metrics: 95 } },
  });
  const names = [
    ...Object.keys(files).filter((name) => (role === "web" || !name.includes("nginx")) && (role === "database" || !name.includes("postgresql"))).map((name) => ["file", name]),
    ...packages.filter((name) => (role === "web" || name !== "nginx") && (role === "database" || name !== "postgresql-15")).map((name) => ["package", name]),
    ...Object.keys(sysctls).map((name) => ["sysctl", name]),
    ...Array.from({ length: extra }, (_, i) => ["file", i % 9 === 0 ? `/etc/app/service-${i}.env` : `/etc/app/conf.d/${String(i).padStart(3, "0")}-module.conf`]),
  ];
  for (const [kind, name] of names) {
    const resource_id = `${id}/${kind}/${name}`;
    const hot = random() < 0.03;
    const resource = {
      ...idParts(resource_id), role, status: "IN_SYNC", exists: true, keys: makeKeys(kind, name, random).map(([path, agreed]) => newKey(path, agreed, fleet.now, random)),
      depends_on: kind === "file" && name.includes("ssh") ? [{ kind: "owned_by", to: `${id}/package/openssh-server`, status: "IN_SYNC" }] : kind === "package" ? [{ kind: "requires", to: `${id}/package/libc6`, status: "IN_SYNC" }] : [], dependents: kind === "package" ? [{ id: `${id}/unit/app.service`, distance: 1 }] : [], dependents_total: kind === "package" ? 1 : 0,
      context: kind === "file" ? [{ path: "owner", value: value("text", name.includes("ssh") ? "openssh-server" : "none") }] : [],
      means: ["event", "rescan", "snapshot"][Math.floor(random() * 3)], compared_at: iso(fleet.now - random() * 900e3), first_seen_at: iso(fleet.now - 71 * day), exposures: [], exposures_total: 0, indicators: [], changed_at: iso(fleet.now - random() * 60 * day),
      drift_id: "", p: makeRisk(random, hot), severity: +(random() ** 2 * 7).toFixed(1), history: [], prediction: null,
    };
    if (random() < 0.004) {
      resource.status = "NOT_COMPARED";
      resource.compared_at = null;
      resource.keys = resource.keys.map((key) => ({ ...key, observed: null, verdict: "NOT_COMPARED", uncompared_reason: "permission denied", compared_at: null }));
    } else if (random() < 0.006) {
      resource.status = "UNMANAGED";
      resource.keys = resource.keys.map((key) => ({ ...key, expected: null, last_agreed: null, origin: "none", verdict: "ADDED" }));
    }
    fleet.resources.set(resource_id, resource);
  }
}

const causes = {
  alice: { kind: "person", id: "session-41", actor: "alice", text: "sudo vim by alice", confidence: "racy", seen_by: "fanotify" },
  apt: { kind: "package_run", id: "apt-0612", actor: "root", text: "apt-get upgrade (14 packages)", confidence: "exact", seen_by: "fanotify, package log" },
  ansible: { kind: "tool", id: "ansible-7", actor: "deploy", text: "Ansible run site.yml by deploy", confidence: "exact", seen_by: "audit log" },
  unknown: { kind: "unknown", id: "", actor: "", text: "", confidence: "unknown", seen_by: "" },
};

export function drift(fleet, id, path, to, cause, at, severity, reason) {
  const resource = fleet.resources.get(id);
  if (!resource) return null;
  const key = resource.keys.find((one) => one.path === path);
  const old_value = key.observed?.text ?? "";
  Object.assign(key, { observed: to === null ? null : guess(to), verdict: to === null ? "REMOVED" : "CHANGED", changed_at: iso(at), compared_at: iso(at) });
  Object.assign(resource, { status: "DRIFTED", changed_at: iso(at), compared_at: iso(at), means: "event" });
  resource.history.unshift({ at: iso(at), op: to === null ? "remove" : "change", path, old_value, new_value: to ?? "", actor: cause.actor, bot: false, change_id: "41", mass: false, cause, drift: true });
  let found = fleet.drifts.find((one) => one.resource.id === id && !one.closed_at);
  if (!found) {
    found = { id: `d-${1800 + fleet.drifts.length}`, resource: idParts(id), status: "DRIFTED", cause, opened_at: iso(at), closed_at: null, keys: [], severity, severity_reason: reason };
    fleet.drifts.unshift(found);
    resource.drift_id = found.id;
  }
  found.keys = resource.keys.filter((one) => !["SAME", "NOT_COMPARED"].includes(one.verdict)).map((one) => ({ ...one, forecast: null }));
  addDriftPlans(fleet, found);
  return found;
}

function addDrifts(fleet, random) {
  const at = (minutes) => fleet.now - minutes * 60e3;
  for (const n of [2, 3, 4, 6, 8, 9]) drift(fleet, `web-${n}/package/openssl`, "version", "3.0.15-1~deb12u1", causes.apt, at(380 + n), 4.1, "security library; the new version fixes two known vulnerabilities");
  for (const n of [2, 4]) drift(fleet, `web-${n}/file//etc/nginx/nginx.conf`, "http.client_max_body_size", "512m", causes.ansible, at(52), 3.8, "larger uploads are accepted than declared");
  drift(fleet, "database-2/file//etc/postgresql/15/main/postgresql.conf", "max_connections", "500", causes.unknown, at(1290), 5.6, "12 resources depend on it; memory may run out");
  drift(fleet, "database-2/file//etc/postgresql/15/main/postgresql.conf", "log_min_duration_statement", null, causes.unknown, at(1290), 5.6, "12 resources depend on it; memory may run out");
  drift(fleet, "edge-3/sysctl/net.ipv4.ip_forward", "value", "1", causes.alice, at(96), 7.4, "the host forwards packets between its networks");
  drift(fleet, "web-1/file//etc/ssh/sshd_config", "PermitRootLogin", "yes", causes.alice, at(11), 8.4, "root may log in over SSH");
  for (const resource of fleet.resources.values()) {
    const many = resource.history.length ? 6 : Math.floor(random() * random() * 9);
    for (let i = 0; i < many; i += 1) {
      const key = resource.keys[Math.floor(random() * resource.keys.length)];
      const drifted = random() < 0.15;
      const cause = drifted ? causes.unknown : resource.kind === "package" ? causes.apt : causes.ansible;
      resource.history.push({ at: iso(fleet.now - (2 + random() * 68) * day), op: "change", path: key.path, old_value: "before", new_value: key.observed?.text ?? "", actor: cause.actor, bot: cause.kind === "tool", change_id: "0", mass: false, cause, drift: drifted });
    }
    resource.history.sort((a, b) => (a.at < b.at ? 1 : -1));
  }
}

function addForecasts(fleet, random) {
  for (const resource of fleet.resources.values()) {
    if (resource.status === "NOT_COMPARED") continue;
    const is_package = resource.kind === "package";
    const due = is_package && resource.p[4] > 0.3 ? iso(fleet.now + (8 + random() * 10) * hour) : null;
    const given = is_package ? 0.72 : 0.35 + random() * 0.5;
    const moving = resource.keys[0];
    const next = is_package ? moving.observed.text.replace(/u(\d)$/, (_, n) => `u${+n + 1}`) : resource.history[0]?.old_value === "before" ? null : resource.history[0]?.old_value ?? null;
    const keys = [{ path: moving.path, p: +(0.6 + random() * 0.39).toFixed(2), value: next, value_p: next ? +(0.5 + random() * 0.45).toFixed(2) : 0, source: is_package ? "candidate version" : "own history" }];
    if (!is_package && resource.keys[1]) keys.push({ path: resource.keys[1].path, p: 0.22, value: null, value_p: 0, source: "own history" });
    if (resource.p[4] > 0.15) for (const { path, p, value: text, value_p, source } of keys) Object.assign(resource.keys.find((key) => key.path === path), { forecast: { p, value: text, value_p, source } });
    const p_drift = resource.p[4] * given;
    resource.prediction = {
      resource: idParts(resource.id), role: resource.role, status: resource.status, made_at: iso(fleet.now - 40e3),
      horizons: horizons.map((horizon, i) => ({ horizon, p_change: resource.p[i], p_drift_given_change: given, p_drift: resource.p[i] * given })),
      keys, due_at: due,
      reasons: [
        ...(due ? [{ group: "schedule", text: `unattended-upgrades runs tomorrow at 06:12 and ${next} is available`, weight: 2.4 }] : []),
        { group: "similar stacks", text: `6 of 10 ${resource.role} stacks changed this in the last two days`, weight: 1.3 },
        { group: "own history", text: `changed ${resource.history.length} times in 71 days, last ${Math.round((fleet.now - Date.parse(resource.changed_at)) / day)} days ago`, weight: 0.6 },
        { group: "rhythm", text: "few changes happen on this day of the week", weight: -0.5 },
      ],
      severity: resource.severity, severity_reason: resource.severity > 4 ? "exposed to the network; 9 resources depend on it" : "no exposure known", severity_factors: [], model: "reference/1", abstains: resource.p[4] < 0.004, alert: p_drift >= 0.5,
    };
    if (resource.prediction.alert) addForecastPlans(fleet, resource);
  }
}

const base_plan = (fleet, trigger, resource, fields) => ({
  id: `p-${100 + fleet.plans.length}`, strategy: "do_nothing", stack: resource.stack, title: "", why: "", resources: [idParts(resource.id)], trigger, steps: [],
  base: [{ resource: idParts(resource.id), observed: resource.keys.filter((key) => key.observed).map((key) => ({ path: key.path, value: key.observed })) }],
  estimate: { downtime_s: { p50: 0, p90: 0 }, duration_s: { p50: 0, p90: 0 }, effort_minutes: 0, cost: 0, currency: "EUR", p_success: 1, inputs: ["rate of the stack: 40 EUR per hour of downtime (site setting)", "effort: 60 EUR per hour of a person (site setting)"] },
  security: { exposure_before: 1.2, exposure_after: 1.2, text: "Root can still log in over SSH." }, blast: { direct: 1, transitive: 3, top: ["unit/ssh.service", "package/openssh-server"], elsewhere: 0, stacks: [] },
  reversible: true, score: 1, rank_reason: "", made_at: iso(fleet.now - 8 * 60e3), expires_at: iso(fleet.now + 2 * day), not_before: null,
  hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", state: "proposed", final: false, decided_by: "", decision_reason: "", outcome: "", downtime_measured_s: 0, step_now: -1, needs: [], allowed: true, allow_command: null,
  approvals: [], approved_at: null, started_at: null, ended_at: null, author: "", undo_of: "", policy_reasons: [], policy: { action: "needs_approval", unattended: false, approvals_missing: 1, who: ["*"], not_before: null, not_after: null, reasons: ["nothing runs unattended here yet: 3 of the 10 such plans that earn it have worked"] },
  ...fields,
});

function allowedFor(fleet, resource, needs) {
  const kinds = fleet.stacks.find((stack) => stack.id === resource.stack)?.allowed_kinds ?? [];
  const allowed = needs.every((kind) => kinds.includes(kind));
  return { needs, allowed, allow_command: allowed ? null : `./up --allow ${[...new Set([...kinds, ...needs])].join(",")}` };
}

function addDriftPlans(fleet, one) {
  fleet.plans = fleet.plans.filter((plan) => plan.trigger !== one.id);
  const resource = fleet.resources.get(one.resource.id);
  const needs = [resource.kind];
  const changed = one.keys[0];
  const back = changed.expected?.text ?? "";
  const estimate = (fields) => ({ ...base_plan(fleet, "", resource, {}).estimate, ...fields });
  const step = resource.kind === "package" ? { kind: "install_package", resource: one.resource, parameters: { version: back }, reversible: true, timeout_s: 120 }
    : resource.kind === "sysctl" ? { kind: "set_sysctl", resource: one.resource, parameters: { value: back, persist: "true" }, reversible: true, timeout_s: 10 }
      : { kind: "set_key", resource: one.resource, parameters: { path: changed.path, value: back }, reversible: true, timeout_s: 60 };
  const unit = { kind: "reload_unit", resource: idParts(`${resource.stack}/unit/ssh.service`), parameters: { unit: "ssh.service" }, reversible: true, timeout_s: 60 };
  const add = (fields) => fleet.plans.push(base_plan(fleet, one.id, resource, fields));
  add({ strategy: "revert", title: `Put ${changed.path} back to ${back || "what is expected"}`, why: "The value is declared, and nobody announced the change.", steps: resource.kind === "file" ? [step, unit] : [step], ...allowedFor(fleet, resource, needs), rank_reason: "least exposure at almost no downtime", score: 8.7,
    estimate: estimate({ downtime_s: { p50: 0, p90: 1 }, duration_s: { p50: 3, p90: 8 }, effort_minutes: 2, cost: 2.05, p_success: 0.97, inputs: ["downtime: a reload of ssh.service keeps open sessions (prior of its kind; 14 reloads seen here, longest 0.4 s)", "p(success): 31 of 32 like steps succeeded", ...base_plan(fleet, "", resource, {}).estimate.inputs] }), security: { exposure_before: 1.2, exposure_after: 0, text: "Root cannot log in over SSH any more." } });
  add({ strategy: "accept_until", title: "Tolerate it until Friday evening", why: "Somebody may be in the middle of a repair.", steps: [{ kind: "accept_observed", resource: one.resource, parameters: { until: iso(fleet.now + 3 * day) }, reversible: true, timeout_s: 5 }], rank_reason: "no work now; the exposure stays for three days", score: 4.1,
    estimate: estimate({ effort_minutes: 1, cost: 1, duration_s: { p50: 1, p90: 1 }, p_success: 0.999 }) });
  add({ strategy: "schedule", title: "Put it back in tonight's window", why: "The window of this role opens at 22:00.", steps: [step], ...allowedFor(fleet, resource, needs), not_before: iso(fleet.now + 9 * hour), rank_reason: "same end, later", score: 3.9,
    estimate: estimate({ downtime_s: { p50: 0, p90: 1 }, duration_s: { p50: 3, p90: 8 }, effort_minutes: 2, cost: 2.05, p_success: 0.97 }), security: { exposure_before: 1.2, exposure_after: 0.4, text: "Root can log in until the window opens." } });
  add({ strategy: "accept", title: `Expect ${changed.observed?.text ?? "it to be gone"} from now on`, why: "The change may have been meant.", steps: [{ kind: "accept_observed", resource: one.resource, parameters: {}, reversible: true, timeout_s: 5 }], rank_reason: "nothing changes on the host, and the exposure becomes the rule", score: 2.2,
    estimate: estimate({ effort_minutes: 1, cost: 1, duration_s: { p50: 1, p90: 1 }, p_success: 0.999 }) });
  add({ strategy: "do_nothing", title: "Leave it as it is", why: "Always possible; the drift stays open.", rank_reason: "costs nothing now", score: 1.1 });
}

function addForecastPlans(fleet, resource) {
  const trigger = `prediction:${resource.id}`;
  const needs = [resource.kind];
  const id = idParts(resource.id);
  const estimate = (fields) => ({ ...base_plan(fleet, "", resource, {}).estimate, ...fields });
  const next = resource.prediction.keys[0].value;
  if (resource.kind === "package") {
    fleet.plans.push(base_plan(fleet, trigger, resource, { strategy: "adopt_early", title: `Install ${next} now and expect it`, why: "It will come with the next unattended upgrade anyway.", steps: [{ kind: "install_package", resource: id, parameters: { version: next ?? "" }, reversible: true, timeout_s: 300 }], ...allowedFor(fleet, resource, needs), estimate: estimate({ downtime_s: { p50: 2, p90: 9 }, duration_s: { p50: 25, p90: 70 }, effort_minutes: 3, cost: 3.1, p_success: 0.96 }), security: { exposure_before: 0.8, exposure_after: 0.1, text: "Two known vulnerabilities are closed 14 hours earlier." }, rank_reason: "closes the exposure first, at a moment of your choice", score: 7.1 }));
    fleet.plans.push(base_plan(fleet, trigger, resource, { strategy: "prevent", title: `Hold ${resource.name} until Monday`, why: "When the change must not happen before a release.", steps: [{ kind: "hold_package", resource: id, parameters: {}, reversible: true, timeout_s: 20 }], ...allowedFor(fleet, resource, needs), estimate: estimate({ duration_s: { p50: 1, p90: 3 }, effort_minutes: 2, cost: 2, p_success: 0.995 }), security: { exposure_before: 0.8, exposure_after: 2.6, text: "The two vulnerabilities stay open for three more days." }, rank_reason: "no downtime, but the exposure grows", score: 3.3 }));
  }
  fleet.plans.push(base_plan(fleet, trigger, resource, { strategy: "do_nothing", title: "Let it come", why: "Always possible.", rank_reason: "no work; it comes at 06:12", score: 2.8, security: { exposure_before: 0.8, exposure_after: 0.3, text: "Closed when the upgrade runs." } }));
}

function addRest(fleet) {
  fleet.rules.push({ id: "resolv", resource_glob: "*/file//etc/resolv.conf", key_glob: "nameserver*", owner: "alice", reason: "written by the DHCP client", expires_at: iso(fleet.now + 60 * day), alarm_only: true });
  const said = [["engine", "agent.enrolled", "web-1", "by join token j-1, role web"], ["alice", "session.opened", "alice", "one-time link"], ["alice", "rule.set", "resolv", "*/file//etc/resolv.conf nameserver*"], ["bob", "plan.approve", "p-31", "Put http.server_tokens back to off: on -> off"], ["engine", "plan.succeeded", "p-31", "read again: http.server_tokens = off"], ["alice", "resource.accept", "web-3/file//etc/nginx/nginx.conf", "agreed with the application team"]];
  said.forEach(([by, action, subject, detail], i) => addAudit(fleet, by, action, subject, detail, fleet.now - (said.length - i) * 3.7 * hour));
  for (const stack of fleet.stacks) {
    fleet.activities.set(stack.id, [
      { kind: "sudo", id: "s-41", actor: "alice", text: "vim /etc/ssh/sshd_config", started_at: iso(fleet.now - 12 * 60e3), ended_at: iso(fleet.now - 11 * 60e3), resources: ["file//etc/ssh/sshd_config"], details: {} },
      { kind: "package_run", id: "apt-0612", actor: "root", text: "apt-get upgrade (14 packages)", started_at: iso(fleet.now - 6.4 * hour), ended_at: iso(fleet.now - 6.3 * hour), resources: ["package/openssl"], details: { command: "apt-get upgrade" } },
      { kind: "login", id: "l-9", actor: "alice", text: "SSH from 10.2.0.14", started_at: iso(fleet.now - 14 * 60e3), ended_at: iso(fleet.now - 14 * 60e3), resources: [], details: {} },
    ]);
  }
  fleet.joins.push({ id: "j-3", role: "web", note: "rack 4", created_at: iso(fleet.now - hour / 2), expires_at: iso(fleet.now + hour / 2), created_by: "alice", used_at: null, used_by: "" });
  fleet.users.push({ name: "grace", role: "approver", stacks: ["web-*"], created_at: iso(fleet.now - 30 * day), created_by: "alice" });
  fleet.tokens.push({ id: "t-9", name: "nightly report", role: "viewer", stacks: [], created_at: iso(fleet.now - 30 * day), expires_at: null, last_used_at: iso(fleet.now - 7 * hour), created_by: "alice" });
}

export function addAudit(fleet, by, action, subject, detail, at = Date.now()) {
  const number = fleet.audit.length + 1;
  const random = generator(number);
  const hash = Array.from({ length: 64 }, () => Math.floor(random() * 16).toString(16)).join("");
  fleet.audit.push({ number, at: iso(at), by, action, subject, detail, previous_hash: fleet.audit.at(-1)?.hash ?? "0".repeat(64), hash });
}

/** What each threshold would have done, as far as the bins can tell. */
function thresholds(bins) {
  const sum = (from, what) => Math.round(bins.reduce((all, bin) => all + bin[what] * Math.max(0, Math.min(1, (bin.to - from) * 10)), 0));
  return Array.from({ length: 20 }, (_, i) => {
    const from = i / 20, hits = sum(from, "hits");
    return { from, alerts: sum(from, "count"), hits, missed: sum(0, "hits") - hits, lead_time_s: hits ? (2.6 - i / 20) * 86400 : null };
  });
}

export function trackRecord() {
  const random = generator(99);
  return {
    model: "reference/1", open: 1880, alert_threshold: 0.5, alert_horizon: "7d",
    horizons: horizons.map((horizon, h) => {
      if (h === 5) return { horizon, hits: 0, misses: 0, voided: 0, treated: 0, log_loss: null, log_loss_reference: null, alerts: 0, alert_hits: 0, precision: null, recall: null, lead_time_s: null, recent: { days: 0, steps: thresholds([]) }, bins: Array.from({ length: 10 }, (_, i) => ({ from: i / 10, to: (i + 1) / 10, count: 0, hits: 0, p_mean: null, hit_rate: null })) };
      const bins = Array.from({ length: 10 }, (_, i) => {
        const count = Math.round(9000 * Math.exp(-i * 0.75) * (0.7 + random() * 0.6)) + 4;
        const p_mean = (i + 0.45) / 10;
        const hit_rate = Math.max(0, Math.min(1, p_mean + (random() - 0.5) * 0.11));
        const hits = Math.round(count * hit_rate);
        return { from: i / 10, to: (i + 1) / 10, count, hits, p_mean, hit_rate: hits / count };
      });
      const hits = bins.reduce((sum, bin) => sum + bin.hits, 0);
      const alerts = bins.slice(5).reduce((sum, bin) => sum + bin.count, 0);
      const alert_hits = bins.slice(5).reduce((sum, bin) => sum + bin.hits, 0);
      return { horizon, hits, misses: bins.reduce((sum, bin) => sum + bin.count, 0) - hits, voided: 31, treated: 12, log_loss: 0.21, log_loss_reference: 0.31, alerts, alert_hits, precision: alert_hits / alerts, recall: alert_hits / hits, lead_time_s: 2.3 * 86400, bins, recent: { days: 30, steps: thresholds(bins) } };
    }),
  };
}
