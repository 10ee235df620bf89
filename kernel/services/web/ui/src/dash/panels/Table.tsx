/** A table: only the rows in view are drawn, so that long ones scroll smoothly. */
import type { Zone } from '../../lib/format';
import { useMemo, useRef, useState } from 'preact/hooks';
import { hrefOf, memo, option, useSize, word, type Drawing } from '../board';
import { hidden, share, show } from '../fields';
import { interpolate } from '../interpolate';
import type { Field, Frame } from '../model';
import { num, obj, objects, str } from '../read';
import { reduce, reducerOf } from '../reduce';
import { inkOn, readable } from './Figures';

const AHEAD = 12;
const HEIGHTS: Readonly<Record<string, number>> = { sm: 28, md: 36, lg: 48 };

interface Column {
  readonly field: Field;
  readonly width: number;
  readonly fixed: boolean;
  readonly align: string;
  readonly cell: string;
  readonly whole: boolean;
}

function columnsOf(frame: Frame): Column[] {
  return frame.fields
    .filter((f) => f.config.custom['hidden'] !== true && !hidden(f))
    .map((field): Column => {
      const c = field.config.custom;
      const options = obj(c['cellOptions']);
      const kind = str(options['type']) || str(c['displayMode']) || 'auto';
      const align = word(c['align'], 'auto');
      const width = num(c['width']);
      const some = field.values.slice(0, 60);
      const theme = { dark: true };
      const letters = some.reduce<number>(
        (n, v) => Math.max(n, show(field, v, theme).text.length),
        field.display.length,
      );
      return {
        field,
        fixed: width !== undefined && width > 0,
        width:
          width !== undefined && width > 0 ? Math.min(2000, width) : Math.min(360, Math.max(64, letters * 7.4 + 26)),
        align: align === 'auto' ? (field.type === 'number' ? 'right' : 'left') : align,
        cell: kind,
        whole: options['applyToRow'] === true,
      };
    });
}

/** Order of rows by a column; absent values last. */
function order(field: Field | undefined, length: number, down: boolean): number[] | null {
  if (field === undefined) return null;
  const at = Array.from({ length }, (_, i) => i);
  const v = field.values;
  const sign = down ? -1 : 1;
  return at.sort((i, k) => {
    const a = v[i] ?? null;
    const b = v[k] ?? null;
    const none = (x: unknown) => x === null || (typeof x === 'number' && Number.isNaN(x));
    if (none(a) || none(b)) return none(a) === none(b) ? i - k : none(a) ? 1 : -1;
    if (typeof a === 'number' && typeof b === 'number') return (a - b) * sign || i - k;
    return String(a).localeCompare(String(b), 'en', { numeric: true }) * sign || i - k;
  });
}

