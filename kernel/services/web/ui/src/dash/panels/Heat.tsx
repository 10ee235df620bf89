/** A heatmap: buckets over time, the more the stronger. */
import uPlot from 'uplot';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { stamp, zoneWord } from '../../lib/format';
import { timeLabels, zoned } from '../../query/plotparts';
import { option, word, type Drawing } from '../board';
import { hidden } from '../fields';
import { schemeColor } from '../colors';
import { numberOf } from '../frames';
import type { Frame } from '../model';
import { num } from '../read';
import { formatUnit } from '../units';

const MOST_CELLS = 400_000;

interface Heat {
  readonly times: readonly number[];
  readonly stepMs: number;
  /** One row per bucket, from the lowest. */
  readonly rows: readonly {
    readonly name: string;
    readonly from: string;
    readonly values: readonly (number | null)[];
  }[];
  readonly max: number;
  readonly min: number;
}

function heatOf(frames: readonly Frame[], unit: string): Heat | null {
  const cols = frames.flatMap((frame) => {
    const time = frame.fields.find((f) => f.type === 'time');
    return time === undefined
      ? []
      : frame.fields.filter((f) => f.type === 'number' && !hidden(f)).map((field) => ({ frame, time, field }));
  });
  if (cols.length === 0) return null;
  const bound = (c: (typeof cols)[number]) => numberOf(c.field.labels['le'] ?? c.field.display);
  if (cols.every((c) => !Number.isNaN(bound(c)))) cols.sort((a, b) => bound(a) - bound(b));
  const times = [...new Set(cols.flatMap((c) => c.time.values.filter((t): t is number => typeof t === 'number')))].sort(
    (a, b) => a - b,
  );
  if (times.length * cols.length > MOST_CELLS || times.length === 0) return null;
  const index = new Map(times.map((t, i) => [t, i]));
  let max = 0;
  let min = Infinity;
  const edge = (text: string) => {
    const n = text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : text === '' ? NaN : Number(text);
    if (!Number.isFinite(n)) return text;
    const f = formatUnit(unit, n);
    return `${f.prefix}${f.number}${f.suffix}`;
  };
  const rows = cols.map(({ time, field }) => {
    const values = new Array<number | null>(times.length).fill(null);
    time.values.forEach((t, i) => {
      const v = field.values[i];
      const at = typeof t === 'number' ? index.get(t) : undefined;
      if (at === undefined || typeof v !== 'number' || !Number.isFinite(v)) return;
      values[at] = v;
      if (v > max) max = v;
      if (v > 0 && v < min) min = v;
    });
    return { name: edge(field.labels['le'] ?? field.display), from: edge(field.labels['ge'] ?? ''), values };
  });
  const gaps = times.slice(1).map((t, i) => t - (times[i] as number));
  const stepMs = cols[0]?.frame.stepMs ?? (gaps.length > 0 ? Math.min(...gaps) : 60_000);
  return { times, stepMs, rows, max, min: Number.isFinite(min) ? min : 0 };
}

interface Tip {
  readonly left: number;
  readonly flip: boolean;
  readonly ms: number;
  readonly row: string;
  readonly value: number | null;
}

