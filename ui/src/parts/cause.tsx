// Who or what made a change, and how sure that is.
import type { JSX } from "preact";
import type { Cause } from "../api/types";

const kind_words: Record<Cause["kind"], string> = {
  unknown: "cause not known", package_run: "package run", person: "a person", tool: "a tool", plan: "a plan", declaration: "a declaration",
};

export function causeTitle(cause: Cause): string {
  if (cause.kind === "unknown") return "Cause not known";
  return cause.text || (cause.actor ? `${kind_words[cause.kind]}: ${cause.actor}` : kind_words[cause.kind]);
}

export function CauseText({ cause }: { cause: Cause }): JSX.Element {
  return (
    <span class={`cause c-${cause.kind}`}>
      {causeTitle(cause)}
      {cause.confidence === "racy" && <span class="badge tone-quiet" title="Seen at about the same time; it may be somebody else">likely</span>}
      {cause.seen_by !== "" && <span class="badge tone-quiet" title="How this is known">{cause.seen_by}</span>}
    </span>
  );
}
