// The whole story, with the real engine and the real agent, in a real browser: sign in by the link,
// let a second person in, see this "host" (a scratch folder), change a file, see the drift arrive
// live, compare the plans; the second person approves one; see it verified and find it in the audit
// log.
//
//   node tests/e2e/story.mjs [--shots DIR] [--keep]
//
// Everything is written below a temporary folder; only what is started here is ended.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { watch, withBrowser } from "../../ui/test/browser.mjs";
import { watchAnswers } from "../../ui/test/contract.mjs";

const top = fileURLToPath(new URL("../..", import.meta.url));
const argument = (name) => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? process.argv[at + 1] : undefined;
};
const shots = argument("shots");
const scratch = mkdtempSync(join(tmpdir(), "driftcast-story-"));
const root = join(scratch, "root");
const data = join(scratch, "data");
const sshd = join(root, "etc/ssh/sshd_config");

const files = {
  "etc/ssh/sshd_config": "Port 22\nPermitRootLogin no\nPasswordAuthentication no\nX11Forwarding no\nMaxAuthTries 4\nClientAliveInterval 300\n",
  "etc/systemd/journald.conf": "[Journal]\nStorage=persistent\nSystemMaxUse=500M\n",
  "etc/sysctl.d/90-web.conf": "net.core.somaxconn = 4096\nvm.swappiness = 10\n",
  "etc/logrotate.conf": "weekly\nrotate 4\ncreate\n",
  "etc/app/service.yaml": "listen: 0.0.0.0:8080\nworkers: 4\nlimits:\n  memory: 512M\n  open_files: 65536\n",
  "etc/app/limits.json": '{"requests_per_second": 200, "burst": 50}\n',
  "etc/hosts": "127.0.0.1 localhost\n10.0.0.5 database.internal\n",
};

function makeHost() {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

// Two neighbouring ports that are free now: one for the page, one for agents.
async function freePorts() {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const port = 20000 + Math.floor(Math.random() * 20000);
    const free = async (number) => new Promise((done) => {
      const server = createServer().once("error", () => done(false));
      server.listen(number, "127.0.0.1", () => server.close(() => done(true)));
    });
    if ((await free(port)) && (await free(port + 1))) return port;
  }
  throw new Error("no free ports");
}

const up = (...options) => execFileSync(join(top, "up"), options, { encoding: "utf8", timeout: 30 * 60e3, stdio: ["ignore", "pipe", "inherit"] });
const said = [];
const step = (text) => {
  said.push(text);
  console.log(`- ${text}`);
};

