/** Charts without time: bars by name, shares of a whole, and how values are spread. */
import { useMemo } from 'preact/hooks';
import { option, useSize, word, type Drawing } from '../board';
import { figures, hidden, seriesColorOf, show } from '../fields';
import type { Field } from '../model';
import { num } from '../read';
import { seriesColor } from '../../lib/colors';
import { inkOn } from './Figures';

const MOST_BARS = 500;

interface Bar {
  readonly name: string;
  readonly parts: readonly { field: Field; value: number; color: string }[];
}

/** Bars by the first column of text; several columns of numbers stand beside or on each other. */
export function BarChart({ panel, data, dark, zone }: Drawing) {
  const { bars, fields } = useMemo(() => {
    const frame = data.frames[0];
    if (frame === undefined) return { bars: [], fields: [] };
    const wanted = word(panel.options['xField']);
    if (data.frames.length > 1 && !data.frames.some((f) => f.fields.some((x) => x.type === 'string'))) {
      const all = figures({ ...panel, options: {} }, data.frames).slice(0, MOST_BARS);
      return {
        fields: all.map((f) => f.field),
        bars: all.map((f): Bar => ({
          name: f.name,
          parts: [
            { field: f.field, value: typeof f.value === 'number' ? f.value : 0, color: seriesColorOf(f.field, dark) },
          ],
        })),
      };
    }
    const label =
      frame.fields.find((f) => wanted !== '' && f.display === wanted) ??
      frame.fields.find((f) => f.type === 'string') ??
      frame.fields.find((f) => f.type === 'time');
    const numbers = frame.fields.filter((f) => f.type === 'number' && f !== label && !hidden(f));
    const rows = Array.from({ length: Math.min(MOST_BARS, frame.length) }, (_, i): Bar => ({
      name: label === undefined ? String(i + 1) : show(label, label.values[i] ?? null, { dark, zone }).text,
      parts: numbers.map((field) => {
        const v = field.values[i];
        return {
          field,
          value: typeof v === 'number' && Number.isFinite(v) ? v : 0,
          color: seriesColorOf(field, dark),
        };
      }),
    }));
    return { bars: rows, fields: numbers };
  }, [panel, data, dark, zone]);
  const stack = word(panel.options['stacking'], 'none') !== 'none';
  const most = Math.max(
    0,
    ...bars.map((b) =>
      stack
        ? b.parts.reduce((n, p) => n + Math.abs(p.value), 0)
        : Math.max(0, ...b.parts.map((p) => Math.abs(p.value))),
    ),
  );
  const size = (v: number) => `${most > 0 ? (Math.abs(v) / most) * 100 : 0}%`;
  return (
    <div class="dchart">
      <div class="dscroll">
        <table class="dbarchart">
          <tbody>
            {bars.map((b, i) => (
              <tr key={i} data-testid="series" data-name={b.name} data-last={String(b.parts[0]?.value ?? '')}>
                <th>{b.name}</th>
                <td>
                  <span class={stack ? 'dstack' : 'dbeside'}>
                    {b.parts.map((p, k) => (
                      <span
                        key={k}
                        class="drowbar"
                        style={stack ? { width: size(p.value) } : {}}
                        title={`${p.field.display}: ${show(p.field, p.value, { dark, zone }).text}`}
                      >
                        <i style={{ width: stack ? '100%' : size(p.value), background: p.color }} />
                      </span>
                    ))}
                  </span>
                </td>
                <td class="num">
                  {b.parts
                    .slice(0, 4)
                    .map((p) => show(p.field, p.value, { dark, zone }).text)
                    .join(' · ')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {fields.length > 1 && bars.some((b) => b.parts.length > 1) && (
        <ul class="dlegend list">
          {fields.slice(0, 50).map((f, i) => (
            <li key={i}>
              <i class="swatch" style={{ color: seriesColorOf(f, dark) }} />
              {f.display}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

const MOST_SLICES = 60;

/** Shares of a whole. */
export function PieChart({ panel, data, dark, zone }: Drawing) {
  const [box, size] = useSize<HTMLDivElement>();
  const slices = useMemo(() => {
    const all = figures(panel, data.frames)
      .filter((f) => typeof f.value === 'number' && f.value > 0 && Number.isFinite(f.value))
      .map((f, i) => ({
        name: f.name,
        value: f.value as number,
        text: show(f.field, f.value, { dark, zone }).text,
        color:
          f.row === null && f.field.config.color?.mode !== 'thresholds'
            ? seriesColorOf(f.field, dark)
            : seriesColor(i, dark),
      }))
      .sort((a, b) => b.value - a.value);
    if (all.length <= MOST_SLICES) return all;
    const rest = all.slice(MOST_SLICES - 1);
    return [
      ...all.slice(0, MOST_SLICES - 1),
      { name: `${rest.length} others`, value: rest.reduce((n, s) => n + s.value, 0), text: '', color: '#8e8e99' },
    ];
  }, [panel, data, dark, zone]);
  const total = slices.reduce((n, s) => n + s.value, 0);
  const donut = panel.options['pieType'] === 'donut';
  const right = option(panel, 'legend')['placement'] === 'right';
  const none = option(panel, 'legend')['showLegend'] === false || option(panel, 'legend')['displayMode'] === 'hidden';
  const side = Math.max(40, Math.min(size.width, size.height) - 8);
  let at = 0;
  const point = (share: number, r: number) => {
    const a = share * 2 * Math.PI - Math.PI / 2;
    return `${(50 + r * Math.cos(a)).toFixed(3)} ${(50 + r * Math.sin(a)).toFixed(3)}`;
  };
  return (
    <div class={`dts ${right && !none ? 'right' : ''}`}>
      <div class="dplot center" ref={box}>
        <svg
          viewBox="0 0 100 100"
          style={{ width: `${side}px`, height: `${side}px` }}
          role="img"
          aria-label={`${panel.title}: ${slices.length} shares`}
        >
          {slices.map((s, i) => {
            const from = at;
            at += s.value / total;
            const to = Math.min(at, from + 0.99999);
            const big = to - from > 0.5 ? 1 : 0;
            const inner = donut ? 28 : 0;
            return (
              <path
                key={i}
                fill={s.color}
                class="dslice"
                d={`M${point(from, 49)}A49 49 0 ${big} 1 ${point(to, 49)}L${point(to, inner)}${donut ? `A28 28 0 ${big} 0 ${point(from, 28)}` : ''}Z`}
              >
                <title>{`${s.name}: ${s.text} (${((s.value / total) * 100).toFixed(1)} %)`}</title>
              </path>
            );
          })}
        </svg>
      </div>
      <ul class={none ? 'unseen' : `dlegend ${right ? '' : 'list'}`}>
        {slices.map((s, i) => (
          <li key={i} data-testid="series" data-name={s.name} data-last={String(s.value)}>
            <i class="swatch" style={{ color: s.color }} />
            {s.name} <b>{s.text}</b> <span class="dim">{((s.value / total) * 100).toFixed(1)} %</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** How often values lie in equal steps. */
export function Histogram({ panel, data, dark, zone }: Drawing) {
  const made = useMemo(() => {
    const fields = data.frames.flatMap((f) => f.fields.filter((x) => x.type === 'number' && !hidden(x)));
    let min = Infinity;
    let max = -Infinity;
    let n = 0;
    for (const f of fields)
      for (const v of f.values)
        if (typeof v === 'number' && Number.isFinite(v)) {
          min = Math.min(min, v);
          max = Math.max(max, v);
          n++;
        }
    if (n === 0) return null;
    const given = num(panel.options['bucketSize']) ?? 0;
    const raw = max > min ? (max - min) / Math.min(30, Math.max(1, num(panel.options['bucketCount']) ?? 30)) : 1;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step =
      given > 0 && (max - min) / given < 500 ? given : ([1, 2, 5, 10].find((k) => k * power >= raw) ?? 10) * power;
    const start = Math.floor(min / step) * step;
    const buckets = Math.min(501, Math.floor((max - start) / step) + 1);
    const counts = new Array<number>(buckets).fill(0);
    for (const f of fields)
      for (const v of f.values)
        if (typeof v === 'number' && Number.isFinite(v)) {
          const b = Math.min(buckets - 1, Math.floor((v - start) / step));
          counts[b] = (counts[b] as number) + 1;
        }
    return { field: fields[0] as Field, start, step, counts, most: Math.max(...counts) };
  }, [panel, data]);
  if (made === null) return <div class="dnote mid">No value is a number.</div>;
  const color = seriesColorOf(made.field, dark);
  const text = (v: number) => show(made.field, v, { dark, zone }).text;
  return (
    <div class="dhist">
      <div
        class="dhistbars"
        role="img"
        aria-label={`${panel.title}: values from ${text(made.start)} to ${text(made.start + made.step * made.counts.length)}`}
      >
        {made.counts.map((c, i) => (
          <i
            key={i}
            title={`${text(made.start + i * made.step)} – ${text(made.start + (i + 1) * made.step)}: ${c}`}
            style={{ height: `${(c / made.most) * 100}%`, background: color, color: inkOn(color) ?? 'inherit' }}
          />
        ))}
      </div>
      <div class="dstateaxis dim">
        <span>{text(made.start)}</span>
        <span>{text(made.start + (made.step * made.counts.length) / 2)}</span>
        <span>{text(made.start + made.step * made.counts.length)}</span>
      </div>
      <table class="unseen">
        <tbody>
          {made.counts.map((c, i) => (
            <tr key={i} data-testid="series" data-name={text(made.start + i * made.step)} data-last={String(c)}>
              <td>{text(made.start + i * made.step)}</td>
              <td>{c}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