export function TablePanel(props: Drawing) {
  const { panel, data } = props;
  const [at, setAt] = useState<number | null>(null);
  const index = Math.min(at ?? num(panel.options['frameIndex']) ?? 0, data.frames.length - 1);
  const frame = data.frames[Math.max(0, index)];
  if (frame === undefined) return null;
  return (
    <div class="dtable">
      <Rows key={index} {...props} frame={frame} />
      {data.frames.length > 1 && (
        <select aria-label="Table" value={String(index)} onChange={(e) => setAt(Number(e.currentTarget.value))}>
          {data.frames.slice(0, 500).map((f, i) => (
            <option key={i} value={String(i)}>
              {f.name || f.fields.find((x) => x.type === 'number')?.display || f.refId}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

function Rows({ panel, board, dark, zone, frame }: Drawing & { frame: Frame }) {
  const [box, size] = useSize<HTMLDivElement>();
  const columns = useMemo(() => columnsOf(frame), [frame]);
  const first = objects(panel.options['sortBy'], 1)[0];
  const [by, setBy] = useState<{ name: string; down: boolean }>({
    name: first === undefined ? '' : str(first['displayName']),
    down: first?.['desc'] === true,
  });
  const sorted = useMemo(
    () =>
      order(
        frame.fields.find((f) => f.display === by.name) ?? frame.fields.find((f) => f.name === by.name),
        frame.length,
        by.down,
      ),
    [frame, by],
  );
  const [top, setTop] = useState(0);
  const wanted = useRef(0);
  const rowHeight = HEIGHTS[word(panel.options['cellHeight'], 'sm')] ?? 28;
  const room = size.width;
  const free = columns.filter((c) => !c.fixed).reduce((n, c) => n + c.width, 0);
  const used = columns.filter((c) => c.fixed).reduce((n, c) => n + c.width, 0);
  const stretch = free > 0 && used + free < room ? (room - used) / free : 1;
  const widths = columns.map((c) => Math.floor(c.fixed ? c.width : c.width * stretch));
  const from = Math.max(0, Math.floor(top / rowHeight) - AHEAD);
  const to = Math.min(frame.length, from + Math.ceil((size.height || 300) / rowHeight) + 2 * AHEAD);
  const footer = option(panel, 'footer');
  const foot = footer['show'] === true ? footerOf(columns, footer) : null;
  const headless = panel.options['showHeader'] === false;
  const scroll = (e: Event) => {
    const next = (e.currentTarget as HTMLElement).scrollTop;
    if (Math.abs(next - wanted.current) < (rowHeight * AHEAD) / 2) return;
    wanted.current = next;
    setTop(next);
  };
  return (
    <div class="dscroll" ref={box} onScroll={scroll} tabIndex={0} role="region" aria-label={`Table: ${panel.title}`}>
      <table
        style={{ width: `${widths.reduce((a, b) => a + b, 0)}px` }}
        aria-rowcount={frame.length + 1}
        data-testid="table"
        data-rows={String(frame.length)}
      >
        <colgroup>
          {widths.map((w, i) => (
            <col key={i} style={{ width: `${w}px` }} />
          ))}
        </colgroup>
        {!headless && (
          <thead>
            <tr>
              {columns.map((c, i) => (
                <th
                  key={i}
                  style={{ textAlign: c.align as 'left' }}
                  aria-sort={by.name === c.field.display ? (by.down ? 'descending' : 'ascending') : 'none'}
                >
                  <button
                    type="button"
                    class="sort"
                    title={c.field.display}
                    onClick={() =>
                      setBy(
                        by.name === c.field.display
                          ? { name: by.name, down: !by.down }
                          : { name: c.field.display, down: c.field.type === 'number' },
                      )
                    }
                  >
                    {c.field.display}
                    {by.name === c.field.display && (by.down ? ' ↓' : ' ↑')}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {from > 0 && <tr class="dspace" style={{ height: `${from * rowHeight}px` }} aria-hidden="true" />}
          {Array.from({ length: Math.max(0, to - from) }, (_, k) => {
            const row = sorted?.[from + k] ?? from + k;
            return (
              <Row
                key={row}
                row={row}
                at={from + k}
                height={rowHeight}
                frame={frame}
                columns={columns}
                board={board}
                dark={dark}
                zone={zone}
              />
            );
          })}
          {to < frame.length && (
            <tr class="dspace" style={{ height: `${(frame.length - to) * rowHeight}px` }} aria-hidden="true" />
          )}
        </tbody>
        {foot !== null && (
          <tfoot>
            <tr>
              {columns.map((c, i) => (
                <td key={i} style={{ textAlign: c.align as 'left' }}>
                  {foot[i] === null
                    ? ''
                    : typeof foot[i] === 'string'
                      ? foot[i]
                      : show(c.field, foot[i] ?? null, { dark, zone }).text}
                </td>
              ))}
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}

function footerOf(columns: readonly Column[], footer: Readonly<Record<string, unknown>>): (number | string | null)[] {
  const calc = reducerOf(String((Array.isArray(footer['reducer']) ? footer['reducer'][0] : '') ?? ''));
  const only = Array.isArray(footer['fields']) ? footer['fields'].map(String) : [];
  if (calc === 'count' && footer['countRows'] === true)
    return columns.map((c, i) => (i === 0 ? `${c.field.values.length.toLocaleString('en')} rows` : null));
  return columns.map((c, i) => {
    if (
      c.field.type !== 'number' ||
      (only.length > 0 && !only.includes(c.field.display) && !only.includes(c.field.name))
    )
      return i === 0 ? 'Total' : null;
    return reduce(c.field.values, calc);
  });
}

interface RowProps {
  readonly row: number;
  readonly at: number;
  readonly height: number;
  readonly frame: Frame;
  readonly columns: readonly Column[];
  readonly board: Drawing['board'];
  readonly dark: boolean;
  readonly zone: Zone;
}

/** A row in view; while the table scrolls, those that stay are not drawn again. */
const Row = memo<RowProps>(
  TableRow,
  (a, b) =>
    a.row === b.row &&
    a.at === b.at &&
    a.height === b.height &&
    a.frame === b.frame &&
    a.columns === b.columns &&
    a.dark === b.dark &&
    a.zone === b.zone,
);

function TableRow({ row, at, height, frame, columns, board, dark, zone }: RowProps) {
  const whole = columns.find((c) => c.whole && c.cell.startsWith('color-background'));
  const ground = whole === undefined ? '' : show(whole.field, whole.field.values[row] ?? null, { dark, zone }).color;
  return (
    <tr
      style={{
        height: `${height}px`,
        ...(ground === '' ? {} : { background: ground, color: inkOn(ground) ?? 'inherit' }),
      }}
      aria-rowindex={at + 2}
      data-testid="row"
    >
      {columns.map((c, i) => {
        const value = c.field.values[row] ?? null;
        const s = show(c.field, value, { dark, zone });
        const colored = c.cell.startsWith('color-background') && !c.whole;
        const style = {
          textAlign: c.align as 'left',
          ...(colored ? { background: s.color, color: inkOn(s.color) ?? 'inherit' } : {}),
          ...(c.cell === 'color-text' ? { color: readable(s.color, dark) } : {}),
        };
        const links = c.field.config.links ?? [];
        const scope = {
          ...board.scope,
          data: {
            frame,
            field: c.field,
            index: row,
            show: (f: Field, v: number | string | null) => show(f, v, { dark, zone }),
          },
        };
        const href = links[0] === undefined ? null : hrefOf(links[0], scope);
        const text =
          href === null ? (
            s.text
          ) : (
            <a
              href={href}
              title={interpolate(links[0]?.title ?? '', scope, 'text')}
              {...(links[0]?.newTab ? { target: '_blank', rel: 'noopener noreferrer' } : {})}
            >
              {s.text}
            </a>
          );
        return (
          <td
            key={i}
            style={style}
            title={value === null ? '' : String(value) === s.text ? s.text : `${s.text} (${value})`}
          >
            {/gauge|^basic$/.test(c.cell) && typeof value === 'number' && Number.isFinite(value) ? (
              <span class="dcellbar">
                <i>
                  <i style={{ width: `${share(c.field, value) * 100}%`, background: s.color }} />
                </i>
                <span>{text}</span>
              </span>
            ) : (
              text
            )}
          </td>
        );
      })}
    </tr>
  );
}
