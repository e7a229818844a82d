// What people do with the page, over made-up data: find by keyboard, see a drift come in without
// the list jumping, compare and approve on a phone, lose and regain the engine, sign out.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { startMock } from "../dev/mock.mjs";
import { watch, withBrowser } from "./browser.mjs";
import { watchAnswers } from "./contract.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const desk = { viewport: { width: 1360, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const shots = process.argv.includes("--shots") ? process.argv[process.argv.indexOf("--shots") + 1] : null;

async function accessible(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0].target}`), [], `axe, ${what}`);
}

const flows = {
  async "search by keyboard leads to a resource"(page, mock) {
    await page.goto(mock.url);
    await page.getByText("Has drifted").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("sshd");
    await page.getByRole("option").first().waitFor();
    await accessible(page, "search");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByText("Expected, observed, forecast").waitFor();
    assert.match(page.url(), /resource\?id=.*sshd_config/);
  },

  async "a list is walked by keyboard"(page, mock) {
    await page.goto(`${mock.url}/#/resources`);
    await page.getByRole("row").nth(3).waitFor();
    await page.locator(".vbox").focus();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.waitForFunction(() => document.activeElement?.closest('[data-row="2"]'));
    await page.keyboard.press("Enter");
    await page.getByText("Past and ahead").waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("d");
    await page.getByRole("heading", { name: "Drifts" }).waitFor();
  },

  async "a drift appears live, and nothing jumps under the pointer"(page, mock) {
    await page.goto(`${mock.url}/#/drifts`);
    const first = page.locator(".cause-card").first();
    await first.waitFor();
    const many = await page.locator(".cause-card").count();
    await first.hover();
    mock.drift("web-5/file//etc/fstab", "/var.options", "defaults");
    await page.getByText("Newer rows: show them").waitFor();
    assert.equal(await page.locator(".cause-card").count(), many);
    await page.mouse.move(5, 500);
    await page.getByText("sudo sed by bob").first().waitFor();
    assert.equal(await page.locator(".cause-card").count(), many + 1);
  },

  async "a plan is approved, followed and verified"(page, mock) {
    await page.goto(`${mock.url}/#/compare?trigger=d-1810`);
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText("The agent on web-1 checks again").waitFor();
    await accessible(page, "decision");
    if (shots) await page.screenshot({ path: `${shots}/flow-approve.png` });
    await page.getByLabel("Reason").fill("not announced");
    await page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
    await page.getByText("Signed and sent").waitFor();
    if (shots) await page.screenshot({ path: `${shots}/flow-progress.png` });
    await page.getByText("Verified.", { exact: true }).waitFor();
    assert.equal(mock.fleet.resources.get("web-1/file//etc/ssh/sshd_config").status, "IN_SYNC");
    await accessible(page, "verified plan");
    if (shots) await page.screenshot({ path: `${shots}/flow-verified.png`, fullPage: true });
  },

  async "an override needs a reason"(page, mock) {
    await page.goto(`${mock.url}/#/compare?trigger=d-1808`);
    await page.getByRole("button", { name: "I do it by hand" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Override" }).click();
    assert.equal(await dialog.isVisible(), true);
    await dialog.getByLabel("Reason").fill("the database team restarts it tonight");
    await dialog.getByRole("button", { name: "Override" }).click();
    await page.getByText("A person does it by hand").waitFor();
  },

  async "a plan that has changed is not approved"(page, mock) {
    await page.goto(`${mock.url}/#/compare?trigger=d-1806`);
    await page.getByRole("button", { name: "Approve" }).waitFor();
    for (const plan of mock.fleet.plans) plan.hash = "0".repeat(64);
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
    await page.getByRole("dialog").getByText("the plan has changed since you saw it").waitFor();
  },

  async "dialogs are accessible and return the focus"(page, mock) {
    for (const [hash, name] of [["#/settings", "New rule"], ["#/agents", "Make one"], ["#/settings", "New person"], ["#/settings", "Change my password"], ["#/resource?id=web-2/package/openssl", "Snooze"]]) {
      await page.goto(`${mock.url}/${hash}`);
      await page.getByRole("button", { name, exact: true }).click();
      await page.getByRole("dialog").waitFor();
      await page.waitForTimeout(500);
      await accessible(page, name);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      assert.equal(await page.evaluate(() => document.activeElement?.textContent), name);
    }
  },

  async "an unreachable engine is said, and regained"(page, mock) {
    await page.goto(`${mock.url}/#/drifts`);
    await page.locator(".cause-card").first().waitFor();
    await page.route("**/api/v1/**", (route) => route.abort());
    await page.evaluate(() => { location.hash = "#/forecasts"; });
    await page.getByText("The engine does not answer").first().waitFor();
    await accessible(page, "no engine");
    await page.unroute("**/api/v1/**");
    await page.getByText("Likely change").waitFor();
  },

  async "a name and a password open the page; a wrong one is said"(page, mock) {
    mock.signOut();
    await page.goto(mock.url);
    await page.getByLabel("Name").fill("grace");
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByText("name or password is wrong").waitFor();
    await accessible(page, "a refused sign-in");
    await page.getByLabel("Password").fill("a long password");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByText("Has drifted").waitFor();
  },

  async "a rule is proposed, looked at and set"(page, mock) {
    await page.goto(`${mock.url}/#/settings`);
    await page.getByRole("button", { name: "Look at it: a rule for */file//etc/resolv.conf nameserver[]" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("would have quieted").waitFor();
    await accessible(page, "a proposed rule");
    await dialog.getByRole("button", { name: "Set the rule" }).click();
    await dialog.waitFor({ state: "detached" });
    assert.match(mock.fleet.rules.at(-1).reason, /drifted 12 times/);
  },

  async "signing out leads to the sign-in page, and a link back in"(page, mock) {
    await page.goto(mock.url);
    await page.getByRole("button", { name: "Signed in as alice" }).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("one-time link").first().waitFor();
    await accessible(page, "sign-in");
    await page.getByText("With a one-time link").click();
    await page.getByLabel("One-time link or token").fill("http://127.0.0.1:7117/login?token=abc");
    await page.getByRole("button", { name: "Sign in with the link" }).click();
    await page.getByText("Has drifted").waitFor();
  },
};

async function run(name, work, options, mockOptions) {
  const mock = await startMock(mockOptions);
  const complaints = [];
  const faults = [];
  try {
    await withBrowser({ ...options, reducedMotion: "reduce" }, async (context) => {
      const page = context.pages()[0];
      page.setDefaultTimeout(30000);
      watch(page, complaints);
      watchAnswers(page, faults);
      await work(page, mock);
    });
    const real = complaints.filter((text) => !/40[0-9]|ERR_FAILED/.test(text));
    assert.deepEqual(real, [], "complaints of the page");
    assert.deepEqual(faults, [], "answers against the contract");
    console.log(`ok    ${name}`);
    return true;
  } catch (error) {
    console.error(`FAIL  ${name}\n      ${String(error.stack).split("\n").slice(0, 12).join("\n      ")}`);
    return false;
  } finally {
    await mock.stop();
  }
}

let good = true;
const only = process.argv.includes("--only") ? process.argv[process.argv.indexOf("--only") + 1] : "";
for (const [name, work] of Object.entries(flows)) {
  if (name.includes(only)) good = (await run(name, work, desk)) && good;
}
for (const name of ["a plan is approved, followed and verified", "an override needs a reason"]) {
  if (name.includes(only)) good = (await run(`${name} (phone)`, flows[name], phone)) && good;
}
good = (await run("an empty fleet says what to do", async (page, mock) => {
  for (const [hash, text] of [["#/", "No host has enrolled yet"], ["#/drifts", "No open drift"], ["#/plans", "Nothing to decide"], ["#/forecasts", "No forecast"], ["#/agents", "No agent yet"]]) {
    await page.goto(`${mock.url}/${hash}`);
    await page.getByText(text).first().waitFor();
    await accessible(page, `empty ${hash}`);
  }
}, desk, { empty: true })) && good;
process.exit(good ? 0 : 1);
