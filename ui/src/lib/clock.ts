// One clock for the whole page, so that "4 min ago" moves everywhere at once.
import { useEffect, useState } from "preact/hooks";

const listeners = new Set<() => void>();
let now = Date.now();

setInterval(() => {
  now = Date.now();
  listeners.forEach((listener) => listener());
}, 5000);

export function useNow(): number {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listener = () => redraw((n) => n + 1);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return Math.max(now, Date.now() - 5000);
}
