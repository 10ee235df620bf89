import uPlot from 'uplot';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { seriesDash } from '../../lib/colors';
import { seriesName, stamp, type Labels, zoneWord, type Zone } from '../../lib/format';
import { api } from '../../lib/api';
import { expandLink } from '../../lib/links';
import { useStore } from '../../lib/store';
import { useLinks } from '../../query/OutLink';
import { lonely } from '../../query/graphdata';
import { timeLabels, zoned } from '../../query/plotparts';
import { option, word, type Drawing, type Mark } from '../board';
import { hidden, seriesColorOf, show, thresholdSteps } from '../fields';
import type { Field, Frame, Panel, PanelData } from '../model';
import { REDUCERS, reduce, reducerOf } from '../reduce';
import { formatUnit } from '../units';
import { num, obj } from '../read';

/** Lines drawn at most; more cannot be told apart. */
const MOST_LINES = 1000;
const MOST_EXEMPLARS = 2000;

type Values = (number | null | undefined)[];

interface Line {
  readonly key: string;
  readonly field: Field;
  readonly frame: Frame;
  readonly values: Values;
  readonly spec: Spec;
}

/** All that decides how a line looks; plots are rebuilt only when one of these changes. */
interface Spec {
  readonly name: string;
  readonly color: string;
  readonly width: number;
  readonly fill: string;
  readonly dash: readonly number[] | null;
  readonly style: string;
  readonly curve: string;
  readonly points: string;
  readonly pointSize: number;
  readonly bridge: boolean;
  readonly scale: string;
  readonly stack: string;
}

interface Scale {
  readonly key: string;
  readonly unit: string;
  readonly decimals: number | null;
  readonly right: boolean;
  readonly shown: boolean;
  readonly label: string;
  readonly min: number | null;
  readonly max: number | null;
  readonly softMin: number | null;
  readonly softMax: number | null;
  readonly log: number;
  readonly centered: boolean;
  readonly zero: boolean;
}

interface Exemplar {
  readonly ms: number;
  readonly value: number;
  readonly labels: Labels;
}

interface Prepared {
  readonly xs: number[];
  readonly lines: readonly Line[];
  readonly scales: readonly Scale[];
  readonly left: number;
}

/** Columns of numbers with the time they belong to. */
function columns(frames: readonly Frame[]): { frame: Frame; time: Field; field: Field }[] {
  const out: { frame: Frame; time: Field; field: Field }[] = [];
  for (const frame of frames) {
    const time = frame.fields.find((f) => f.type === 'time');
    if (time === undefined) continue;
    for (const field of frame.fields) if (field.type === 'number' && !hidden(field)) out.push({ frame, time, field });
  }
  return out;
}

/** Times of all columns, ascending, and where each is. */
function timesOf(cols: readonly { frame: Frame; time: Field }[]): { xs: number[]; at: (ms: number) => number } {
  const step = cols[0]?.frame.stepMs ?? 0;
  let least = Infinity;
  let most = -Infinity;
  let even = step > 0;
  for (const c of cols) {
    const ts = c.time.values;
    const first = ts[0];
    const last = ts.at(-1);
    if (typeof first !== 'number' || typeof last !== 'number') continue;
    if (c.frame.stepMs !== step) even = false;
    least = Math.min(least, first);
    most = Math.max(most, last);
  }
  if (!(least <= most)) return { xs: [], at: () => -1 };
  if (even && (most - least) / step < 20_000)
    even = cols.every((c) => c.time.values.every((t) => typeof t === 'number' && (t - least) % step === 0));
  else even = false;
  if (even) {
    const xs = Array.from({ length: Math.round((most - least) / step) + 1 }, (_, i) => least + i * step);
    return { xs, at: (ms) => (ms - least) / step };
  }
  const all = new Set<number>();
  for (const c of cols) for (const t of c.time.values) if (typeof t === 'number') all.add(t);
  const xs = [...all].sort((a, b) => a - b);
  const index = new Map(xs.map((x, i) => [x, i]));
  return { xs, at: (ms) => index.get(ms) ?? -1 };
}

