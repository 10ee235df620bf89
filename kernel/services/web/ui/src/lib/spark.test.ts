import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sparkPath, sparkRange } from './spark';

test('a gap ends a line and a lone value stays visible', () => {
  assert.equal(sparkPath([0, 10], 100, 20, 0, 10), 'M0 20L100 0');
  assert.equal(sparkPath([0, null, 10, 10], 90, 20, 0, 10), 'M0 20h2M60 0L90 0');
  assert.equal(sparkPath([null, null], 90, 20, 0, 10), '');
});

test('the range begins at zero, ends at the given top and is never empty', () => {
  assert.deepEqual(sparkRange([[2, null, 8]]), [0, 8]);
  assert.deepEqual(sparkRange([[0.2]], 1), [0, 1]);
  assert.deepEqual(sparkRange([[-4, -2]]), [-4, -2]);
  assert.deepEqual(sparkRange([[0, 0]]), [0, 1]);
  assert.deepEqual(sparkRange([]), [0, 1]);
});
