import assert from 'node:assert/strict';
import { test } from 'node:test';
import { common, line, lonely, stack, steps } from './graphdata';

test('steps include the end', () => {
  assert.deepEqual(steps(0, 60, 15), [0, 15, 30, 45, 60]);
  assert.equal(steps(0, 3600, 14.4).length, 251);
});

test('gaps stay gaps and values that are not finite are gaps', () => {
  const xs = steps(100, 160, 15);
  const l = line({ metric: { __name__: 'a' }, values: [[100, '1'], [130.001, '3'], [145, 'NaN'], [160, '+Inf']] }, xs, 15);
  assert.deepEqual(l.values, [1, null, 3, null, null]);
  assert.deepEqual([l.last, l.min, l.max, l.avg], [3, 1, 3, 2]);
});

test('an empty series has no statistics', () => {
  assert.equal(line({ metric: {} }, [0, 1], 1).avg, null);
});

test('stacking skips gaps', () => {
  assert.deepEqual(stack([[1, 1, null], [2, null, 3], [4, 4, 4]]), [[1, 1, null], [3, null, 3], [7, 5, 7]]);
});

test('points without neighbours are found', () => {
  assert.deepEqual(lonely([1, null, 2, 3, null, 4], 0, 5), [0, 5]);
});

test('common labels are those all share', () => {
  assert.deepEqual(common([{ a: '1', b: '2' }, { a: '1', b: '3' }]), { a: '1' });
  assert.deepEqual(common([{ a: '1' }]), {});
});