export function HeatPanel({ panel, data, board, dark, zone }: Drawing) {
  const host = useRef<HTMLDivElement>(null);
  const axis = option(panel, 'yAxis');
  const unit = word(axis['unit']) || panel.defaults.unit || '';
  const heat = useMemo(() => heatOf(data.frames, unit), [data, unit]);
  const [tip, setTip] = useState<Tip | null>(null);
  const color = option(panel, 'color');
  const scheme = word(color['scheme'], 'Blues');
  const exponent = num(color['exponent']) ?? 0.5;
  useEffect(() => {
    const el = host.current;
    if (!el || heat === null) return undefined;
    const ink = dark ? '#a0a8b3' : '#56606c';
    const font = `11px ${getComputedStyle(el).getPropertyValue('--sans').trim() || 'sans-serif'}`;
    const n = heat.rows.length;
    let over = false;
    const half = heat.stepMs / 2000;
    const u = new uPlot(
      {
        width: Math.max(40, el.clientWidth),
        height: Math.max(40, el.clientHeight),
        legend: { show: false },
        padding: [6, 8, 0, 0],
        tzDate: (s) => zoned(s, zone),
        cursor: {
          ...(board.dashboard.crosshair
            ? { sync: { key: board.syncKey, setSeries: false, scales: ['x', null] as [string, null] } }
            : {}),
          drag: { x: true, y: false, setScale: false },
          points: { show: false },
          y: false,
        },
        scales: {
          x: { time: true, range: () => [data.range.fromMs / 1000, data.range.toMs / 1000] },
          y: { range: [0, Math.max(1, n)] },
        },
        axes: [
          { stroke: ink, grid: { show: false }, ticks: { show: false }, font, space: 70, size: 22, values: timeLabels },
          {
            stroke: ink,
            grid: { show: false },
            ticks: { show: false },
            font,
            size: 64,
            splits: (self) => {
              const every = Math.max(1, Math.ceil((n + 1) / Math.max(1, self.bbox.height / devicePixelRatio / 20)));
              return Array.from({ length: Math.floor(n / every) + 1 }, (_, i) => i * every);
            },
            values: (_u, ticks) =>
              ticks.map((t) => (t === 0 ? (heat.rows[0]?.from ?? '') : (heat.rows[t - 1]?.name ?? ''))),
          },
        ],
        series: [{}, { show: true, stroke: 'transparent', points: { show: false } }],
        hooks: {
          setSelect: [
            (self) => {
              const { left, width } = self.select;
              if (width > 4)
                board.zoom(
                  Math.round(self.posToVal(left, 'x') * 1000),
                  Math.round(self.posToVal(left + width, 'x') * 1000),
                );
              self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
            },
          ],
          setCursor: [
            (self) => {
              const { idx, left, top } = self.cursor;
              if (!over || idx == null || left == null || top == null || left < 0 || top < 0) {
                setTip(null);
                return;
              }
              const row = heat.rows[Math.floor(self.posToVal(top, 'y'))];
              setTip(
                row === undefined
                  ? null
                  : {
                      left: left + self.bbox.left / devicePixelRatio,
                      flip: left > self.bbox.width / devicePixelRatio / 2,
                      ms: heat.times[idx] ?? 0,
                      row: row.from === '' ? row.name : `${row.from} … ${row.name}`,
                      value: row.values[idx] ?? null,
                    },
              );
            },
          ],
          draw: [
            (self) => {
              const { ctx, bbox } = self;
              ctx.save();
              ctx.beginPath();
              ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
              ctx.clip();
              const colors = Array.from({ length: 33 }, (_, i) => schemeColor(scheme, i / 32, dark));
              heat.rows.forEach((row, y) => {
                const top = Math.round(self.valToPos(y + 1, 'y', true));
                const height = Math.max(1, Math.round(self.valToPos(y, 'y', true)) - top);
                row.values.forEach((v, x) => {
                  if (v === null || v <= 0 || heat.max <= 0) return;
                  const t = (heat.times[x] as number) / 1000;
                  const left = Math.round(self.valToPos(t - half, 'x', true));
                  const right = Math.round(self.valToPos(t + half, 'x', true));
                  ctx.fillStyle = colors[Math.round((v / heat.max) ** exponent * 32)] as string;
                  ctx.fillRect(left, top, Math.max(1, right - left), height);
                });
              });
              ctx.restore();
            },
          ],
        },
      },
      [heat.times.map((t) => t / 1000), heat.times.map(() => null)] as unknown as uPlot.AlignedData,
      el,
    );
    const enter = () => (over = true);
    const leave = () => {
      over = false;
      setTip(null);
    };
    u.over.addEventListener('mouseenter', enter);
    u.over.addEventListener('mouseleave', leave);
    const resize = new ResizeObserver(() => {
      if (el.clientWidth > 0) u.setSize({ width: el.clientWidth, height: Math.max(40, el.clientHeight) });
    });
    resize.observe(el);
    return () => {
      resize.disconnect();
      u.destroy();
      setTip(null);
    };
  }, [heat, dark, zone, scheme, exponent]);
  if (heat === null)
    return (
      <div class="dnote mid">
        The answer has no buckets over time, or too many cells; a heatmap needs series with the label <code>le</code> or
        native histograms.
      </div>
    );
  return (
    <div class="dplot">
      <div
        ref={host}
        class="dcanvas"
        role="img"
        aria-label={`${panel.title}: heatmap of ${heat.rows.length} buckets, at most ${heat.max}`}
      />
      {tip && (
        <div class={`tip ${tip.flip ? 'flip' : ''}`} style={{ left: `${tip.left}px`, top: '12px' }}>
          <div class="dim">
            {stamp(tip.ms, zone)}
            {zone !== 'local' && ` ${zoneWord(zone)}`}
          </div>
          <div class="mono">{tip.row}</div>
          <b>{tip.value === null ? 'empty' : String(tip.value)}</b>
        </div>
      )}
      <table class="unseen">
        <caption>{panel.title}</caption>
        <tbody>
          {heat.rows.slice(0, 100).map((r, i) => {
            const last = r.values.at(-1) ?? null;
            return (
              <tr key={i} data-testid="series" data-name={r.name} data-last={last === null ? '' : String(last)}>
                <td>{r.name}</td>
                <td>{last}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
