import assert from 'node:assert/strict';
import { test } from 'node:test';
import { common, earlierLines, heat, legendNames, line, lonely, stack, steps } from './graphdata';

test('steps include the end', () => {
  assert.deepEqual(steps(0, 60, 15), [0, 15, 30, 45, 60]);
  assert.equal(steps(0, 3600, 14.4).length, 251);
});

test('gaps stay gaps and values that are not finite are gaps', () => {
  const xs = steps(100, 160, 15);
  const l = line(
    {
      metric: { __name__: 'a' },
      values: [
        [100, '1'],
        [130.001, '3'],
        [145, 'NaN'],
        [160, '+Inf'],
      ],
    },
    xs,
    15,
  );
  assert.deepEqual(l.values, [1, null, 3, null, null]);
  assert.deepEqual([l.last, l.min, l.max, l.avg], [3, 1, 3, 2]);
});

test('an empty series has no statistics', () => {
  assert.equal(line({ metric: {} }, [0, 1], 1).avg, null);
});

test('stacking skips gaps', () => {
  assert.deepEqual(
    stack([
      [1, 1, null],
      [2, null, 3],
      [4, 4, 4],
    ]),
    [
      [1, 1, null],
      [3, null, 3],
      [7, 5, 7],
    ],
  );
});

test('points without neighbours are found', () => {
  assert.deepEqual(lonely([1, null, 2, 3, null, 4], 0, 5), [0, 5]);
});

test('common labels are those all share', () => {
  assert.deepEqual(
    common([
      { a: '1', b: '2' },
      { a: '1', b: '3' },
    ]),
    { a: '1' },
  );
  assert.deepEqual(common([{ a: '1' }]), {});
});

test('cumulative buckets become cells', () => {
  const h = heat(
    [
      {
        metric: { le: '1' },
        values: [
          [0, '2'],
          [10, '2'],
        ],
      },
      {
        metric: { le: '+Inf' },
        values: [
          [0, '5'],
          [10, '2'],
        ],
      },
      { metric: { le: '0.5', job: 'x' }, values: [[0, '1']] },
    ],
    [0, 10],
    10,
  );
  assert.deepEqual(h.edges, [0, 0.5, 1, Infinity]);
  assert.deepEqual(
    h.cells.map((c) => [c.x, h.edges[c.to], c.count]).sort(),
    [
      [0, 0.5, 1],
      [0, 1, 1],
      [0, Infinity, 3],
      [1, 1, 2],
    ].sort(),
  );
  assert.equal(h.max, 3);
});

test('native histograms of several series are added up', () => {
  const buckets: [number, string, string, string][] = [[0, '1', '2', '4']];
  const s = {
    metric: {},
    histograms: [[0, { count: '4', sum: '6', buckets }]] as [
      number,
      { count: string; sum: string; buckets: typeof buckets },
    ][],
  };
  assert.deepEqual(heat([s, s], [0], 10), { edges: [1, 2], cells: [{ x: 0, from: 0, to: 1, count: 8 }], max: 8 });
});

test('a legend shows the labels that differ', () => {
  assert.deepEqual(
    legendNames([
      { __name__: 'up', job: 'node', instance: 'a' },
      { __name__: 'up', job: 'node', instance: 'b' },
    ]),
    ['{instance="a"}', '{instance="b"}'],
  );
  assert.deepEqual(
    legendNames([
      { __name__: 'a', job: 'x' },
      { __name__: 'b', job: 'x' },
    ]),
    ['a', 'b'],
  );
});

test('the legend of a single series shows all labels', () => {
  assert.deepEqual(legendNames([{ __name__: 'up', job: 'node', instance: 'a' }]), ['up{instance="a", job="node"}']);
  assert.deepEqual(legendNames([{}]), ['{}']);
});

test('a series without the label that the others have is named in full', () => {
  assert.deepEqual(legendNames([{ job: 'x' }, { job: 'x', code: '500' }]), ['{job="x"}', '{code="500"}']);
});

test('earlier lines are drawn at the present steps', () => {
  const series = [
    { metric: { __name__: 'up' }, values: [[1000, '1'] as [number, string], [1030, '3'] as [number, string]] },
  ];
  const [l] = earlierLines([...series, { metric: { __name__: 'none' } }], [4600, 4615, 4630], 15, 3600, '1h');
  assert.deepEqual([l?.values, l?.key, l?.earlier, l?.last], [[1, null, 3], 'up 1h earlier', '1h', 3]);
  assert.equal(earlierLines([{ metric: {} }], [0], 1, 1, '1h').length, 0);
});
