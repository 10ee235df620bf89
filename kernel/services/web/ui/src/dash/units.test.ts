import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatUnit } from './units';

const said = (unit: string, value: number, decimals?: number) => {
  const f = formatUnit(unit, value, decimals, 'utc');
  return `${f.prefix}${f.number}${f.suffix}`;
};

test('values are written in their units', () => {
  for (const [unit, value, text] of [
    ['', 1234.5, '1235'],
    ['none', 0.12345, '0.123'],
    ['short', 1234.5, '1.23 k'],
    ['short', 0.001, '0.001'],
    ['short', 5e9, '5 G'],
    ['percent', 12.345, '12.3 %'],
    ['percentunit', 0.1234, '12.3 %'],
    ['bytes', 1024 ** 3 * 1.24, '1.24 GiB'],
    ['bytes', 1023.9, '1 KiB'],
    ['bytes', -2048, '-2 KiB'],
    ['decbytes', 1_500_000, '1.5 MB'],
    ['kbytes', 2048, '2 MiB'],
    ['bits', 1024, '1 Kib'],
    ['decbits', 1500, '1.5 kb'],
    ['Bps', 1500, '1.5 kB/s'],
    ['binBps', 2048, '2 KiB/s'],
    ['bps', 1e6, '1 Mb/s'],
    ['KBs', 1000, '1 MB/s'],
    ['Mbits', 1000, '1 Gb/s'],
    ['pps', 1500, '1.5 k p/s'],
    ['ops', 3, '3 ops/s'],
    ['reqps', 0.5, '0.5 req/s'],
    ['iops', 12, '12 io/s'],
    ['eps', 1, '1 evt/s'],
    ['rds', 2, '2 rd/s'],
    ['s', 90, '1.5 min'],
    ['s', 0.0025, '2.5 ms'],
    ['s', 0, '0 s'],
    ['s', 86_400, '1 d'],
    ['ms', 1500, '1.5 s'],
    ['ms', 0, '0 ms'],
    ['ns', 2500, '2.5 µs'],
    ['m', 90, '1.5 h'],
    ['dtdurations', 93_784, '1 d 2 h'],
    ['dthms', 93_784, '26:03:04'],
    ['clocks', 3723, '01h:02m:03s:000ms'],
    ['dateTimeAsIso', 1_700_000_000_000, '2023-11-14 22:13:20'],
    ['dateTimeAsUS', 1_700_000_000_000, '11/14/2023 10:13:20 pm'],
    ['time:YYYY', 1_700_000_000_000, '2023'],
    ['hertz', 2_400_000_000, '2.4 GHz'],
    ['celsius', 21.5, '21.5 °C'],
    ['volt', 0.012, '12 mV'],
    ['kwatt', 1500, '1.5 MW'],
    ['rotrpm', 900, '900 rpm'],
    ['conmgm3', 3, '3 mg/m³'],
    ['bool', 1, 'True'],
    ['bool_yes_no', 0, 'No'],
    ['bool_on_off', 1, 'On'],
    ['currencyUSD', 1500, '$1.5k'],
    ['currencySEK', 5, '5 kr'],
    ['sci', 12_345, '1.2345e+4'],
    ['hex', 255, 'FF'],
    ['locale', 1_234_567, '1,234,567'],
    ['si:A', 0.002, '2 mA'],
    ['suffix:req', 5, '5req'],
    ['prefix:≈', 5, '≈5'],
    ['count:hits', 5000, '5 k hits'],
    ['bool:up/down', 0, 'down'],
    ['widgets', 5, '5 widgets'],
    ['short', NaN, 'NaN'],
    ['bytes', -Infinity, '-Inf'],
    ['constructor', 1, '1 constructor'],
  ] as const)
    assert.equal(said(unit, value), text, `${unit} ${value}`);
});

test('decimals are as many as asked for', () => {
  assert.equal(said('short', 1234, 0), '1 k');
  assert.equal(said('bytes', 1536, 2), '1.50 KiB');
  assert.equal(said('percentunit', 0.5, 1), '50.0 %');
  assert.equal(said('none', 3, 2), '3.00');
  assert.equal(said('dtdurations', 93_784, 3), '1 d 2 h 3 min 4 s');
});
