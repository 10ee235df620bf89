import type { ComponentChildren } from 'preact';
import uPlot from 'uplot';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ColorBook, seriesColor, seriesDash } from '../lib/colors';
import {
  axisLabels,
  guessUnit,
  humanSeconds,
  humanValue,
  labelPairs,
  parseDuration,
  plural,
  seriesName,
  stamp,
  type Labels,
  type Unit,
  zoneWord,
} from '../lib/format';
import { dark, useStore, zone } from '../lib/store';
import type { PanelState } from '../lib/urlstate';
import { expandLink, type LinkAt } from '../lib/links';
import { Chips, Empty, saveCsv, useMore } from '../ui';
import { OutLink, useLinks } from './OutLink';
import { Heatmap } from './Heatmap';
import { heightFor, timeLabels, zoned } from './plotparts';
import {
  common,
  earlierLines,
  heat,
  legendNames,
  line,
  lonely,
  stack,
  steps,
  type Line,
  type RangeSeries,
} from './graphdata';

export interface Exemplar {
  labels: Labels;
  value: string;
  timestamp: number;
}

export interface GraphAnswer {
  readonly result: readonly RangeSeries[];
  readonly exemplars: readonly { seriesLabels: Labels; exemplars: Exemplar[] }[];
  readonly startS: number;
  readonly endS: number;
  readonly stepS: number;
  readonly expr: string;
  /** The same query at an earlier time. */
  readonly earlier: { readonly result: readonly RangeSeries[]; readonly agoS: number; readonly word: string } | null;
}

interface Props {
  readonly answer: GraphAnswer;
  readonly panel: PanelState;
  readonly onZoom: (startMs: number, endMs: number) => void;
  /** Shown when there is nothing to draw. */
  readonly why?: ComponentChildren;
}

const DRAWN = 500;
const EARLIER = [4, 4];

/** Lines over time with a legend that is a table. */
export function Graph({ answer, panel, onZoom, why }: Props) {
  const book = useRef(new ColorBook());
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [all, setAll] = useState(false);
  const isDark = useStore(dark);
  const unit = useMemo(() => guessUnit(answer.expr), [answer.expr]);
  const drawable = useMemo(() => answer.result.filter((s) => (s.values?.length ?? 0) > 0), [answer]);
  const { xs, lines, slots } = useMemo(() => {
    const times = steps(answer.startS, answer.endS, answer.stepS);
    const ls = drawable.slice(0, all ? undefined : DRAWN).map((s) => line(s, times, answer.stepS));
    // An earlier line has the colour of the series that it is of.
    const before =
      answer.earlier && panel.display === 'lines'
        ? earlierLines(answer.earlier.result, times, answer.stepS, answer.earlier.agoS, answer.earlier.word)
        : [];
    const both = [...ls, ...before.slice(0, all ? undefined : DRAWN)];
    const keys = [...new Set(both.map((l) => seriesName(l.labels)))];
    const given = new Map(book.current.assign(keys).map((slot, i) => [keys[i], slot]));
    return { xs: times, lines: both, slots: both.map((l) => given.get(seriesName(l.labels)) ?? 0) };
  }, [drawable, all, panel.display]);
  const histograms = answer.result.filter(
    (s) => (s.values?.length ?? 0) === 0 && (s.histograms?.length ?? 0) > 0,
  ).length;

  const cells = useMemo(
    () =>
      panel.display === 'heatmap'
        ? heat(answer.result, steps(answer.startS, answer.endS, answer.stepS), answer.stepS)
        : null,
    [answer, panel.display],
  );

  if (answer.result.length === 0 && lines.length === 0) {
    return (
      <>
        <Empty title="No series in this time">
          The expression is valid but matches nothing between {stamp(answer.startS * 1000, zone.get())} and{' '}
          {stamp(answer.endS * 1000, zone.get())}. Try a longer range or fewer matchers.
        </Empty>
        {why}
      </>
    );
  }
  const isolate = (key: string, toggle: boolean) => {
    const keys = lines.map((l) => l.key);
    if (toggle) {
      const next = new Set(hidden);
      if (!next.delete(key)) next.add(key);
      setHidden(next);
      return;
    }
    const alone = keys.every((k) => (k === key) !== hidden.has(k));
    setHidden(new Set(alone ? [] : keys.filter((k) => k !== key)));
  };
  return (
    <>
      {answer.earlier?.result.length === 0 && panel.display === 'lines' && (
        <p class="note info">Nothing to compare with: the query has no series {answer.earlier.word} earlier.</p>
      )}
      {answer.earlier && panel.display !== 'lines' && (
        <p class="note info">The earlier time is drawn only with Lines.</p>
      )}
      {!all && drawable.length > DRAWN && (
        <p class="note info">
          Drawing {DRAWN} of {drawable.length.toLocaleString('en')} series.{' '}
          <button type="button" class="small" onClick={() => setAll(true)}>
            Draw all
          </button>
        </p>
      )}
      {cells !== null && cells.cells.length > 0 && (
        <Heatmap heat={cells} answer={answer} isDark={isDark} unit={bucketUnit(answer.expr)} onZoom={onZoom} />
      )}
      {cells !== null && cells.cells.length === 0 && (
        <p class="note info">
          A heatmap needs buckets: native histograms, or series with the label <code>le</code> as from{' '}
          <code>sum by (le) (rate(…_bucket[5m]))</code>. These are lines instead.
        </p>
      )}
      {histograms > 0 && cells === null && (
        <p class="note info">
          {histograms} of the series are native histograms, which lines cannot show: choose Heatmap, or take{' '}
          <code>histogram_quantile(0.9, …)</code> or <code>histogram_count(…)</code> of them.
        </p>
      )}
      {lines.length > 0 && (cells === null || cells.cells.length === 0) && (
        <>
          <Plot
            xs={xs}
            lines={lines}
            slots={slots}
            hidden={hidden}
            isDark={isDark}
            unit={unit}
            answer={answer}
            panel={panel}
            onZoom={onZoom}
          />
          <Exemplars answer={answer} />
          <Legend lines={lines} slots={slots} hidden={hidden} isDark={isDark} unit={unit} xs={xs} onPick={isolate} />
        </>
      )}
    </>
  );
}

