// One forecast in full: when, to what, how bad, and why.
import type { JSX } from "preact";
import { useQuery } from "../api/query";
import type { Overview, PlanPage, Prediction, TrackRecord } from "../api/types";
import { chance, duration, percent, shortValue, splitName } from "../lib/format";
import { href, useRoute } from "../lib/router";
import { RiskCurve, RiskTable } from "../parts/curve";
import { Icon } from "../parts/icons";
import { Peers } from "../parts/peers";
import { Reasons } from "../parts/reasons";
import { Answered, Empty, Time } from "../parts/states";
import { Severity } from "../parts/status";

export function ForecastPage(): JSX.Element {
  const id = useRoute().query.get("id") ?? "";
  const prediction = useQuery<Prediction>("/prediction", { id }, { live: ["prediction", "resource"], concerns: (event) => event.id === id });
  return (
    <div class="page">
      {!prediction.data && <h1 class="sr">Forecast</h1>}
      <Answered answer={prediction} lines={10}>{(data) => <Body prediction={data} />}</Answered>
    </div>
  );
}

function Body({ prediction }: { prediction: Prediction }): JSX.Element {
  const { resource } = prediction;
  const { folder, leaf } = splitName(resource.name);
  const overview = useQuery<Overview>("/overview");
  const trigger = `prediction:${resource.id}`;
  const plans = useQuery<PlanPage>("/plans", { trigger, limit: 10 }, { live: ["plan"], concerns: (event) => event.stack === resource.stack });
  const week = prediction.horizons[4];
  return (
    <>
      <header class="page-head">
        <p class="crumbs"><a href={href("/forecasts")}>Forecasts</a> / <a href={href("/stack", { id: resource.stack })}>{resource.stack}</a> / {resource.kind}</p>
        <h1 class="name"><span class="folder">{folder}</span>{leaf}</h1>
        <p class="sentence small">
          <b class="em-forecast">{chance(week.p_change)}</b> chance that it changes within seven days{prediction.due_at && <>, due <Time at={prediction.due_at} both /></>};
          if it does, {chance(week.p_drift_given_change)} that it is drift.
        </p>
        <div class="verdict-line">
          <Severity value={prediction.severity} reason={prediction.severity_reason} /><span class="quiet">{prediction.severity_reason}</span>
          {prediction.alert && <span class="badge tone-drift">alert</span>}
        </div>
        <div class="actions">
          {plans.data && plans.data.total > 0 && <a class="button primary" href={href("/compare", { trigger })}><Icon name="plans" size={18} /> Compare {plans.data.total} plans</a>}
          <a class="button" href={href("/resource", { id: resource.id })}>The resource</a>
        </div>
        {prediction.abstains && <p class="notice tone-quiet">This stack is known for less than 15 days: the figures are little more than a plain rate, and no alert is raised.</p>}
      </header>
      <div class="columns">
        <div class="stacked">
        <section class="card" aria-labelledby="when">
          <header class="card-head"><h2 id="when">When</h2></header>
          <RiskCurve horizons={prediction.horizons} threshold={overview.data?.alert_threshold} alertHorizon={overview.data?.alert_horizon} />
          <RiskTable horizons={prediction.horizons} />
        </section>
        <Peers id={resource.id} />
        </div>
        <div class="stacked">
        <section class="card" aria-labelledby="what">
          <header class="card-head"><h2 id="what">To what</h2></header>
          {prediction.keys.length === 0 ? <Empty icon="resources" title="No key stands out" /> : (
            <table class="figures keys-ahead">
              <thead><tr><th scope="col">Key</th><th scope="col">Moves, if it changes</th><th scope="col">Likeliest value</th></tr></thead>
              <tbody>{prediction.keys.slice(0, 12).map((key) => (
                <tr key={key.path}>
                  <th scope="row"><code>{key.path}</code></th>
                  <td><span class="meter" aria-hidden="true"><i style={{ width: `${key.p * 100}%` }} /></span>{chance(key.p)}</td>
                  <td>{key.value !== null ? <><code class="forecast">{shortValue(key.value)}</code> <span class="quiet">{chance(key.value_p)}</span></> : <span class="quiet">cannot be said</span>}<span class="note">{key.source}</span></td>
                </tr>))}
              </tbody>
            </table>
          )}
        </section>
        <section class="card" aria-labelledby="why">
          <header class="card-head"><h2 id="why">Why</h2><span class="quiet">weight on the logit scale</span></header>
          <Reasons reasons={prediction.reasons} />
          <p class="quiet foot">Made <Time at={prediction.made_at} both /> by {prediction.model}.</p>
        </section>
        <TrackCard />
        </div>
      </div>
    </>
  );
}

/** How far the word of such forecasts can be trusted, at the horizon of alerts. */
function TrackCard(): JSX.Element {
  const track = useQuery<TrackRecord>("/track-record");
  return (
    <section class="card" aria-labelledby="trust">
      <header class="card-head"><h2 id="trust">How good such forecasts have been</h2><a href={href("/track-record")}>In full</a></header>
      <Answered answer={track} lines={2}>
        {(data) => {
          const at = data.horizons.find((item) => item.horizon === data.alert_horizon);
          if (!at || at.hits + at.misses === 0) return <p class="quiet nothing">None has been scored at {data.alert_horizon} yet: the first are once that time has passed.</p>;
          return (
            <dl class="bignums">
              <div><dt>alerts that were right</dt><dd>{at.precision === null ? "–" : percent(at.precision)}</dd></div>
              <div><dt>changes that were alerted</dt><dd>{at.recall === null ? "–" : percent(at.recall)}</dd></div>
              <div><dt>lead time, mean</dt><dd>{at.lead_time_s === null ? "–" : duration(at.lead_time_s)}</dd></div>
            </dl>
          );
        }}
      </Answered>
    </section>
  );
}
