/** Asks the queries of panels: equal ones once, a few at a time. */
import type { Answer } from '../lib/api';
import { offsetMs } from '../lib/format';
import { applyFields } from './fields';
import { framesOf, type QueryData, type TargetAnswer } from './frames';
import { interpolate, unknownNames, type Scope } from './interpolate';
import type { Asked, Panel, PanelData, Range, Target } from './model';
import { stepsOf } from './steps';
import { durationMs, parseWhen } from './time';
import { transform } from './transform';

/** How the API is asked, as lib/api.ts does. */
export interface Ask {
  api<T>(path: string, params: Record<string, string>, signal?: AbortSignal): Promise<Answer<T>>;
}

/** Requests under way at a time. */
const AT_ONCE = 6;
/** How long an answer is kept for panels that ask the same, in milliseconds. */
const KEPT_MS = 5000;

interface Shared {
  readonly answer: Promise<Answer<QueryData>>;
  readonly stop: AbortController;
  waiting: number;
  /** When the answer came; 0 before. */
  doneAt: number;
}

/** Asks the panels of one dashboard. */
export class Runner {
  private readonly shared = new Map<string, Shared>();
  private readonly queue: (() => void)[] = [];
  private running = 0;

  constructor(
    private readonly ask: Ask,
    readonly scrapeIntervalMs: number,
  ) {}

  /** Forgets what was answered; the next panels ask again. Call on each refresh. */
  refresh(): void {
    for (const [key, s] of this.shared) if (s.doneAt > 0) this.shared.delete(key);
  }

  /** The range of a panel: of the dashboard, or its own up to now unless the dashboard shows a fixed time. */
  rangeOf(panel: Panel, scope: Scope): Range {
    const from = interpolate(panel.timeFrom, scope, 'raw');
    const shift = durationMs(interpolate(panel.timeShift, scope, 'raw')) ?? 0;
    let { fromMs, toMs } = scope.range;
    if (from !== '' && isRelative(scope.from) && isRelative(scope.to)) {
      if (scope.to !== undefined && scope.to !== 'now') toMs = Date.now();
      const own = durationMs(from);
      const at = own === null ? parseWhen(from, toMs, false, scope.zone) : toMs - own;
      if (at !== null && at < toMs) fromMs = at;
    }
    return { fromMs: fromMs - shift, toMs: toMs - shift };
  }

  /** Scope of one target: its interval and those of rates. */
  scopeOf(
    panel: Panel,
    target: Target | null,
    scope: Scope,
    widthPx: number,
  ): Scope & { startMs: number; endMs: number } {
    const range = this.rangeOf(panel, scope);
    const base: Scope = { ...scope, range, scoped: { ...scope.scoped, ...panel.scoped } };
    const s = stepsOf({
      range,
      points: panel.maxDataPoints ?? widthPx,
      panelInterval: interpolate(panel.interval, base, 'raw'),
      targetInterval: /__(rate_)?interval\b/.test(target?.interval ?? '')
        ? (target?.interval ?? '')
        : interpolate(target?.interval ?? '', base, 'raw'),
      factor: target?.intervalFactor ?? 1,
      scrapeMs: this.scrapeIntervalMs,
      aheadMs: offsetMs(range.toMs, scope.zone ?? 'utc'),
    });
    return { ...base, intervalMs: s.intervalMs, rateIntervalMs: s.rateIntervalMs, startMs: s.startMs, endMs: s.endMs };
  }