/** The exemplars in the graph, newest first, with their links. */
function Exemplars({ answer }: { answer: GraphAnswer }) {
  const { trace } = useLinks();
  const z = useStore(zone);
  const all = useMemo(
    () =>
      answer.exemplars
        .flatMap((s) => s.exemplars.map((e) => ({ e, series: s.seriesLabels })))
        .sort((a, b) => b.e.timestamp - a.e.timestamp),
    [answer],
  );
  const [n, more] = useMore(all.length, 20);
  if (all.length === 0) return null;
  return (
    <details class="exemplars">
      <summary>{plural(all.length, 'exemplar')}</summary>
      <ul>
        {all.slice(0, n).map(({ e, series }, i) => (
          <li key={i} class="row" data-testid="exemplar">
            <span class="dim">{stamp(e.timestamp * 1000, z)}</span>
            <b class="mono">{e.value}</b>
            <Chips labels={e.labels} />
            {trace && <OutLink link={trace} at={exemplarAt(e, series)} />}
          </li>
        ))}
      </ul>
      {more}
    </details>
  );
}

/** What a link of an exemplar is about: a minute on each side of it. */
function exemplarAt(e: Exemplar, series: Labels): LinkAt {
  const ms = Math.round(e.timestamp * 1000);
  return { labels: { ...series, ...e.labels }, startMs: ms - 60_000, endMs: ms + 60_000 };
}

/** The unit of the observations in buckets, not of their rate. */
function bucketUnit(expr: string): Unit {
  return guessUnit(expr.replace(/\b(?:rate|irate|increase|delta)\b/g, 'max'));
}

interface PlotProps extends Props {
  readonly xs: readonly number[];
  readonly lines: readonly Line[];
  readonly slots: readonly number[];
  readonly hidden: ReadonlySet<string>;
  readonly isDark: boolean;
  readonly unit: Unit;
}

