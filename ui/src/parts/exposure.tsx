// Vulnerabilities that are open on a package. Use in attacks, EPSS and CVSS say different things:
// each stands on its own.
import type { JSX } from "preact";
import type { Exposure } from "../api/types";
import { percent, plural } from "../lib/format";
import { Time } from "./states";

export function Ratings({ exposure }: { exposure: Exposure }): JSX.Element {
  return (
    <span class="ratings">
      {exposure.exploited && <span class="badge tone-drift" title="In CISA's catalogue of vulnerabilities that are used in attacks">used in attacks{exposure.ransomware ? ", by ransomware" : ""}</span>}
      {exposure.epss !== null && <span class="badge tone-quiet" title="EPSS: chance of being exploited within 30 days">EPSS {percent(exposure.epss)}</span>}
      {exposure.cvss !== null && <span class="badge tone-quiet" title="CVSS base score, 0 to 10">CVSS {exposure.cvss.toFixed(1)}{exposure.network ? ", by network" : ""}</span>}
      {exposure.urgency && <span class="quiet">{exposure.urgency}</span>}
    </span>
  );
}

export function Fix({ exposure }: { exposure: Exposure }): JSX.Element {
  if (!exposure.fixed) return <span class="quiet">no fix is known</span>;
  return (
    <span>fixed in <code>{exposure.fixed}</code>{exposure.fixed_since && <>, out <Time at={exposure.fixed_since} /></>}
      {exposure.similar > 1 && <span class="quiet"> · {exposure.similar_fixed} of {plural(exposure.similar, "similar stack")} have it</span>}
    </span>
  );
}

export function ExposureList({ rows, total }: { rows: Exposure[]; total: number }): JSX.Element {
  return (
    <>
      <ul class="lines exposures">
        {rows.map((row) => (
          <li key={row.id} class="line">
            <span class="line-main"><b>{row.id}</b> <Ratings exposure={row} /></span>
            <span class="line-sub"><Fix exposure={row} />{row.advisories.some((id) => id !== row.id) && <> · {row.advisories.filter((id) => id !== row.id).join(", ")}</>}</span>
            {row.summary && <span class="line-sub quiet">{row.summary}</span>}
          </li>
        ))}
      </ul>
      {total > rows.length && <p class="quiet nothing">The {rows.length} worst of {total}.</p>}
    </>
  );
}