function prepare(frames: readonly Frame[], dark: boolean): Prepared {
  const cols = columns(frames);
  const drawn = cols.slice(0, MOST_LINES);
  const { xs, at } = timesOf(drawn);
  const scales = new Map<string, Scale>();
  const keys = new Map<string, number>();
  const lines = drawn.map(({ frame, time, field }): Line => {
    const c = field.config.custom;
    const values: Values = new Array<number | null | undefined>(xs.length).fill(undefined);
    const flip = c['transform'] === 'negative-Y' ? -1 : 1;
    const constant = c['transform'] === 'constant';
    time.values.forEach((t, i) => {
      const v = constant ? field.values[0] : field.values[i];
      const x = typeof t === 'number' ? at(t) : -1;
      if (x >= 0) values[x] = typeof v === 'number' && Number.isFinite(v) ? v * flip : null;
    });
    if (typeof c['spanNulls'] === 'number') bridge(values, xs, c['spanNulls']);
    const scale = scaleOf(field, scales);
    const style = word(c['drawStyle'], 'line');
    const stack = stackOf(field);
    const color = seriesColorOf(field, dark);
    const opacity = Math.min(100, Math.max(0, num(c['fillOpacity']) ?? (stack === '' ? 0 : 10)));
    const dash = obj(c['lineStyle']);
    const auto =
      field.config.color?.mode === 'palette-classic' || field.config.color === undefined
        ? (seriesDash(field.index ?? 0) ?? null)
        : null;
    const name = field.display;
    const n = keys.get(name) ?? 0;
    keys.set(name, n + 1);
    return {
      key: n === 0 ? name : `${name} #${n + 1}`,
      field,
      frame,
      values,
      spec: {
        name,
        color,
        width: style === 'points' ? 0 : Math.min(10, num(c['lineWidth']) ?? 1),
        fill: opacity > 0 && style !== 'points' ? withAlpha(color, opacity / 100) : '',
        dash:
          dash['fill'] === 'dash' || dash['fill'] === 'dot'
            ? Array.isArray(dash['dash'])
              ? dash['dash'].filter((d): d is number => typeof d === 'number' && d >= 0).slice(0, 8)
              : dash['fill'] === 'dot'
                ? [0, 10]
                : [10, 10]
            : auto,
        style,
        curve: word(c['lineInterpolation'], 'linear'),
        points: word(c['showPoints'], 'auto'),
        pointSize: Math.min(40, num(c['pointSize']) ?? 5),
        bridge: c['spanNulls'] === true,
        scale,
        stack,
      },
    };
  });
  return { xs: xs.map((x) => x / 1000), lines, scales: [...scales.values()], left: cols.length - drawn.length };
}

/** Gaps shorter than so many milliseconds are crossed. */
function bridge(values: Values, xs: readonly number[], mostMs: number): void {
  let last = -1;
  for (let i = 0; i < values.length; i++) {
    if (typeof values[i] !== 'number') continue;
    if (last >= 0 && (xs[i] as number) - (xs[last] as number) <= mostMs)
      for (let k = last + 1; k < i; k++) if (values[k] === null) values[k] = undefined;
    last = i;
  }
}

function stackOf(field: Field): string {
  const s = obj(field.config.custom['stacking']);
  const mode = word(s['mode'], 'none');
  if (mode !== 'normal' && mode !== 'percent') return '';
  const down = field.config.custom['transform'] === 'negative-Y' ? '-' : '+';
  return `${mode}:${String(s['group'] ?? 'A')}:${down}`;
}

function scaleOf(field: Field, scales: Map<string, Scale>): string {
  const c = field.config.custom;
  const placement = word(c['axisPlacement'], 'auto');
  const distribution = obj(c['scaleDistribution']);
  const stacked = stackOf(field) !== '';
  const percent = stackOf(field).startsWith('percent');
  const made: Omit<Scale, 'key' | 'right' | 'zero'> & { placement: string } = {
    unit: percent ? 'percentunit' : (field.config.unit ?? ''),
    decimals: field.config.decimals ?? null,
    shown: placement !== 'hidden',
    label: word(c['axisLabel']).slice(0, 200),
    min: field.config.min ?? null,
    max: field.config.max ?? null,
    softMin: num(c['axisSoftMin']) ?? null,
    softMax: num(c['axisSoftMax']) ?? null,
    log: distribution['type'] === 'log' ? (distribution['log'] === 2 ? 2 : 10) : 0,
    centered: c['axisCenteredZero'] === true,
    placement: placement === 'hidden' ? 'auto' : placement,
  };
  const key = JSON.stringify([made.unit, made.placement, made.label, made.min, made.max, made.log, made.centered]);
  const zero = stacked || c['drawStyle'] === 'bars';
  const known = scales.get(key);
  if (known === undefined) {
    const { placement: where, ...rest } = made;
    scales.set(key, {
      ...rest,
      key: `y${scales.size}`,
      zero,
      right: where === 'right' || (where === 'auto' && scales.size > 0),
    });
  } else if (zero && !known.zero) scales.set(key, { ...known, zero });
  return (scales.get(key) as Scale).key;
}

function withAlpha(color: string, alpha: number): string {
  const m = /^#([0-9a-f]{6})$/i.exec(color);
  if (m) {
    const a = Math.round(alpha * 255)
      .toString(16)
      .padStart(2, '0');
    return `${color}${a}`;
  }
  return `color-mix(in srgb, ${color} ${Math.round(alpha * 100)}%, transparent)`;
}