interface Tip {
  readonly left: number;
  readonly top: number;
  readonly flip: boolean;
  readonly at: number;
  readonly slot: number;
  readonly labels: Labels;
  readonly value: number;
  readonly exemplar: Exemplar | null;
  readonly earlier: string;
}

function Plot({ xs, lines, slots, hidden, isDark, unit, answer, panel, onZoom }: PlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const zoom = useRef(onZoom);
  zoom.current = onZoom;
  const [tip, setTip] = useState<Tip | null>(null);
  const z = useStore(zone);
  const { trace } = useLinks();
  const traceNow = useRef(trace);
  traceNow.current = trace;

  useEffect(() => {
    const el = host.current;
    if (!el) return undefined;
    const css = getComputedStyle(el);
    const colour = (name: string) => css.getPropertyValue(name).trim();
    const ink = isDark ? '#a0a8b3' : '#56606c';
    const grid = isDark ? '#2a2f36' : '#e6e8eb';
    const stacked = panel.display === 'stacked';
    const shown = lines.map((l) => !hidden.has(l.key));
    const font = `12px ${colour('--sans') || 'sans-serif'}`;
    const drawn = stacked ? stackShown(lines, shown) : lines.map((l) => l.values);
    const data = [xs, ...drawn] as unknown as uPlot.AlignedData;

    const u = new uPlot(
      {
        width: el.clientWidth,
        height: heightFor(el.clientWidth),
        legend: { show: false },
        padding: [8, 8, 0, 0],
        tzDate: (s) => zoned(s, z),
        cursor: {
          sync: { key: 'narthex', setSeries: false, scales: ['x', null] },
          drag: { x: true, y: false, setScale: false },
          points: { size: 6 },
          focus: { prox: 24 },
        },
        focus: { alpha: 0.3 },
        scales: {
          x: { time: true, range: [answer.startS, answer.endS] },
          y: { range: (_u, min, max) => yRange(min, max, panel.yAxisMin, stacked) },
        },
        axes: [
          {
            stroke: ink,
            grid: { stroke: grid, width: 1 },
            ticks: { stroke: grid, width: 1, size: 4 },
            font,
            space: 80,
            size: (_u, values) => (values?.some((v) => v?.includes('\n')) ? 44 : 30),
            values: timeLabels,
          },
          {
            stroke: ink,
            grid: { stroke: grid, width: 1 },
            ticks: { show: false },
            font,
            size: axisWidth,
            ...increments(unit),
            values: (_u, ticks) => axisLabels(ticks, unit),
          },
        ],
        series: [
          {},
          ...lines.map((l, i): uPlot.Series => {
            const c = seriesColor(slots[i] ?? 0, isDark);
            const dash = l.earlier ? EARLIER : seriesDash(slots[i] ?? 0);
            return {
              label: l.key,
              show: shown[i] ?? true,
              stroke: c,
              width: 1.25,
              spanGaps: false,
              ...(dash ? { dash } : {}),
              ...(stacked ? { fill: `${c}40` } : {}),
              points: {
                size: 5,
                fill: c,
                width: 0,
                show: true,
                filter: (self, seriesIdx) => {
                  const values = self.data[seriesIdx] as (number | null)[];
                  return lonely(values, 0, values.length - 1);
                },
              },
            };
          }),
        ],
        ...(stacked ? { bands: bandsOf(shown) } : {}),
        hooks: {
          setSelect: [
            (self) => {
              const { left, width } = self.select;
              if (width > 4) zoom.current(self.posToVal(left, 'x') * 1000, self.posToVal(left + width, 'x') * 1000);
              self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
            },
          ],
          setCursor: [(self) => setTip(tipAt(self, lines, slots, shown, drawn, answer))],
          draw: [(self) => drawExemplars(self, answer, isDark)],
        },
      },
      data,
      el,
    );
    chart.current = u;
    let pressed = -Infinity;
    u.over.addEventListener('mousedown', (e) => (pressed = e.clientX));
    u.over.addEventListener('mouseup', (e) => {
      const { left, top } = u.cursor;
      if (Math.abs(e.clientX - pressed) > 4 || left == null || top == null || !traceNow.current) return;
      const hit = nearExemplar(u, left, top, answer);
      const href = hit && expandLink(traceNow.current.url, exemplarAt(hit.exemplar, hit.series));
      if (href) window.open(href, '_blank', 'noopener,noreferrer');
    });
    const resize = new ResizeObserver(() => {
      if (el.clientWidth > 0) u.setSize({ width: el.clientWidth, height: heightFor(el.clientWidth) });
    });
    resize.observe(el);
    return () => {
      resize.disconnect();
      u.destroy();
      chart.current = null;
      setTip(null);
    };
  }, [xs, lines, slots, hidden, isDark, panel.display, panel.yAxisMin, z, answer]);

  return (
    <div
      class="plot"
      data-testid="graph"
      role="img"
      aria-label={`Graph of ${lines.length} series; the table below has the values`}
    >
      <div ref={host} />
      {tip && (
        <div class={`tip ${tip.flip ? 'flip' : ''}`} style={{ left: `${tip.left}px`, top: `${tip.top}px` }}>
          <div class="dim">
            {stamp(tip.at * 1000, z)}
            {z !== 'local' && ` ${zoneWord(z)}`}
            {tip.earlier !== '' && `, value of ${tip.earlier} earlier`}
          </div>
          <div class="row">
            <i class="swatch" style={{ background: seriesColor(tip.slot, isDark) }} />
            <b title={String(tip.value)}>{humanValue(tip.value, unit)}</b>
            <span class="dim mono">{String(tip.value)}</span>
          </div>
          <div class="mono">{tip.labels['__name__'] ?? ''}</div>
          {labelPairs(tip.labels).map(([k, v]) => (
            <div class="mono wrap" key={k}>
              <span class="dim">{k}</span> {v}
            </div>
          ))}
          {tip.exemplar && (
            <div class="mono wrap">
              <span class="dim">◇ exemplar</span> {tip.exemplar.value} {seriesName(tip.exemplar.labels)}
              {trace && <span class="dim"> · press for {trace.title}</span>}
            </div>
          )}
        </div>
      )}
    </div>
  );
}

