// A metric on one time axis: what it was within what was expected, what was unusual, which
// configuration changed, and the forecast with its interval. Drawn by uPlot in the page's colours.
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { SeriesOutlook } from "../api/types";
import { usePrefs } from "../lib/prefs";
import { useWidth } from "../lib/size";

export interface ChangeMark { at: string; text: string; drift: boolean }
interface Mark { at: number; text: string; kind: "unusual" | "level" | "change" | "drift" }

const seconds = (at: string) => Date.parse(at) / 1000;
const alpha = (colour: string, share: number) => `color-mix(in srgb, ${colour} ${share * 100}%, transparent)`;

// Points and forecast as one table; the forecast begins at the last point.
function table(outlook: SeriesOutlook): uPlot.AlignedData {
  const { points, forecast } = outlook;
  const at = points.at.map(seconds), ahead = forecast.at.map(seconds).filter((t) => t > (at.at(-1) ?? 0));
  const skip = forecast.at.length - ahead.length;
  const gap = (n: number) => new Array<null>(n).fill(null);
  const last = points.value.at(-1) ?? null;
  const joined = (column: (number | null)[]) => [...gap(Math.max(0, at.length - 1)), ...(at.length ? [last] : []), ...column.slice(skip)];
  return [
    [...at, ...ahead],
    [...points.high, ...gap(ahead.length)], [...points.low, ...gap(ahead.length)],
    joined(forecast.high), joined(forecast.low), joined(forecast.mean),
    [...points.value, ...gap(ahead.length)],
  ] as uPlot.AlignedData;
}

function marksOf(outlook: SeriesOutlook, changes: ChangeMark[]): Mark[] {
  const unusual = outlook.unusual.filter((one) => one.kind !== "limit_crossing");
  return [
    ...unusual.map((one): Mark => ({ at: seconds(one.at), text: one.text, kind: one.kind === "anomaly" ? "unusual" : "level" })),
    ...changes.map((one): Mark => ({ at: seconds(one.at), text: one.text, kind: one.drift ? "drift" : "change" })),
  ].sort((a, b) => a.at - b.at);
}

// A young series is not lost beside what is ahead of it: at most as much is shown as is known.
function spanOf(outlook: SeriesOutlook): (min: number, max: number) => [number, number] {
  const first = seconds(outlook.points.at[0] ?? ""), last = seconds(outlook.points.at.at(-1) ?? "");
  const ahead_s = Math.max(last - first, 900);
  return (min, max) => [min, last + ahead_s < max ? last + ahead_s : max];
}

// The values that matter set the scale; a limit only when it is near.
function scaleOf(outlook: SeriesOutlook): (min: number, max: number) => [number, number] {
  return (min, max) => {
    const { limit } = outlook;
    if (limit !== null && limit > max && limit - max < (max - min || Math.abs(max)) * 0.6) max = limit;
    if (limit !== null && limit < min && min - limit < (max - min || Math.abs(min)) * 0.6) min = limit;
    const room = (max - min || Math.abs(max) || 1) * 0.08;
    return [min >= 0 && min - room < 0 ? 0 : min - room, max + room];
  };
}

export function MetricChart({ outlook, changes, label, format }: {
  outlook: SeriesOutlook; changes: ChangeMark[]; label: string; format: (value: number) => string;
}): JSX.Element {
  const [box, width] = useWidth<HTMLDivElement>();
  const tip = useRef<HTMLParagraphElement>(null);
  const { theme, zone } = usePrefs();
  const data = useMemo(() => table(outlook), [outlook]);
  const marks = useMemo(() => marksOf(outlook, changes), [outlook, changes]);
  useEffect(() => {
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const ink = colour("--ink-3"), accent = colour("--accent"), ahead = colour("--forecast"), alarm = colour("--missing");
    const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone === "utc" ? "UTC" : undefined });
    const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: zone === "utc" ? "UTC" : undefined });
    const grid = { stroke: colour("--line"), width: 1 };
    const moment = (at: number) => `${date.format(at * 1000)} ${clock.format(at * 1000)}`;
    const hue: Record<Mark["kind"], string> = { unusual: alarm, level: alarm, change: colour("--ink-2"), drift: colour("--drift") };
    const span = spanOf(outlook), rescale = scaleOf(outlook);
    const options: uPlot.Options = {
      width, height: 190, legend: { show: false }, padding: [14, 22, 0, 0],
      tzDate: zone === "utc" ? (ts) => uPlot.tzDate(new Date(ts * 1000), "Etc/UTC") : undefined,
      cursor: { points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { range: (_, min, max) => span(min, max) }, y: { range: (_, min, max) => (min === null || max === null ? [0, 1] : rescale(min, max)) } },
      axes: [
        { stroke: ink, grid: { show: false }, ticks: grid, values: (_, splits, __, ___, step) => splits.map((at) => (step >= 86400 ? date.format(at * 1000) : clock.format(at * 1000))) },
        { stroke: ink, grid, ticks: { show: false }, size: 62, values: (_, splits) => splits.map(format) },
      ],
      series: [
        {},
        { stroke: "transparent", points: { show: false } }, { stroke: "transparent", points: { show: false } },
        { stroke: "transparent", points: { show: false } }, { stroke: "transparent", points: { show: false } },
        { stroke: ahead, width: 1.5, dash: [5, 4], points: { show: false } },
        { label, stroke: accent, width: 1.5, points: { show: false } },
      ],
      bands: [{ series: [1, 2], fill: alpha(ink, 0.16) }, { series: [3, 4], fill: alpha(ahead, 0.2) }],
      hooks: {
        drawClear: [(plot) => shadeFuture(plot, outlook, alpha(ahead, 0.06))],
        draw: [(plot) => { drawLimit(plot, outlook, alarm); drawMarks(plot, marks, data, hue); }],
        setCursor: [(plot) => { if (tip.current) tip.current.textContent = readOut(plot, data, marks, moment, format); }],
      },
    };
    const plot = new uPlot(options, data, box.current as HTMLDivElement);
    return () => plot.destroy();
  }, [data, marks, outlook, width, theme, zone]);
  const unusual = marks.filter((mark) => mark.kind === "unusual" || mark.kind === "level").length;
  const spoken = `${label}: ${outlook.points.at.length} points, ${unusual} unusual, ${marks.length - unusual} configuration changes, forecast to ${outlook.forecast.at.at(-1) ?? "nowhere"}`;
  return (
    <figure class="metric-figure">
      <div class="metric-chart" ref={box} role="img" aria-label={spoken} />
      <p class="metric-read quiet" ref={tip} aria-live="off">{" "}</p>
      <figcaption class="metric-key">
        <span><i class="key-line" />measured</span><span><i class="key-band" />expected</span><span><i class="key-fan" />forecast, 95 %</span>
        {unusual > 0 && <span><i class="key-unusual" />unusual</span>}
        {changes.length > 0 && <span><i class="key-change" />configuration changed</span>}
        {outlook.limit !== null && <span><i class="key-limit" />limit {format(outlook.limit)}</span>}
      </figcaption>
    </figure>
  );
}

