/** Converts responses of the API to columns for charts. Pure functions. */
import { seriesName, type Labels } from '../lib/format';

export type Point = [number, string];

export interface HistogramValue {
  count: string;
  sum: string;
  buckets?: [number, string, string, string][];
}

export interface RangeSeries {
  metric: Labels;
  values?: Point[];
  histograms?: [number, HistogramValue][];
}

export interface Line {
  readonly key: string;
  readonly labels: Labels;
  /** One value per step; null where there is none, which stays a gap. */
  readonly values: (number | null)[];
  readonly last: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly avg: number | null;
  /** How much earlier its values are than where they are drawn, such as `1d`. */
  readonly earlier?: string;
}

/** Times of the steps in seconds. */
export function steps(startS: number, endS: number, stepS: number): number[] {
  const n = Math.floor((endS - startS) / stepS + 1e-9) + 1;
  return Array.from({ length: n }, (_, i) => startS + i * stepS);
}

/** Aligns a series to the steps. Values that are not finite are gaps. */
export function line(series: RangeSeries, xs: readonly number[], stepS: number): Line {
  const values: (number | null)[] = new Array<number | null>(xs.length).fill(null);
  const start = xs[0] ?? 0;
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  let n = 0;
  let last: number | null = null;
  for (const [t, text] of series.values ?? []) {
    const v = Number(text);
    const i = Math.round((t - start) / stepS);
    if (!Number.isFinite(v) || i < 0 || i >= xs.length) continue;
    values[i] = v;
    min = Math.min(min, v);
    max = Math.max(max, v);
    sum += v;
    n++;
    last = v;
  }
  return {
    key: seriesName(series.metric),
    labels: series.metric,
    values,
    last,
    min: n > 0 ? min : null,
    max: n > 0 ? max : null,
    avg: n > 0 ? sum / n : null,
  };
}

/** Lines of an earlier time, drawn at the steps of the present one. */
export function earlierLines(
  result: readonly RangeSeries[],
  xs: readonly number[],
  stepS: number,
  agoS: number,
  word: string,
): Line[] {
  const times = xs.map((x) => x - agoS);
  return result
    .filter((s) => (s.values?.length ?? 0) > 0)
    .map((s) => {
      const l = line(s, times, stepS);
      return { ...l, key: `${l.key} ${word} earlier`, earlier: word };
    });
}

/** Stacks lines from the first up; a gap adds nothing to those above and stays a gap in its own line. */
export function stack(lines: readonly (readonly (number | null)[])[]): (number | null)[][] {
  const base: number[] = new Array<number>(lines[0]?.length ?? 0).fill(0);
  return lines.map((values) =>
    values.map((v, i) => {
      if (v === null) return null;
      const top = (base[i] ?? 0) + v;
      base[i] = top;
      return top;
    }),
  );
}

/** Indexes of points without a neighbour: lines cannot show them, dots do. */
export function lonely(values: readonly (number | null | undefined)[], from: number, to: number): number[] {
  const out: number[] = [];
  for (let i = from; i <= to; i++) {
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) out.push(i);
  }
  return out;
}

/** Labels with the same value in all series, the name included: shown in the heading, not in each row. */
export function common(all: readonly Labels[]): Labels {
  const first = all[0];
  if (!first || all.length < 2) return {};
  return Object.fromEntries(Object.entries(first).filter(([k, v]) => all.every((l) => l[k] === v)));
}

/** What a legend calls each series: the labels that differ, and all of them when the query has one series. */
export function legendNames(all: readonly Labels[]): string[] {
  const shared = common(all);
  return all.map((labels) => {
    const rest = Object.fromEntries(Object.entries(labels).filter(([k]) => !(k in shared)));
    return seriesName(Object.keys(rest).length === 0 ? labels : rest);
  });
}

export interface Cell {
  /** Index of the step. */
  readonly x: number;
  /** Indexes into the edges. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

export interface Heat {
  /** All bounds of buckets, ascending. */
  readonly edges: readonly number[];
  readonly cells: readonly Cell[];
  readonly max: number;
}

/** Buckets over time: from native histograms, and from series with `le`; label sets without `le` are added up. */
export function heat(result: readonly RangeSeries[], xs: readonly number[], stepS: number): Heat {
  const start = xs[0] ?? 0;
  const at = (t: number) => Math.round((t - start) / stepS);
  const sums = new Map<string, { x: number; lo: number; hi: number; count: number }>();
  const add = (x: number, lo: number, hi: number, count: number) => {
    if (!(count > 0) || x < 0 || x >= xs.length || !(hi > lo)) return;
    const key = `${x} ${lo} ${hi}`;
    const cell = sums.get(key);
    if (cell) cell.count += count;
    else sums.set(key, { x, lo, hi, count });
  };
  for (const s of result) {
    for (const [t, h] of s.histograms ?? []) {
      for (const [, lo, hi, count] of h.buckets ?? []) add(at(t), Number(lo), Number(hi), Number(count));
    }
  }
  const bounds = addClassic(result, at, add);
  const edges = [...new Set([...sums.values()].flatMap((c) => [c.lo, c.hi]).concat(sums.size > 0 ? bounds : []))].sort(
    (a, b) => a - b,
  );
  const index = new Map(edges.map((e, i) => [e, i]));
  const cells = [...sums.values()].map((c) => ({
    x: c.x,
    from: index.get(c.lo) ?? 0,
    to: index.get(c.hi) ?? 0,
    count: c.count,
  }));
  return { edges, cells, max: cells.reduce((m, c) => Math.max(m, c.count), 0) };
}

/** Converts cumulative buckets by `le` to plain ones; returns all bounds. */
function addClassic(
  result: readonly RangeSeries[],
  at: (t: number) => number,
  add: (x: number, lo: number, hi: number, count: number) => void,
): number[] {
  const byLe = new Map<number, Map<number, number>>();
  for (const s of result) {
    const le = Number(s.metric['le'] === '+Inf' ? Infinity : (s.metric['le'] ?? NaN));
    if (Number.isNaN(le)) continue;
    const row = byLe.get(le) ?? new Map<number, number>();
    byLe.set(le, row);
    for (const [t, v] of s.values ?? []) {
      const n = Number(v);
      if (Number.isFinite(n)) row.set(at(t), (row.get(at(t)) ?? 0) + n);
    }
  }
  const bounds = [...byLe.keys()].sort((a, b) => a - b);
  bounds.forEach((hi, i) => {
    const lo = i > 0 ? (bounds[i - 1] as number) : hi > 0 ? 0 : -Infinity;
    const below = i > 0 ? byLe.get(lo) : undefined;
    for (const [x, n] of byLe.get(hi) ?? []) add(x, lo, hi, n - (below?.get(x) ?? 0));
  });
  return bounds;
}
