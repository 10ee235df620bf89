import assert from 'node:assert/strict';
import { test } from 'node:test';
import { colorOf, NEUTRAL, schemeColor } from './colors';
import { applyFields, figures, show, thresholdSteps, valueColor } from './fields';
import { column } from './frames';
import type { Scope } from './interpolate';
import type { Field, Frame, Panel } from './model';
import { readDashboard } from './read';

const scope: Scope = {
  chosen: [],
  range: { fromMs: 0, toMs: 1 },
  scoped: { job: 'api' },
  intervalMs: 1,
  rateIntervalMs: 1,
  dashboard: '',
};

function panel(defaults: object, overrides: object[] = [], more: object = {}): Panel {
  const board = readDashboard({ panels: [{ type: 'stat', fieldConfig: { defaults, overrides }, ...more }] });
  return board.rows[0]?.panels[0] as Panel;
}

function series(name: string, values: (number | null)[], labels = {}, refId = 'A'): Frame {
  const value = { ...column('Value', 'number', values), labels, display: name };
  return {
    refId,
    name,
    length: values.length,
    fields: [
      column(
        'Time',
        'time',
        values.map((_, i) => i),
      ),
      value,
    ],
  };
}

function value(p: Panel, v: (number | null)[] = [1, 5]): Field {
  return applyFields([series('s', v, { job: 'x' })], p, scope)[0]?.fields[1] as Field;
}

const set = (id: string, options: unknown, properties: Record<string, unknown>) => ({
  matcher: { id, options },
  properties: Object.entries(properties).map(([k, v]) => ({ id: k, value: v })),
});

test('overrides meet the fields they mean, later ones win', () => {
  const frames = [series('cpu idle', [1]), series('cpu user', [2], {}, 'B'), series('mem', [9])];
  const units = (...overrides: object[]) =>
    applyFields(frames, panel({ unit: 'none' }, overrides), scope).map((f) => f.fields[1]?.config.unit);
  assert.deepEqual(units(set('byName', 'mem', { unit: 'bytes' })), ['none', 'none', 'bytes']);
  assert.deepEqual(units(set('byRegexp', '/^cpu/', { unit: 's' })), ['s', 's', 'none']);
  assert.deepEqual(units(set('byRegexp', 'cpu', { unit: 's' })), ['none', 'none', 'none']);
  assert.deepEqual(units(set('byNames', { mode: 'exclude', names: ['mem'] }, { unit: 's' })), ['s', 's', 'none']);
  assert.deepEqual(units(set('byFrameRefID', 'B', { unit: 's' })), ['none', 's', 'none']);
  assert.deepEqual(units(set('byType', 'number', { unit: 's' }), set('byName', 'mem', { unit: 'm' })), ['s', 's', 'm']);
  assert.deepEqual(units(set('byValue', { reducer: 'max', op: 'gte', value: 2 }, { unit: 's' })), ['none', 's', 's']);
  assert.deepEqual(units(set('nope', 1, { unit: 's' })), ['none', 'none', 'none']);
});

test('properties of overrides are read as those of the panel', () => {
  const p = panel({ custom: { lineWidth: 1 }, links: [{ url: 'x' }] }, [
    set('byName', 's', {
      'custom.fillOpacity': 50,
      displayName: '${__field.labels.job} of $job',
      decimals: 2,
      color: { mode: 'fixed', fixedColor: 'red' },
      max: '10',
      links: null,
    }),
  ]);
  const f = value(p);
  assert.deepEqual(f.config.custom, { lineWidth: 1, fillOpacity: 50 });
  assert.equal(f.display, 'x of api');
  assert.deepEqual([f.config.decimals, f.config.max, f.config.links], [2, 10, undefined]);
  assert.equal(valueColor(f, 1, true), '#f2495c');
  assert.deepEqual(f.scale, { min: 1, max: 10 });
});

