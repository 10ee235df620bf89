import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reduce, reducerOf, REDUCERS } from './reduce';

test('figures of values', () => {
  const v = [null, 4, 2, NaN, 6, 2, null];
  for (const [name, want] of [
    ['lastNotNull', 2],
    ['last', null],
    ['firstNotNull', 4],
    ['first', null],
    ['min', 2],
    ['max', 6],
    ['mean', 3.5],
    ['sum', 14],
    ['count', 5],
    ['countAll', 7],
    ['range', 4],
    ['diff', -2],
    ['diffperc', -0.5],
    ['delta', 8],
    ['step', -4],
    ['logmin', 2],
    ['allIsZero', 0],
    ['allIsNull', 0],
    ['changeCount', 4],
    ['distinctCount', 4],
    ['median', 3],
    ['variance', 2.75],
    ['p99', 6],
    ['p25', 2],
    ['current', 2],
    ['avg', 3.5],
  ] as const)
    assert.equal(reduce(v, name), want, name);
  assert.equal(reduce([0, 0], 'allIsZero'), 1);
  assert.equal(reduce([null], 'allIsNull'), 1);
  assert.equal(reduce(['a', 'b'], 'lastNotNull'), 'b');
  for (const name of Object.keys(REDUCERS)) assert.doesNotThrow(() => reduce([], name), name);
  assert.equal(reduce([], 'mean'), null);
  assert.equal(reducerOf('constructor'), 'lastNotNull');
});
