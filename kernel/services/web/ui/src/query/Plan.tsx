import { useEffect, useMemo, useState } from 'preact/hooks';
import type { ApiError } from '../lib/api';
import { humanNumber, humanSeconds, plural } from '../lib/format';
import { asError, own } from '../lib/own';
import { ErrorBox, Skeleton } from '../ui';
import { misjudged, planRows, type PlanNode, type PlanRow } from './plantree';

export interface PlanTime {
  readonly startMs: number;
  readonly endMs: number;
  /** Zero for one time. */
  readonly stepMs: number;
}

/** The plan of a query as a tree: what each part read and returned, and how long it took by itself. */
export function Plan({ expr, at, onOpen }: { expr: string; at: PlanTime; onOpen: (expr: string) => void }) {
  const [plan, setPlan] = useState<PlanNode | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const { startMs, endMs, stepMs } = at;
  useEffect(() => {
    const abort = new AbortController();
    setPlan(null);
    setError(null);
    const s = (ms: number) => String(Math.round(ms) / 1000);
    const when: Record<string, string> =
      stepMs > 0 ? { start: s(startMs), end: s(endMs), step: s(stepMs) } : { time: s(endMs) };
    own<PlanNode>('explain', { query: expr, ...when }, abort.signal).then(setPlan, (e: unknown) => {
      if (!abort.signal.aborted) setError(asError(e));
    });
    return () => abort.abort();
  }, [expr, startMs, endMs, stepMs]);
  const tree = useMemo(() => (plan ? planRows(plan) : null), [plan]);
  if (error) return <ErrorBox error={error} />;
  if (!plan || !tree) return <Skeleton />;
  return (
    <div class="plan" data-testid="plan">
      <p class="dim">
        Plan: {humanSeconds(plan.timeNanos / 1e9)}, {plural(plan.samplesRead, 'sample')} read
        {plan.evaluations > 1 && `, ${plural(plan.evaluations, 'step')}`}. Bars are the time of each part by itself.
      </p>
      <ul role="tree" aria-label="Plan of the query">
        {tree.rows.map((r, i) => (
          <Row key={i} row={r} onOpen={onOpen} />
        ))}
      </ul>
      {tree.more > 0 && <p class="dim">{plural(tree.more, 'more part')} not shown.</p>}
    </div>
  );
}

function Row({ row, onOpen }: { row: PlanRow; onOpen: (expr: string) => void }) {
  const { node, depth, ownNanos, share } = row;
  const details = Object.entries(node.plan ?? {}).map(([k, v]) => `${k}: ${String(v)}`);
  return (
    <li
      role="treeitem"
      aria-level={depth + 1}
      style={{ marginLeft: `${Math.min(depth, 10) * 16}px` }}
      data-testid="plan-node"
    >
      <button
        type="button"
        class="part mono wrap"
        title={`${node.kind}; query this part alone`}
        onClick={() => onOpen(node.expr)}
      >
        {node.expr}
      </button>
      <div class="row dim">
        <span title={`${node.series} series${node.evaluations > 1 ? ', over all steps' : ''}`}>
          {plural(node.series, 'series', 'series')}
        </span>
        {node.estimatedSeries !== undefined && (
          <span class={misjudged(node) ? 'warn' : ''} title="What the planner expected">
            estimated {humanNumber(node.estimatedSeries)}
          </span>
        )}
        <span>{plural(node.samples, 'sample')}</span>
        <span title={`${node.timeNanos} ns with its parts`}>{humanSeconds(node.timeNanos / 1e9)}</span>
        {details.length > 0 && <span class="mono wrap">{details.join(' · ')}</span>}
      </div>
      <div class="own" title={`${ownNanos} ns by itself`}>
        <meter min={0} max={1} value={share} aria-hidden="true" />
        <span class="dim">
          {humanSeconds(ownNanos / 1e9)} · {(share * 100).toFixed(0)} %
        </span>
      </div>
    </li>
  );
}
