import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sends, stepsLeft } from './steps';

const ids = (s: Parameters<typeof stepsLeft>[0]) => stepsLeft(s).map((x) => x.id);

test('a new server has all steps before it', () => {
  assert.deepEqual(
    ids({ pools: ['narthex', 'node'], alerting: 'receivers:\n- name: default\n', sources: ['shipped'], user: '' }),
    ['target', 'receiver', 'plugin', 'login'],
  );
});

test('what is done or not known is not shown', () => {
  assert.deepEqual(ids({ pools: null, alerting: null, sources: null, user: null }), []);
  assert.deepEqual(
    ids({
      pools: ['narthex', 'app'],
      alerting: 'receivers:\n- name: a\n  slack_configs:\n  - channel: x\n',
      sources: ['shipped', 'user'],
      user: 'ann',
    }),
    [],
  );
});

test('only a receiver with an integration sends', () => {
  assert.equal(sends('receivers:\n- name: a\n  email_configs:\n  - to: x\n'), true);
  assert.equal(sends('receivers:\n- name: a\n  email_configs: []\n'), false);
  assert.equal(sends('route:\n  receiver: default\ntemplates: []\n'), false);
});
