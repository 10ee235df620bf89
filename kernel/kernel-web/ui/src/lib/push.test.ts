import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pushGroups, pushPath } from './push';

test('groups are addressed by their labels', () => {
  assert.equal(pushPath({ instance: 'a', job: 'batch' }), 'metrics/job/batch/instance/a');
  assert.equal(pushPath({ job: 'a/b', path: '' }), 'metrics/job@base64/YS9i/path@base64/=');
});

test('families lie beside the fixed keys of a group', () => {
  const [g] = pushGroups([
    { labels: { job: 'j' }, last_push_successful: true, x: { time_stamp: 't', type: 'UNTYPED', metrics: [{ labels: {}, value: '1' }] }, push_time_seconds: { time_stamp: 't', type: 'GAUGE', metrics: [{ labels: {}, value: '5' }] } },
  ]);
  assert.equal(g?.pushedAt, 5000);
  assert.deepEqual(g?.families.map((f) => f.name), ['x']);
});
