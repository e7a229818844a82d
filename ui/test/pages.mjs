// Every page in dark and light, on a desk and a phone: it draws, complains about nothing, fits its
// width, and axe-core finds no violation. Screenshots go to --shots DIR. --only NAME picks a page.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { startMock } from "../dev/mock.mjs";
import { watch, withBrowser } from "./browser.mjs";
import { watchAnswers } from "./contract.mjs";

const argument = (name) => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? process.argv[at + 1] : undefined;
};
const shots = argument("shots");
const only = argument("only");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const sshd = "web-1/file//etc/ssh/sshd_config";

const alert = (fleet) => [...fleet.resources.values()].find((resource) => resource.kind === "package" && resource.prediction?.alert).id;

const pages = [
  { name: "fleet", hash: "#/", see: "Has drifted" },
  { name: "fleet-tiles", hash: "#/?view=tiles", see: "Colour: expected changes" },
  { name: "stack", hash: "#/stack?id=web-1", see: "What people and programs did" },
  { name: "resources", hash: "#/resources?sort=severity", see: "module.conf" },
  { name: "resource", hash: `#/resource?id=${sshd}`, see: "Expected, observed, forecast" },
  { name: "resource-then", hash: `#/resource?id=${sshd}&at=2026-01-01T00:00:00Z`, see: "As it was" },
  { name: "drifts", hash: "#/drifts", see: "sudo vim by alice" },
  { name: "drifts-newest", hash: "#/drifts?view=list", see: "sshd_config" },
  { name: "drifts-then", hash: "#/drifts?at=2026-03-14T09:26:53Z", see: "What was open at" },
  { name: "forecasts", hash: "#/forecasts", see: "Likely change", phone_see: "Most loss first" },
  { name: "forecast", hash: (fleet) => `#/forecast?id=${alert(fleet)}`, see: "To what" },
  { name: "track-record", hash: "#/track-record", see: "Said against happened" },
  { name: "plans", hash: "#/plans", see: "best ranked" },
  { name: "compare", hash: "#/compare?trigger=d-1810", see: "Steps, in this order" },
  { name: "compare-forecast", hash: (fleet) => `#/compare?trigger=prediction:${alert(fleet)}`, see: "Adopt early" },
  { name: "compare-observe-only", hash: "#/compare?trigger=d-1809", see: "observe-only" },
  { name: "audit", hash: "#/audit", see: "plan.approve" },
  { name: "agents", hash: "#/agents", see: "Join tokens" },
  { name: "settings", hash: "#/settings", see: "Ignore rules" },
  { name: "nowhere", hash: "#/nowhere", see: "There is no such page" },
  { name: "unknown-resource", hash: "#/resource?id=web-1/file//etc/none", see: "Not found", failed: [404] },
];
const screens = [
  { name: "desk-light", viewport: { width: 1360, height: 900 }, colorScheme: "light" },
  { name: "desk-dark", viewport: { width: 1360, height: 900 }, colorScheme: "dark" },
  { name: "phone-light", viewport: { width: 390, height: 844 }, colorScheme: "light", hasTouch: true, isMobile: true },
  { name: "phone-dark", viewport: { width: 390, height: 844 }, colorScheme: "dark", hasTouch: true, isMobile: true },
];

const faults = [];

async function checkPage(page, complaints, { name, hash, see, phone_see, failed = [] }, screen, mock) {
  const where = `${name} (${screen.name})`;
  complaints.length = 0;
  await page.goto(`${mock.url}/${typeof hash === "function" ? hash(mock.fleet) : hash}`);
  try {
    await page.getByText(screen.isMobile && phone_see ? phone_see : see).first().waitFor({ timeout: 30000 });
  } catch {
    faults.push(`${where}: "${see}" is not to be seen`);
  }
  await page.waitForTimeout(250);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) faults.push(`${where}: ${wide} pixels wider than the screen`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const violation of violations) {
    faults.push(`${where}: axe ${violation.id}: ${violation.help}\n    ${violation.nodes.slice(0, 3).map((node) => `${node.target.join(" ")} ${node.any[0]?.message ?? ""}`).join("\n    ")}`);
  }
  for (const complaint of complaints) {
    if (!failed.some((status) => complaint.includes(String(status)))) faults.push(`${where}: ${complaint}`);
  }
  if (shots) await page.screenshot({ path: join(shots, `${name}-${screen.name}.png`), fullPage: name !== "resources" });
}

if (shots) mkdirSync(shots, { recursive: true });
const mock = await startMock();
try {
  for (const { name, ...options } of screens) {
    if (argument("screen") && argument("screen") !== name) continue;
    await withBrowser({ ...options, reducedMotion: "reduce" }, async (context) => {
      const page = context.pages()[0];
      const complaints = [];
      watch(page, complaints);
      watchAnswers(page, faults);
      for (const one of pages) {
        if (!only || only.split(",").includes(one.name)) await checkPage(page, complaints, one, { name, ...options }, mock);
      }
    });
  }
} finally {
  await mock.stop();
}
if (faults.length > 0) {
  console.error(faults.join("\n"));
  console.error(`${faults.length} faults`);
  process.exit(1);
}
console.log("every page is as it should be");
