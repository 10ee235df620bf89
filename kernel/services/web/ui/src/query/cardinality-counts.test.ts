import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byLabel } from './cardinality-counts';

test('labels and values are counted, the most first', () => {
  assert.deepEqual(
    byLabel([
      { __name__: 'up', job: 'a', instance: '1' },
      { __name__: 'up', job: 'b', instance: '2' },
      { __name__: 'up', job: 'b', instance: '3' },
    ]),
    [
      {
        label: 'instance',
        values: [
          ['1', 1],
          ['2', 1],
          ['3', 1],
        ],
      },
      {
        label: 'job',
        values: [
          ['b', 2],
          ['a', 1],
        ],
      },
    ],
  );
  assert.deepEqual(byLabel([{ __name__: 'x' }]), []);
});
