import assert from 'node:assert/strict';
import { test } from 'node:test';
import { children, print, words, type Node } from './ast';

const here = { offset: 0, timestamp: null, startOrEnd: null };
const foo: Node = {
  type: 'matrixSelector',
  name: 'foo',
  range: 300_000,
  matchers: [
    { name: 'a', type: '=~', value: 'b' },
    { name: '__name__', type: '=', value: 'foo' },
  ],
  ...here,
  offset: 60_000,
  startOrEnd: 'start',
};
const rate: Node = { type: 'call', func: { name: 'rate', returnType: 'vector' }, args: [foo] };
const sum: Node = { type: 'aggregation', op: 'sum', expr: rate, param: null, grouping: ['x'], without: true };
const bar: Node = {
  type: 'vectorSelector',
  name: 'bar',
  matchers: [{ name: '__name__', type: '=', value: 'bar' }],
  ...here,
};

test('trees print as expressions', () => {
  assert.equal(print(sum), 'sum without (x) (rate(foo{a=~"b"}[5m] @ start() offset 1m))');
  const div: Node = {
    type: 'binaryExpr',
    op: '/',
    lhs: sum,
    rhs: bar,
    bool: false,
    matching: { card: 'many-to-one', labels: ['a'], include: ['b'], on: true },
  };
  assert.equal(print(div), `${print(sum)} / on (a) group_left (b) bar`);
  assert.equal(
    print({ type: 'subquery', expr: bar, range: 300_000, step: 60_000, ...here, timestamp: 100_000 }),
    'bar[5m:1m] @ 100.000',
  );
  assert.equal(
    print({
      type: 'vectorSelector',
      name: '',
      matchers: [{ name: '__name__', type: '=', value: 'a' }],
      ...here,
      offset: -300_000,
    }),
    '{__name__="a"} offset -5m',
  );
});

test('parameters are children too', () => {
  const top: Node = {
    type: 'aggregation',
    op: 'topk',
    expr: bar,
    param: { type: 'numberLiteral', val: '2' },
    grouping: [],
    without: false,
  };
  assert.equal(children(top).length, 2);
  assert.equal(print(top), 'topk(2, bar)');
});

test('nodes are put into words', () => {
  assert.equal(
    words(foo, () => undefined),
    'Samples of the last 5m of each series at the start of the range, 1m earlier',
  );
  assert.equal(
    words(
      {
        type: 'binaryExpr',
        op: '>',
        lhs: bar,
        rhs: bar,
        bool: true,
        matching: { card: 'one-to-one', labels: [], include: [], on: false },
      },
      () => undefined,
    ),
    '1 for left values above the right, otherwise 0, paired by equal labels',
  );
});
