import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inOrder, ran, readKept, type Kept } from './kept';

const kept = (query: string, lastMs: number, starred = false): Kept => ({ query, lastMs, count: 1, starred });

test('texts of older versions and broken entries are read', () => {
  assert.deepEqual(readKept(['up', 3, null, { query: '' }, { query: 'x', count: 2, starred: true, lastMs: 5 }]), [
    kept('up', 0),
    { query: 'x', lastMs: 5, count: 2, starred: true },
  ]);
  assert.deepEqual(readKept({ a: 1 }), []);
});

test('a query that runs again counts up and keeps its star', () => {
  const all = ran([kept('a', 1), kept('b', 2, true)], 'b', 9);
  assert.deepEqual(all, [{ query: 'b', lastMs: 9, count: 2, starred: true }, kept('a', 1)]);
});

test('the oldest without a star leaves first', () => {
  assert.deepEqual(
    ran([kept('a', 3), kept('b', 2), kept('c', 1, true)], 'd', 4, 3).map((k) => k.query),
    ['d', 'a', 'c'],
  );
  assert.deepEqual(
    ran([kept('a', 3, true), kept('b', 2, true)], 'd', 4, 2).map((k) => k.query),
    ['d', 'a'],
  );
});

test('starred queries are first, then the newest', () => {
  assert.deepEqual(
    inOrder([kept('a', 3), kept('b', 1, true), kept('c', 5)]).map((k) => k.query),
    ['b', 'c', 'a'],
  );
});