/** Values to draw: stacked ones lie on those before them, and where shares are wanted they are shares. */
function stacked(lines: readonly Line[], shown: readonly boolean[]): { drawn: Values[]; bands: uPlot.Band[] } {
  const drawn: Values[] = lines.map((l) => l.values);
  const bands: uPlot.Band[] = [];
  const groups = new Map<string, number[]>();
  lines.forEach((l, i) => {
    if (l.spec.stack === '' || !shown[i]) return;
    const key = `${l.spec.stack} ${l.spec.scale}`;
    const g = groups.get(key);
    if (g === undefined) groups.set(key, [i]);
    else g.push(i);
  });
  for (const [key, group] of groups) {
    const length = lines[group[0] as number]?.values.length ?? 0;
    const total = new Array<number>(length).fill(0);
    if (key.startsWith('percent'))
      for (const i of group)
        (lines[i] as Line).values.forEach((v, x) => {
          if (typeof v === 'number') total[x] = (total[x] as number) + Math.abs(v);
        });
    const base = new Array<number>(length).fill(0);
    let below = -1;
    for (const i of group) {
      drawn[i] = (lines[i] as Line).values.map((v, x) => {
        if (typeof v !== 'number') return v;
        const own = key.startsWith('percent') ? (total[x] === 0 ? 0 : v / (total[x] as number)) : v;
        return (base[x] = (base[x] as number) + own);
      });
      if (below >= 0) bands.push({ series: [i + 1, below + 1], dir: key.includes(':-') ? 1 : -1 });
      below = i;
    }
  }
  return { drawn, bands };
}

function rangeFor(s: Scale, min: number | null, max: number | null): [number, number] {
  let lo = min ?? 0;
  let hi = max ?? (s.unit === 'percentunit' ? 1 : s.unit === 'percent' ? 100 : 1);
  if (s.log > 0) {
    lo = s.min ?? (lo > 0 ? lo : 0.001);
    hi = s.max ?? (hi > lo ? hi : lo * 10);
    return [s.log ** Math.floor(Math.log(lo) / Math.log(s.log)), s.log ** Math.ceil(Math.log(hi) / Math.log(s.log))];
  }
  if (s.zero) {
    lo = Math.min(0, lo);
    hi = Math.max(0, hi);
  }
  if (s.softMin !== null) lo = Math.min(lo, s.softMin);
  if (s.softMax !== null) hi = Math.max(hi, s.softMax);
  const [dataLo, dataHi] = [lo, hi];
  if (hi <= lo) {
    const around = Math.abs(lo) * 0.1 || 1;
    hi = lo + around;
    if (lo !== 0) lo -= around;
  } else {
    const pad = (hi - lo) * 0.06;
    if (!(dataLo === 0 || dataLo === s.softMin)) lo = dataLo > 0 && dataLo - pad < 0 ? 0 : lo - pad;
    if (!(dataHi === 0 || dataHi === s.softMax)) hi += pad;
  }
  if (s.centered) {
    const m = Math.max(Math.abs(lo), Math.abs(hi));
    [lo, hi] = [-m, m];
  }
  lo = s.min ?? lo;
  hi = s.max ?? hi;
  return hi > lo ? [lo, hi] : [lo, lo + 1];
}

const BYTES = /^(bytes|bits|kbytes|mbytes|gbytes|tbytes|binBps|binbps|Ki.*|Mi.*|Gi.*)$/;

/** Labels of an axis with as many decimals as they need to differ. */
function tickText(s: Scale, ticks: readonly (number | null)[]): string[] {
  const text = (decimals?: number) =>
    ticks.map((t) => {
      if (t === null) return '';
      const f = formatUnit(s.unit, t, decimals);
      return `${f.prefix}${f.number}${f.suffix}`;
    });
  if (s.decimals !== null) return text(s.decimals);
  let out = text();
  const some = ticks.filter((t) => t !== null).length;
  for (let d = 1; d <= 4 && new Set(out.filter((t) => t !== '')).size < some; d++) out = text(d);
  return out;
}

function pathsOf(spec: Spec): uPlot.Series.PathBuilder {
  const p = uPlot.paths;
  if (spec.style === 'bars' && p.bars) return p.bars({ size: [0.8, 60], align: 0 });
  if (spec.style === 'points') return () => null;
  if (spec.curve === 'smooth' && p.spline) return p.spline();
  if (spec.curve === 'stepBefore' && p.stepped) return p.stepped({ align: -1 });
  if (spec.curve === 'stepAfter' && p.stepped) return p.stepped({ align: 1 });
  return (p.linear as () => uPlot.Series.PathBuilder)();
}

interface Tip {
  readonly left: number;
  readonly top: number;
  readonly flip: boolean;
  readonly ms: number;
  readonly rows: readonly { line: Line; value: number; near: boolean }[];
  readonly more: number;
  readonly marks: readonly Mark[];
  readonly exemplar: Exemplar | null;
}

