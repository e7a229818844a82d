// A new ignore rule, with what it would quiet and would have quieted shown while it is written.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, post } from "../api/client";
import type { RulePreview } from "../api/types";
import { plural } from "../lib/format";
import { ActionDialog } from "./action";

export function RuleDialog({ resources = "*/file//etc/", keys = "*", because = "", onClose, onDone }: {
  resources?: string; keys?: string; because?: string; onClose: () => void; onDone: () => void;
}): JSX.Element {
  const [resource, setResource] = useState(resources);
  const [key, setKey] = useState(keys);
  const [alarm_only, setAlarmOnly] = useState(true);
  const [preview, setPreview] = useState<RulePreview | string | null>(null);
  useEffect(() => {
    const timer = setTimeout(async () => {
      if (!resource || !key) return;
      try {
        setPreview(await post<RulePreview>("/rules/preview", { resource_glob: resource, key_glob: key }));
      } catch (error) {
        if (error instanceof ApiError) setPreview(error.message);
      }
    }, 300);
    return () => clearTimeout(timer);
  }, [resource, key]);
  return (
    <ActionDialog title="New ignore rule" verb="Set the rule" reason="required" reasonText={because} until="optional" untilLabel="Ends" onClose={onClose} onDone={onDone}
      act={({ reason, until }) => post("/rules", { resource_glob: resource, key_glob: key, reason, expires_at: until, alarm_only })}>
      <label class="field"><span>Resources <small>stack/kind/name; * crosses slashes</small></span><input class="input mono" required value={resource} onInput={(event) => setResource(event.currentTarget.value)} /></label>
      <label class="field"><span>Keys</span><input class="input mono" required value={key} onInput={(event) => setKey(event.currentTarget.value)} /></label>
      <label class="check"><input type="checkbox" checked={alarm_only} onChange={(event) => setAlarmOnly(event.currentTarget.checked)} /> Alarm only: it stays a difference, but raises no alert and no status</label>
      <div class="notice tone-quiet" role="status">
        {preview === null ? "What it would quiet…" : typeof preview === "string" ? preview : (
          <>
            <p>It would quiet <b>{plural(preview.drifts_open, "open drift")}</b> ({plural(preview.keys_open, "key")}) and would have quieted <b>{plural(preview.drifts_past, "past one")}</b>.</p>
            {preview.sample.length > 0 && <ul class="inputs">{preview.sample.slice(0, 5).map((line) => <li key={line}><code class="wrap">{line}</code></li>)}</ul>}
          </>
        )}
      </div>
    </ActionDialog>
  );
}
