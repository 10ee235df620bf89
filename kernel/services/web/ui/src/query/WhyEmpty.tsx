import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../lib/api';
import { plural } from '../lib/format';
import { Ago, ErrorBox, Skeleton } from '../ui';
import { metricOf, otherMetric, otherValue } from './correct';
import { asError, list, own, refuses } from '../lib/own';

interface MatcherCount {
  readonly matcher: string;
  readonly series: number;
  readonly nearest?: readonly string[];
}

interface SelectorCause {
  readonly selector: string;
  readonly series: number;
  readonly seriesInRange: number;
  readonly lastSeenMs?: number | null;
  readonly problem: string;
  readonly matchers?: readonly MatcherCount[];
  readonly nearest?: readonly string[];
  readonly text: string;
}

interface Causes {
  readonly selectors?: readonly SelectorCause[];
  readonly notes?: readonly { readonly kind: string; readonly text: string }[];
}

/** Why a query has no result: what each selector and matcher finds, with corrections to press. */
export function WhyEmpty({
  expr,
  startMs,
  endMs,
  onCorrect,
}: {
  expr: string;
  /** Equal to the end for a query at one time. */
  startMs: number;
  endMs: number;
  onCorrect: (expr: string) => void;
}) {
  const [causes, setCauses] = useState<Causes | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    setCauses(null);
    setError(null);
    const s = (ms: number) => String(Math.round(ms) / 1000);
    const when: Record<string, string> = startMs === endMs ? { time: s(endMs) } : { start: s(startMs), end: s(endMs) };
    own<Causes>('why_empty', { query: expr, ...when }, abort.signal).then(setCauses, (e: unknown) => {
      if (!abort.signal.aborted) setError(asError(e));
    });
    return () => abort.abort();
  }, [expr, startMs, endMs]);
  if (error) return refuses(error) ? null : <ErrorBox error={error} />;
  if (!causes) return <Skeleton />;
  return (
    <div class="why" data-testid="why-empty">
      <h3>Why is this empty?</h3>
      <ul>
        {list<SelectorCause>(causes.selectors).map((s, i) => (
          <li key={i}>
            <p>
              <code>{s.selector}</code> {s.text}
            </p>
            {(s.lastSeenMs ?? 0) > 0 && (
              <p class="dim">
                Last seen <Ago at={s.lastSeenMs as number} />
              </p>
            )}
            <Nearest
              word="Did you mean"
              values={list<string>(s.nearest)}
              apply={(to) => otherMetric(expr, metricOf(s.selector), to)}
              expr={expr}
              onCorrect={onCorrect}
            />
            {list<MatcherCount>(s.matchers).length > 0 && (
              <ul>
                {list<MatcherCount>(s.matchers).map((m) => (
                  <li key={m.matcher}>
                    <code class={m.series === 0 ? 'bad' : ''}>{m.matcher}</code>{' '}
                    <span class="dim">{plural(m.series, 'series', 'series')}</span>{' '}
                    <Nearest
                      word="nearest"
                      values={list<string>(m.nearest)}
                      apply={(to) => corrected(expr, m.matcher, to)}
                      expr={expr}
                      onCorrect={onCorrect}
                    />
                  </li>
                ))}
              </ul>
            )}
          </li>
        ))}
        {list<{ kind: string; text: string }>(causes.notes).map((n) => (
          <li key={n.text}>{n.text}</li>
        ))}
      </ul>
    </div>
  );
}

/** A matcher of the name may stand in the expression as a plain name. */
function corrected(expr: string, matcher: string, to: string): string {
  const name = /^__name__\s*=/.test(matcher) ? metricOf(`{${matcher}}`) : '';
  return name === '' ? otherValue(expr, matcher, to) : otherMetric(expr, name, to);
}

function Nearest({
  word,
  values,
  apply,
  expr,
  onCorrect,
}: {
  word: string;
  values: readonly string[];
  apply: (to: string) => string;
  expr: string;
  onCorrect: (expr: string) => void;
}) {
  // One that would leave the expression as it is has nothing to correct.
  const useful = values.slice(0, 10).flatMap((v) => {
    const next = apply(v);
    return next === expr ? [] : [{ v, next }];
  });
  if (useful.length === 0) return null;
  return (
    <span class="chips">
      <span class="dim">{word}</span>
      {useful.map(({ v, next }) => (
        <button
          type="button"
          class="chip"
          key={v}
          title={`Query ${next}`}
          data-testid="correct"
          onClick={() => onCorrect(next)}
        >
          <b>{v === '' ? '(empty)' : v}</b>
        </button>
      ))}
    </span>
  );
}