function stackShown(lines: readonly Line[], shown: readonly boolean[]): (number | null)[][] {
  const sums = stack(lines.filter((_l, i) => shown[i]).map((l) => l.values));
  let n = 0;
  return lines.map((l, i) => (shown[i] ? (sums[n++] as (number | null)[]) : l.values));
}

function bandsOf(shown: readonly boolean[]): uPlot.Band[] {
  const bands: uPlot.Band[] = [];
  let below = -1;
  shown.forEach((s, i) => {
    if (!s) return;
    if (below >= 0) bands.push({ series: [i + 1, below + 1] });
    below = i;
  });
  return bands;
}

function yRange(min: number | null, max: number | null, floor: number | null, stacked: boolean): [number, number] {
  let lo = min ?? 0;
  let hi = max ?? 1;
  if (stacked) lo = Math.min(0, lo);
  if (floor !== null) lo = floor;
  if (hi <= lo) {
    if (lo === 0) return [0, 1];
    const around = Math.abs(lo) * 0.1 || 1;
    return floor !== null ? [lo, lo + around] : [lo - around, hi + around];
  }
  const pad = (hi - lo) * 0.06;
  return [floor !== null || (stacked && lo === 0) ? lo : lo - pad, hi + pad];
}

/** Tick distances that are round in the unit; undefined for decimal ones. */
function increments(unit: Unit): { incrs: number[] } | Record<string, never> {
  if (unit === 'bytes' || unit === 'bytes/s') return { incrs: Array.from({ length: 75 }, (_, i) => 2 ** (i - 10)) };
  if (unit === 'seconds') {
    const small = [-9, -8, -7, -6, -5, -4, -3, -2, -1, 0].flatMap((e) => [1, 2, 5].map((m) => m * 10 ** e));
    return {
      incrs: [
        ...small.filter((s) => s < 10),
        10,
        15,
        30,
        60,
        120,
        300,
        600,
        900,
        1800,
        3600,
        7200,
        14_400,
        21_600,
        43_200,
        ...Array.from({ length: 14 }, (_, i) => 86_400 * 2 ** i),
      ],
    };
  }
  return {};
}

