import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ago,
  axisLabels,
  csv,
  fromWall,
  guessUnit,
  humanBytes,
  humanNumber,
  humanSeconds,
  humanValue,
  isZone,
  offsetMs,
  parseDuration,
  promDuration,
  seriesName,
  stamp,
} from './format';

test('durations print and read as in PromQL', () => {
  for (const [ms, text] of [
    [0, '0s'],
    [500, '500ms'],
    [90_000, '1m30s'],
    [5_400_000, '1h30m'],
    [604_800_000, '1w'],
    [691_200_000, '8d'],
    [31_536_000_000, '1y'],
  ] as const) {
    assert.equal(promDuration(ms), text);
    assert.equal(parseDuration(text), ms);
  }
  assert.equal(parseDuration('15'), 15_000);
  assert.equal(parseDuration('1.5h'), 5_400_000);
  for (const bad of ['', 'x', '5 m', '-5m', '5M']) assert.equal(parseDuration(bad), null);
});

test('seconds read as people say them', () => {
  assert.equal(humanSeconds(192), '3 min 12 s');
  assert.equal(humanSeconds(0.0012), '1.2 ms');
  assert.equal(humanSeconds(60), '1 min');
  assert.equal(humanSeconds(90_000), '1 d 1 h');
  assert.equal(humanSeconds(0), '0 s');
  assert.equal(humanSeconds(-2), '-2 s');
});

test('numbers are scaled', () => {
  assert.equal(humanBytes(1331691520), '1.24 GiB');
  assert.equal(humanBytes(512), '512 B');
  assert.equal(humanNumber(1234567), '1.23 M');
  assert.equal(humanNumber(0.0512), '0.0512');
  assert.equal(humanNumber(NaN), 'NaN');
  assert.equal(humanNumber(-Infinity), '-Inf');
  assert.equal(humanValue(0.9995, 'ratio'), '99.95 %');
  assert.equal(humanValue(0.995, 'ratio'), '99.5 %');
});

test('the unit comes from the one metric named', () => {
  assert.equal(guessUnit('process_resident_memory_bytes'), 'bytes');
  assert.equal(guessUnit('sum by (job) (rate(node_network_receive_bytes_total{device!="lo"}[5m]))'), 'bytes/s');
  assert.equal(guessUnit('histogram_quantile(0.9, rate(http_request_duration_seconds_bucket[5m]))'), 'seconds');
  assert.equal(guessUnit('rate(process_cpu_seconds_total[5m])'), 'none');
  assert.equal(guessUnit('rate(http_requests_total[5m])'), 'per s');
  assert.equal(guessUnit('count(node_memory_bytes)'), 'none');
  assert.equal(guessUnit('a_bytes / b_bytes'), 'none');
  assert.equal(guessUnit('up'), 'none');
});

test('an axis has one unit and no more decimals than it needs', () => {
  assert.deepEqual(
    axisLabels(
      [22.25, 22.5, 22.75].map((g) => g * 2 ** 30),
      'bytes',
    ),
    ['22.25 GiB', '22.50 GiB', '22.75 GiB'],
  );
  assert.deepEqual(axisLabels([0, 500, 1000], 'none'), ['0', '0.5 k', '1.0 k']);
  assert.deepEqual(axisLabels([0, 0.05, 0.1], 'per s'), ['0', '0.05/s', '0.10/s']);
  assert.deepEqual(axisLabels([0.98, 0.99, 1], 'ratio'), ['98 %', '99 %', '100 %']);
  assert.deepEqual(axisLabels([0, 0.002, 0.004], 'seconds'), ['0', '2 ms', '4 ms']);
  assert.deepEqual(axisLabels([0, 30, 60, 90], 'seconds'), ['0', '0.5 min', '1.0 min', '1.5 min']);
});

test('times are given in the zone and relative to now', () => {
  assert.equal(stamp(Date.UTC(2026, 1, 3, 4, 5, 6), 'utc'), '2026-02-03 04:05:06');
  assert.equal(ago(1000, 61_000), '1 min ago');
  assert.equal(ago(1000, 131_000), '2 min ago');
  assert.equal(ago(1000, 1500), 'now');
  assert.equal(ago(10_000, 5000), 'in 5 s');
  assert.equal(ago(1, 1 + 2 * 86_400_000 + 7_200_000), '2 d ago');
  assert.equal(ago(1, 1 + 2 * 3_600_000 + 300_000), '2 h 5 min ago');
  assert.equal(ago(Date.parse('0001-01-01T00:00:00Z'), 0), 'never');
});

test('series print as selectors', () => {
  assert.equal(seriesName({ __name__: 'up', job: 'a', instance: 'b' }), 'up{instance="b", job="a"}');
  assert.equal(seriesName({ __name__: 'up' }), 'up');
  assert.equal(seriesName({}), '{}');
  assert.equal(seriesName({ __name__: 'my.metric', 'my.label': 'a"b' }), '{"my.metric", "my.label"="a\\"b"}');
});

test('csv quotes what needs it', () => {
  assert.equal(
    csv([
      ['a', 'b"c'],
      ['d,e', 'f'],
    ]),
    'a,"b""c"\r\n"d,e",f\r\n',
  );
});

test('times are those of clocks in the zone, summer time included', () => {
  const winter = Date.UTC(2026, 0, 15, 12);
  const summer = Date.UTC(2026, 6, 15, 12);
  assert.equal(stamp(winter, 'Europe/Berlin'), '2026-01-15 13:00:00');
  assert.equal(stamp(summer, 'Europe/Berlin'), '2026-07-15 14:00:00');
  assert.equal(stamp(summer, 'Asia/Kolkata'), '2026-07-15 17:30:00');
  assert.equal(stamp(summer, 'utc'), '2026-07-15 12:00:00');
  for (const z of ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'utc', 'local'])
    for (const at of [winter, summer]) assert.equal(fromWall(at + offsetMs(at, z), z), at, z);
  assert.ok(isZone('Asia/Kolkata') && isZone('local') && !isZone('Nowhere/Else') && !isZone(''));
});
