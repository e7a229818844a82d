// The page's pure functions: figures, words, addresses, plans. `node --test test/unit.test.mjs`
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createServer } from "vite";

// The page's clock must not keep this program alive.
const { setInterval: every } = globalThis;
globalThis.setInterval = (...a) => every(...a).unref();
globalThis.matchMedia = () => ({ matches: false, addEventListener() {} });
const vite = await createServer({ server: { middlewareMode: true, hmr: false, watch: null }, appType: "custom", logLevel: "error", optimizeDeps: { noDiscovery: true } });
after(() => vite.close());
const format = await vite.ssrLoadModule("/src/lib/format.ts");
const router = await vite.ssrLoadModule("/src/lib/router.ts");
const plans = await vite.ssrLoadModule("/src/parts/plan.tsx");

const table = (name, rows, of) => test(name, () => rows.forEach(([input, want]) => assert.equal(of(input), want)));

table("a probability never rounds to certainty", [[0, "0%"], [0.004, "<1%"], [0.123, "12%"], [0.994, ">99%"], [1, "100%"]], format.percent);
table("a forecast is never certain", [[1, ">99%"], [0.5, "50%"], [0, "0%"]], format.chance);
table("an expected number keeps a decimal while it is small", [[0.04, "0"], [0.42, "0.4"], [2, "2"], [9.94, "9.9"], [14.2, "14"], [1234, "1,234"]], format.expected);
table("a duration has one or two units", [[0, "none"], [0.2, "<1 s"], [45, "45 s"], [90, "1 min 30 s"], [3600, "1 h"], [90000, "1 d 1 h"], [1e6, "11 d"]], format.duration);
table("words become a sentence", [["", ""], ["it is done", "It is done."], ["Done.", "Done."]], format.sentence);
table("bytes", [[0, "0 B"], [1023, "1023 B"], [1536, "1.5 KiB"], [19922944, "19 MiB"]], format.bytes);
table("a digest is shortened, a value is not", [["sha256:9f86d081884c7d65aa:12", "content 9f86d081884c… · 12 B"], ["yes", "yes"], ["h:260dec95f2d42e46", "secret 260dec95…"]], format.shortValue);
table("times within a text are worded", [["the next run is at 2026-11-25T06:12:00Z", "the next run is at 25 Nov 2026, 06:12 UTC"], ["none", "none"]], (text) => format.withTimes(text, "utc"));

test("how far away a moment is", () => {
  const now = Date.parse("2026-03-14T09:26:53Z");
  assert.equal(format.relative(now - 2000, now), "just now");
  assert.equal(format.relative(now - 11 * 60e3, now), "11 min ago");
  assert.equal(format.relative(now + 3 * 864e5, now), "in 3 d");
});

test("a name is split where its last part begins", () => {
  assert.deepEqual(format.splitName("/etc/ssh/sshd_config"), { folder: "/etc/ssh/", leaf: "sshd_config" });
  assert.deepEqual(format.splitName("openssl"), { folder: "", leaf: "openssl" });
  assert.deepEqual(format.splitName("/var"), { folder: "", leaf: "/var" });
});

test("an address survives any name", () => {
  for (const id of ["web-7/file//etc/ssh/sshd_config", "a/b/c d&e=f?g#h", "x/file//ä/ö%20", "s/k/'\"<>"]) {
    const { path, query } = router.parseRoute(router.href("/resource", { id, at: null, flag: false, empty: "" }));
    assert.equal(path, "/resource");
    assert.deepEqual([...query], [["id", id]]);
  }
});

const plan = (id, fields = {}) => ({
  id, steps: [{}], needs: ["file"], reversible: true, blast: { transitive: 0 }, base: [],
  estimate: { downtime_s: { p50: 0, p90: 0 }, cost: 1, p_success: 0.9, currency: "EUR", effort_minutes: 1, duration_s: { p50: 1, p90: 1 } },
  security: { exposure_before: 1, exposure_after: 1, text: "" }, ...fields,
});
const axis = (name) => plans.axes.find((one) => one.name === name);

test("best on an axis is said only where it tells plans apart", () => {
  const safe = plan("safe", { security: { exposure_before: 1, exposure_after: 0, text: "" } });
  assert.deepEqual([...plans.bestOn(axis("Security"), [plan("a"), safe, plan("b")])], ["safe"]);
  assert.deepEqual([...plans.bestOn(axis("Cost"), [plan("a"), plan("b")])], []);
  assert.deepEqual([...plans.bestOn(axis("Security"), [safe, { ...safe, id: "too" }, plan("b")])], []);
});

test("a step shows what was there and what will be", () => {
  const resource = { id: "w/file//etc/x", stack: "w", kind: "file", name: "/etc/x" };
  const made = plan("p", { base: [{ resource, observed: [{ path: "mode", value: { type: "text", text: "0666" } }] }] });
  const view = plans.viewStep({ kind: "set_key", resource, parameters: { path: "mode", value: "0644" } }, made);
  assert.deepEqual([view.path, view.before, view.after], ["mode", "0666", "0644"]);
});