test('mappings come before units', () => {
  const f = value(
    panel({
      unit: 'bytes',
      noValue: 'none',
      mappings: [
        { type: 'value', options: { '0': { text: 'Down', color: 'red' }, '3': { color: 'green' } } },
        { type: 'range', options: { from: 10, to: 20, result: { text: 'ten' } } },
        { type: 'range', options: { from: 1000, to: null, result: { text: 'lots' } } },
        { type: 'regex', options: { pattern: '/^v(\\d)/', result: { text: 'version $1' } } },
        { type: 'special', options: { match: 'nan', result: { text: 'not a number' } } },
      ],
    }),
  );
  const said = (v: number | string | null) => show(f, v, { dark: true }).text;
  assert.deepEqual([0, 3, 15, 5000, 'v7.x', NaN, null, 512].map(said), [
    'Down',
    '3 B',
    'ten',
    'lots',
    'version 7.x',
    'not a number',
    'none',
    '512 B',
  ]);
  assert.equal(show(f, 0, { dark: true }).color, '#f2495c');
  assert.equal(show(f, 3, { dark: true }).color, '#73bf69');
});

test('thresholds colour values, also by shares of the scale', () => {
  const steps = [
    { color: 'green', value: null },
    { color: '#abc', value: 50 },
    { color: 'red', value: 80 },
  ];
  const absolute = value(panel({ thresholds: { mode: 'absolute', steps } }));
  assert.deepEqual(
    [1, 50, 79, 80].map((v) => valueColor(absolute, v, true)),
    ['#73bf69', '#abc', '#abc', '#f2495c'],
  );
  assert.equal(valueColor(absolute, null, true), '#73bf69');
  const share = value(panel({ min: 0, max: 1000, thresholds: { mode: 'percentage', steps } }));
  assert.deepEqual(
    thresholdSteps(share, true).map((s) => s.value),
    [-Infinity, 500, 800],
  );
  const scheme = value(panel({ min: 0, max: 10, color: { mode: 'continuous-GrYlRd' } }));
  assert.deepEqual(
    [0, 10, 99].map((v) => valueColor(scheme, v, true)),
    ['#73bf69', '#f2495c', '#f2495c'],
  );
});

test('a colour of a file is never anything but a colour', () => {
  for (const [name, dark, light] of [
    ['green', '#73bf69', '#56a64b'],
    ['dark-red', '#c4162a', '#ad0317'],
    ['super-light-blue', '#c0d8ff', '#8ab8ff'],
    ['semi-dark-orange', '#ff780a', '#fa6400'],
    ['#E24D42', '#e24d42', '#e24d42'],
    ['rgba(50, 172, 45, 0.97)', 'rgba(50, 172, 45, 0.97)', 'rgba(50, 172, 45, 0.97)'],
    ['rgb(1,2,3)', 'rgb(1,2,3)', 'rgb(1,2,3)'],
    ['transparent', 'transparent', 'transparent'],
  ] as const)
    assert.deepEqual([colorOf(name, true), colorOf(name, false)], [dark, light], name);
  for (const bad of [
    '',
    'url(//x)',
    'red;background:url(x)',
    'var(--x)',
    'expression(1)',
    '#12',
    'constructor',
    '__proto__',
    'very-red',
    'rgb(1,2,3);x',
  ])
    assert.equal(colorOf(bad, true), NEUTRAL, bad);
  assert.match(schemeColor('nope', 0.5, true), /^#[0-9a-f]{6}$/);
});

test('figures are reduced from fields, or taken from rows', () => {
  const frames = [series('a', [1, 2, null]), series('b', [5])];
  const of = (reduceOptions: object, given = frames) => {
    const p = panel({}, [], { options: { reduceOptions } });
    return figures(p, applyFields(given, p, scope)).map((f) => [f.name, f.value]);
  };
  assert.deepEqual(of({ calcs: ['lastNotNull'] }), [
    ['a', 2],
    ['b', 5],
  ]);
  assert.deepEqual(of({ calcs: ['mean', 'max'] })[1], ['a max', 2]);
  const table: Frame = {
    refId: 'A',
    name: '',
    length: 2,
    fields: [column('host', 'string', ['x', 'y']), column('Value', 'number', [1, 2])],
  };
  assert.deepEqual(of({ values: true }, [table]), [
    ['x', 1],
    ['y', 2],
  ]);
  assert.deepEqual(of({ values: true, limit: 1 }, [table]), [['x', 1]]);
  assert.deepEqual(of({ fields: '/^host$/' }, [table]), [['host', 'y']]);
});