/** Lines, bars and points over time, with a legend. */
export function Timeseries(props: Drawing) {
  const { panel, data, dark } = props;
  const made = useMemo(() => prepare(data.frames, dark), [data.frames, dark]);
  const [off, setOff] = useState<ReadonlySet<string>>(new Set());
  const [exemplars, setExemplars] = useState<readonly Exemplar[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    const exprs = data.asked.filter(
      (a) => !a.instant && panel.targets.some((t) => t.refId === a.refId && t.exemplar && !t.hidden),
    );
    if (exprs.length === 0) {
      setExemplars([]);
      return undefined;
    }
    Promise.all(
      exprs.map((a) =>
        api<{ seriesLabels: Labels; exemplars: { labels: Labels; value: string; timestamp: number }[] }[]>(
          'query_exemplars',
          { query: a.expr, start: String(a.startMs / 1000), end: String(a.endMs / 1000) },
          abort.signal,
        ).then(
          (x) => x.data,
          () => [],
        ),
      ),
    ).then(
      (all) => {
        if (abort.signal.aborted) return;
        setExemplars(
          all
            .flat()
            .flatMap((s) =>
              s.exemplars.map((e) => ({
                ms: e.timestamp * 1000,
                value: Number(e.value),
                labels: { ...s.seriesLabels, ...e.labels },
              })),
            )
            .slice(0, MOST_EXEMPLARS),
        );
      },
      () => undefined,
    );
    return () => abort.abort();
  }, [data.asked, panel.targets]);
  const pick = (key: string, toggle: boolean) => {
    const keys = made.lines.map((l) => l.key);
    if (toggle) {
      const next = new Set(off);
      if (!next.delete(key)) next.add(key);
      setOff(next);
      return;
    }
    const alone = keys.every((k) => (k === key) !== off.has(k));
    setOff(new Set(alone ? [] : keys.filter((k) => k !== key)));
  };
  const legend = option(panel, 'legend');
  const none = legend['showLegend'] === false || legend['displayMode'] === 'hidden';
  const right = legend['placement'] === 'right';
  return (
    <div class={`dts ${right && !none ? 'right' : ''}`}>
      {made.left > 0 && (
        <p class="dnote">
          {MOST_LINES.toLocaleString('en')} of {(MOST_LINES + made.left).toLocaleString('en')} series are drawn.
        </p>
      )}
      <Plot {...props} made={made} off={off} exemplars={exemplars} />
      <Legend panel={panel} made={made} off={off} dark={dark} zone={props.zone} unseen={none} onPick={pick} />
    </div>
  );
}

interface PlotProps extends Drawing {
  readonly made: Prepared;
  readonly off: ReadonlySet<string>;
  readonly exemplars: readonly Exemplar[];
}