// The host is told of a key, and from then on carries out only what that key has signed.
async function approveByKey(context, page, base, shot) {
  const site = base.replace("127.0.0.1", "localhost");
  const browser = await context.newCDPSession(page);
  await browser.send("WebAuthn.enable");
  await browser.send("WebAuthn.addVirtualAuthenticator", { options: { protocol: "ctap2", transport: "internal", hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } });
  await page.goto(`${site}/#/settings`);
  await page.getByLabel("Name").fill("grace");
  await page.getByLabel("Password").fill("nobody guesses this");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Your keys for approvals" }).waitFor();
  await page.getByText("None: you approve by word.").waitFor();
  await page.getByRole("button", { name: "New key" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("the blue one");
  await page.getByRole("dialog").getByRole("button", { name: "Make it" }).click();
  await page.getByRole("button", { name: "Remove the blue one" }).waitFor();
  const line = await page.locator(".keys code, .keys input").first().evaluate((node) => node.value ?? node.textContent);
  assert.match(line, /^approver grace localhost \S+$/);
  await shot("keys", { fullPage: true });
  step("the second person has a key");

  appendFileSync(join(data, "agent", "allow"), `${line}\n`);
  up("--detach", "--data", data, "--root", root, "--allow", "file");
  assert.ok(readFileSync(join(data, "agent", "allow"), "utf8").includes(line), "./up keeps the approvers of the allow-list");
  writeFileSync(sshd, files["etc/ssh/sshd_config"].replace("MaxAuthTries 4", "MaxAuthTries 40"));
  await page.goto(`${site}/#/drifts`);
  await page.getByText("MaxAuthTries").first().waitFor();
  await page.getByRole("link", { name: /Plans for/ }).first().click();
  await page.getByText("Steps, in this order").waitFor();

  const token = readFileSync(join(data, "token"), "utf8").trim();
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const trigger = /trigger=([^&]+)/.exec(page.url())[1];
  const plans = await (await fetch(`${base}/api/v1/plans?state=waiting&trigger=${trigger}`, { headers })).json();
  const revert = plans.rows.find((plan) => plan.strategy === "revert");
  const byWord = await fetch(`${base}/api/v1/plans/${encodeURIComponent(revert.id)}/decision`, { method: "POST", headers, body: JSON.stringify({ verdict: "approve", plan_hash: revert.hash }) });
  assert.equal(byWord.status, 409, "approved by word, by an administrator");
  assert.match((await byWord.json()).detail, /approver's own key/);
  step("an administrator's word is not enough any more");

  await page.locator(".plan-head", { hasText: "Revert" }).first().click();
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
  await page.getByText("Verified.", { exact: true }).waitFor({ timeout: 60000 });
  assert.match(readFileSync(sshd, "utf8"), /^MaxAuthTries 4$/m, "the file is as it should be");
  step("signed by the key, carried out and verified");
}

async function story(context, link) {
  const page = context.pages()[0];
  page.setDefaultTimeout(45000);
  const complaints = [];
  watch(page, complaints);
  const faults = [];
  watchAnswers(page, faults);
  const shot = async (name, options = {}) => shots && page.screenshot({ path: join(shots, `${name}.png`), ...options });
  const base = new URL(link).origin;

  await page.goto(link);
  await page.getByRole("heading", { name: "Fleet" }).waitFor({ state: "attached" });
  step("signed in by the one-time link");
  const again = await fetch(link, { redirect: "manual" });
  assert.equal(again.headers.get("set-cookie"), null, `somebody else got in with the same link: ${again.status}`);
  step("the link does not work twice");

  await page.goto(`${base}/#/settings`);
  // What is above the button has come: nothing moves under the pointer any more.
  for (const text of ["None: nothing mild has come back", "Nobody yet: everybody comes by", "commands on the engine's machine"])
    await page.getByText(text).waitFor();
  await page.getByRole("button", { name: "New person" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("grace");
  await page.getByRole("dialog").getByLabel("Password").fill("nobody guesses this");
  await page.getByRole("dialog").getByLabel("Role").selectOption("approver");
  await page.getByRole("dialog").getByRole("button", { name: "Let them in" }).click();
  await page.getByRole("button", { name: "Remove grace" }).waitFor();
  await shot("settings", { fullPage: true });
  step("a second person may sign in");

  await page.goto(`${base}/#/resources?text=sshd_config`);
  await page.getByRole("link", { name: /sshd_config/ }).first().click();
  await page.getByText("Expected, observed, forecast").waitFor();
  await page.getByText("PermitRootLogin", { exact: true }).first().waitFor();
  step("the file is there, key by key");
  await shot("resource-in-sync");

  await page.goto(`${base}/#/drifts`);
  await page.getByRole("heading", { name: "Drifts" }).waitFor();
  await page.getByText("No open drift").waitFor();
  await page.waitForTimeout(500);
  const changed = Date.now();
  writeFileSync(sshd, files["etc/ssh/sshd_config"].replace("PermitRootLogin no", "PermitRootLogin yes"));
  await page.getByText("PermitRootLogin").first().waitFor();
  step(`the drift was in the browser ${Date.now() - changed} ms after the change`);
  await shot("drifts");

  await page.getByRole("link", { name: /Plans for/ }).first().click();
  await page.getByText("Steps, in this order").waitFor();
  const columns = await page.locator(".plan-head").count();
  assert.ok(columns >= 2, `only ${columns} plans side by side`);
  step(`${columns} plans side by side`);
  await page.locator(".plan-head", { hasText: "Revert" }).first().click();
  await page.getByRole("button", { name: "Approve", exact: true }).waitFor();
  await shot("compare", { fullPage: true });
  const plans = page.url();
  await page.getByRole("button", { name: /Signed in as/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Name").fill("grace");
  await page.getByLabel("Password").fill("nobody guesses this");
  await shot("sign-in");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("button", { name: "Signed in as grace" }).waitFor();
  step("the second person has signed in with a password");
  await page.goto(plans);
  await page.locator(".plan-head", { hasText: "Revert" }).first().click();
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  await page.getByRole("dialog").getByLabel("Reason").fill("nobody announced it");
  await shot("approve");
  const approved = Date.now();
  await page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
  await page.getByText("Verified.", { exact: true }).waitFor({ timeout: 60000 });
  step(`approved, carried out and verified in ${Date.now() - approved} ms`);
  await shot("verified", { fullPage: true });
  assert.match(readFileSync(sshd, "utf8"), /^PermitRootLogin no$/m, "the file is as it should be");
  step("the file on the host is back");

  await page.goto(`${base}/#/resources?text=sshd_config`);
  await page.getByRole("row").filter({ hasText: "sshd_config" }).getByText("In sync").first().waitFor();
  await page.goto(`${base}/#/audit`);
  await page.locator("li", { hasText: "plan.approve" }).getByText("grace").first().waitFor();
  await page.getByText("plan.succeeded").first().waitFor();
  await page.getByRole("button", { name: "Check the chain" }).click();
  await page.getByText("unbroken").waitFor();
  step("the audit log has it, and its chain is unbroken");
  await shot("audit");

  for (const [name, hash, text] of [["fleet", "#/", "Has drifted"], ["forecasts", "#/forecasts", "Forecasts"], ["agents", "#/agents", "CPU of a core"], ["track-record", "#/track-record", "Track record"]]) {
    await page.goto(`${base}/${hash}`);
    await page.getByText(text).first().waitFor();
    await page.waitForTimeout(400);
    await shot(name);
  }
  step("fleet, forecasts, track record and agents answer");

  await approveByKey(context, page, base, shot);
  await page.goto(`${base}/#/`);

  await page.getByRole("button", { name: /Signed in as/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("one-time link").first().waitFor();
  assert.equal((await context.request.get(`${base}/api/v1/overview`)).status(), 401);
  step("signed out");
  assert.deepEqual(complaints.filter((text) => !/40[019]/.test(text)), [], "complaints of the page");
  assert.deepEqual(faults, [], "answers against the contract");
}

let failed = false;
try {
  if (shots) mkdirSync(shots, { recursive: true });
  makeHost();
  const port = await freePorts();
  const words = up("--detach", "--data", data, "--port", String(port), "--root", root, "--allow", "file");
  const link = /https?:\/\/\S+token=\S+/.exec(words)?.[0];
  assert.ok(link, `./up printed no link:\n${words}`);
  step("the engine and the agent run");
  await withBrowser({ viewport: { width: 1360, height: 900 } }, async (context) => {
    try {
      await story(context, link);
    } catch (error) {
      const page = context.pages()[0];
      console.error(`--- the page at that moment, ${page.url()}\n${(await page.locator("main").innerText()).slice(0, 3000)}`);
      if (shots) await page.screenshot({ path: join(shots, "broken.png"), fullPage: true });
      throw error;
    }
  });
  console.log("the story ends well");
} catch (error) {
  failed = true;
  console.error(`the story broke after "${said.at(-1) ?? "nothing"}"\n${error.stack}`);
  for (const name of ["engine", "agent"]) {
    try {
      console.error(`--- ${name}.log\n${readFileSync(join(data, "log", `${name}.log`), "utf8").split("\n").slice(-25).join("\n")}`);
    } catch {
      console.error(`--- no ${name}.log`);
    }
  }
} finally {
  try {
    up("--stop", "--data", data);
  } catch (error) {
    console.error(String(error));
  }
  if (!process.argv.includes("--keep")) rmSync(scratch, { recursive: true, force: true });
  else console.log(`kept: ${scratch}`);
}
process.exit(failed ? 1 : 0);
