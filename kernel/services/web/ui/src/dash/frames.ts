/** Answers of the query API as frames: a series or a table of columns each. */
import { seriesName, type Labels } from '../lib/format';
import { heat, steps as grid, type RangeSeries, type Point, type HistogramValue } from '../query/graphdata';
import type { Field, Frame, Target } from './model';

export interface InstantSeries {
  readonly metric: Labels;
  readonly value?: Point;
  readonly histogram?: [number, HistogramValue];
}

export type QueryData =
  | { readonly resultType: 'matrix'; readonly result: readonly RangeSeries[] }
  | { readonly resultType: 'vector'; readonly result: readonly InstantSeries[] }
  | { readonly resultType: 'scalar' | 'string'; readonly result: Point };

/** An answer to one query of a target. */
export interface TargetAnswer {
  readonly target: Target;
  /** With variables in place. */
  readonly expr: string;
  readonly legend: string;
  readonly data: QueryData;
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
}

/** Cells of a panel's answers at most. */
const MOST_VALUES = 5_000_000;

/** Frames of all answers of a panel, in the order of its targets. */
export function framesOf(answers: readonly TargetAnswer[]): Frame[] {
  const tables = new Map<string, TargetAnswer[]>();
  for (const a of answers) {
    if (a.target.format !== 'table') continue;
    const of = tables.get(a.target.refId);
    if (of === undefined) tables.set(a.target.refId, [a]);
    else of.push(a);
  }
  const several = tables.size > 1;
  const out: Frame[] = [];
  const done = new Set<string>();
  for (const a of answers) {
    if (a.target.format === 'table') {
      if (done.has(a.target.refId)) continue;
      done.add(a.target.refId);
      out.push(tableFrame(tables.get(a.target.refId) ?? [a], several));
    } else if (a.data.resultType === 'matrix' && (a.target.format === 'heatmap' || onlyHistograms(a.data.result)))
      out.push(...heatFrames(a, a.data.result));
    else out.push(...seriesFrames(a));
  }
  return out;
}

function onlyHistograms(result: readonly RangeSeries[]): boolean {
  return result.length > 0 && result.every((s) => (s.histograms?.length ?? 0) > 0 && (s.values?.length ?? 0) === 0);
}

export function numberOf(text: string): number {
  return text === '+Inf' || text === 'Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}

/** Points of any answer as series. */
function seriesIn(a: TargetAnswer): { labels: Labels; points: readonly (readonly [number, string])[] }[] {
  const { data } = a;
  switch (data.resultType) {
    case 'matrix':
      return data.result.map((s) => ({
        labels: s.metric,
        points: s.values ?? (s.histograms ?? []).map(([t, h]) => [t, h.sum] as const),
      }));
    case 'vector':
      return data.result.map((s) => ({
        labels: s.metric,
        points:
          s.value !== undefined ? [s.value] : s.histogram !== undefined ? [[s.histogram[0], s.histogram[1].sum]] : [],
      }));
    default:
      return [{ labels: {}, points: [data.result] }];
  }
}

function seriesFrames(a: TargetAnswer): Frame[] {
  const all = seriesIn(a);
  const only = a.legend === '__auto' ? onlyLabel(all.map((s) => s.labels)) : '';
  const text = a.data.resultType === 'string';
  let total = 0;
  return all.map(({ labels, points }) => {
    total += points.length;
    if (total > MOST_VALUES)
      throw new Error(
        `query ${a.target.refId}: answer has over ${MOST_VALUES} values; narrow the selector or raise the step`,
      );
    const times: number[] = [];
    const values: (number | string | null)[] = [];
    let before = NaN;
    for (const [t, v] of points) {
      const ms = Math.round(t * 1000);
      if (a.stepMs > 0 && ms - before > a.stepMs * 1.5) {
        times.push(before + a.stepMs);
        values.push(null);
      }
      times.push(ms);
      values.push(text ? v : numberOf(v));
      before = ms;
    }
    const name = legendText(a.legend, labels, a.expr, only);
    return {
      refId: a.target.refId,
      name,
      length: times.length,
      ...(a.stepMs > 0 ? { stepMs: a.stepMs } : {}),
      fields: [
        column('Time', 'time', times),
        { ...column('Value', text ? 'string' : 'number', values), labels, display: name },
      ],
    };
  });
}

export function column(name: string, type: Field['type'], values: readonly (number | string | null)[]): Field {
  return { name, type, labels: {}, values, config: { custom: {} }, display: name };
}

/** The label that is the only one of all series, apart from the name; empty when there is none such. */
function onlyLabel(all: readonly Labels[]): string {
  let only = '';
  for (const labels of all) {
    for (const k of Object.keys(labels)) {
      if (k === '__name__') continue;
      if (only === '') only = k;
      else if (only !== k) return '';
    }
  }
  return only;
}

/** Name of a series: labels put into the legend, or the series itself. */
export function legendText(legend: string, labels: Labels, expr: string, only = ''): string {
  if (legend !== '' && legend !== '__auto')
    return legend.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, k: string) =>
      Object.hasOwn(labels, k) ? (labels[k] ?? '') : '',
    );
  if (legend === '__auto' && only !== '' && labels[only] !== undefined) return labels[only];
  const name = seriesName(labels);
  return name === '{}' ? expr : name;
}