function axisWidth(_u: uPlot, values: readonly string[] | null): number {
  const longest = (values ?? []).reduce((n, v) => Math.max(n, v.length), 0);
  return Math.max(40, longest * 7 + 14);
}

function tipAt(
  u: uPlot,
  lines: readonly Line[],
  slots: readonly number[],
  shown: readonly boolean[],
  drawn: readonly (readonly (number | null)[])[],
  answer: GraphAnswer,
): Tip | null {
  const { idx, left, top } = u.cursor;
  if (idx == null || left == null || top == null || left < 0 || top < 0) return null;
  let best = -1;
  let bestDistance = Infinity;
  for (let i = 0; i < lines.length; i++) {
    const v = drawn[i]?.[idx];
    if (!shown[i] || v == null) continue;
    const d = Math.abs(u.valToPos(v, 'y') - top);
    if (d < bestDistance) {
      bestDistance = d;
      best = i;
    }
  }
  const l = lines[best];
  const value = l?.values[idx];
  if (!l || value == null) return null;
  const ratio = devicePixelRatio;
  return {
    left: left + u.bbox.left / ratio,
    top: u.bbox.top / ratio + 12,
    flip: left > u.bbox.width / ratio / 2,
    at: u.data[0][idx] as number,
    slot: slots[best] ?? 0,
    labels: l.labels,
    value,
    exemplar: nearExemplar(u, left, top, answer)?.exemplar ?? null,
    earlier: l.earlier ?? '',
  };
}

function nearExemplar(
  u: uPlot,
  left: number,
  top: number,
  answer: GraphAnswer,
): { exemplar: Exemplar; series: Labels } | null {
  for (const s of answer.exemplars) {
    for (const e of s.exemplars) {
      if (Math.hypot(u.valToPos(e.timestamp, 'x') - left, exemplarY(u, e) - top) < 10)
        return { exemplar: e, series: s.seriesLabels };
    }
  }
  return null;
}

/** Exemplars of another scale than the graph (rates, counts) lie on its lower or upper edge. */
function exemplarY(u: uPlot, e: Exemplar): number {
  const y = u.valToPos(Number(e.value), 'y');
  return Math.max(4, Math.min(u.bbox.height / devicePixelRatio - 4, Number.isFinite(y) ? y : 4));
}

function drawExemplars(u: uPlot, answer: GraphAnswer, isDark: boolean): void {
  const { ctx } = u;
  const r = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = r;
  ctx.strokeStyle = isDark ? '#e4e7eb' : '#1b1f24';
  ctx.fillStyle = isDark ? '#191c20' : '#ffffff';
  for (const s of answer.exemplars) {
    for (const e of s.exemplars) {
      if (e.timestamp < answer.startS || e.timestamp > answer.endS) continue;
      const x = u.valToPos(e.timestamp, 'x', true);
      const y = exemplarY(u, e) * r + u.bbox.top;
      ctx.beginPath();
      ctx.moveTo(x, y - 4 * r);
      ctx.lineTo(x + 4 * r, y);
      ctx.lineTo(x, y + 4 * r);
      ctx.lineTo(x - 4 * r, y);
      ctx.closePath();
      ctx.fill();
      ctx.stroke();
    }
  }
  ctx.restore();
}

interface LegendProps {
  readonly lines: readonly Line[];
  readonly slots: readonly number[];
  readonly hidden: ReadonlySet<string>;
  readonly isDark: boolean;
  readonly unit: Unit;
  readonly xs: readonly number[];
  readonly onPick: (key: string, toggle: boolean) => void;
}

type Column = 'name' | 'last' | 'min' | 'max' | 'avg';

