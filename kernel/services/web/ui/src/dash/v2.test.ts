import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDashboard } from './read';

const query = (expr: string, more: object = {}) => ({
  kind: 'PanelQuery',
  spec: {
    refId: 'A',
    hidden: false,
    query: {
      kind: 'DataQuery',
      group: 'prometheus',
      version: 'v0',
      datasource: { name: '${ds}' },
      spec: { expr, ...more },
    },
  },
});

const panel = (id: number, title: string, expr = 'up') => ({
  kind: 'Panel',
  spec: {
    id,
    title,
    links: [],
    data: {
      kind: 'QueryGroup',
      spec: {
        queries: [query(expr, { legendFormat: '{{job}}' })],
        transformations: [{ kind: 'Transformation', group: 'organize', spec: { options: { excludeByName: {} } } }],
        queryOptions: { interval: '1m', maxDataPoints: 100 },
      },
    },
    vizConfig: {
      kind: 'VizConfig',
      group: 'timeseries',
      version: '13.0.0',
      spec: { options: { legend: { showLegend: false } }, fieldConfig: { defaults: { unit: 's' }, overrides: [] } },
    },
  },
});

const ref = (name: string) => ({ kind: 'ElementReference', name });

const resource = (layout: object, more: object = {}) => ({
  apiVersion: 'dashboard.grafana.app/v2beta1',
  kind: 'Dashboard',
  metadata: { name: 'new-one' },
  spec: {
    title: 'New',
    tags: ['a'],
    cursorSync: 'Off',
    timeSettings: { from: 'now-3h', to: 'now', timezone: 'utc', autoRefresh: '10s' },
    elements: { 'panel-1': panel(1, 'One'), 'panel-2': panel(2, 'Two', 'rate(x[$__rate_interval])') },
    layout,
    ...more,
  },
});

const grid = {
  kind: 'GridLayout',
  spec: {
    items: [
      { kind: 'GridLayoutItem', spec: { x: 0, y: 0, width: 8, height: 6, element: ref('panel-1') } },
      {
        kind: 'GridLayoutRow',
        spec: {
          y: 6,
          title: 'More',
          collapsed: true,
          elements: [
            {
              kind: 'GridLayoutItem',
              spec: {
                x: 0,
                y: 0,
                width: 24,
                height: 9,
                element: ref('panel-2'),
                repeat: { mode: 'variable', value: 'job', direction: 'v', maxPerRow: 2 },
              },
            },
          ],
        },
      },
    ],
  },
};

test('a grid with a row, its queries, options and time', () => {
  const d = readDashboard(resource(grid));
  assert.deepEqual(
    [d.uid, d.title, d.from, d.timezone, d.refresh, d.crosshair],
    ['new-one', 'New', 'now-3h', 'utc', '10s', false],
  );
  assert.deepEqual(
    d.rows.map((r) => [r.title, r.collapsed, r.panels.map((p) => p.title)]),
    [
      ['', false, ['One']],
      ['More', true, ['Two']],
    ],
  );
  const [one] = d.rows[0]?.panels ?? [];
  const [two] = d.rows[1]?.panels ?? [];
  assert.deepEqual(one?.grid, { x: 0, y: 0, w: 8, h: 6 });
  assert.equal(one?.kind, 'timeseries');
  assert.equal(one?.defaults.unit, 's');
  assert.equal(one?.targets[0]?.expr, 'up');
  assert.equal(one?.targets[0]?.legend, '{{job}}');
  assert.equal(one?.targets[0]?.problem, '');
  assert.equal(one?.transformations[0]?.id, 'organize');
  assert.deepEqual([one?.interval, one?.maxDataPoints], ['1m', 100]);
  assert.deepEqual([two?.repeat, two?.repeatDown, two?.maxPerRow], ['job', true, 2]);
  assert.deepEqual([...(one?.problems ?? []), ...d.problems], []);
});

