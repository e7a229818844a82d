// A list of any length: only what is in view is drawn, and pages are asked for as they come near.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface Props<Row> {
  total: number;
  rowHeight: number;
  rowAt: (index: number) => Row | undefined;
  idOf: (row: Row) => string;
  want: (first: number, last: number) => void;
  head: ComponentChildren;
  draw: (row: Row) => ComponentChildren;
  open: (row: Row) => void;
  label: string;
}

export function VirtualTable<Row>(props: Props<Row>): JSX.Element {
  const { total, rowHeight } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const [active, setActive] = useState(0);

  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    measure();
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, []);

  const first = Math.max(0, Math.floor(view.top / rowHeight) - 8);
  const last = Math.min(total, Math.ceil((view.top + view.height) / rowHeight) + 8);
  useEffect(() => props.want(first, last), [first, last, total]);

  const focusRow = (index: number) => {
    const next = Math.max(0, Math.min(total - 1, index));
    setActive(next);
    const element = box.current as HTMLDivElement;
    const top = next * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + 2 * rowHeight > element.scrollTop + element.clientHeight) {
      element.scrollTop = top - element.clientHeight + 2 * rowHeight;
    }
    requestAnimationFrame(() => element.querySelector<HTMLElement>(`[data-row="${next}"] a`)?.focus());
  };
  const onKeyDown = (event: JSX.TargetedKeyboardEvent<HTMLDivElement>) => {
    const page = Math.floor(view.height / rowHeight) - 1;
    const moves: Record<string, number> = {
      ArrowDown: active + 1, j: active + 1, ArrowUp: active - 1, k: active - 1,
      PageDown: active + page, PageUp: active - page, Home: 0, End: total - 1,
    };
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    focusRow(moves[event.key]);
  };

  const rows = [];
  for (let index = first; index < last; index += 1) {
    const row = props.rowAt(index);
    rows.push(
      <div key={row ? props.idOf(row) : `wait-${index}`} role="row" aria-rowindex={index + 2} data-row={index}
           class={`vrow${row ? "" : " waiting"}`} style={{ top: `${index * rowHeight}px`, height: `${rowHeight}px` }}
           onClick={(event) => {
             if (row && !(event.target as HTMLElement).closest("a,button")) props.open(row);
           }}
           onFocusIn={() => setActive(index)}>
        {row ? props.draw(row) : <span role="cell" class="bone w1" />}
      </div>,
    );
  }
  return (
    <div class="vtable" role="table" aria-label={props.label} aria-rowcount={total + 1}>
      <div role="rowgroup" class="vhead"><div role="row" aria-rowindex={1}>{props.head}</div></div>
      <div ref={box} class="vbox" role="rowgroup" tabIndex={0} aria-label={`${props.label}, rows`} onKeyDown={onKeyDown}>
        <div class="vspace" role="presentation" style={{ height: `${total * rowHeight}px` }}>{rows}</div>
      </div>
    </div>
  );
}