function Plot({ panel, data, board, dark, zone, made, off, exemplars }: PlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const marks = useStore(board.marks);
  const [tip, setTip] = useState<Tip | null>(null);
  const shown = made.lines.map((l) => !off.has(l.key));
  const shape = useMemo(
    () =>
      JSON.stringify([
        made.lines.map((l) => l.spec),
        made.scales,
        dark,
        zone,
        made.lines.map((l) => (l.spec.stack === '' ? 0 : off.has(l.key))),
        panel.options['tooltip'],
      ]),
    [made, dark, zone, off, panel],
  );
  const { drawn, bands } = useMemo(() => stacked(made.lines, shown), [made, off]);
  const now = useRef({ made, drawn, shown, data, marks, exemplars, panel, dark });
  now.current = { made, drawn, shown, data, marks, exemplars, panel, dark };
  const { trace } = useLinks();
  const traceNow = useRef(trace);
  traceNow.current = trace;

  useEffect(() => {
    const el = host.current;
    if (!el) return undefined;
    const css = getComputedStyle(el);
    const ink = css.getPropertyValue('--ink').trim() || (dark ? '#a0a8b3' : '#56606c');
    const grid = dark ? '#2a2f36' : '#e6e8eb';
    const font = `11px ${css.getPropertyValue('--sans').trim() || 'sans-serif'}`;
    let over = false;
    const tooltip = word(option(panel, 'tooltip')['mode'], 'single');
    const scales: uPlot.Scales = {
      x: { time: true, range: () => [now.current.data.range.fromMs / 1000, now.current.data.range.toMs / 1000] },
    };
    const axes: uPlot.Axis[] = [
      {
        stroke: ink,
        grid: { stroke: grid, width: 1 },
        ticks: { show: false },
        font,
        space: 70,
        gap: 4,
        size: (_u, values) => (values?.some((v) => v?.includes('\n')) ? 36 : 22),
        values: timeLabels,
      },
    ];
    made.scales.forEach((s, i) => {
      scales[s.key] = {
        range: (_u, min, max) => rangeFor(s, min, max),
        ...(s.log > 0 ? { distr: 3, log: s.log === 2 ? 2 : 10 } : {}),
      };
      axes.push({
        scale: s.key,
        side: s.right ? 1 : 3,
        show: s.shown,
        stroke: ink,
        grid: { show: i === 0, stroke: grid, width: 1 },
        ticks: { show: false },
        font,
        gap: 4,
        space: 26,
        ...(s.label === '' ? {} : { label: s.label, labelSize: 18, labelFont: font, labelGap: 0 }),
        size: (_u, values) => Math.max(24, (values ?? []).reduce((n, v) => Math.max(n, v?.length ?? 0), 0) * 6.2 + 10),
        ...(BYTES.test(s.unit) && s.log === 0 ? { incrs: Array.from({ length: 75 }, (_, k) => 2 ** (k - 10)) } : {}),
        values: (_u, ticks) => tickText(s, ticks),
      });
    });
    const u = new uPlot(
      {
        width: Math.max(40, el.clientWidth),
        height: Math.max(40, el.clientHeight),
        legend: { show: false },
        padding: [6, 8, 0, made.scales.some((s) => !s.right && s.shown) ? 0 : 8],
        tzDate: (s) => zoned(s, zone),
        cursor: {
          ...(board.dashboard.crosshair
            ? { sync: { key: board.syncKey, setSeries: false, scales: ['x', null] as [string, null] } }
            : {}),
          drag: { x: true, y: false, setScale: false },
          points: { size: 6 },
          y: false,
        },
        scales,
        axes,
        series: [
          {},
          ...made.lines.map((l, i): uPlot.Series => {
            const s = l.spec;
            return {
              label: l.key,
              scale: s.scale,
              show: now.current.shown[i] ?? true,
              stroke: s.color,
              width: s.width,
              spanGaps: s.bridge,
              paths: pathsOf(s),
              ...(s.dash !== null && s.dash.length > 1 ? { dash: [...s.dash] } : {}),
              ...(s.fill !== '' ? { fill: s.fill } : {}),
              ...(s.fill !== '' && s.stack === '' ? { fillTo: (self: uPlot) => fillTo(self, s.scale) } : {}),
              points: {
                size: s.pointSize,
                fill: s.color,
                stroke: s.color,
                width: 0,
                show: s.style === 'bars' ? false : s.style === 'points' || s.points !== 'never',
                ...(s.style === 'points' || s.points === 'always'
                  ? {}
                  : {
                      filter: (self: uPlot, at: number) => {
                        const values = self.data[at] as Values;
                        return lonely(values, 0, values.length - 1);
                      },
                    }),
              },
            };
          }),
        ],
        bands,
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
            (self) => setTip(over && tooltip !== 'none' ? tipAt(self, now.current, tooltip === 'multi') : null),
          ],
          drawAxes: [(self) => drawThresholds(self, now.current.made, now.current.dark, true)],
          draw: [
            (self) => {
              drawThresholds(self, now.current.made, now.current.dark, false);
              drawMarks(self, now.current.marks);
              drawExemplars(self, now.current.exemplars, now.current.made, now.current.dark);
            },
          ],
        },
      },
      [made.xs, ...now.current.drawn] as unknown as uPlot.AlignedData,
      el,
    );
    const enter = () => (over = true);
    const leave = () => {
      over = false;
      setTip(null);
    };
    let pressed = -Infinity;
    u.over.addEventListener('mousedown', (e) => (pressed = e.clientX));
    u.over.addEventListener('mouseup', (e) => {
      if (Math.abs(e.clientX - pressed) > 4 || !traceNow.current) return;
      const hit = nearExemplar(u, now.current);
      const href =
        hit &&
        expandLink(traceNow.current.url, { labels: hit.labels, startMs: hit.ms - 60_000, endMs: hit.ms + 60_000 });
      if (href) window.open(href, '_blank', 'noopener,noreferrer');
    });
    u.over.addEventListener('mouseenter', enter);
    u.over.addEventListener('mouseleave', leave);
    chart.current = u;
    const resize = new ResizeObserver(() => {
      if (el.clientWidth > 0 && (u.width !== el.clientWidth || u.height !== el.clientHeight))
        u.setSize({ width: el.clientWidth, height: Math.max(40, el.clientHeight) });
    });
    resize.observe(el);
    return () => {
      resize.disconnect();
      u.destroy();
      chart.current = null;
      setTip(null);
    };
  }, [shape]);

  const first = useRef<unknown>(null);
  useEffect(() => {
    const u = chart.current;
    if (!u || first.current === drawn) return;
    first.current = drawn;
    u.setData([made.xs, ...drawn] as unknown as uPlot.AlignedData);
  }, [drawn, made, shape]);
  useEffect(() => {
    const u = chart.current;
    if (!u) return;
    shown.forEach((s, i) => {
      if (u.series[i + 1]?.show !== s) u.setSeries(i + 1, { show: s }, false);
    });
  }, [off, shape]);
  useEffect(() => chart.current?.redraw(false), [marks, exemplars]);

  return (
    <div class="dplot">
      <div ref={host} class="dcanvas" role="img" aria-label={summary(panel, made, dark)} />
      {tip && (
        <div class={`tip ${tip.flip ? 'flip' : ''}`} style={{ left: `${tip.left}px`, top: `${tip.top}px` }}>
          <div class="dim">
            {stamp(tip.ms, zone)}
            {zone !== 'local' && ` ${zoneWord(zone)}`}
          </div>
          {tip.rows.map(({ line, value, near }) => (
            <div class="dtip" key={line.key}>
              <i class="swatch" style={{ color: line.spec.color }} />
              <span class={near ? 'near' : ''}>{line.key.slice(0, 120)}</span>
              <b>{show(line.field, value, { dark, zone }).text}</b>
            </div>
          ))}
          {tip.more > 0 && <div class="dim">and {tip.more} more</div>}
          {tip.marks.map((m, i) => (
            <div key={i} class="wrap">
              <i class="swatch" style={{ color: m.color }} />
              {m.text}
            </div>
          ))}
          {tip.exemplar && (
            <div class="mono wrap">
              <span class="dim">◇ exemplar</span> {tip.exemplar.value} {seriesName(tip.exemplar.labels)}
              {trace && <div class="dim">click: {trace.title}</div>}
            </div>
          )}
        </div>
      )}
    </div>
  );
}

