import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Panel } from './model';
import { readDashboard } from './read';

function panels(json: unknown): Panel[] {
  return readDashboard(json).rows.flatMap((r) => [...r.panels]);
}

function only(panel: object): Panel {
  const [p] = panels({ panels: [panel] });
  return p as Panel;
}

test('what is not a dashboard is refused with what it is', () => {
  assert.throws(() => readDashboard(null), /no panels, got null/);
  assert.throws(() => readDashboard([]), /no panels, got a list/);
  assert.throws(() => readDashboard({ groups: 1 }), /no panels, got an object with groups/);
  assert.throws(
    () => readDashboard({ panels: new Array(2001).fill({ type: 'stat' }) }),
    /too many panels, got over 2000/,
  );
  assert.throws(
    () => readDashboard({ panels: [], templating: { list: new Array(201).fill({ name: 'a' }) } }),
    /too many variables/,
  );
});

test('wrapped documents are read', () => {
  assert.equal(readDashboard({ meta: {}, dashboard: { uid: 'u', title: 'T', panels: [] } }).title, 'T');
  const k8s = {
    apiVersion: 'dashboard.grafana.app/v1beta1',
    metadata: { name: 'n' },
    spec: { title: 'S', panels: [] },
  };
  assert.equal(readDashboard(k8s).uid, 'n');
});

test('copies that Grafana saved with the panel they repeat are left out', () => {
  const list = (json: object) => panels(json).map((p) => p.title);
  const original = { id: 1, type: 'stat', title: 'a', repeat: 'n' };
  const copy = { id: 2, type: 'stat', title: 'a', repeatPanelId: 1, repeatIteration: 15, scopedVars: {} };
  const ofRow = { id: 3, type: 'stat', title: 'b', repeatedByRow: true };
  assert.deepEqual(list({ panels: [original, copy, ofRow] }), ['a']);
  assert.deepEqual(list({ panels: [{ type: 'row', title: 'r', panels: [original, copy] }] }), ['a']);
  const rows = [
    { title: 'x', repeat: 'n', repeatRowId: 4, panels: [original, copy] },
    { title: 'x', repeatRowId: 4, panels: [original] },
  ];
  assert.deepEqual(list({ rows }), ['a']);
});

test('what a panel asks for and is not done is named', () => {
  const heat = only({ type: 'heatmap', options: { calculate: true } });
  assert.match(heat.problems[0] ?? '', /buckets of plain values are not calculated/);
  const filtered = only({ type: 'table', transformations: [{ id: 'merge', filter: { id: 'byName', options: 'x' } }] });
  assert.match(filtered.problems[0] ?? '', /transformation merge: filter byName is not known/);
  const one = only({ type: 'table', transformations: [{ id: 'merge', filter: { id: 'byRefId', options: 'B' } }] });
  assert.equal(one.transformations[0]?.refIds, 'B');
});

test('rows gather the panels below them, collapsed ones keep their own', () => {
  const at = (y: number, x = 0) => ({ gridPos: { x, y, w: 12, h: 4 } });
  const { rows } = readDashboard({
    panels: [
      {
        type: 'row',
        title: 'Two',
        collapsed: true,
        gridPos: { x: 0, y: 20, w: 24, h: 1 },
        panels: [{ type: 'stat', title: 'd', ...at(21) }],
      },
      { type: 'stat', title: 'a', ...at(0) },
      { type: 'row', title: 'One', gridPos: { x: 0, y: 8, w: 24, h: 1 }, panels: [] },
      { type: 'stat', title: 'c', ...at(9, 12) },
      { type: 'stat', title: 'b', ...at(9) },
    ],
  });
  assert.deepEqual(
    rows.map((r) => [r.title, r.collapsed, r.panels.map((p) => [p.title, p.grid.x, p.grid.y])]),
    [
      ['', false, [['a', 0, 0]]],
      [
        'One',
        false,
        [
          ['b', 0, 0],
          ['c', 12, 0],
        ],
      ],
      ['Two', true, [['d', 0, 0]]],
    ],
  );
  const ids = rows.flatMap((r) => r.panels.map((p) => p.id));
  assert.equal(new Set(ids).size, 4);
});