test('rows within tabs become rows, all but those of the first tab are closed', () => {
  const auto = {
    kind: 'AutoGridLayout',
    spec: {
      maxColumnCount: 2,
      rowHeightMode: 'short',
      items: ['panel-1', 'panel-2'].map((n) => ({ kind: 'AutoGridLayoutItem', spec: { element: ref(n) } })),
    },
  };
  const tabs = {
    kind: 'TabsLayout',
    spec: {
      tabs: [
        { kind: 'TabsLayoutTab', spec: { title: 'First', layout: auto } },
        {
          kind: 'TabsLayoutTab',
          spec: {
            title: 'Second',
            layout: {
              kind: 'RowsLayout',
              spec: {
                rows: [
                  {
                    kind: 'RowsLayoutRow',
                    spec: { title: 'Inner', repeat: { mode: 'variable', value: 'job' }, layout: auto },
                  },
                ],
              },
            },
          },
        },
      ],
    },
  };
  const d = readDashboard(resource(tabs));
  assert.deepEqual(
    d.rows.map((r) => [r.title, r.collapsed, r.repeat]),
    [
      ['First', false, ''],
      ['Second / Inner', true, 'job'],
    ],
  );
  assert.deepEqual(
    d.rows[0]?.panels.map((p) => p.grid),
    [
      { x: 0, y: 0, w: 12, h: 4 },
      { x: 12, y: 0, w: 12, h: 4 },
    ],
  );
});

test('variables and annotations', () => {
  const d = readDashboard(
    resource(grid, {
      variables: [
        {
          kind: 'QueryVariable',
          spec: {
            name: 'job',
            hide: 'hideLabel',
            multi: true,
            includeAll: true,
            sort: 'alphabeticalDesc',
            refresh: 'onTimeRangeChanged',
            current: { text: 'a', value: ['a'] },
            query: {
              kind: 'DataQuery',
              group: 'prometheus',
              datasource: { name: 'x' },
              spec: { __legacyStringValue: 'label_values(up, job)' },
            },
          },
        },
        { kind: 'DatasourceVariable', spec: { name: 'ds', pluginId: 'prometheus' } },
        { kind: 'SwitchVariable', spec: { name: 'on', current: 'yes', enabledValue: 'yes', disabledValue: 'no' } },
        { kind: 'TextVariable', spec: { name: 'text', query: 'abc' } },
      ],
      annotations: [
        {
          kind: 'AnnotationQuery',
          spec: {
            name: 'Restarts',
            enable: true,
            iconColor: 'red',
            query: { kind: 'DataQuery', group: 'prometheus', spec: { expr: 'changes(x[1m]) > 0' } },
          },
        },
      ],
    }),
  );
  const [job, ds, on, text] = d.variables;
  assert.deepEqual(
    [job?.kind, job?.query, job?.hide, job?.sort, job?.refresh, job?.current, job?.problem],
    ['query', 'label_values(up, job)', 1, 2, 2, ['a'], ''],
  );
  assert.deepEqual([ds?.kind, ds?.problem], ['datasource', '']);
  assert.deepEqual([on?.kind, on?.query, on?.current], ['custom', 'yes,no', ['yes']]);
  assert.deepEqual([text?.kind, text?.query], ['textbox', 'abc']);
  assert.deepEqual([d.annotations[0]?.expr, d.annotations[0]?.problem], ['changes(x[1m]) > 0', '']);
});

test('the first version, and what is not known', () => {
  const old = {
    kind: 'Panel',
    spec: {
      id: 1,
      title: 'Old',
      data: {
        kind: 'QueryGroup',
        spec: {
          queries: [
            {
              kind: 'PanelQuery',
              spec: {
                refId: 'A',
                query: { kind: 'loki', spec: { expr: '{}' } },
                datasource: { type: 'loki', uid: 'l' },
              },
            },
          ],
          transformations: [{ kind: 'limit', spec: { id: 'limit', options: {} } }],
        },
      },
      vizConfig: { kind: 'stat', spec: { options: {}, fieldConfig: { defaults: {}, overrides: [] } } },
    },
  };
  const item = (name: string) => ({
    kind: 'GridLayoutItem',
    spec: { x: 0, y: 0, width: 1, height: 1, element: ref(name) },
  });
  const d = readDashboard({
    title: 'T',
    elements: { a: old },
    layout: { kind: 'GridLayout', spec: { items: [item('a'), item('b')] } },
  });
  const [a] = d.rows[0]?.panels ?? [];
  assert.deepEqual([a?.kind, a?.transformations[0]?.id], ['stat', 'limit']);
  assert.match(a?.problems[0] ?? '', /data source of kind loki/);
  assert.deepEqual(d.problems, ['element b of the layout is not in the file']);
  assert.match(
    readDashboard({ title: 'T', elements: {}, layout: { kind: 'Spiral' } }).problems[0] ?? '',
    /layout Spiral is not known/,
  );
  let deep: object = { kind: 'GridLayout', spec: { items: [] } };
  for (let i = 0; i < 20; i++) deep = { kind: 'RowsLayout', spec: { rows: [{ spec: { title: 'r', layout: deep } }] } };
  assert.throws(() => readDashboard({ title: 'T', elements: {}, layout: deep }), /within each other, got over 8/);
});
