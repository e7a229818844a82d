import type { JSX } from "preact";
import { href } from "../lib/router";
import { Empty } from "../parts/states";

export function NotFound({ path }: { path: string }): JSX.Element {
  return (
    <>
      <h1 class="sr">Not found</h1>
      <Empty icon="search" title="There is no such page">
        <p><code>{path}</code> leads nowhere. <a href={href("/")}>To the fleet</a></p>
      </Empty>
    </>
  );
}