test('rows of the old layout are put on the grid', () => {
  const { rows } = readDashboard({
    schemaVersion: 14,
    rows: [
      {
        height: '250px',
        panels: [
          { type: 'graph', span: 6 },
          { type: 'singlestat', span: 6 },
          { type: 'text', span: 12, content: 'x' },
        ],
      },
      { title: 'More', showTitle: true, collapse: true, panels: [{ type: 'graph', span: 4 }] },
    ],
  });
  assert.deepEqual(
    rows[0]?.panels.map((p) => [p.kind, p.grid.x, p.grid.y, p.grid.w, p.grid.h]),
    [
      ['timeseries', 0, 0, 12, 7],
      ['stat', 12, 0, 12, 7],
      ['text', 0, 7, 24, 7],
    ],
  );
  assert.deepEqual([rows[1]?.title, rows[1]?.collapsed, rows[1]?.panels[0]?.grid.w], ['More', true, 8]);
});

test('data sources other than Prometheus are named, in the target', () => {
  const p = only({
    type: 'timeseries',
    datasource: { type: 'datasource', uid: '-- Mixed --' },
    targets: [
      { expr: 'up', datasource: { type: 'prometheus', uid: 'abc' } },
      { expr: '{a="b"}', datasource: { type: 'loki', uid: 'l' } },
      { refId: 'B', expr: 'up', datasource: { uid: '-- Dashboard --' } },
      { expression: '$A * 2', datasource: { type: '__expr__', uid: '__expr__' } },
      { expr: 'up', datasource: null },
    ],
  });
  assert.deepEqual(
    p.targets.map((t) => t.refId),
    ['A', 'C', 'B', 'D', 'E'],
  );
  assert.deepEqual(
    p.targets.map((t) => t.problem === ''),
    [true, false, false, false, true],
  );
  assert.match(p.problems.join('\n'), /query C: data source of kind loki/);
  const loki = panels({
    __inputs: [{ name: 'DS_LOKI', type: 'datasource', pluginId: 'loki' }],
    panels: [{ type: 'timeseries', datasource: '${DS_LOKI}', targets: [{ expr: 'up' }] }],
  });
  assert.match(loki[0]?.targets[0]?.problem ?? '', /loki/);
  for (const source of [
    'Prometheus',
    'default',
    null,
    '$datasource',
    '${DS_PROMETHEUS}',
    { uid: '$ds' },
    { type: 'prometheus' },
  ])
    assert.equal(only({ type: 'stat', datasource: source, targets: [{ expr: 'up' }] }).targets[0]?.problem, '');
});

test('unknown kinds, transformations and library panels are named', () => {
  assert.match(only({ type: 'news' }).problems[0] ?? '', /kind of panel news is not known/);
  assert.match(only({ libraryPanel: { uid: 'x', name: 'Shared' } }).problems[0] ?? '', /library panel Shared/);
  const p = only({
    type: 'table',
    transformations: [{ id: 'spatial' }, { id: 'merge' }, { id: 'regression', disabled: true }],
  });
  assert.deepEqual(p.problems, ['transformation spatial is not known and is left out']);
  const board = readDashboard({
    panels: [],
    templating: {
      list: [
        { name: 'g', type: 'groupby' },
        { name: 'f', type: 'adhoc' },
      ],
    },
  });
  assert.equal(board.problems.length, 2);
});

test('targets ask ranges and instants as the file says', () => {
  const kinds = (t: object) => {
    const [x] = only({ type: 'stat', targets: [{ expr: 'up', ...t }] }).targets;
    return [x?.instant, x?.range];
  };
  assert.deepEqual(kinds({}), [false, true]);
  assert.deepEqual(kinds({ instant: true }), [true, false]);
  assert.deepEqual(kinds({ instant: true, range: true }), [true, true]);
  assert.deepEqual(kinds({ instant: false, range: false }), [false, true]);
});