function fillTo(u: uPlot, scale: string): number {
  const s = u.scales[scale];
  const min = s?.min ?? 0;
  const max = s?.max ?? 0;
  return s?.distr === 3 ? min : Math.min(Math.max(0, min), max);
}

function summary(panel: Panel, made: Prepared, dark: boolean): string {
  const count = `${made.lines.length} series`;
  if (new Set(made.lines.map((l) => l.field.config.unit)).size > 1) return `${panel.title}: ${count} in several units`;
  let lo: { field: Field; v: number } | null = null;
  let hi: { field: Field; v: number } | null = null;
  for (const { field } of made.lines) {
    const v = reduce(field.values, 'lastNotNull');
    if (typeof v !== 'number' || !Number.isFinite(v)) continue;
    if (lo === null || v < lo.v) lo = { field, v };
    if (hi === null || v > hi.v) hi = { field, v };
  }
  if (lo === null || hi === null) return `${panel.title}: ${count}`;
  const [a, b] = [show(lo.field, lo.v, { dark }).text, show(hi.field, hi.v, { dark }).text];
  return `${panel.title}: ${count}, last ${a === b ? a : `${a} to ${b}`}`;
}

interface Now {
  readonly made: Prepared;
  readonly drawn: readonly Values[];
  readonly shown: readonly boolean[];
  readonly marks: readonly Mark[];
  readonly exemplars: readonly Exemplar[];
  readonly panel: Panel;
  readonly data: PanelData;
}

const TIP_ROWS = 24;

function tipAt(u: uPlot, now: Now, multi: boolean): Tip | null {
  const { idx, left, top } = u.cursor;
  if (idx == null || left == null || top == null || left < 0 || top < 0) return null;
  const ratio = devicePixelRatio;
  const rows: { line: Line; value: number; near: boolean; far: number }[] = [];
  now.made.lines.forEach((line, i) => {
    const v = now.drawn[i]?.[idx];
    const own = line.values[idx];
    if (!now.shown[i] || typeof v !== 'number' || typeof own !== 'number') return;
    if (obj(line.field.config.custom['hideFrom'])['tooltip'] === true) return;
    const value = line.field.config.custom['transform'] === 'negative-Y' ? -own : own;
    rows.push({ line, value, near: false, far: Math.abs(u.valToPos(v, line.spec.scale) - top) });
  });
  const marks = now.marks.filter((m) => {
    const from = u.valToPos(m.fromMs / 1000, 'x');
    const to = u.valToPos(m.toMs / 1000, 'x');
    return left >= from - 5 && left <= to + 5;
  });
  const exemplar = nearExemplar(u, now);
  if (rows.length === 0 && marks.length === 0 && exemplar === null) return null;
  const nearest = rows.reduce<(typeof rows)[number] | null>((b, r) => (b === null || r.far < b.far ? r : b), null);
  let list = rows;
  if (!multi) list = nearest === null ? [] : [nearest];
  else {
    if (nearest !== null) nearest.near = true;
    const sort = word(option(now.panel, 'tooltip')['sort'], 'none');
    if (list.length > TIP_ROWS) list = [...list].sort((a, b) => a.far - b.far).slice(0, TIP_ROWS);
    if (sort !== 'none') list = [...list].sort((a, b) => (sort === 'asc' ? a.value - b.value : b.value - a.value));
  }
  return {
    left: left + u.bbox.left / ratio,
    top: Math.min(u.bbox.top / ratio + 8, 40),
    flip: left > u.bbox.width / ratio / 2,
    ms: (u.data[0][idx] as number) * 1000,
    rows: list,
    more: multi ? rows.length - list.length : 0,
    marks: marks.slice(0, 5),
    exemplar,
  };
}

