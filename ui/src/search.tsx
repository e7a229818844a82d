// Search over everything, keyboard first: '/', type, arrows, Enter.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useQuery } from "./api/query";
import type { ResourceStatus, SearchHit, SearchHitList } from "./api/types";
import { go, href } from "./lib/router";
import { Icon } from "./parts/icons";
import { Glyph, statusLook, statusWord, status_order } from "./parts/status";

function addressOf(hit: SearchHit): string {
  switch (hit.type) {
    case "stack": return href("/stack", { id: hit.id });
    case "role": return href("/resources", { role: hit.id });
    case "drift": return href("/compare", { trigger: hit.id });
    case "plan": return href("/compare", { plan: hit.id });
    default: return href("/resource", { id: hit.id });
  }
}

export function Search(): JSX.Element {
  const [text, setText] = useState("");
  const [asked, setAsked] = useState("");
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const box = useRef<HTMLDivElement>(null);
  const trimmed = text.trim();
  useEffect(() => {
    const timer = setTimeout(() => setAsked(trimmed), 120);
    return () => clearTimeout(timer);
  }, [trimmed]);
  const answer = useQuery<SearchHitList>("/search", { q: asked, limit: 12 }, { skip: asked === "", keep: true });
  const hits = asked === "" ? [] : answer.data?.rows ?? [];

  const leave = () => {
    setOpen(false);
    setActive(-1);
  };
  const take = (hit: SearchHit) => {
    location.hash = addressOf(hit);
    setText("");
    leave();
    document.getElementById("search")?.blur();
  };
  const onKeyDown = (event: JSX.TargetedKeyboardEvent<HTMLInputElement>) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const move = event.key === "ArrowDown" ? 1 : -1;
      setActive((active + move + hits.length + 1) % (hits.length + 1));
    } else if (event.key === "Enter" && trimmed) {
      if (active >= 0 && hits[active]) take(hits[active]);
      else {
        go("/resources", { text: trimmed });
        leave();
        event.currentTarget.blur();
      }
    } else if (event.key === "Escape") {
      if (open) leave();
      else event.currentTarget.blur();
    }
  };
  return (
    <div class="search" role="search" ref={box} onFocusOut={(event) => {
      if (!box.current?.contains(event.relatedTarget as Node)) leave();
    }}>
      <Icon name="search" size={18} />
      <input
        id="search" type="search" autocomplete="off" spellcheck={false} placeholder="Search name, key, value, role, person"
        role="combobox" aria-label="Search" aria-expanded={open && hits.length > 0} aria-controls="search-hits" aria-autocomplete="list"
        aria-activedescendant={active >= 0 ? `hit-${active}` : undefined}
        value={text} onFocus={() => setOpen(true)} onKeyDown={onKeyDown}
        onInput={(event) => { setText(event.currentTarget.value); setOpen(true); setActive(-1); }}
      />
      <kbd class="search-hint" aria-hidden="true">/</kbd>
      {open && trimmed !== "" && (
        <div class="hits">
          <ul id="search-hits" role="listbox" aria-label="Found">
            {hits.map((hit, i) => (
              <li key={`${hit.type}:${hit.id}`} id={`hit-${i}`} role="option" aria-selected={i === active}
                  onMouseDown={(event) => event.preventDefault()} onClick={() => take(hit)}>
                <span class="hit-type">{hit.type}</span>
                <span class="hit-title">{hit.title}<small>{hit.detail}</small></span>
                {(status_order as string[]).includes(hit.status) && <Glyph look={statusLook(hit.status as ResourceStatus)} />}
                {(status_order as string[]).includes(hit.status) && <span class="sr">{statusWord(hit.status as ResourceStatus)}</span>}
              </li>
            ))}
          </ul>
          <p class="hits-foot">
            {answer.problem ? answer.problem.detail : hits.length === 0 ? (answer.loading || asked !== trimmed ? "Searching…" : "Nothing found by that name.") : ""}
            <span><kbd>Enter</kbd> lists all resources with “{trimmed}”</span>
          </p>
        </div>
      )}
    </div>
  );
}
