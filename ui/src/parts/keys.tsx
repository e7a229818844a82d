// The heart of the page: what should be, what is, and what will be, side by side, key by key.
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { ShadowKey, Value } from "../api/types";
import { chance, shortValue } from "../lib/format";
import { Time } from "./states";
import { Icon } from "./icons";
import { VerdictBadge } from "./status";

export function ValueText({ value, none }: { value: Value | null; none: string }): JSX.Element {
  if (!value) return <span class="absent">{none}</span>;
  if (value.type === "null" || value.text === "") return <span class="absent">empty</span>;
  if (value.type === "secret") {
    return (
      <span class="value secret" title="A keyed fingerprint made on the host. The secret itself never leaves it.">
        <Icon name="lock" size={14} /> {value.text.slice(0, 12)}
      </span>
    );
  }
  return <code class="value" title={value.text}>{shortValue(value.text)}</code>;
}

type Choice = "differing" | "forecast" | "uncompared" | "all";

const chooses: Record<Choice, (key: ShadowKey) => boolean> = {
  differing: (key) => ["CHANGED", "ADDED", "REMOVED"].includes(key.verdict),
  forecast: (key) => key.forecast !== null,
  uncompared: (key) => key.verdict === "NOT_COMPARED",
  all: () => true,
};
const choice_words: Record<Choice, string> = {
  differing: "Differing", forecast: "Forecast to move", uncompared: "Not compared", all: "All keys",
};
const shown_at_first = 200;

export function KeyTable({ keys }: { keys: ShadowKey[] }): JSX.Element {
  const counts = useMemo(
    () => Object.fromEntries(Object.entries(chooses).map(([choice, of]) => [choice, keys.filter(of).length])) as Record<Choice, number>,
    [keys],
  );
  const [chosen, setChoice] = useState<Choice | null>(null);
  const choice = chosen ?? (counts.differing > 0 ? "differing" : "all");
  const [text, setText] = useState("");
  const [everything, setEverything] = useState(false);
  const wanted = text.toLowerCase();
  const rows = keys.filter((key) => chooses[choice](key) && (wanted === "" || matches(key, wanted)));
  const shown = everything ? rows : rows.slice(0, shown_at_first);
  return (
    <div class="keys">
      <div class="toolbar">
        <div class="segments" role="group" aria-label="Which keys">
          {(Object.keys(chooses) as Choice[]).filter((name) => name === "all" || counts[name] > 0).map((name) => (
            <button key={name} aria-pressed={choice === name} onClick={() => setChoice(name)}>
              {choice_words[name]} <span class="tally">{counts[name]}</span>
            </button>
          ))}
        </div>
        {keys.length > 12 && (
          <input class="input small" type="search" placeholder="Filter keys and values" aria-label="Filter keys and values"
                 value={text} onInput={(event) => setText(event.currentTarget.value)} />
        )}
      </div>
      <table class="keytable">
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col" class="col-expected">Expected</th>
            <th scope="col" class="col-observed">Observed</th>
            <th scope="col" class="col-forecast">Forecast</th>
            <th scope="col">Compared</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((key, i) => <KeyRow key={`${key.path}:${i}`} item={key} />)}
          {rows.length === 0 && <tr><td colSpan={5} class="quiet nothing">No key matches.</td></tr>}
        </tbody>
      </table>
      {rows.length > shown.length && (
        <button class="button" onClick={() => setEverything(true)}>Show all {rows.length} keys</button>
      )}
    </div>
  );
}

function matches(key: ShadowKey, text: string): boolean {
  return [key.path, key.expected?.text, key.observed?.text, key.forecast?.value].some((part) => part?.toLowerCase().includes(text));
}

function KeyRow({ item }: { item: ShadowKey }): JSX.Element {
  const differs = chooses.differing(item);
  return (
    <tr class={differs ? `differs v-${item.verdict.toLowerCase()}` : ""}>
      <th scope="row"><code class="path">{item.path || "(whole resource)"}</code>{item.ignored_by && <span class="badge tone-quiet" title="Counts neither for status nor for alerts">ignored: {item.ignored_by}</span>}</th>
      <td class="col-expected" data-label="Expected">
        <ValueText value={item.expected} none={item.origin === "none" ? "nothing declared" : "not there"} />
        {item.origin !== "none" && <span class="note">{item.origin}</span>}
      </td>
      <td class="col-observed" data-label="Observed">
        <ValueText value={item.observed} none={item.verdict === "NOT_COMPARED" ? "not known" : "not there"} />
        {item.changed_at && <span class="note">changed <Time at={item.changed_at} /></span>}
      </td>
      <td class="col-forecast" data-label="Forecast">
        {item.forecast ? (
          <>
            <code class="value forecast">{item.forecast.value !== null ? shortValue(item.forecast.value) : "another value"}</code>
            <span class="note">{chance(item.forecast.p)} if it changes · {item.forecast.source}</span>
          </>
        ) : <span class="quiet">stays</span>}
      </td>
      <td data-label="Compared">
        <VerdictBadge verdict={item.verdict} />
        <span class="note">{item.verdict === "NOT_COMPARED" ? item.uncompared_reason || "no comparison yet" : <Time at={item.compared_at} />}</span>
      </td>
    </tr>
  );
}
