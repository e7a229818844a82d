// Words, figures and the exact difference of a plan.
import type { JSX } from "preact";
import type { Plan, PlanStep } from "../api/types";
import { chance, duration, money, shortValue } from "../lib/format";
import { CopyLine } from "./states";

export const strategy_words: Record<Plan["strategy"], string> = {
  do_nothing: "Do nothing", prevent: "Prevent", adopt_early: "Adopt early", guard: "Guard",
  relieve_cause: "Relieve the cause", isolate: "Isolate", revert: "Revert", accept: "Accept",
  accept_until: "Accept until a date", schedule: "Schedule",
};

export interface Axis {
  name: string;
  text: (plan: Plan) => string;
  more?: (plan: Plan) => string;
  /** Less is better; undefined = not to be ranked. */
  rank?: (plan: Plan) => number;
}

export const axes: Axis[] = [
  {
    name: "Downtime",
    text: ({ estimate }) => duration(estimate.downtime_s.p50),
    more: ({ estimate }) => (estimate.downtime_s.p90 > 0 ? `9 in 10 below ${duration(estimate.downtime_s.p90)}` : "none expected"),
    rank: ({ estimate }) => estimate.downtime_s.p50 + estimate.downtime_s.p90 / 100,
  },
  {
    name: "Security",
    text: ({ security }) => (security.exposure_before === security.exposure_after
      ? "unchanged" : `${security.exposure_before.toFixed(1)} → ${security.exposure_after.toFixed(1)} exploit\u2011days`),
    more: ({ security }) => security.text,
    rank: ({ security }) => security.exposure_after,
  },
  {
    name: "Cost",
    text: ({ estimate }) => money(estimate.cost, estimate.currency),
    more: ({ estimate }) => (estimate.effort_minutes === 0 && estimate.duration_s.p50 === 0 ? "no work"
      : `${Math.ceil(estimate.effort_minutes)} min of a person${estimate.duration_s.p50 > 0 ? ` · ${duration(estimate.duration_s.p50)} to carry out` : ""}`),
    rank: ({ estimate }) => estimate.cost,
  },
  {
    name: "Risk",
    text: ({ estimate, steps }) => (steps.length === 0 ? "nothing is carried out" : `${chance(estimate.p_success)} succeeds`),
    more: ({ blast, needs }) => (needs.length === 0 ? "the host is not touched"
      : blast.transitive > 0 ? `${blast.transitive} resources depend on it${blast.elsewhere > 0 ? `, ${blast.elsewhere} on other hosts` : ""}` : "nothing depends on it"),
    rank: ({ estimate, steps, needs, blast }) => (steps.length === 0 ? 0 : 1 - estimate.p_success + (needs.length ? blast.transitive / 1e6 : 0)),
  },
  { name: "Reversible", text: ({ reversible }) => (reversible ? "yes" : "no"), rank: ({ reversible }) => (reversible ? 0 : 1) },
];

/** The plans that stand out on an axis: the best, unless half of them are as good. */
export function bestOn(axis: Axis, plans: Plan[]): Set<string> {
  const rank = axis.rank;
  if (!rank) return new Set();
  const values = plans.map(rank);
  const least = Math.min(...values);
  const best = plans.filter((_, i) => values[i] === least);
  return new Set(best.length * 2 > plans.length ? [] : best.map((plan) => plan.id));
}

interface StepView {
  what: string;
  path?: string;
  before?: string;
  after?: string;
}

/** A step in words, with before and after where it sets something. */
export function viewStep(step: PlanStep, plan: Plan): StepView {
  const parameter = step.parameters;
  const observed = plan.base.find((base) => base.resource.id === step.resource.id)?.observed ?? [];
  const before = (path: string) => observed.find((key) => key.path === path)?.value.text;
  const name = step.resource.name;
  switch (step.kind) {
    case "set_key":
      return { what: `Set a key of ${name}`, path: parameter.path, before: before(parameter.path), after: parameter.value };
    case "remove_key":
      return { what: `Remove a key of ${name}`, path: parameter.path, before: before(parameter.path) };
    case "set_sysctl":
      return { what: `Set the kernel setting${parameter.persist === "true" ? " and keep it over reboots" : ""}`, path: name, before: before("value") ?? observed[0]?.value.text, after: parameter.value };
    case "install_package":
      return { what: `Install exactly this version of ${name}`, path: "version", before: before("version"), after: parameter.version };
    case "hold_package":
      return { what: `Hold ${name} at its version`, path: "hold", before: before("hold"), after: "hold" };
    case "unhold_package":
      return { what: `Release the hold of ${name}`, path: "hold", before: before("hold"), after: "install" };
    case "restore_content":
      return { what: `Write ${name} back to kept content`, path: "content", before: before("content") ?? before("digest"), after: parameter.digest };
    case "restore_metadata":
      return {
        what: `Put owner, group and mode of ${name} back`, path: "owner group mode",
        before: ["owner", "group", "mode"].map(before).filter(Boolean).join(" ") || undefined,
        after: [parameter.owner, parameter.group, parameter.mode].filter(Boolean).join(" "),
      };
    case "remove_resource":
      return { what: `Remove ${name}`, before: name };
    case "reload_unit":
      return { what: `Reload ${parameter.unit ?? name}` };
    case "restart_unit":
      return { what: `Restart ${parameter.unit ?? name}` };
    case "arm_guard":
      return { what: `Revert by itself when it moves${parameter.until ? `, until ${parameter.until}` : ""}` };
    case "accept_observed":
      return { what: `Expect what is observed${parameter.until ? `, until ${parameter.until}` : " from now on"}. Nothing changes on the host.` };
    default:
      return { what: step.kind };
  }
}

export function StepDiff({ view }: { view: StepView }): JSX.Element | null {
  if (view.before === undefined && view.after === undefined) return null;
  return (
    <div class="diff" role="group" aria-label={`Difference${view.path ? ` of ${view.path}` : ""}`}>
      {view.path && <span class="diff-path">{view.path}</span>}
      {view.before !== undefined && <span class="minus"><span class="sign">− </span><span class="sr">before: </span>{shortValue(view.before) || "(empty)"}</span>}
      {view.after !== undefined && <span class="plus"><span class="sign">+ </span><span class="sr">after: </span>{shortValue(view.after)}</span>}
    </div>
  );
}

/** The one line that lets the host be changed. */
export function AllowLine({ command, stack }: { command: string; stack: string }): JSX.Element {
  return (
    <div class="notice tone-forecast allow">
      <p><b>{stack} is observe-only for this.</b> Nothing can be changed there until somebody allows it on the host itself, with this one line:</p>
      <CopyLine text={command} label="the line that allows changes" />
    </div>
  );
}