function shadeFuture(plot: uPlot, outlook: SeriesOutlook, fill: string): void {
  const last = outlook.points.at.at(-1);
  if (!last || outlook.forecast.at.length === 0) return;
  const { ctx, bbox } = plot;
  const x = Math.max(bbox.left, plot.valToPos(seconds(last), "x", true));
  ctx.save();
  ctx.fillStyle = fill;
  ctx.fillRect(x, bbox.top, bbox.left + bbox.width - x, bbox.height);
  ctx.restore();
}

function drawLimit(plot: uPlot, outlook: SeriesOutlook, stroke: string): void {
  if (outlook.limit === null) return;
  const { ctx, bbox } = plot;
  const y = plot.valToPos(outlook.limit, "y", true);
  if (y < bbox.top - 1 || y > bbox.top + bbox.height + 1) return;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

// Changes are lines with a diamond at the top; what was unusual is a ring at its value.
function drawMarks(plot: uPlot, marks: Mark[], data: uPlot.AlignedData, hue: Record<Mark["kind"], string>): void {
  const { ctx, bbox } = plot;
  const dot = devicePixelRatio;
  ctx.save();
  for (const mark of marks) {
    const x = plot.valToPos(mark.at, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = ctx.fillStyle = hue[mark.kind];
    ctx.lineWidth = 1.5 * dot;
    ctx.beginPath();
    if (mark.kind === "unusual" || mark.kind === "level") {
      const value = data[6]?.[plot.valToIdx(mark.at)];
      if (value === null || value === undefined) continue;
      ctx.arc(x, plot.valToPos(value, "y", true), 5 * dot, 0, 2 * Math.PI);
      ctx.stroke();
      continue;
    }
    const top = bbox.top - 6 * dot;
    ctx.globalAlpha = 0.55;
    ctx.moveTo(x, top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.moveTo(x, top - 4 * dot);
    ctx.lineTo(x + 4 * dot, top);
    ctx.lineTo(x, top + 4 * dot);
    ctx.lineTo(x - 4 * dot, top);
    ctx.fill();
  }
  ctx.restore();
}

// What is under the pointer, in words.
function readOut(plot: uPlot, data: uPlot.AlignedData, marks: Mark[], moment: (at: number) => string, format: (value: number) => string): string {
  const index = plot.cursor.idx, left = plot.cursor.left ?? -1;
  if (index === null || index === undefined || left < 0) return " ";
  const near = marks.filter((mark) => Math.abs(plot.valToPos(mark.at, "x") - left) < 6).map((mark) => mark.text);
  const [at, high, low, fanHigh, fanLow, mean, value] = data.map((column) => column[index]);
  const range = (a: unknown, b: unknown) => (typeof a === "number" && typeof b === "number" ? `${format(a)} to ${format(b)}` : "");
  const parts = [moment(at as number)];
  if (typeof value === "number") parts.push(format(value) + (range(low, high) && `, expected ${range(low, high)}`));
  else if (typeof mean === "number") parts.push(`forecast ${format(mean)}` + (range(fanLow, fanHigh) && `, ${range(fanLow, fanHigh)}`));
  return [...parts, ...near].join(" · ");
}