test('variables are read in all their forms', () => {
  const list = [
    {
      name: 'a',
      type: 'query',
      query: { query: 'label_values(up, job)', refId: 'x' },
      current: { value: ['x', 'y'] },
      multi: true,
      hide: 2,
    },
    { name: 'b', type: 'query', query: { qryType: 1, label: 'job', metric: 'up' }, current: { text: 'T' } },
    {
      name: 'c',
      type: 'query',
      definition: 'label_names()',
      query: {},
      allValue: null,
      regex: null,
      hide: 'hideLabel',
    },
    { name: 'd', type: 'query', query: 'x', datasource: { type: 'loki' } },
  ];
  const [a, b, c, d] = readDashboard({ panels: [], templating: { list } }).variables;
  assert.deepEqual([a?.query, a?.current, a?.hide], ['label_values(up, job)', ['x', 'y'], 2]);
  assert.deepEqual([b?.query, b?.current], ['label_values(up, job)', ['T']]);
  assert.deepEqual([c?.query, c?.allValue, c?.regex, c?.hide], ['label_names()', '', '', 1]);
  assert.match(d?.problem ?? '', /loki/);
});

test('library panels that come with the file are read', () => {
  const model = { type: 'stat', title: 'Shared', targets: [{ expr: 'up' }], gridPos: { w: 1 } };
  const json = {
    __elements: { u1: { name: 'Shared', uid: 'u1', kind: 1, model } },
    panels: [{ id: 3, gridPos: { x: 4, y: 0, w: 8, h: 4 }, libraryPanel: { uid: 'u1', name: 'Shared' } }],
  };
  const [p] = panels(json);
  assert.deepEqual([p?.kind, p?.title, p?.targets[0]?.expr, p?.grid.w, p?.problems], ['stat', 'Shared', 'up', 8, []]);
});

test('a panel that shows the data of another asks its queries', () => {
  const other = { type: 'stat', datasource: { type: 'datasource', uid: '-- Dashboard --' } };
  const [a, b, c] = panels({
    panels: [
      { id: 1, type: 'timeseries', targets: [{ refId: 'Q', expr: 'up' }] },
      { id: 2, ...other, targets: [{ panelId: 1 }] },
      { id: 4, ...other, targets: [{ panelId: 9 }] },
    ],
  });
  assert.deepEqual(b?.targets, a?.targets);
  assert.match(c?.targets[0]?.problem ?? '', /not in the dashboard/);
});

test('constants given with the file are put in', () => {
  const json = {
    __inputs: [{ name: 'VAR_JOB', type: 'constant', value: 'node' }],
    panels: [],
    templating: { list: [{ name: 'job', type: 'constant', query: '${VAR_JOB}', current: { value: '${VAR_JOB}' } }] },
  };
  const [v] = readDashboard(json).variables;
  assert.deepEqual([v?.query, v?.current], ['node', ['node']]);
});

test('a graph of old becomes a time series', () => {
  const p = only({
    type: 'graph',
    stack: true,
    fill: 3,
    linewidth: 2,
    nullPointMode: 'connected',
    yaxes: [
      { format: 'bytes', min: 0, label: 'left', logBase: 1 },
      { format: 'percent', max: '100' },
    ],
    aliasColors: { up: '#E24D42' },
    seriesOverrides: [
      { alias: '/cpu/', yaxis: 2, stack: false, transform: 'negative-Y' },
      { alias: 'x', wrong: 1 },
    ],
    thresholds: [{ value: 80, op: 'gt', colorMode: 'critical', fill: true, line: true }],
    legend: { show: true, alignAsTable: true, rightSide: true, avg: true, current: true },
    targets: [{ expr: 'up' }],
  });
  assert.equal(p.kind, 'timeseries');
  assert.deepEqual([p.defaults.unit, p.defaults.min, p.defaults.custom['fillOpacity']], ['bytes', 0, 30]);
  assert.deepEqual(p.defaults.custom['stacking'], { mode: 'normal', group: 'A' });
  assert.deepEqual(p.options['legend'], {
    showLegend: true,
    displayMode: 'table',
    placement: 'right',
    calcs: ['mean', 'lastNotNull'],
  });
  const cpu = p.overrides.find((o) => o.matcher.id === 'byRegexp');
  assert.deepEqual(
    cpu?.properties.map((x) => x.id),
    ['custom.axisPlacement', 'unit', 'max', 'custom.stacking', 'custom.transform'],
  );
  assert.deepEqual(p.defaults.thresholds?.steps, [
    { value: null, color: 'transparent' },
    { value: 80, color: 'red' },
  ]);
  assert.deepEqual(p.problems, ['series x: property wrong is not known and is left out']);
});

