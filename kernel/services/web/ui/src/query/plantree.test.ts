import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misjudged, planRows, type PlanNode } from './plantree';

const node = (expr: string, timeNanos: number, children: PlanNode[] = [], kind = 'call'): PlanNode => ({
  kind,
  expr,
  start: 0,
  end: 1,
  evaluations: 1,
  series: 1,
  samples: 1,
  samplesRead: 1,
  timeNanos,
  children,
});

test('own time is what the children did not take', () => {
  const { rows, more } = planRows(node('a', 100, [node('b', 60, [node('d', 60)]), node('c', 15)]));
  assert.deepEqual(
    rows.map((r) => [r.node.expr, r.depth, r.ownNanos, r.share]),
    [
      ['a', 0, 25, 0.25],
      ['b', 1, 0, 0],
      ['d', 2, 60, 0.6],
      ['c', 1, 15, 0.15],
    ],
  );
  assert.equal(more, 0);
});

test('parentheses have no row, and children that overlap do not make time negative', () => {
  const { rows } = planRows(node('(a)', 10, [node('a', 10, [node('b', 8), node('c', 8)])], 'parenExpr'));
  assert.deepEqual(
    rows.map((r) => [r.node.expr, r.depth, r.ownNanos]),
    [
      ['a', 0, 0],
      ['b', 1, 8],
      ['c', 1, 8],
    ],
  );
});

test('a large plan is cut', () => {
  const { rows, more } = planRows(node('a', 1, [node('b', 1), node('c', 1)]), 2);
  assert.equal(rows.length, 2);
  assert.equal(more, 1);
});

test('an estimate far off is said', () => {
  assert.equal(misjudged({ ...node('a', 1), series: 1000, estimatedSeries: 10 }), true);
  assert.equal(misjudged({ ...node('a', 1), series: 10, estimatedSeries: 1 }), false);
  assert.equal(misjudged(node('a', 1)), false);
});