  /** Asks the targets of a panel and returns its data, with fields as they are shown. Throws only when it is stopped. */
  async run(panel: Panel, scope: Scope, widthPx: number, signal: AbortSignal): Promise<PanelData> {
    const range = this.rangeOf(panel, scope);
    const problems: string[] = [];
    const warnings = new Set<string>();
    const asked: Asked[] = [];
    const answers: TargetAnswer[] = [];
    const jobs: Promise<void>[] = [];
    for (const target of panel.targets) {
      if (target.hidden || target.problem !== '' || target.expr.trim() === '') continue;
      let own;
      let expr = '';
      let legend = '';
      try {
        const scoped = this.scopeOf(panel, target, scope, widthPx);
        own = scoped;
        expr = interpolate(target.expr, own, 'query').trim();
        legend = interpolate(target.legend, own, 'legend');
        const names = [target.expr, target.interval, panel.interval].flatMap((t) => unknownNames(t, scoped));
        for (const name of new Set(names))
          problems.push(`query ${target.refId}: variable ${name} is not known; add it to the dashboard`);
      } catch (e) {
        problems.push(`query ${target.refId}: ${messageOf(e)}`);
        continue;
      }
      for (const instant of kinds(target)) {
        const at = asked.length;
        const { intervalMs: stepMs } = own;
        const startMs = instant ? range.toMs : own.startMs;
        const endMs = instant ? range.toMs : own.endMs;
        asked.push({ refId: target.refId, expr, instant, startMs, endMs, stepMs, series: null, error: '' });
        const params: Record<string, string> = instant
          ? { query: expr, time: String(range.toMs / 1000) }
          : { query: expr, start: String(startMs / 1000), end: String(endMs / 1000), step: String(stepMs / 1000) };
        jobs.push(
          this.once(instant ? 'query' : 'query_range', params, signal).then(
            (answer) => {
              for (const w of answer.warnings) warnings.add(w);
              const { data } = answer;
              const series = data.resultType === 'matrix' || data.resultType === 'vector' ? data.result.length : 1;
              asked[at] = { ...(asked[at] as Asked), series };
              answers[at] = { target, expr, legend, data, startMs, endMs, stepMs: instant ? 0 : stepMs };
            },
            (e: unknown) => {
              asked[at] = { ...(asked[at] as Asked), error: messageOf(e) };
            },
          ),
        );
      }
    }
    await Promise.all(jobs);
    signal.throwIfAborted();
    for (const a of asked) if (a.error !== '') problems.push(`query ${a.refId}: ${a.error}`);
    try {
      const frames = framesOf(answers.filter((a) => a !== undefined));
      const own = this.scopeOf(panel, null, scope, widthPx);
      const shown = applyFields(transform(frames, panel.transformations, own), panel, own);
      const failed = asked.length > 0 && asked.every((a) => a.error !== '');
      return { state: failed ? 'error' : 'done', frames: shown, asked, problems, warnings: [...warnings], range };
    } catch (e) {
      return {
        state: 'error',
        frames: [],
        asked,
        problems: [...problems, messageOf(e)],
        warnings: [...warnings],
        range,
      };
    }
  }

  /** One request for all who ask the same; it ends when nobody waits for it any more. */
  private async once(path: string, params: Record<string, string>, signal: AbortSignal): Promise<Answer<QueryData>> {
    signal.throwIfAborted();
    const key = `${path} ${JSON.stringify(params)}`;
    const now = Date.now();
    for (const [k, old] of this.shared) if (old.doneAt > 0 && now - old.doneAt > KEPT_MS) this.shared.delete(k);
    let s = this.shared.get(key);
    if (s === undefined || s.stop.signal.aborted) {
      const stop = new AbortController();
      const made: Shared = { stop, waiting: 0, doneAt: 0, answer: this.queued(path, params, stop.signal) };
      made.answer.then(
        () => {
          made.doneAt = Date.now();
        },
        () => {
          if (this.shared.get(key) === made) this.shared.delete(key);
        },
      );
      this.shared.set(key, made);
      s = made;
    }
    const mine = s;
    mine.waiting++;
    return new Promise((resolve, reject) => {
      const leave = () => {
        mine.waiting--;
        if (mine.waiting === 0 && mine.doneAt === 0) {
          mine.stop.abort(signal.reason);
          if (this.shared.get(key) === mine) this.shared.delete(key);
        }
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      mine.answer.then(resolve, reject).finally(() => {
        signal.removeEventListener('abort', leave);
        if (!signal.aborted) mine.waiting--;
      });
    });
  }

  private async queued(path: string, params: Record<string, string>, signal: AbortSignal): Promise<Answer<QueryData>> {
    if (this.running >= AT_ONCE) await new Promise<void>((go) => this.queue.push(go));
    else this.running++;
    try {
      signal.throwIfAborted();
      return await this.ask.api<QueryData>(path, params, signal);
    } finally {
      const go = this.queue.shift();
      if (go !== undefined) go();
      else this.running--;
    }
  }
}

/** Queries of a target: over the range, of an instant, or both. */
function kinds(target: Target): boolean[] {
  return target.instant ? (target.range ? [false, true] : [true]) : [false];
}

function isRelative(time: string | undefined): boolean {
  return time === undefined || time.startsWith('now');
}

function messageOf(e: unknown): string {
  return e instanceof Error ? e.message : String(e);
}

/** The scrape interval of the server in milliseconds, 15 s when its configuration does not say. */
export async function scrapeInterval(ask: Ask, signal?: AbortSignal): Promise<number> {
  try {
    const { data } = await ask.api<{ yaml: string }>('status/config', {}, signal);
    const global = /^global:\n((?:[ ]+.*\n?)+)/m.exec(data.yaml)?.[1] ?? '';
    const text = /^\s+scrape_interval:\s*["']?(\w+)/m.exec(global)?.[1] ?? '';
    return durationMs(text) || 15_000;
  } catch {
    return 15_000;
  }
}
