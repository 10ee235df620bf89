/** Annotations of a dashboard, asked from Prometheus and drawn as marks in the charts. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { api } from '../lib/api';
import { dark } from '../lib/store';
import type { RangeSeries } from '../query/graphdata';
import type { Board, Mark } from './board';
import { colorOf } from './fields';
import { legendText, numberOf } from './frames';
import { interpolate } from './interpolate';
import type { Annotation, Range } from './model';
import { calculateInterval } from './steps';
import { durationMs } from './time';

const MOST_MARKS = 1000;

/** Asks the annotations that are on; returns the switches of those that may be switched. */
export function useAnnotations(board: Board, range: Range | null, tick: number, vars: string): JSX.Element | null {
  const all = board.dashboard.annotations.filter((a) => a.problem === '' && a.expr !== '');
  const [flipped, setFlipped] = useState<ReadonlySet<string>>(new Set());
  const [failed, setFailed] = useState<ReadonlyMap<string, string>>(new Map());
  const on = useMemo(() => all.filter((a) => a.enabled !== flipped.has(a.name)), [board, flipped]);
  useEffect(() => {
    if (range === null) return undefined;
    if (on.length === 0) {
      board.marks.set([]);
      return undefined;
    }
    const abort = new AbortController();
    const failures = new Map<string, string>();
    const asked = on.map((a) =>
      marksOf(a, board, range, abort.signal).catch((e: unknown) => {
        failures.set(a.name, e instanceof Error ? e.message : String(e));
        return [];
      }),
    );
    void Promise.all(asked).then((marks) => {
      if (abort.signal.aborted) return;
      board.marks.set(marks.flat().slice(0, MOST_MARKS));
      setFailed(failures);
    });
    return () => abort.abort();
  }, [board, range, tick, vars, on]);
  const shown = all.filter((a) => !a.hidden);
  if (shown.length === 0) return null;
  return (
    <span class="dvar">
      {shown.map((a) => (
        <label class="item" key={a.name}>
          <input
            type="checkbox"
            checked={a.enabled !== flipped.has(a.name)}
            onChange={() => {
              const next = new Set(flipped);
              if (!next.delete(a.name)) next.add(a.name);
              setFlipped(next);
            }}
          />
          {a.name}
          {failed.has(a.name) && (
            <span class="bad derror" role="alert" title={failed.get(a.name)}>
              {failed.get(a.name)}
            </span>
          )}
        </label>
      ))}
    </span>
  );
}

async function marksOf(a: Annotation, board: Board, range: Range, signal: AbortSignal): Promise<Mark[]> {
  const scope = { ...board.scope, range };
  const least = durationMs(interpolate(a.step, scope, 'raw')) ?? 15_000;
  const stepMs = calculateInterval(range, 300, Math.max(1000, least));
  const { data } = await api<{ result: RangeSeries[] }>(
    'query_range',
    {
      query: interpolate(a.expr, { ...scope, intervalMs: stepMs }, 'query'),
      start: String(range.fromMs / 1000),
      end: String(range.toMs / 1000),
      step: String(stepMs / 1000),
    },
    signal,
  );
  const out: Mark[] = [];
  for (const s of data.result) {
    const text = [a.titleFormat, a.textFormat]
      .filter((f) => f !== '')
      .map((f) => legendText(interpolate(f, scope, 'text'), s.metric, ''))
      .join(': ');
    const color = colorOf(a.color, dark.get());
    let open: { fromMs: number; toMs: number } | null = null;
    const end = () => {
      if (open !== null && out.length < MOST_MARKS)
        out.push({ ...open, color, text: text === '' ? `${a.name}: ${legendText('', s.metric, a.expr)}` : text });
      open = null;
    };
    for (const [t, v] of s.values ?? []) {
      const n = numberOf(v);
      if (!(n !== 0) || Number.isNaN(n)) {
        end();
        continue;
      }
      const ms = t * 1000;
      const now: { fromMs: number; toMs: number } | null = open;
      if (now !== null && ms - (now as { toMs: number }).toMs <= stepMs * 1.5)
        open = { ...(now as { fromMs: number; toMs: number }), toMs: ms };
      else {
        end();
        open = { fromMs: ms, toMs: ms };
      }
    }
    end();
  }
  return out;
}
