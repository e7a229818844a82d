// How the page feels with 100,000 resources behind it: first meaningful paint, and how long the
// list takes to answer. Prints figures; fails beyond the limits. The mock serves from memory with
// plain filtering, so these are times of the page plus a slow server, not of the engine.
import { startMock } from "../dev/mock.mjs";
import { withBrowser } from "./browser.mjs";

const mock = await startMock({ many: true });
const figures = {};
let total = 0;
try {
  total = mock.fleet.resources.size;
  await withBrowser({ viewport: { width: 1360, height: 900 } }, async (context) => {
    const page = context.pages()[0];
    await page.goto(`${mock.url}/#/resources`);
    await page.locator("[data-row='0'] a").waitFor();
    await page.goto("about:blank");
    await page.goto(`${mock.url}/#/resources`);
    await page.locator("[data-row='0'] a").waitFor();
    figures.rows_after_ms = await page.evaluate(() => performance.now());
    figures.first_paint_ms = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
    figures.scroll_frames_ms = await page.evaluate(async () => {
      const box = document.querySelector(".vbox");
      const times = [];
      for (let i = 0; i < 60; i += 1) {
        const begin = performance.now();
        box.scrollTop += 56 * 37;
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        times.push(performance.now() - begin);
      }
      times.sort((a, b) => a - b);
      return { p50: times[30], p95: times[57] };
    });
    await page.locator(".vbox").focus();
    const begin = Date.now();
    await page.keyboard.press("End");
    await page.locator(`[data-row='${total - 1}'] a`).waitFor();
    figures.to_the_end_ms = Date.now() - begin;
    figures.nodes = await page.evaluate(() => document.querySelectorAll("*").length);
  });
} finally {
  await mock.stop();
}
console.log(`${total} resources`, JSON.stringify(figures));
if (figures.scroll_frames_ms.p50 > 100 || figures.nodes > 3000) {
  console.error("every other frame took longer than 100 ms, or more than 3000 nodes are drawn");
  process.exit(1);
}
