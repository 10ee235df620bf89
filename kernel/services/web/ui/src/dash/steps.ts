/** Steps of range queries: how far apart the points of a panel are, and where they begin. */
import type { Range } from './model';
import { durationMs } from './time';

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

/** Below the first figure, the second is taken. */
const ROUND: readonly (readonly [number, number])[] = [
  [10, 1],
  [15, 10],
  [35, 20],
  [75, 50],
  [150, 100],
  [350, 200],
  [750, 500],
  [1.5 * S, S],
  [3.5 * S, 2 * S],
  [7.5 * S, 5 * S],
  [12.5 * S, 10 * S],
  [17.5 * S, 15 * S],
  [25 * S, 20 * S],
  [45 * S, 30 * S],
  [1.5 * M, M],
  [3.5 * M, 2 * M],
  [7.5 * M, 5 * M],
  [12.5 * M, 10 * M],
  [17.5 * M, 15 * M],
  [25 * M, 20 * M],
  [45 * M, 30 * M],
  [1.5 * H, H],
  [2.5 * H, 2 * H],
  [4.5 * H, 3 * H],
  [9 * H, 6 * H],
  [D, 12 * H],
  [7 * D, D],
  [21 * D, 7 * D],
  [42 * D, 30 * D],
];

/** An interval that people read easily, near the given one; a figure on the edge goes up, or down with `down`. */
export function roundInterval(ms: number, down = false): number {
  return (ROUND.find(([below]) => ms < below || (down && ms === below)) ?? [0, 365 * D])[1];
}

/** Time between points when a range has so many, not below the least. */
export function calculateInterval(range: Range, points: number, minMs: number): number {
  return Math.max(roundInterval((range.toMs - range.fromMs) / Math.max(1, points)), minMs);
}

/** Points of a query that no server refuses. */
export const MOST_POINTS = 11_000;

export interface StepInput {
  readonly range: Range;
  /** Points across: width in pixels, or what the panel says. */
  readonly points: number;
  /** Least interval of the panel, such as `1m`; empty: none. */
  readonly panelInterval: string;
  /** Least step of the target; may be `$__interval` or `$__rate_interval`. */
  readonly targetInterval: string;
  readonly factor: number;
  readonly scrapeMs: number;
  /** What clocks of the zone are ahead of UTC: days and hours begin there. */
  readonly aheadMs?: number;
}

export interface Steps {
  readonly stepMs: number;
  /** What `$__interval` says. */
  readonly intervalMs: number;
  readonly rateIntervalMs: number;
  /** Begin and end of a range query, multiples of the step in the zone. */
  readonly startMs: number;
  readonly endMs: number;
}

/** The step of a target and what its expression may say about it. */
export function stepsOf(input: StepInput): Steps {
  const { range, scrapeMs } = input;
  const points = Math.max(1, Math.min(MOST_POINTS, Math.floor(input.points) || 1));
  const panelMs = calculateInterval(range, points, durationMs(input.panelInterval) || scrapeMs);
  const wanted = input.targetInterval.trim();
  const byRate = /^\$(?:__rate_interval|\{__rate_interval\})$/.test(wanted);
  const byInterval = /^\$(?:__interval|\{__interval\})$/.test(wanted);
  const own = durationMs(wanted) || 0;
  const least = own > 0 ? own : panelMs;
  const raw = Math.floor(((range.toMs - range.fromMs) * 1e6) / points) / 1e6;
  const calculated = raw < least ? least : roundInterval(raw, true);
  const safe = Math.max(calculated, roundInterval((range.toMs - range.fromMs) / MOST_POINTS, true));
  const rate = (interval: number, scrape: number) => Math.max(interval + scrape, 4 * scrape);
  const factor = Number.isFinite(input.factor) && input.factor >= 1 ? Math.min(1000, Math.floor(input.factor)) : 1;
  const stepMs = Math.max(1, byRate ? rate(safe, scrapeMs) : safe * factor);
  const rateIntervalMs = byRate ? stepMs : rate(panelMs, byInterval ? stepMs : own > 0 ? own : scrapeMs);
  return { stepMs, intervalMs: stepMs, rateIntervalMs, ...aligned(range, stepMs, input.aheadMs ?? 0) };
}

/** Begin and end rounded down to the step, by clocks that are so much ahead of UTC. */
export function aligned(range: Range, stepMs: number, aheadMs = 0): { startMs: number; endMs: number } {
  const down = (ms: number) => Math.floor((ms + aheadMs) / stepMs) * stepMs - aheadMs;
  return { startMs: down(range.fromMs), endMs: down(range.toMs) };
}
