// What is open in the fleet, worst first, and how old the feeds are that say so.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useQuery, useSteady } from "../api/query";
import type { ExposurePage, ExposureRow, Feed, FeedList } from "../api/types";
import { count, plural } from "../lib/format";
import { href, setParams, useRoute } from "../lib/router";
import { Fix, Ratings } from "../parts/exposure";
import { Answered, CopyLine, Empty, NewRows, Time } from "../parts/states";
import { Pager } from "./drifts";

const page_size = 50;

export function Exposures(): JSX.Element {
  const { query } = useRoute();
  const exploited = query.get("exploited") === "true";
  const fixable = query.get("fixable") === "true";
  const offset = Number(query.get("offset") ?? 0);
  const filter = { text: query.get("text") ?? "", stack: query.get("stack"), role: query.get("role"), exploited, fixable };
  const rows = useQuery<ExposurePage>("/exposures", { ...filter, offset, limit: page_size }, { live: ["stack"], keep: true });
  const area = useRef<HTMLDivElement>(null);
  const steady = useSteady(rows.data?.rows, (row) => `${row.ecosystem} ${row.package} ${row.id}`, area, JSON.stringify({ ...filter, offset }));
  return (
    <div class="page wide">
      <header class="page-head">
        <h1>Exposures <span class="tally">{rows.data ? count(rows.data.total) : ""}</span></h1>
        <p class="lead">Vulnerabilities that are open on installed packages, by the distribution's own word: a fix that was ported back counts as a fix.</p>
        <div class="toolbar">
          <input class="input grow" type="search" placeholder="Part of a CVE, advisory, package or summary" aria-label="Part of a CVE, advisory, package or summary" value={filter.text} onInput={(event) => setParams({ text: event.currentTarget.value, offset: null })} />
          <div class="segments" role="group" aria-label="Which exposures">
            <button aria-pressed={!exploited && !fixable} onClick={() => setParams({ exploited: null, fixable: null, offset: null })}>All</button>
            <button aria-pressed={exploited} onClick={() => setParams({ exploited: "true", fixable: null, offset: null })}>Used in attacks</button>
            <button aria-pressed={fixable} onClick={() => setParams({ fixable: "true", exploited: null, offset: null })}>With a fix</button>
          </div>
          {(["stack", "role"] as const).filter((name) => filter[name]).map((name) => (
            <button key={name} class="pill" onClick={() => setParams({ [name]: null, offset: null })}>{name}: {filter[name]} ×</button>
          ))}
        </div>
      </header>
      <div class="card" ref={area}>
        <NewRows {...steady} />
        <Answered answer={rows} lines={10}>
          {(data) => (
            <>
              {data.total === 0 && <Empty icon="exposures" title="Nothing is open">As far as the feeds below know, and for packages whose release they speak of.</Empty>}
              {data.total > 0 && (
                <div class="scroll-x" tabIndex={0} role="region" aria-label="Exposures">
                  <table class="figures exposure-table">
                    <thead><tr><th scope="col">Vulnerability</th><th scope="col">How bad</th><th scope="col">Package</th><th scope="col">Fix</th><th scope="col">Where</th></tr></thead>
                    <tbody>{steady.rows?.map((row) => <Row key={`${row.ecosystem} ${row.package} ${row.id}`} row={row} />)}</tbody>
                  </table>
                </div>
              )}
              <Pager offset={data.offset} size={page_size} total={data.total} />
            </>
          )}
        </Answered>
      </div>
      <Feeds />
    </div>
  );
}

function Row({ row }: { row: ExposureRow }): JSX.Element {
  return (
    <tr>
      <th scope="row">{row.id}<span class="line-sub">{row.summary}</span></th>
      <td><Ratings exposure={row} />{row.due && <span class="line-sub">wanted fixed by <Time at={row.due} /></span>}</td>
      <td>{row.package} <code>{row.version}</code><span class="line-sub">{row.ecosystem}</span></td>
      <td><Fix exposure={row} /></td>
      <td>{plural(row.stacks, "stack")}<span class="line-sub">{row.some.slice(0, 3).map((id) => <a key={id} href={href("/resource", { id })}>{id.split("/")[0]}/{id.split("/")[2]} </a>)}{row.resources > 3 && <>and {row.resources - 3} more</>}</span></td>
    </tr>
  );
}

function state(feed: Feed): { word: string; look: string } {
  if (feed.error) return { word: "failed", look: "em-drift" };
  return feed.stale ? { word: "stale", look: "em-drift" } : { word: "current", look: "" };
}

function Feeds(): JSX.Element {
  const feeds = useQuery<FeedList>("/feeds", {}, { live: ["audit"] });
  return (
    <section class="card" aria-labelledby="feeds-title">
      <header class="card-head"><h2 id="feeds-title">Feeds</h2></header>
      <Answered answer={feeds} lines={3}>
        {(data) => data.rows.length === 0 ? (
          <Empty icon="exposures" title="No feed yet">What is vulnerable is not known before one is read: <CopyLine text="driftcast feeds import FILE..." label="Copy the command" /></Empty>
        ) : (
          <div class="scroll-x" tabIndex={0} role="region" aria-label="Feeds">
            <table class="figures">
              <thead><tr><th scope="col">Feed</th><th scope="col">State</th><th scope="col">Newest record</th><th scope="col">Fetched</th><th scope="col">Records</th><th scope="col">Not used</th><th scope="col">Source</th></tr></thead>
              <tbody>
                {data.rows.map((feed) => (
                  <tr key={feed.feed}>
                    <th scope="row">{feed.feed}<span class="line-sub">{feed.format}</span></th>
                    <td><b class={state(feed).look}>{state(feed).word}</b>{feed.error && <span class="line-sub">{feed.error}; what was read before stays in use</span>}</td>
                    <td><Time at={feed.newest_at} none="not said" /></td>
                    <td><Time at={feed.fetched_at} /></td>
                    <td>{count(feed.records)}</td>
                    <td>{feed.warnings ? <span title={feed.warning_samples.join("\n")}>{count(feed.warnings)}</span> : "none"}</td>
                    <td class="source">{feed.source}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Answered>
    </section>
  );
}
