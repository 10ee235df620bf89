import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ColorBook, seriesColor, seriesDash } from './colors';

test('a series keeps its colour while others come and go', () => {
  const book = new ColorBook();
  assert.deepEqual(book.assign(['a', 'b', 'c']), [0, 1, 2]);
  assert.deepEqual(book.assign(['b', 'c']), [1, 2]);
  assert.deepEqual(book.assign(['b', 'd', 'c']), [1, 0, 2]);
});

test('the eleventh series repeats the hue with a dash', () => {
  assert.equal(seriesColor(10, true), seriesColor(0, true));
  assert.equal(seriesDash(0), undefined);
  assert.notEqual(seriesDash(10), undefined);
});
