import {
  aggregateOpTerms,
  functionIdentifierTerms,
} from '@prometheus-io/codemirror-promql/dist/esm/complete/promql.terms';
import { useEffect, useState } from 'preact/hooks';
import { api, ApiError } from '../lib/api';
import { children, print, words, type Node } from '../lib/ast';
import { humanSeconds, plural, type Labels } from '../lib/format';
import { ErrorBox, Skeleton, State } from '../ui';

const TERMS = new Map(
  [...functionIdentifierTerms, ...aggregateOpTerms].map((t) => [t.label, t.info as string | undefined]),
);

interface Part {
  readonly node: Node;
  readonly depth: number;
  readonly text: string;
}

type Outcome =
  | { readonly labels: readonly Labels[]; readonly ms: number; readonly scalar: string | null }
  | { readonly error: string };

const MAX_PARTS = 40;

function flatten(node: Node, depth: number, out: Part[]): Part[] {
  if (node.type === 'parenExpr') return flatten(node.expr, depth, out);
  out.push({ node, depth, text: print(node) });
  for (const c of children(node)) flatten(c, depth + 1, out);
  return out;
}

/** The parts of the expression: what each does, and how many series it returns. */
export function Explain({
  expr,
  timeMs,
  onOpen,
}: {
  expr: string;
  timeMs: number | null;
  onOpen: (expr: string) => void;
}) {
  const [parts, setParts] = useState<Part[] | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome>>(new Map());

  useEffect(() => {
    const abort = new AbortController();
    setParts(null);
    setError(null);
    setOutcomes(new Map());
    const go = async () => {
      const { data } = await api<Node>('parse_query', { query: expr }, abort.signal);
      const all = flatten(data, 0, []);
      setParts(all);
      const time = String(Math.round(timeMs ?? Date.now()) / 1000);
      const done = new Map<string, Outcome>();
      // One after the other, so that explaining an expensive query does not run its parts all at once.
      for (const p of all.slice(0, MAX_PARTS)) {
        if (done.has(p.text) || p.node.type === 'stringLiteral' || p.node.type === 'numberLiteral') continue;
        done.set(p.text, await evaluate(p.text, time, abort.signal));
        setOutcomes(new Map(done));
      }
    };
    go().catch(
      (e: unknown) =>
        !abort.signal.aborted && setError(e instanceof ApiError ? e : new ApiError('unknown', String(e), '', 0)),
    );
    return () => abort.abort();
  }, [expr, timeMs]);

  if (error) return <ErrorBox error={error} />;
  if (!parts) return <Skeleton />;
  return (
    <ul class="explain" data-testid="explain">
      {parts.map((p, i) => (
        <li key={i} class={`d${Math.min(p.depth, 8)}`} data-testid="explain-part">
          <div class="row">
            <button type="button" class="part mono wrap" title="Query this part alone" onClick={() => onOpen(p.text)}>
              {p.text}
            </button>
            <span class="grow" />
            <Result outcome={outcomes.get(p.text)} />
          </div>
          <p class="dim">{words(p.node, (name) => TERMS.get(name))}</p>
          <Values outcome={outcomes.get(p.text)} />
        </li>
      ))}
    </ul>
  );
}

async function evaluate(text: string, time: string, signal: AbortSignal): Promise<Outcome> {
  try {
    const { data, tookMs } = await api<{ resultType: string; result: unknown }>('query', { query: text, time }, signal);
    if (data.resultType === 'scalar' || data.resultType === 'string')
      return { labels: [], ms: tookMs, scalar: (data.result as [number, string])[1] };
    return { labels: (data.result as { metric: Labels }[]).map((r) => r.metric), ms: tookMs, scalar: null };
  } catch (e) {
    if (signal.aborted || !(e instanceof ApiError)) throw e;
    return { error: e.message };
  }
}

function Result({ outcome }: { outcome: Outcome | undefined }) {
  if (!outcome) return null;
  if ('error' in outcome) return <State tone="bad">failed</State>;
  if (outcome.scalar !== null) return <span class="mono">{outcome.scalar}</span>;
  return (
    <span>
      {outcome.labels.length === 0 ? (
        <State tone="warn">no series</State>
      ) : (
        plural(outcome.labels.length, 'series', 'series')
      )}{' '}
      <span class="dim">{humanSeconds(outcome.ms / 1000)}</span>
    </span>
  );
}

/** Labels of the result with the number of their values. */
function Values({ outcome }: { outcome: Outcome | undefined }) {
  if (!outcome) return null;
  if ('error' in outcome) return <p class="bad mono wrap">{outcome.error}</p>;
  const values = new Map<string, Set<string>>();
  for (const l of outcome.labels) {
    for (const [k, v] of Object.entries(l)) {
      if (k === '__name__') continue;
      const set = values.get(k);
      if (set) set.add(v);
      else values.set(k, new Set([v]));
    }
  }
  const top = [...values].sort((a, b) => b[1].size - a[1].size).slice(0, 10);
  if (top.length === 0) return null;
  return (
    <p class="chips">
      {top.map(([k, v]) => (
        <span class="chip" key={k} title={[...v].slice(0, 20).join('\n')}>
          {k} <b>{v.size === 1 ? [...v][0] : `${v.size} values`}</b>
        </span>
      ))}
    </p>
  );
}
