import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framesOf, legendText, type QueryData, type TargetAnswer } from './frames';
import type { Target } from './model';

function answer(data: QueryData, more: Partial<Target> = {}, stepMs = 10_000): TargetAnswer {
  const target: Target = {
    refId: 'A',
    expr: 'up',
    legend: '',
    format: 'time_series',
    instant: false,
    range: true,
    hidden: false,
    exemplar: false,
    interval: '',
    intervalFactor: 1,
    problem: '',
    ...more,
  };
  return { target, expr: target.expr, legend: target.legend, data, startMs: 0, endMs: 40_000, stepMs };
}

const matrix = (...result: { metric: Record<string, string>; values: [number, string][] }[]): QueryData => ({
  resultType: 'matrix',
  result,
});
const vector = (...metrics: Record<string, string>[]): QueryData => ({
  resultType: 'vector',
  result: metrics.map((metric, i) => ({ metric, value: [40, String(i)] })),
});

test('series have a gap where steps are missing, and keep values that are not numbers', () => {
  const [f] = framesOf([
    answer(
      matrix({
        metric: { a: 'b' },
        values: [
          [0, '1'],
          [10, 'NaN'],
          [40, '+Inf'],
        ],
      }),
    ),
  ]);
  assert.deepEqual(f?.fields[0]?.values, [0, 10_000, 20_000, 40_000]);
  assert.deepEqual(f?.fields[1]?.values, [1, NaN, null, Infinity]);
  assert.equal(f?.fields[1]?.display, '{a="b"}');
  assert.equal(f?.stepMs, 10_000);
});

test('series are named by their legend', () => {
  const labels = { __name__: 'up', job: 'a', instance: 'b' };
  assert.equal(legendText('{{job}} on {{ instance }}{{nope}}', labels, 'x'), 'a on b');
  assert.equal(legendText('', labels, 'x'), 'up{instance="b", job="a"}');
  assert.equal(legendText('', {}, 'sum(x)'), 'sum(x)');
  assert.equal(legendText('{{constructor}}', {}, 'x'), '');
  const auto = framesOf([
    answer(vector({ __name__: 'up', job: 'a' }, { __name__: 'up', job: 'b' }), { legend: '__auto' }, 0),
  ]);
  assert.deepEqual(
    auto.map((f) => f.name),
    ['a', 'b'],
  );
});

test('tables have a column per label, and values named by their query when there are several', () => {
  const one = framesOf([answer(vector({ b: 'x', a: 'y' }, { a: 'z' }), { format: 'table' }, 0)]);
  assert.deepEqual(
    one[0]?.fields.map((f) => [f.name, f.type, f.values]),
    [
      ['Time', 'time', [40_000, 40_000]],
      ['a', 'string', ['y', 'z']],
      ['b', 'string', ['x', '']],
      ['Value', 'number', [0, 1]],
    ],
  );
  const two = framesOf([
    answer(vector({ a: 'y' }), { format: 'table' }, 0),
    answer(vector(), { format: 'table', refId: 'B' }, 0),
  ]);
  assert.deepEqual(
    two.map((f) => f.fields.at(-1)?.name),
    ['Value #A', 'Value #B'],
  );
  assert.equal(two[1]?.length, 0);
});

test('scalars and strings are frames', () => {
  const [f] = framesOf([answer({ resultType: 'scalar', result: [1, '5'] }, {}, 0)]);
  assert.deepEqual(f?.fields[1]?.values, [5]);
  const [s] = framesOf([answer({ resultType: 'string', result: [1, 'x'] }, {}, 0)]);
  assert.deepEqual([s?.fields[1]?.type, s?.fields[1]?.values], ['string', ['x']]);
});

test('cumulative buckets become plain ones, in order', () => {
  const bucket = (le: string, v: string): { metric: Record<string, string>; values: [number, string][] } => ({
    metric: { le },
    values: [[0, v]],
  });
  const [f] = framesOf([
    answer(matrix(bucket('10', '5'), bucket('+Inf', '6'), bucket('1', '2')), { format: 'heatmap' }),
  ]);
  assert.deepEqual(
    f?.fields.slice(1).map((x) => [x.name, x.labels, x.values[0]]),
    [
      ['1', { ge: '0', le: '1' }, 2],
      ['10', { ge: '1', le: '10' }, 3],
      ['+Inf', { ge: '10', le: '+Inf' }, 1],
    ],
  );
  assert.equal(f?.length, 5);
});

test('native histograms become buckets', () => {
  const h = { count: '3', sum: '4', buckets: [[0, '1', '2', '3']] as [number, string, string, string][] };
  const [f] = framesOf([answer({ resultType: 'matrix', result: [{ metric: {}, histograms: [[10, h]] }] })]);
  assert.deepEqual(f?.fields[1]?.labels, { ge: '1', le: '2' });
  assert.deepEqual(f?.fields[1]?.values, [null, 3, null, null, null]);
});