function tableFrame(answers: readonly TargetAnswer[], several: boolean): Frame {
  const first = answers[0] as TargetAnswer;
  const refId = first.target.refId;
  const all = answers.flatMap(seriesIn);
  const names = new Set<string>();
  for (const s of all) for (const k of Object.keys(s.labels).sort((x, y) => x.localeCompare(y, 'en'))) names.add(k);
  const times: number[] = [];
  const values: (number | string | null)[] = [];
  const text = first.data.resultType === 'string';
  const labels = new Map<string, (number | string | null)[]>([...names].map((k) => [k, []]));
  for (const s of all) {
    for (const [t, v] of s.points) {
      if (times.length * (names.size + 2) > MOST_VALUES)
        throw new Error(
          `query ${refId}: table has over ${MOST_VALUES} cells; narrow the selector or ask for an instant`,
        );
      times.push(Math.round(t * 1000));
      values.push(text ? v : numberOf(v));
      for (const [k, into] of labels) {
        const label = Object.hasOwn(s.labels, k) ? s.labels[k] : undefined;
        into.push(k === 'le' && label !== undefined ? numberOf(label) : (label ?? ''));
      }
    }
  }
  const value = several ? `Value #${refId}` : 'Value';
  return {
    refId,
    name: '',
    length: times.length,
    fields: [
      column('Time', 'time', times),
      ...[...labels].map(([k, v]) => column(k, k === 'le' ? 'number' : 'string', v)),
      column(value, text ? 'string' : 'number', values),
    ],
  };
}

/** One frame with a column per bucket, which has its bounds as labels `ge` and `le`. */
function heatFrames(a: TargetAnswer, result: readonly RangeSeries[]): Frame[] {
  const buckets = result.some((s) => s.metric['le'] !== undefined || (s.histograms?.length ?? 0) > 0);
  if (!buckets) return seriesFrames(a);
  const xs = grid(a.startMs / 1000, a.endMs / 1000, a.stepMs / 1000);
  const h = heat(result, xs, a.stepMs / 1000);
  const rows = Math.max(0, h.edges.length - 1);
  if (rows * xs.length > MOST_VALUES)
    throw new Error(`query ${a.target.refId}: heatmap has over ${MOST_VALUES} cells; raise the step`);
  const columns = Array.from({ length: rows }, () => new Array<number | null>(xs.length).fill(null));
  for (const cell of h.cells) {
    const spread = Math.max(1, cell.to - cell.from);
    for (let r = cell.from; r < cell.to; r++) {
      const into = columns[r] as (number | null)[];
      into[cell.x] = (into[cell.x] ?? 0) + cell.count / spread;
    }
  }
  const edge = (n: number) => (n === Infinity ? '+Inf' : n === -Infinity ? '-Inf' : String(n));
  return [
    {
      refId: a.target.refId,
      name: '',
      length: xs.length,
      stepMs: a.stepMs,
      fields: [
        column(
          'Time',
          'time',
          xs.map((x) => Math.round(x * 1000)),
        ),
        ...columns.map((values, i) => ({
          ...column(edge(h.edges[i + 1] as number), 'number', values),
          labels: { ge: edge(h.edges[i] as number), le: edge(h.edges[i + 1] as number) },
        })),
      ],
    },
  ];
}
