import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoff, Gate, readChange, TOPICS, topicsOf, type Topic } from './topics';

test('a change names its topics, all of them with "all"', () => {
  assert.deepEqual(readChange('{"topics":["rules","alerts","newer"],"firing":3}'), {
    topics: ['alerts', 'rules'],
    firing: 3,
  });
  assert.deepEqual(readChange('{"topics":["all"]}'), { topics: TOPICS, firing: null });
  assert.equal(readChange('{"topics":["all"],"firing":"x"}')?.firing, null);
});

test('what is no change is refused', () => {
  assert.equal(readChange('no'), null);
  assert.equal(readChange('null'), null);
  assert.equal(readChange('{"topics":"all"}'), null);
  assert.equal(readChange(`{"topics":["all"],"x":"${'x'.repeat(5000)}"}`), null);
});

test('a topic passes at once and then at most every 5 s, and the last change is never lost', () => {
  let now = 0;
  const passed: [Topic, number][] = [];
  const timers: [number, () => void][] = [];
  const gate = new Gate(
    (t) => passed.push([t, now]),
    () => now,
    (ms, what) => timers.push([now + ms, what]),
  );
  gate.push(['alerts']);
  now = 1000;
  gate.push(['alerts', 'rules']);
  now = 2000;
  gate.push(['alerts']);
  assert.deepEqual(passed, [
    ['alerts', 0],
    ['rules', 1000],
  ]);
  assert.equal(timers.length, 1);
  now = timers[0]?.[0] ?? 0;
  timers[0]?.[1]();
  assert.deepEqual(passed.at(-1), ['alerts', 5000]);
  now = 20_000;
  gate.push(['alerts']);
  assert.deepEqual(passed.at(-1), ['alerts', 20_000]);
});

test('answers know their topics and attempts grow apart', () => {
  assert.deepEqual(topicsOf('targets'), ['targets']);
  assert.deepEqual(topicsOf('status/tsdb'), []);
  assert.deepEqual(topicsOf(7), []);
  assert.deepEqual([0, 1, 2, 3, 9].map(backoff), [30_000, 30_000, 60_000, 120_000, 300_000]);
});
