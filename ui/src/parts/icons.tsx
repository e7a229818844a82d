// Line icons, drawn for this page on a 20 x 20 grid. Decorative: the words are beside them.
import type { JSX } from "preact";

const paths = {
  fleet: "M3 14.500c2.800 0 3.200-7 6.500-7M12 8.200c2.200 1 2.600 4.300 5 4.300M9.500 7.500h.01",
  resources: "M3.500 5.500h13M3.500 10h13M3.500 14.500h13M6.500 4v3M12.500 8.500v3M8.500 13v3",
  drifts: "M10 3.500 17 16H3L10 3.500ZM10 8.500v3.500M10 14.100v.1",
  forecasts: "M3 16V4M3 16h14M5.500 12.500c2.500 0 2.500-5 5-5M12.500 7.800l.6.500M14.300 9.500l.5.600M15.700 11.300l.4.700",
  exposures: "M10 3l6 2.200v4.300c0 3.700-2.500 6.300-6 7.500-3.500-1.200-6-3.800-6-7.500V5.200L10 3ZM10 7v3.500M10 13v.1",
  plans: "M4 4.500h3.500v11H4zM12.500 4.500H16v11h-3.500zM7.500 7.500l5 5M12.500 7.500l-5 5",
  audit: "M6 3.500h8v13H6zM8.500 7h3M8.500 10h3M8.500 13h1.500",
  agents: "M4 5h12v7H4zM7.500 15.500h5M10 12v3.500M6.500 8.500h1.500l1-1.500 1.500 3 1-1.500h2",
  settings: "M4 6.500h6M13.500 6.500H16M4 13.500h2.500M10 13.500h6M11.700 4.700v3.600M8.300 11.700v3.600",
  search: "M8.800 14a5.200 5.200 0 1 0 0-10.400 5.200 5.200 0 0 0 0 10.400ZM12.700 12.700 16.500 16.500",
  sun: "M10 6.800a3.200 3.200 0 1 0 0 6.400 3.200 3.200 0 0 0 0-6.400ZM10 2.500v1.500M10 16v1.500M2.500 10H4M16 10h1.500M4.700 4.700l1 1M14.300 14.300l1 1M4.700 15.300l1-1M14.300 5.700l1-1",
  moon: "M15.800 12.300A6.500 6.500 0 0 1 7.700 4.200a6.500 6.500 0 1 0 8.100 8.100Z",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  close: "M5.500 5.500l9 9M14.500 5.500l-9 9",
  copy: "M7.500 7.500h8v8h-8zM4.500 12.500v-8h8",
  check: "M4.500 10.500l3.500 3.500 7.500-8",
  right: "M8 5.500l4.500 4.500L8 14.500",
  left: "M12 5.500 7.500 10l4.500 4.500",
  clock: "M10 16.500a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13ZM10 6.500V10l2.500 1.500",
  undo: "M7 5 4 8l3 3M4 8h7.500a4 4 0 0 1 0 8H8",
  lock: "M5.500 9.500h9v7h-9zM7.300 9.500V7a2.700 2.700 0 0 1 5.400 0v2.500",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}

export function Mark({ size = 28 }: { size?: number }): JSX.Element {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path class="mark-past" d="M4 22c5 0 6-10 11-10" />
      <path class="mark-future" d="M19.200 12.700c3.400 1.600 4.200 6 8.300 6" />
      <circle class="mark-now" cx="15.500" cy="12" r="2.800" />
    </svg>
  );
}
