/** Bodies of long tables: rows far from what is in view are left out, with as much room in their place. */
import { type JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';

/** Rows of a body. */
const CHUNK = 25;
/** Bodies that are filled before anything is measured: what a tall window shows. */
const FILLED = 2;
/** How far from the view rows are kept, in pixels. */
const MARGIN = 1200;
/** Height of a row that has not been measured, in pixels. */
const GUESS = 40;

type Seen = (near: boolean, height: number) => void;

/** Tells bodies whether they are near the view of what scrolls them, the page or an element around the table. */
class Watch {
  private readonly told = new WeakMap<Element, Seen>();
  private observer: IntersectionObserver | null = null;
  /** Height of a row, as the last body that was measured had it. */
  rowHeight = GUESS;

  add(body: Element, seen: Seen): () => void {
    this.told.set(body, seen);
    this.observer ??= new IntersectionObserver(
      (entries) => {
        for (const e of entries) this.told.get(e.target)?.(e.isIntersecting, e.boundingClientRect.height);
      },
      { root: scroller(body), rootMargin: `${MARGIN}px 0px` },
    );
    this.observer.observe(body);
    return () => this.observer?.unobserve(body);
  }

  close(): void {
    this.observer?.disconnect();
    this.observer = null;
  }
}

function scroller(from: Element): Element | null {
  for (let e = from.parentElement; e !== null && e !== document.body; e = e.parentElement)
    if (/auto|scroll/.test(getComputedStyle(e).overflowY)) return e;
  return null;
}

/**
 * The rows of a table as bodies of which only those near the view have content. Rows say their place by
 * `aria-rowindex`, the table how many there are by `aria-rowcount`.
 */
export function Rows<T>({
  items,
  columns,
  row,
}: {
  items: readonly T[];
  columns: number;
  row: (item: T, index: number) => JSX.Element;
}) {
  const watch = useMemo(() => new Watch(), []);
  useEffect(() => () => watch.close(), [watch]);
  if (items.length <= CHUNK * FILLED) return <tbody>{items.map(row)}</tbody>;
  const bodies: JSX.Element[] = [];
  for (let at = 0; at < items.length; at += CHUNK)
    bodies.push(<Body key={at} watch={watch} {...{ items, at, columns, row }} />);
  return <>{bodies}</>;
}

function Body<T>({
  watch,
  items,
  at,
  columns,
  row,
}: {
  watch: Watch;
  items: readonly T[];
  at: number;
  columns: number;
  row: (item: T, index: number) => JSX.Element;
}) {
  const ref = useRef<HTMLTableSectionElement>(null);
  const rows = Math.min(CHUNK, items.length - at);
  const [near, setNear] = useState(at < CHUNK * FILLED);
  const filled = useRef(near);
  const height = useRef(0);
  useLayoutEffect(() => {
    filled.current = near;
  });
  useEffect(
    () =>
      watch.add(ref.current as Element, (seen, tall) => {
        if (filled.current && tall > 0) {
          height.current = tall / rows;
          watch.rowHeight = height.current;
        }
        setNear(seen);
      }),
    [watch, rows],
  );
  return (
    <tbody ref={ref}>
      {near ? (
        items.slice(at, at + rows).map((item, i) => row(item, at + i))
      ) : (
        <tr class="room" aria-hidden="true" style={{ height: `${rows * (height.current || watch.rowHeight)}px` }}>
          <td colSpan={columns} />
        </tr>
      )}
    </tbody>
  );
}
