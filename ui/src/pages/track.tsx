// How good the forecasts have been: every one is scored when its time has passed.
import type { JSX } from "preact";
import { useQuery } from "../api/query";
import type { TrackHorizon, TrackRecord } from "../api/types";
import { count, duration, percent } from "../lib/format";
import { href, setParams, useRoute } from "../lib/router";
import { horizon_names, horizon_words } from "../parts/heat";
import { ModelList } from "../parts/models";
import { Reliability } from "../parts/reliability";
import { Answered, Empty } from "../parts/states";
import { Threshold } from "../parts/threshold";

export function TrackRecordPage(): JSX.Element {
  const { query } = useRoute();
  const of = query.get("of") ?? "changes", chosen = query.get("horizon");
  const track = useQuery<TrackRecord>("/track-record", { of }, { live: ["prediction"] });
  return (
    <div class="page">
      <header class="page-head">
        <p class="crumbs"><a href={href("/forecasts")}>Forecasts</a></p>
        <h1>Track record</h1>
        <p class="lead">Each forecast is marked when its time has passed: it came, it did not, it cannot be said, or a plan acted on it and it no longer counts.</p>
      </header>
      <Answered answer={track} lines={8}>
        {(data) => {
          const horizon = chosen ?? data.alert_horizon;
          const index = Math.max(0, horizon_names.indexOf(horizon));
          const shown = data.horizons[index];
          return (
            <>
              <div class="toolbar">
                <div class="segments" role="group" aria-label="What was foretold">
                  {["changes", "limits"].map((name) => <button key={name} aria-pressed={of === name} onClick={() => setParams({ of: name === "changes" ? null : name })}>{name}</button>)}
                </div>
                <div class="segments" role="group" aria-label="Horizon">
                  {data.horizons.map((item) => <button key={item.horizon} aria-pressed={item.horizon === horizon} onClick={() => setParams({ horizon: item.horizon })}>{item.horizon}</button>)}
                </div>
                <span class="quiet">Model {data.model} · {count(data.open)} still open</span>
              </div>
              {shown.hits + shown.misses === 0
                ? <div class="card"><Empty icon="clock" title={`Nothing scored at ${horizon_words[index]} yet`}>A forecast can be scored once its time has passed. Shorter horizons come first.</Empty></div>
                : <Scores track={shown} record={data} index={index} />}
            </>
          );
        }}
      </Answered>
      <ModelList />
    </div>
  );
}

function Scores({ track, record, index }: { track: TrackHorizon; record: TrackRecord; index: number }): JSX.Element {
  const scored = track.hits + track.misses;
  const skill = track.log_loss !== null && track.log_loss_reference ? 1 - track.log_loss / track.log_loss_reference : null;
  return (
    <div class="columns">
      <section class="card" aria-labelledby="rel">
        <header class="card-head"><h2 id="rel">Said against happened</h2></header>
        <Reliability track={track} />
        <p class="quiet foot">On the line: when it said 30%, it happened three times in ten. Larger dots stand for more forecasts.{scored < 100 && <b> Only {scored} are scored so far: the dots still jump.</b>}</p>
      </section>
      <div class="stacked">
        <section class="card" aria-labelledby="tally">
          <header class="card-head"><h2 id="tally">Within {horizon_words[index]}</h2></header>
          <dl class="bignums">
            <div><dt>changed</dt><dd>{count(track.hits)}</dd></div>
            <div><dt>did not</dt><dd>{count(track.misses)}</dd></div>
            <div><dt>cannot be said</dt><dd>{count(track.voided)}</dd></div>
            <div><dt>treated by a plan</dt><dd>{count(track.treated)}</dd></div>
          </dl>
          <dl class="bignums">
            <div><dt>skill over a constant</dt><dd class={skill !== null && skill <= 0 ? "em-drift" : ""}>{skill === null ? "–" : `${Math.round(skill * 100)}%`}</dd></div>
            <div><dt>alerts that were right</dt><dd>{track.precision === null ? "–" : percent(track.precision)}</dd></div>
            <div><dt>changes that were alerted</dt><dd>{track.recall === null ? "–" : percent(track.recall)}</dd></div>
            <div><dt>lead time, mean</dt><dd>{track.lead_time_s === null ? "–" : duration(track.lead_time_s)}</dd></div>
          </dl>
          {skill !== null && skill <= 0 && <p class="notice tone-drift">At this horizon the forecasts were no better than a constant. Do not act on them alone.</p>}
        </section>
        <Threshold key={track.horizon} track={track} threshold={record.alert_threshold} />
      </div>
    </div>
  );
}
