// A metric over time, drawn by uPlot in the page's colours.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Points } from "../api/types";
import { usePrefs } from "../lib/prefs";
import { useWidth } from "../lib/size";

export function MetricChart({ points, label }: { points: Points; label: string }): JSX.Element {
  const [box, width] = useWidth<HTMLDivElement>();
  const plot = useRef<uPlot | null>(null);
  const { theme, zone } = usePrefs();
  useEffect(() => {
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue("--ink-3").trim();
    const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone === "utc" ? "UTC" : undefined });
    const grid = { stroke: style.getPropertyValue("--line").trim(), width: 1 };
    const options: uPlot.Options = {
      width, height: 150, legend: { show: false },
      tzDate: zone === "utc" ? (ts) => uPlot.tzDate(new Date(ts * 1000), "Etc/UTC") : undefined,
      cursor: { points: { size: 6 }, drag: { x: false, y: false } },
      axes: [{ stroke: ink, grid, ticks: grid, values: (_, splits) => splits.map((at) => clock.format(at * 1000)) }, { stroke: ink, grid, ticks: grid, size: 56 }],
      series: [{}, { label, stroke: style.getPropertyValue("--accent").trim(), width: 1.5, points: { show: false } }],
    };
    const data: uPlot.AlignedData = [points.at.map((at) => Date.parse(at) / 1000), points.value];
    plot.current = new uPlot(options, data, box.current as HTMLDivElement);
    return () => plot.current?.destroy();
  }, [points, width, theme, zone]);
  return <div class="metric-chart" ref={box} role="img" aria-label={`${label}: ${points.at.length} points`} />;
}
