// Figures and words for people. Pure functions; times are given, never asked for.

const count_format = new Intl.NumberFormat("en");

export const count = (value: number): string => count_format.format(value);

export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** 0.004 -> "<1%", 0.123 -> "12%", 0.997 -> ">99%". */
export function percent(probability: number): string {
  if (probability <= 0) return "0%";
  if (probability < 0.01) return "<1%";
  if (probability > 0.99 && probability < 1) return ">99%";
  return `${Math.round(probability * 100)}%`;
}

/** A forecast is never certain: 1 -> ">99%". */
export const chance = (probability: number): string => percent(Math.min(probability, 0.9999));

/** An expected number of changes: 0.04 -> "0", 0.42 -> "0.4", 14.2 -> "14". */
export function expected(value: number): string {
  if (value < 0.05) return "0";
  return value < 9.95 ? value.toFixed(1).replace(/\.0$/, "") : count(Math.round(value));
}

/** Seconds in the one or two largest units: 0 -> "none", 90 -> "1 min 30 s". */
export function duration(seconds: number): string {
  if (seconds <= 0) return "none";
  if (seconds < 1) return "<1 s";
  const units: Array<[string, number]> = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, size]) => seconds >= size);
  const [name, size] = units[first];
  const whole = Math.floor(seconds / size);
  const rest = units[first + 1];
  const more = rest ? Math.round((seconds - whole * size) / rest[1]) : 0;
  return more > 0 && whole < 10 ? `${whole} ${name} ${more} ${rest[0]}` : `${whole} ${name}`;
}

/** How far away a moment is: "just now", "4 min ago", "in 3 d". */
export function relative(at: number, now: number): string {
  const seconds = Math.abs(now - at) / 1000;
  if (seconds < 5) return "just now";
  const units: Array<[string, number]> = [["y", 31557600], ["mo", 2629800], ["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const [name, size] = units.find(([, unit]) => seconds >= unit) ?? units[5];
  const text = `${Math.floor(seconds / size)} ${name}`;
  return at > now ? `in ${text}` : `${text} ago`;
}

export function absolute(at: number, zone: "local" | "utc", seconds = true): string {
  const options: Intl.DateTimeFormatOptions = {
    year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
    second: seconds ? "2-digit" : undefined, hourCycle: "h23",
    timeZone: zone === "utc" ? "UTC" : undefined, timeZoneName: "short",
  };
  return new Intl.DateTimeFormat("en-GB", options).format(at);
}

export function day(at: number, zone: "local" | "utc"): string {
  return new Intl.DateTimeFormat("en-GB", {
    day: "numeric", month: "short", timeZone: zone === "utc" ? "UTC" : undefined,
  }).format(at);
}

export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function money(value: number, currency: string): string {
  if (value > 0 && value < 0.01) return `<0.01 ${currency}`;
  return `${value < 100 ? value.toFixed(2) : count(Math.round(value))} ${currency}`;
}

/** "adopt_early" -> "Adopt early". */
export function words(name: string): string {
  const text = name.replace(/_/g, " ").toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "every step was read back" -> "Every step was read back." */
export function sentence(text: string): string {
  if (text === "") return "";
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/** The last part of a path-like name, and what is before it. */
export function splitName(name: string): { folder: string; leaf: string } {
  const cut = name.lastIndexOf("/", name.length - 2);
  return cut > 0 ? { folder: name.slice(0, cut + 1), leaf: name.slice(cut + 1) } : { folder: "", leaf: name };
}

/** Times within a text for people, in their zone: "at 2026-11-25T00:00:00Z" -> "at 25 Nov 2026, 01:00 CET". */
export const withTimes = (text: string, zone: "local" | "utc"): string =>
  text.replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z\b/g, (at) => absolute(Date.parse(at), zone, false));

/** Long digests and fingerprints of secrets are shown by their first digits. */
export function shortValue(text: string): string {
  const digest = /^sha256:([0-9a-f]{12})[0-9a-f]+:(\d+)$/.exec(text);
  if (digest) return `content ${digest[1]}… · ${bytes(Number(digest[2]))}`;
  const secret = /^h:([0-9a-f]{8})[0-9a-f]{8,}$/.exec(text);
  return secret ? `secret ${secret[1]}…` : text;
}