function drawThresholds(u: uPlot, made: Prepared, dark: boolean, areas: boolean): void {
  const done = new Set<string>();
  const { ctx, bbox } = u;
  for (const l of made.lines) {
    const style = word(obj(l.field.config.custom['thresholdsStyle'])['mode'], 'off');
    if (style === 'off' || done.has(l.spec.scale)) continue;
    done.add(l.spec.scale);
    const steps = thresholdSteps(l.field, dark);
    const y = (v: number) => Math.max(bbox.top, Math.min(bbox.top + bbox.height, u.valToPos(v, l.spec.scale, true)));
    ctx.save();
    if (areas && style.includes('area'))
      steps.forEach((s, i) => {
        const from = s.value === -Infinity ? bbox.top + bbox.height : y(s.value);
        const next = steps[i + 1];
        const to = next === undefined ? bbox.top : y(next.value);
        ctx.fillStyle = withAlpha(s.color, 0.12);
        if (from > to) ctx.fillRect(bbox.left, to, bbox.width, from - to);
      });
    if (!areas && (style.includes('line') || style.includes('dashed')))
      for (const s of steps) {
        const at = u.valToPos(s.value, l.spec.scale, true);
        if (s.value === -Infinity || at < bbox.top || at > bbox.top + bbox.height) continue;
        ctx.strokeStyle = s.color;
        ctx.lineWidth = devicePixelRatio * 1.5;
        ctx.setLineDash(style.includes('dashed') ? [8 * devicePixelRatio, 6 * devicePixelRatio] : []);
        ctx.beginPath();
        ctx.moveTo(bbox.left, at);
        ctx.lineTo(bbox.left + bbox.width, at);
        ctx.stroke();
      }
    ctx.restore();
  }
}

function drawMarks(u: uPlot, marks: readonly Mark[]): void {
  const { ctx, bbox } = u;
  const r = devicePixelRatio;
  ctx.save();
  for (const m of marks) {
    const from = u.valToPos(m.fromMs / 1000, 'x', true);
    const to = u.valToPos(m.toMs / 1000, 'x', true);
    if (to < bbox.left || from > bbox.left + bbox.width) continue;
    const left = Math.max(bbox.left, from);
    ctx.strokeStyle = m.color;
    ctx.fillStyle = withAlpha(m.color, 0.12);
    if (to - from > 2) ctx.fillRect(left, bbox.top, Math.min(to, bbox.left + bbox.width) - left, bbox.height);
    ctx.lineWidth = r;
    ctx.setLineDash([4 * r, 3 * r]);
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.fillStyle = m.color;
    ctx.beginPath();
    ctx.moveTo(left - 4 * r, bbox.top + bbox.height);
    ctx.lineTo(left + 4 * r, bbox.top + bbox.height);
    ctx.lineTo(left, bbox.top + bbox.height - 6 * r);
    ctx.fill();
  }
  ctx.restore();
}

/** The exemplar under the pointer. */
function nearExemplar(u: uPlot, now: Now): Exemplar | null {
  const { left, top } = u.cursor;
  if (left == null || top == null) return null;
  return (
    now.exemplars.find((e) => Math.hypot(u.valToPos(e.ms / 1000, 'x') - left, exemplarY(u, e, now.made) - top) < 10) ??
    null
  );
}

/** Exemplars of another size than the lines lie on the lower or upper edge. */
function exemplarY(u: uPlot, e: Exemplar, made: Prepared): number {
  const scale = made.lines[0]?.spec.scale ?? 'y0';
  const y = u.valToPos(e.value, scale);
  return Math.max(4, Math.min(u.bbox.height / devicePixelRatio - 4, Number.isFinite(y) ? y : 4));
}

