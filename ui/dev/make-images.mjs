// Takes the pictures of docs/images from the page over made-up data: `node dev/make-images.mjs`.
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { startMock } from "./mock.mjs";
import { withBrowser } from "../test/browser.mjs";

const folder = fileURLToPath(new URL("../../docs/images", import.meta.url));
const mock = await startMock();
const alert = [...mock.fleet.resources.values()].find((resource) => resource.kind === "package" && resource.prediction?.alert).id;
const desk = { viewport: { width: 1280, height: 860 } };
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const pictures = [
  { name: "fleet-light", hash: "#/", see: "web-8", ...desk },
  { name: "fleet-dark", hash: "#/", see: "web-8", dark: true, ...desk },
  { name: "resource-light", hash: "#/resource?id=web-1/file//etc/ssh/sshd_config", see: "Past and ahead", ...desk },
  { name: "compare-light", hash: "#/compare?trigger=d-1810", see: "Steps, in this order", viewport: { width: 1280, height: 1060 } },
  { name: "forecast-light", hash: `#/forecast?id=${alert}`, see: "To what", ...desk },
  { name: "track-record-light", hash: "#/track-record", see: "Said against", ...desk },
  { name: "compare-phone", hash: "#/compare?trigger=d-1810", see: "Downtime", ...phone },
];
try {
  for (const { name, hash, see, dark, ...options } of pictures) {
    await withBrowser({ ...options, colorScheme: dark ? "dark" : "light", reducedMotion: "reduce" }, async (context) => {
      const page = context.pages()[0];
      await page.goto(`${mock.url}/${hash}`);
      await page.getByText(see).first().waitFor();
      await page.waitForTimeout(400);
      await page.screenshot({ path: join(folder, `${name}.png`) });
    });
  }
} finally {
  await mock.stop();
}
