/** From answers of the API to columns a chart can draw. Pure functions. */
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
}

/** Times of the steps in seconds. */
export function steps(startS: number, endS: number, stepS: number): number[] {
  const n = Math.floor((endS - startS) / stepS + 1e-9) + 1;
  return Array.from({ length: n }, (_, i) => startS + i * stepS);
}

/** Puts a series on the steps. Values that are not finite have no place on a chart and are gaps. */
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

/** Sums from the first line up; a gap adds nothing to those above and stays a gap in its own line. */
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

/** Labels that all series share with the same value, the name included: they belong in the heading, not in each row. */
export function common(all: readonly Labels[]): Labels {
  const first = all[0];
  if (!first || all.length < 2) return {};
  return Object.fromEntries(Object.entries(first).filter(([k, v]) => all.every((l) => l[k] === v)));
}