function drawExemplars(u: uPlot, exemplars: readonly Exemplar[], made: Prepared, dark: boolean): void {
  if (exemplars.length === 0) return;
  const { ctx, bbox } = u;
  const r = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = r;
  ctx.strokeStyle = dark ? '#e4e7eb' : '#1b1f24';
  ctx.fillStyle = dark ? '#191c20' : '#ffffff';
  for (const e of exemplars) {
    const x = u.valToPos(e.ms / 1000, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const y = exemplarY(u, e, made) * r + bbox.top;
    ctx.beginPath();
    ctx.moveTo(x, y - 4 * r);
    ctx.lineTo(x + 4 * r, y);
    ctx.lineTo(x, y + 4 * r);
    ctx.lineTo(x - 4 * r, y);
    ctx.closePath();
    ctx.fill();
    ctx.stroke();
  }
  ctx.restore();
}

interface LegendProps {
  readonly panel: Panel;
  readonly made: Prepared;
  readonly off: ReadonlySet<string>;
  readonly dark: boolean;
  readonly zone: Zone;
  readonly unseen: boolean;
  readonly onPick: (key: string, toggle: boolean) => void;
}

const LEGEND_ROWS = 100;

/** Names and statistics of the lines; a click isolates one, Ctrl-click switches it. Unseen, it is there for screen readers. */
function Legend({ panel, made, off, dark, zone, unseen, onPick }: LegendProps) {
  const legend = option(panel, 'legend');
  const [by, setBy] = useState<{ column: string; down: boolean }>({
    column: word(legend['sortBy']),
    down: legend['sortDesc'] === true,
  });
  const [all, setAll] = useState(false);
  const table = legend['displayMode'] === 'table' && !unseen;
  const calcs = (Array.isArray(legend['calcs']) ? legend['calcs'] : []).slice(0, 10).map((c) => reducerOf(String(c)));
  const rows = useMemo(() => {
    const out = made.lines
      .filter((l) => obj(l.field.config.custom['hideFrom'])['legend'] !== true)
      .map((line) => ({
        line,
        last: reduce(line.field.values, 'lastNotNull'),
        figures: calcs.map((c) => reduce(line.field.values, c)),
      }));
    const at = calcs.findIndex((c) => REDUCERS[c] === by.column || c === by.column);
    if (at >= 0) {
      const n = (v: unknown) => (typeof v === 'number' && !Number.isNaN(v) ? v : -Infinity);
      out.sort((a, b) => (n(a.figures[at]) - n(b.figures[at])) * (by.down ? -1 : 1));
    } else if (by.column === 'Name')
      out.sort((a, b) => a.line.spec.name.localeCompare(b.line.spec.name, 'en') * (by.down ? -1 : 1));
    return out;
  }, [made, by, calcs.join()]);
  const visible = all || unseen ? rows.slice(0, unseen ? LEGEND_ROWS : undefined) : rows.slice(0, LEGEND_ROWS);
  const press = (key: string) => ({
    onClick: (e: MouseEvent) => onPick(key, e.ctrlKey || e.metaKey),
  });
  const mark = (line: Line, last: unknown) => ({
    'data-testid': 'series',
    'data-name': line.spec.name,
    'data-last': last === null ? '' : String(last),
  });
  const text = (line: Line, v: number | string | null) => show(line.field, v, { dark, zone }).text;
  const head = (column: string, label: string, num: boolean) => (
    <th class={num ? 'num' : ''} aria-sort={by.column === column ? (by.down ? 'descending' : 'ascending') : 'none'}>
      <button type="button" class="sort" onClick={() => setBy({ column, down: by.column === column ? !by.down : num })}>
        {label}
        {by.column === column && (by.down ? ' ↓' : ' ↑')}
      </button>
    </th>
  );
  const more =
    rows.length > visible.length && !unseen ? (
      <button type="button" class="small quiet" onClick={() => setAll(true)}>
        {(rows.length - visible.length).toLocaleString('en')} more
      </button>
    ) : null;
  const name = (line: Line) => (
    <button type="button" class="dname" aria-pressed={!off.has(line.key)} title={line.spec.name} {...press(line.key)}>
      <i class={`swatch ${line.spec.dash ? 'dashed' : ''}`} style={{ color: line.spec.color }} />
      <span>{line.spec.name}</span>
    </button>
  );
  if (unseen)
    return (
      <table class="unseen">
        <caption>{panel.title}</caption>
        <thead>
          <tr>
            <th>Series</th>
            <th>Last</th>
          </tr>
        </thead>
        <tbody>
          {visible.map(({ line, last }) => (
            <tr key={line.key} {...mark(line, last)}>
              <td>{line.spec.name}</td>
              <td>{text(line, last)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    );
  if (table)
    return (
      <div class="dlegend">
        <table>
          <thead>
            <tr>
              {head('Name', 'Name', false)}
              {calcs.map((c) => head(REDUCERS[c] ?? c, REDUCERS[c] ?? c, true))}
            </tr>
          </thead>
          <tbody>
            {visible.map(({ line, last, figures }) => (
              <tr key={line.key} class={off.has(line.key) ? 'off' : ''} {...mark(line, last)}>
                <td>{name(line)}</td>
                {figures.map((v, i) => (
                  <td class="num" key={calcs[i]} title={v === null ? '' : String(v)}>
                    {text(line, v)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {more}
      </div>
    );
  return (
    <ul class="dlegend list">
      {visible.map(({ line, last, figures }) => (
        <li key={line.key} class={off.has(line.key) ? 'off' : ''} {...mark(line, last)}>
          {name(line)}
          {figures.map((v, i) => (
            <span class="dim" key={calcs[i]}>
              {REDUCERS[calcs[i] ?? '']}: <b>{text(line, v)}</b>
            </span>
          ))}
          {figures.length === 0 && <span class="unseen">last {text(line, last)}</span>}
        </li>
      ))}
      {more && <li>{more}</li>}
    </ul>
  );
}

/** Number of lines drawn for these frames. */
export function lineCount(frames: readonly Frame[]): number {
  return Math.min(MOST_LINES, columns(frames).length);
}
