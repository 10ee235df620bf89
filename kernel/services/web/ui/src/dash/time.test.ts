import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dateText, durationMs, parseWhen, rangeOf } from './time';

const NOW = Date.UTC(2026, 2, 31, 14, 35, 20);

test('times relative to now are read', () => {
  for (const [text, end, at] of [
    ['now', false, NOW],
    ['now-6h', false, NOW - 21_600_000],
    ['now-1h30m', false, null],
    ['now-1h-30m', false, NOW - 5_400_000],
    ['now+5m', false, NOW + 300_000],
    ['now/d', false, Date.UTC(2026, 2, 31)],
    ['now/d', true, Date.UTC(2026, 3, 1) - 1],
    ['now-1d/d', false, Date.UTC(2026, 2, 30)],
    ['now/w', false, Date.UTC(2026, 2, 30)],
    ['now-1M', false, Date.UTC(2026, 1, 28, 14, 35, 20)],
    ['now/M', false, Date.UTC(2026, 2, 1)],
    ['now/y', true, Date.UTC(2027, 0, 1) - 1],
    ['now/h', false, Date.UTC(2026, 2, 31, 14)],
    ['1700000000000', false, 1_700_000_000_000],
    ['2026-03-01T10:00:00Z', false, Date.UTC(2026, 2, 1, 10)],
    ['2026-03-01 10:00:00', false, Date.UTC(2026, 2, 1, 10)],
    ['2026-03-01', false, Date.UTC(2026, 2, 1)],
    ['tomorrow', false, null],
    ['now-', false, null],
    ['', false, null],
    ['2026-99-01', false, null],
  ] as const)
    assert.equal(parseWhen(text, NOW, end, 'utc'), at, text);
});

test('a range is never empty', () => {
  assert.deepEqual(rangeOf('now-1h', 'now', NOW), { fromMs: NOW - 3_600_000, toMs: NOW });
  assert.deepEqual(rangeOf('now', 'now-1h', NOW), { fromMs: NOW - 7_200_000, toMs: NOW - 3_600_000 });
  assert.deepEqual(rangeOf('x', 'y', NOW), { fromMs: NOW - 3_600_000, toMs: NOW });
});

test('durations are read', () => {
  for (const [text, ms] of [
    ['1m30s', 90_000],
    ['15s', 15_000],
    ['>10s', 10_000],
    ['500ms', 500],
    ['1d', 86_400_000],
    ['', null],
    ['x', null],
    ['5', null],
    ['$__interval', null],
  ] as const)
    assert.equal(durationMs(text), ms, text);
});

test('times are written by a pattern', () => {
  assert.equal(dateText(NOW, 'YYYY-MM-DD HH:mm:ss', 'utc'), '2026-03-31 14:35:20');
  assert.equal(dateText(NOW, 'dddd [the] Do MMM YY, h:mm a', 'utc'), 'Tuesday the 31st Mar 26, 2:35 pm');
  assert.equal(dateText(Date.UTC(2026, 0, 11), 'Do', 'utc'), '11th');
  assert.equal(dateText(NOW, 'X', 'utc'), String(NOW / 1000));
});
