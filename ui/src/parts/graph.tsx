// A resource among its neighbours: to the left what depends on it (what a change here reaches), to
// the right what it depends on (what can change it).
import type { JSX } from "preact";
import type { Dependency, Resource, ResourceStatus } from "../api/types";
import { href } from "../lib/router";
import { useWidth } from "../lib/size";
import { statusLook, statusWord } from "./status";

interface Node {
  id: string;
  note: string;
  status: ResourceStatus | null;
}

const stackOf = (id: string): string => id.split("/")[0];
const elsewhere = (id: string, stack: string): string => stackOf(id) === stack ? "" : ` on ${stackOf(id)}`;
const noteOf = (id: string, stack: string): string => id.split("/")[1] + elsewhere(id, stack);

const shown_max = 7;
const row = 40;

export function DependencyGraph({ resource, reached, reachedTotal }: {
  resource: Resource; reached: string[]; reachedTotal: number;
}): JSX.Element {
  const [box, width] = useWidth<HTMLDivElement>();
  const left: Node[] = reached.map((id) => ({ id, note: noteOf(id, resource.stack), status: null }));
  const right: Node[] = resource.depends_on.map((dependency) => ({ id: dependency.to, note: dependency.kind.replace(/_/g, " ") + elsewhere(dependency.to, resource.stack), status: dependency.status ?? null }));
  const rowsFor = (nodes: Node[], total: number) => Math.min(shown_max, nodes.length) + (total > Math.min(shown_max, nodes.length) ? 1 : 0);
  const rows = Math.max(1, rowsFor(left, reachedTotal), rowsFor(right, right.length));
  const height = rows * row + 12;
  const narrow = width < 400;
  if (narrow) return <div ref={box}><NodeList title="Depends on it" nodes={left} /><NodeList title="It depends on" nodes={right} /></div>;
  const column = Math.floor(width * 0.36);
  const middle = height / 2;
  const place = (count: number, i: number) => middle + (i - (count - 1) / 2) * row;
  const draw = (nodes: Node[], side: "left" | "right", total: number) => {
    const visible = nodes.slice(0, shown_max);
    const count = rowsFor(nodes, total);
    const edge = side === "left" ? column : width - column;
    const hub = side === "left" ? width / 2 - 12 : width / 2 + 12;
    return (
      <>
        {visible.map((node, i) => {
          const y = place(count, i);
          return (
            <g key={node.id}>
              <path class="edge" d={`M${edge},${y}C${(edge + hub) / 2},${y} ${(edge + hub) / 2},${middle} ${hub},${middle}`} />
              <a href={href("/resource", { id: node.id })}>
                <text class={`node ${node.status ? `look-${statusLook(node.status)}` : ""}`} x={side === "left" ? edge - 8 : edge + 8} y={y + 1} text-anchor={side === "left" ? "end" : "start"}>{clip(nameOf(node.id), column)}</text>
                <text class="tick" x={side === "left" ? edge - 8 : edge + 8} y={y + 15} text-anchor={side === "left" ? "end" : "start"}>{node.note}{node.status && node.status !== "IN_SYNC" ? ` · ${statusWord(node.status).toLowerCase()}` : ""}</text>
              </a>
            </g>
          );
        })}
        {total > visible.length && <text class="tick" x={side === "left" ? edge - 8 : edge + 8} y={place(count, count - 1)} text-anchor={side === "left" ? "end" : "start"}>and {total - visible.length} more</text>}
      </>
    );
  };
  return (
    <div class="chart graph" ref={box}>
      <svg width={width} height={height} role="group" aria-label={`${reachedTotal} resources depend on it; it depends on ${right.length}`}>
        {draw(left, "left", reachedTotal)}
        {draw(right, "right", right.length)}
        <circle class={`hub look-${statusLook(resource.status)}`} cx={width / 2} cy={middle} r="9" />
      </svg>
      <div class="graph-foot quiet"><span>{reachedTotal > 0 ? "depends on it" : "nothing known depends on it"}</span><span>{right.length > 0 ? "it depends on" : "depends on nothing known"}</span></div>
    </div>
  );
}

function NodeList({ title, nodes }: { title: string; nodes: Node[] }): JSX.Element | null {
  if (nodes.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul class="deps">
        {nodes.slice(0, 12).map((node) => (
          <li key={node.id}><span class="dep-kind">{node.note}</span><a href={href("/resource", { id: node.id })}>{nameOf(node.id)}</a>{node.status && <span class={`status look-${statusLook(node.status)}`}>{statusWord(node.status)}</span>}</li>
        ))}
      </ul>
    </>
  );
}

const nameOf = (id: string): string => id.split("/").slice(2).join("/");

/** Keeps the end of a long name: that is where names differ. */
function clip(name: string, width: number): string {
  const max = Math.floor(width / 8.2);
  return name.length > max ? `…${name.slice(1 - max)}` : name;
}

export const hasNeighbours = (depends_on: Dependency[], reached: string[]): boolean => depends_on.length > 0 || reached.length > 0;
