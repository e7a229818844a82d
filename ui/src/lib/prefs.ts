// What a person prefers on this browser: theme and time zone. Kept in localStorage.
import { useEffect, useState } from "preact/hooks";

export interface Prefs {
  theme: "auto" | "light" | "dark";
  zone: "local" | "utc";
}

const key = "driftcast.prefs";
const listeners = new Set<() => void>();

function load(): Prefs {
  try {
    return { theme: "auto", zone: "local", ...JSON.parse(localStorage.getItem(key) ?? "{}") };
  } catch {
    return { theme: "auto", zone: "local" };
  }
}

let prefs = load();

export function applyTheme(): void {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const theme = prefs.theme === "auto" ? (dark ? "dark" : "light") : prefs.theme;
  document.documentElement.dataset.theme = theme;
}

export function setPrefs(changes: Partial<Prefs>): void {
  prefs = { ...prefs, ...changes };
  try {
    localStorage.setItem(key, JSON.stringify(prefs));
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
  applyTheme();
  listeners.forEach((listener) => listener());
}

export const getPrefs = (): Prefs => prefs;

export function usePrefs(): Prefs {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listener = () => redraw((n) => n + 1);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return prefs;
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", applyTheme);