/** Last, minimum, maximum and mean of each line; a click isolates a line, Ctrl+click toggles it. */
function Legend({ lines, slots, hidden, isDark, unit, xs, onPick }: LegendProps) {
  const [by, setBy] = useState<{ column: Column; down: boolean } | null>(null);
  const [shared, names] = useMemo(() => {
    const unique = [...new Map(lines.map((l) => [seriesName(l.labels), l.labels])).values()];
    return [common(unique), new Map(legendNames(unique).map((name, i) => [seriesName(unique[i] as Labels), name]))];
  }, [lines]);
  const order = useMemo(() => {
    const rows = lines.map((l, i) => ({ l, slot: slots[i] ?? 0 }));
    if (!by) return rows;
    const sign = by.down ? -1 : 1;
    return rows.sort((a, b) => {
      if (by.column === 'name') return sign * (a.l.key < b.l.key ? -1 : a.l.key > b.l.key ? 1 : 0);
      return sign * ((a.l[by.column] ?? -Infinity) - (b.l[by.column] ?? -Infinity));
    });
  }, [lines, slots, by]);
  const logs = useLinks().logs;
  const spanOf = (l: Line) => {
    const agoMs = l.earlier ? (parseDuration(l.earlier) ?? 0) : 0;
    return { startMs: (xs[0] ?? 0) * 1000 - agoMs, endMs: (xs.at(-1) ?? 0) * 1000 - agoMs };
  };
  const [n, more] = useMore(order.length, 50);
  const head = (column: Column, word: string, num: boolean) => (
    <th class={num ? 'num' : ''} aria-sort={by?.column === column ? (by.down ? 'descending' : 'ascending') : 'none'}>
      <button
        type="button"
        class="sort"
        onClick={() => setBy({ column, down: by?.column === column ? !by.down : num })}
      >
        {word}
        {by?.column === column && (by.down ? ' ↓' : ' ↑')}
      </button>
    </th>
  );
  const cell = (v: number | null) => (
    <td class="num" title={v === null ? '' : String(v)}>
      {v === null ? '–' : humanValue(v, unit)}
    </td>
  );
  const save = () =>
    saveCsv('graph.csv', [
      ['time', ...lines.map((l) => l.key)],
      ...xs.map((x, i) => [new Date(x * 1000).toISOString(), ...lines.map((l) => String(l.values[i] ?? ''))]),
    ]);
  return (
    <>
      <div class="tablewrap">
        <table class="legend" data-testid="legend">
          <thead>
            <tr>
              {head('name', 'Series', false)}
              {logs && <th>{logs.title}</th>}
              {head('last', 'Last', true)}
              {head('min', 'Min', true)}
              {head('max', 'Max', true)}
              {head('avg', 'Avg', true)}
            </tr>
          </thead>
          <tbody>
            {order.slice(0, n).map(({ l, slot }) => (
              <tr
                key={l.key}
                tabIndex={0}
                class={hidden.has(l.key) ? 'off' : ''}
                data-testid="legend-row"
                onClick={(e) => onPick(l.key, e.ctrlKey || e.metaKey)}
                onKeyDown={(e) =>
                  (e.key === 'Enter' || e.key === ' ') && (e.preventDefault(), onPick(l.key, e.ctrlKey || e.metaKey))
                }
                title={l.key}
              >
                <td class="mono wrap">
                  <i
                    class={`swatch ${l.earlier || seriesDash(slot) ? 'dashed' : ''}`}
                    style={{ color: seriesColor(slot, isDark) }}
                  />
                  {names.get(seriesName(l.labels))}
                  {l.earlier && <span class="dim plain"> {l.earlier} earlier</span>}
                </td>
                {logs && (
                  <td onClick={(e) => e.stopPropagation()} onKeyDown={(e) => e.stopPropagation()}>
                    <OutLink link={logs} at={{ labels: l.labels, ...spanOf(l) }} />
                  </td>
                )}
                {cell(l.last)}
                {cell(l.min)}
                {cell(l.max)}
                {cell(l.avg)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {more}
      <p class="row foot">
        {Object.keys(shared).length > 0 && (
          <span class="dim">
            All have {shared['__name__'] && <code>{shared['__name__']}</code>} <Chips labels={shared} />
          </span>
        )}
        <span class="grow" />
        <span class="dim wideonly">
          step {humanSeconds(xs.length > 1 ? (xs[1] as number) - (xs[0] as number) : 0)} · click a row to isolate,
          Ctrl-click to switch · drag in the graph to zoom
        </span>
        <button type="button" class="small quiet" onClick={save}>
          CSV
        </button>
      </p>
    </>
  );
}
