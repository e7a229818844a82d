// What is around every page: where one can go, the search, whether the page is live.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { remove } from "./api/client";
import { useConnection } from "./api/live";
import { useQuery } from "./api/query";
import type { Overview, Session } from "./api/types";
import { count } from "./lib/format";
import { go, href } from "./lib/router";
import { setPrefs, usePrefs } from "./lib/prefs";
import { Dialog } from "./parts/dialog";
import { Icon, Mark, type IconName } from "./parts/icons";
import { Search } from "./search";

interface Place {
  path: string;
  also: string[];
  icon: IconName;
  word: string;
  key: string;
}

const places: Place[] = [
  { path: "/", also: ["/stack"], icon: "fleet", word: "Fleet", key: "f" },
  { path: "/resources", also: ["/resource"], icon: "resources", word: "Resources", key: "r" },
  { path: "/drifts", also: [], icon: "drifts", word: "Drifts", key: "d" },
  { path: "/forecasts", also: ["/forecast", "/track-record"], icon: "forecasts", word: "Forecasts", key: "c" },
  { path: "/exposures", also: [], icon: "exposures", word: "Exposures", key: "x" },
  { path: "/plans", also: ["/compare"], icon: "plans", word: "Plans", key: "p" },
  { path: "/audit", also: [], icon: "audit", word: "Audit", key: "a" },
  { path: "/agents", also: [], icon: "agents", word: "Agents", key: "e" },
  { path: "/settings", also: [], icon: "settings", word: "Settings", key: "s" },
];
const in_tab_bar = new Set(["/", "/drifts", "/forecasts", "/plans"]);

export function Shell({ session, path, children }: { session: Session; path: string; children: ComponentChildren }): JSX.Element {
  const overview = useQuery<Overview>("/overview", {}, { live: ["resource", "drift", "plan", "stack"] });
  const [help, setHelp] = useState(false);
  const [more, setMore] = useState(false);
  useShortcuts(() => setHelp(true));
  useEffect(() => setMore(false), [path]);
  const tallies: Record<string, number | undefined> = {
    "/drifts": overview.data?.drifts_open, "/plans": overview.data?.plans_active,
  };
  const link = (place: Place) => {
    const here = place.path === path || place.also.includes(path);
    const tally = tallies[place.path];
    return (
      <a key={place.path} href={href(place.path)} aria-current={here ? "page" : undefined}>
        <Icon name={place.icon} />
        <span class="word">{place.word}</span>
        {tally ? <span class="tally" aria-label={place.path === "/drifts" ? `${tally} open` : `${tally} under way`}>{count(tally)}</span> : null}
      </a>
    );
  };
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>Skip to content</a>
      <header class="top">
        <a class="brand" href={href("/")} aria-label="Driftcast, to the fleet"><Mark /><span class="brand-word">Driftcast</span></a>
        <Search />
        <div class="top-right">
          <Live />
          <ThemeButton />
          <UserMenu session={session} />
        </div>
      </header>
      <nav class="rail" aria-label="Main">{places.map(link)}
        <button class="rail-help" onClick={() => setHelp(true)}><kbd>?</kbd><span class="word">Keyboard</span></button>
      </nav>
      <main id="main" tabIndex={-1}>{children}</main>
      <nav class="tabs" aria-label="Main, short">
        {places.filter((place) => in_tab_bar.has(place.path)).map(link)}
        <button aria-expanded={more} aria-controls="more-places" onClick={() => setMore(!more)}><Icon name="more" /><span class="word">More</span></button>
        {more && <div id="more-places" class="more-places">{places.filter((place) => !in_tab_bar.has(place.path)).map(link)}</div>}
      </nav>
      {help && <Keyboard onClose={() => setHelp(false)} />}
    </div>
  );
}

function Live(): JSX.Element {
  const connection = useConnection();
  const text = { open: "Live", connecting: "Connecting", lost: "Not live: reconnecting" }[connection];
  return <span class={`live live-${connection}`} role="status" title={connection === "open" ? "What you see follows the engine" : "What you see may be old"}><i aria-hidden="true" /><span class="word">{text}</span></span>;
}

function ThemeButton(): JSX.Element {
  usePrefs();
  const dark = document.documentElement.dataset.theme === "dark";
  return (
    <button class="icon-button" onClick={() => setPrefs({ theme: dark ? "light" : "dark" })} aria-label={dark ? "Use the light theme" : "Use the dark theme"}>
      <Icon name={dark ? "sun" : "moon"} />
    </button>
  );
}

function UserMenu({ session }: { session: Session }): JSX.Element {
  const [open, setOpen] = useState(false);
  const leave = async () => {
    await remove("/session").catch(() => undefined);
    dispatchEvent(new CustomEvent("driftcast:signed-out"));
  };
  return (
    <div class="user">
      <button class="user-button" aria-expanded={open} onClick={() => setOpen(!open)} aria-label={`Signed in as ${session.principal}`}>
        {session.principal.slice(0, 1).toUpperCase() || "?"}
      </button>
      {open && (
        <div class="user-menu" onKeyDown={(event) => event.key === "Escape" && setOpen(false)}>
          <p><b>{session.principal}</b><span class="quiet">{session.role}</span></p>
          <a href={href("/settings")} onClick={() => setOpen(false)}>Settings</a>
          <button onClick={leave}>Sign out</button>
        </div>
      )}
    </div>
  );
}

function useShortcuts(showHelp: () => void): void {
  useEffect(() => {
    let went_g = 0;
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input,textarea,select,dialog,[contenteditable]")) return;
      if (event.key === "/") {
        event.preventDefault();
        document.getElementById("search")?.focus();
      } else if (event.key === "?") {
        showHelp();
      } else if (event.key === "g") {
        went_g = Date.now();
      } else if (Date.now() - went_g < 1200) {
        const place = places.find(({ key }) => key === event.key);
        went_g = 0;
        if (place) go(place.path);
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

function Keyboard({ onClose }: { onClose: () => void }): JSX.Element {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl class="shortcuts">
        <div><dt><kbd>/</kbd></dt><dd>Search anything</dd></div>
        <div><dt><kbd>j</kbd> <kbd>k</kbd> or arrows</dt><dd>Move in a list</dd></div>
        <div><dt><kbd>Enter</kbd></dt><dd>Open</dd></div>
        <div><dt><kbd>?</kbd></dt><dd>This help</dd></div>
        {places.map((place) => (
          <div key={place.path}><dt><kbd>g</kbd> <kbd>{place.key}</kbd></dt><dd>Go to {place.word}</dd></div>
        ))}
      </dl>
    </Dialog>
  );
}
