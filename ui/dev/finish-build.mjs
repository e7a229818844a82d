// After `vite build`: adds the licences of what is bundled, and holds the page to its budget.
import { gzipSync } from "node:zlib";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const budget_bytes = 250 * 1024;
const root = new URL("..", import.meta.url).pathname;
const dist = join(root, "dist");
const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const notices = Object.keys(dependencies).map((name) => {
  const folder = join(root, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) throw new Error(`${name} has no licence file`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
});
writeFileSync(join(dist, "licenses.txt"), notices.join("\n" + "-".repeat(80) + "\n\n"));

function files(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}
const loaded = files(dist).filter((path) => !path.endsWith("licenses.txt"));
const total = loaded.reduce((sum, path) => sum + gzipSync(readFileSync(path)).length, 0);
console.log(`page: ${(total / 1024).toFixed(1)} KiB gzip of ${budget_bytes / 1024} KiB`);
if (total > budget_bytes) {
  console.error("the page is over its budget");
  process.exit(1);
}
