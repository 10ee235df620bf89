import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupPath } from './pushes';

test('paths of groups encode every value', () => {
  assert.equal(groupPath({ job: 'backup' }), 'metrics/job@base64/YmFja3Vw');
  assert.equal(
    groupPath({ instance: '', job: 'test/job', zone: 'ä?>' }),
    'metrics/job@base64/dGVzdC9qb2I/instance@base64/=/zone@base64/w6Q_Pg',
  );
});
