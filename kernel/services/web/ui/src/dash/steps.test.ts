import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calculateInterval, roundInterval, stepsOf } from './steps';

const range = (ms: number) => ({ fromMs: 1_700_000_007_000, toMs: 1_700_000_007_000 + ms });
const H = 3_600_000;
const of = (ms: number, points: number, panelInterval = '', targetInterval = '', factor = 1, scrapeMs = 15_000) =>
  stepsOf({ range: range(ms), points, panelInterval, targetInterval, factor, scrapeMs });

test('intervals are rounded to those that people read', () => {
  for (const [ms, to] of [
    [1, 1],
    [12, 10],
    [1400, 1000],
    [3600, 5000],
    [12_500, 15_000],
    [26_000, 30_000],
    [108_000, 120_000],
    [1_000_000, 900_000],
    [5_500_000, 7_200_000],
    [50_000_000, 43_200_000],
    [86_400_000, 86_400_000],
    [700_000_000, 604_800_000],
    [4_000_000_000, 31_536_000_000],
  ] as const)
    assert.equal(roundInterval(ms), to, String(ms));
  assert.equal(roundInterval(12_500, true), 10_000);
  assert.equal(calculateInterval(range(H), 1000, 1), 5000);
});

test('a step is as long as the width, the scrapes and the panel ask for', () => {
  assert.equal(of(H, 1000).stepMs, 15_000);
  assert.equal(of(H, 1000).rateIntervalMs, 60_000);
  assert.equal(of(24 * H, 800).stepMs, 120_000);
  assert.equal(of(24 * H, 800).rateIntervalMs, 135_000);
  assert.equal(of(H, 1000, '1m').stepMs, 60_000);
  assert.equal(of(H, 1000, '1m').rateIntervalMs, 75_000);
  assert.equal(of(H, 1000, '', '1m').stepMs, 60_000);
  assert.equal(of(H, 1000, '', '1m').rateIntervalMs, 240_000);
  assert.equal(of(H, 1000, '', '', 2).stepMs, 30_000);
  assert.equal(of(H, 1000, '', '', 2).rateIntervalMs, 60_000);
  assert.equal(of(H, 1000, '', '$__rate_interval').stepMs, 60_000);
  assert.equal(of(H, 1000, '', '${__interval}').stepMs, 15_000);
  assert.equal(of(H, 1000, '', '', 1, 60_000).rateIntervalMs, 240_000);
  assert.equal(of(H, 100).stepMs, 30_000);
});

test('a range never has more points than a server answers', () => {
  const s = of(365 * 24 * H, 1_000_000, '', '1s');
  assert.ok((s.endMs - s.startMs) / s.stepMs <= 11_000, String(s.stepMs));
});

test('days begin where the clocks of the zone say', () => {
  const s = stepsOf({
    range: range(72 * H),
    points: 1000,
    panelInterval: '',
    targetInterval: '1d',
    factor: 1,
    scrapeMs: 15_000,
    aheadMs: H,
  });
  assert.equal(s.stepMs, 24 * H);
  assert.equal(new Date(s.startMs).toISOString(), '2023-11-13T23:00:00.000Z');
});

test('begin and end are multiples of the step', () => {
  const s = of(H, 100);
  assert.equal(s.startMs, 1_699_999_980_000);
  assert.equal(s.startMs % s.stepMs, 0);
  assert.equal(s.endMs - s.startMs, H);
});