test('the oldest graphs name their units apart', () => {
  assert.equal(only({ type: 'graph', y_formats: ['Bps', 'short'] }).defaults.unit, 'Bps');
});

test('a single stat of old becomes a stat or a gauge', () => {
  const old = {
    type: 'singlestat',
    format: 'percentunit',
    valueName: 'current',
    colorBackground: true,
    thresholds: '0.5,0.9',
    colors: ['green', 'orange', 'red'],
    valueMaps: [
      { op: '=', text: 'N/A', value: 'null' },
      { value: '1', text: 'UP' },
    ],
    mappingType: 1,
    sparkline: { show: true },
    nullText: '-',
  };
  const p = only(old);
  assert.equal(p.kind, 'stat');
  assert.deepEqual(p.options['reduceOptions'], { calcs: ['lastNotNull'], fields: '', values: false });
  assert.deepEqual([p.options['colorMode'], p.options['graphMode'], p.defaults.noValue], ['background', 'area', '-']);
  assert.deepEqual(
    p.defaults.thresholds?.steps.map((s) => [s.value, s.color]),
    [
      [null, 'green'],
      [0.5, 'orange'],
      [0.9, 'red'],
    ],
  );
  assert.deepEqual(
    p.defaults.mappings?.map((m) => m.type),
    ['special', 'value'],
  );
  const g = only({ ...old, gauge: { show: true, minValue: 0, maxValue: 1 } });
  assert.deepEqual([g.kind, g.defaults.max], ['gauge', 1]);
  assert.equal(only({ type: 'singlestat', format: 'none', postfix: ' cores' }).defaults.unit, 'suffix: cores');
});

test('a table of old has its styles as overrides, the first one strongest', () => {
  const p = only({
    type: 'table',
    transform: 'table',
    styles: [
      {
        pattern: 'Value #A',
        alias: 'CPU',
        type: 'number',
        unit: 'short',
        decimals: 2,
        colorMode: 'cell',
        colors: ['a', 'b', 'c'],
        thresholds: ['1', '2'],
      },
      { pattern: 'Time', type: 'hidden' },
      { pattern: '/.*/', type: 'string' },
    ],
    targets: [
      { expr: 'a', format: 'table' },
      { expr: 'b', format: 'table' },
    ],
  });
  assert.deepEqual(
    p.overrides.map((o) => o.matcher.options),
    ['/.*/', 'Time', 'Value #A'],
  );
  assert.deepEqual(
    p.overrides[2]?.properties.map((x) => x.id),
    ['displayName', 'unit', 'decimals', 'custom.cellOptions', 'thresholds'],
  );
  assert.deepEqual(
    p.transformations.map((t) => t.id),
    ['merge'],
  );
});

test('options of fields before they had their own place are read', () => {
  const p = only({
    type: 'gauge',
    options: {
      fieldOptions: {
        calcs: ['mean'],
        defaults: { unit: 'percent', max: 100 },
        thresholds: [
          { color: 'green', index: 0, value: null },
          { color: 'red', index: 1, value: 80 },
        ],
      },
    },
  });
  assert.equal(p.defaults.unit, 'percent');
  assert.deepEqual(p.options['reduceOptions'], { calcs: ['mean'], values: false, fields: '' });
  assert.equal(p.defaults.thresholds?.steps.length, 2);
});

test('nonsense in a document does no harm', () => {
  const p = only({
    type: 'stat',
    title: { a: 1 },
    gridPos: { x: 99, y: -5, w: 'NaN', h: 1e9 },
    targets: 'x',
    fieldConfig: {
      defaults: { color: { mode: 'javascript:x' }, decimals: 1e9, mappings: [null, 5], thresholds: { steps: 'x' } },
      overrides: [{}],
    },
    transformations: [5],
    links: [null],
  });
  assert.deepEqual(p.grid, { x: 12, y: 0, w: 12, h: 200 });
  assert.equal(p.title, '');
  assert.equal(p.defaults.color?.mode, 'palette-classic');
  assert.equal(p.defaults.decimals, 20);
});
