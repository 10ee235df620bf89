import assert from 'node:assert/strict';
import { test } from 'node:test';
import { column } from './frames';
import type { Scope } from './interpolate';
import type { Frame } from './model';
import { KNOWN, transform } from './transform';

const scope: Scope = {
  chosen: [],
  range: { fromMs: 0, toMs: 1 },
  scoped: { pick: 'b' },
  intervalMs: 1,
  rateIntervalMs: 1,
  dashboard: '',
  zone: 'utc',
};

type Cells = (number | string | null)[];

function table(refId: string, columns: Record<string, Cells>): Frame {
  const fields = Object.entries(columns).map(([name, values]) =>
    column(name, name === 'Time' ? 'time' : values.some((v) => typeof v === 'string') ? 'string' : 'number', values),
  );
  return { refId, name: '', fields, length: fields[0]?.values.length ?? 0 };
}

function series(
  name: string,
  times: number[],
  values: (number | null)[],
  labels: Record<string, string> = {},
  refId = 'A',
): Frame {
  return {
    refId,
    name,
    length: times.length,
    fields: [column('Time', 'time', times), { ...column('Value', 'number', values), labels, display: name }],
  };
}

/** Columns by their shown names. */
function shown(frames: readonly Frame[]): Record<string, Cells>[] {
  return frames.map((f) => Object.fromEntries(f.fields.map((x) => [x.display, [...x.values]])));
}

function run(frames: readonly Frame[], ...steps: [string, object?][]) {
  return shown(
    transform(
      frames,
      steps.map(([id, options = {}]) => ({ id, options: options as Record<string, unknown>, disabled: false })),
      scope,
    ),
  );
}

const A = table('A', { Time: [9, 9], ns: ['x', 'y'], 'Value #A': [1, 2] });
const B = table('B', { Time: [9, 9], ns: ['y', 'z'], 'Value #B': [20, 30] });
const EMPTY = table('C', { Time: [], 'Value #C': [] });

test('tables are joined by a column, outer and inner', () => {
  assert.deepEqual(run([A, B, EMPTY], ['joinByField', { byField: 'ns', mode: 'outer' }]), [
    {
      ns: ['x', 'y', 'z'],
      'Time 1': [9, 9, null],
      'Value #A': [1, 2, null],
      'Time 2': [null, 9, 9],
      'Value #B': [null, 20, 30],
    },
  ]);
  assert.deepEqual(run([A, B], ['joinByField', { byField: 'ns', mode: 'inner' }])[0]?.['ns'], ['y']);
  const twice = table('D', { ns: ['y', 'y'], 'Value #D': [7, 8] });
  assert.deepEqual(run([A, twice], ['joinByField', { byField: 'ns', mode: 'inner' }])[0]?.['Value #D'], [7, 8]);
  assert.deepEqual(run([A, twice], ['joinByField', { byField: 'ns', mode: 'outer' }])[0]?.['Value #D'], [null, 8]);
});

test('series are joined by time', () => {
  const joined = run(
    [series('a', [2, 4], [1, 2]), series('b', [1, 4], [3, 4])],
    ['seriesToColumns', { byField: 'Time' }],
  );
  assert.deepEqual(joined, [{ Time: [1, 2, 4], a: [null, 1, 2], b: [3, null, 4] }]);
});

test('columns are left out, ordered and renamed', () => {
  assert.deepEqual(
    run(
      [A, B],
      ['joinByField', { byField: 'ns', mode: 'outer' }],
      [
        'organize',
        {
          excludeByName: { 'Time 1': true, 'Time 2': true },
          indexByName: { 'Value #B': 0, ns: 1, 'Value #A': 2 },
          renameByName: { ns: 'Namespace', 'Value #A': 'CPU' },
        },
      ],
    ).map((f) => Object.keys(f)),
    [['Value #B', 'Namespace', 'CPU']],
  );
});

test('tables are merged where their common columns are equal', () => {
  assert.deepEqual(run([A, B], ['merge']), [
    { Time: [9, 9, 9], ns: ['x', 'y', 'z'], 'Value #A': [1, 2, null], 'Value #B': [null, 20, 30] },
  ]);
});

test('rows are grouped, then counted with', () => {
  const disk = (refId: string, values: Cells) =>
    table(refId, { Time: [1, 1], mountpoint: ['/', '/b'], [`Value #${refId}`]: values });
  const aggregate = { aggregations: ['lastNotNull'], operation: 'aggregate' };
  const fields = {
    'Value #A': aggregate,
    'Value #B': aggregate,
    mountpoint: { aggregations: [], operation: 'groupby' },
  };
  const [size, free] = ['Value #A (lastNotNull)', 'Value #B (lastNotNull)'];
  const minus = { left: size, operator: '-', right: free };
  const share = { left: { matcher: { id: 'byName', options: 'Used' } }, operator: '/', right: size };
  assert.deepEqual(
    run(
      [disk('A', [10, 20]), disk('B', [4, 20])],
      ['groupBy', { fields }],
      ['merge'],
      ['calculateField', { mode: 'binary', alias: 'Used', binary: minus }],
      ['calculateField', { mode: 'binary', alias: 'Used, %', binary: share }],
      ['organize', { renameByName: { [size]: 'Size', mountpoint: 'Mounted on' } }],
      ['sortBy', { sort: [{ field: 'Used', desc: false }] }],
    ),
    [{ 'Mounted on': ['/b', '/'], Size: [20, 10], [free]: [20, 4], Used: [0, 6], 'Used, %': [0, 0.6] }],
  );
  const rows = table('A', { k: ['a', 'b', 'a'], v: [1, 2, 3] });
  const calc = { k: { operation: 'groupby' }, v: { operation: 'aggregate', aggregations: ['sum', 'count'] } };
  assert.deepEqual(run([rows], ['groupBy', { fields: calc }]), [
    { k: ['a', 'b'], 'v (sum)': [4, 2], 'v (count)': [2, 1] },
  ]);
});

test('fields are calculated from others', () => {
  const two = [series('a', [1, 2], [1, null]), series('b', [1, 2], [3, 4])];
  const of = (o: object, frames: Frame[] = two) => run(frames, ['calculateField', o]);
  assert.deepEqual(of({ mode: 'reduceRow', reduce: { reducer: 'sum' }, replaceFields: true }), [
    { Time: [1, 2], Total: [4, 4] },
  ]);
  assert.deepEqual(of({ mode: 'reduceRow', reduce: { reducer: 'max', include: ['a'] }, alias: 'top' })[0]?.['top'], [
    1,
    null,
  ]);
  assert.deepEqual(of({ mode: 'binary', binary: { left: 'b', operator: '*', right: '10' } })[0]?.['b * 10'], [30, 40]);
  const v = [table('A', { v: [1, -2, 3.5] })];
  assert.deepEqual(of({ mode: 'unary', unary: { operator: 'abs', fieldName: 'v' } }, v)[0]?.['abs v'], [1, 2, 3.5]);
  assert.deepEqual(of({ mode: 'index' }, v)[0]?.['Row'], [0, 1, 2]);
  assert.deepEqual(
    of({ mode: 'cumulativeFunctions', cumulative: { field: 'v', reducer: 'sum' }, alias: 'c' }, v)[0]?.['c'],
    [1, -1, 2.5],
  );
  const w = { field: 'v', reducer: 'mean', windowSizeMode: 'fixed', windowSize: 2, windowAlignment: 'trailing' };
  assert.deepEqual(of({ mode: 'windowFunctions', window: w, alias: 'w' }, v)[0]?.['w'], [1, -0.5, 0.75]);
});

test('columns, tables and rows are filtered', () => {
  assert.deepEqual(run([A], ['filterFieldsByName', { include: { names: ['ns'] } }]), [{ ns: ['x', 'y'] }]);
  assert.deepEqual(Object.keys(run([A], ['filterFieldsByName', { exclude: { pattern: '/^Time|ns/' } }])[0] ?? {}), [
    'Value #A',
  ]);
  assert.deepEqual(run([A, B], ['filterByRefId', { include: 'B' }]).length, 1);
  assert.deepEqual(run([A, B], ['filterByRefId', { include: 'A|B' }]).length, 2);
  const rows = (filters: object[], more: object = {}) =>
    run(
      [table('A', { k: ['a', 'b', 'c'], v: [1, 2, null] })],
      ['filterByValue', { type: 'include', match: 'any', filters, ...more }],
    )[0]?.['k'];
  const by = (fieldName: string, id: string, options: object = {}) => ({ fieldName, config: { id, options } });
  assert.deepEqual(rows([by('v', 'greater', { value: 1 })]), ['b']);
  assert.deepEqual(rows([by('v', 'isNull')]), ['c']);
  assert.deepEqual(rows([by('k', 'equal', { value: '$pick' })]), ['b']);
  assert.deepEqual(rows([by('k', 'regex', { value: '[ac]' })], { type: 'exclude' }), ['b']);
  assert.deepEqual(
    rows([by('v', 'range', { from: 1, to: 2 }), by('k', 'substring', { value: 'A' })], { match: 'all' }),
    ['a'],
  );
});

test('merging passes over tables without rows, and does not compare without end', () => {
  const of = (refId: string, n: number, extra: object = {}) =>
    table(refId, {
      Time: new Array<number>(n).fill(1),
      ns: Array.from({ length: n }, (_, i) => `ns${i}`),
      [`Value #${refId}`]: Array.from({ length: n }, (_, i) => i),
      ...extra,
    });
  const none = table('C', { Time: [], 'Value #C': [] });
  const merged = run([of('A', 2), none, of('B', 2)], ['merge']);
  assert.deepEqual(merged, [{ Time: [1, 1], ns: ['ns0', 'ns1'], 'Value #A': [0, 1], 'Value #B': [0, 1] }]);
  assert.deepEqual(run([none, none], ['merge'])[0]?.['Time'], []);
  const other = table('D', {
    Time: new Array<number>(4000).fill(1),
    x: Array.from({ length: 4000 }, (_, i) => `${i}`),
  });
  assert.throws(() => run([of('A', 4000), other], ['merge']), /merge: too many rows have the same Time/);
});

test('a transformation may be for the tables of one query', () => {
  const two = [table('A', { a: [1], b: [2] }), table('B', { a: [3], b: [4] })];
  const only = (refIds: string) =>
    shown(
      transform(two, [{ id: 'organize', options: { excludeByName: { b: true } }, disabled: false, refIds }], scope),
    );
  assert.deepEqual(only('A'), [{ a: [1] }, { a: [3], b: [4] }]);
  assert.deepEqual(only('/^(?:B)$/'), [{ a: [3] }, { a: [1], b: [2] }]);
});

test('series are reduced to rows or to one row', () => {
  const two = [series('a', [1, 2], [1, 5], { job: 'x' }), series('b', [1, 2], [3, null], { job: 'y' })];
  assert.deepEqual(run(two, ['reduce', { reducers: ['max', 'lastNotNull'] }]), [
    { Field: ['a', 'b'], Max: [5, 3], 'Last *': [5, 3] },
  ]);
  assert.deepEqual(run(two, ['reduce', { reducers: ['sum'], labelsToFields: true }])[0]?.['job'], ['x', 'y']);
  assert.deepEqual(run([A], ['reduce', { mode: 'reduceFields', reducers: ['max'] }]), [
    { ns: [null], 'Value #A': [2] },
  ]);
  assert.deepEqual(run(two, ['reduce']), [{ Field: ['a', 'b'], Max: [5, 3] }]);
  assert.deepEqual(run(two, ['reduce', { reducers: [] }]), shown(two));
  const text = table('A', { version: ['1.0', '1.1'] });
  assert.deepEqual(run([text], ['reduce', { reducers: ['lastNotNull'] }]), [{ Field: ['version'], 'Last *': ['1.1'] }]);
  assert.deepEqual(run([table('A', { a: [1, 2], b: [3, 4] })], ['calculateField']), [
    { a: [1, 2], b: [3, 4], Total: [4, 6] },
  ]);
  assert.deepEqual(run(two, ['seriesToRows']), [
    { Time: [2, 2, 1, 1], Metric: ['a', 'b', 'a', 'b'], Value: [5, null, 1, 3] },
  ]);
});

test('labels become columns', () => {
  const two = [series('a', [1], [5], { job: 'x', le: '1' }), series('b', [1], [6], { job: 'y', le: '1' })];
  assert.deepEqual(run(two, ['labelsToFields']), [{ Time: [1, 1], job: ['x', 'y'], le: ['1', '1'], Value: [5, 6] }]);
  assert.deepEqual(run(two, ['labelsToFields', { valueLabel: 'job' }]), [{ Time: [1], le: ['1'], x: [5], y: [6] }]);
  assert.deepEqual(run(two, ['joinByLabels', { value: 'job' }]), [{ le: ['1'], x: [5], y: [6] }]);
});

test('the other shapes', () => {
  const t = table('A', { k: ['a', 'b'], c: ['p', 'p'], v: [1, 2] });
  assert.deepEqual(
    run([series('cpu 1', [1], [1])], ['renameByRegex', { regex: '/cpu (\\d)/', renamePattern: 'core $1' }]),
    [{ Time: [1], 'core 1': [1] }],
  );
  assert.deepEqual(run([t], ['limit', { limitField: 1 }]), [{ k: ['a'], c: ['p'], v: [1] }]);
  assert.deepEqual(
    run(
      [table('A', { n: ['1', 'x'] })],
      ['convertFieldType', { conversions: [{ targetField: 'n', destinationType: 'number' }] }],
    ),
    [{ n: [1, null] }],
  );
  assert.deepEqual(run([t], ['groupingToMatrix', { rowField: 'c', columnField: 'k', valueField: 'v' }]), [
    { 'c\\k': ['p'], a: [1], b: [2] },
  ]);
  assert.deepEqual(run([table('A', { k: ['a', 'b'], v: [1, 2] })], ['transpose']), [{ Field: ['v'], a: [1], b: [2] }]);
  assert.deepEqual(
    run([t], ['partitionByValues', { fields: ['k'] }]).map((f) => f['c']),
    [['p'], ['p']],
  );
  assert.deepEqual(run([t], ['rowsToFields']), [{ a: [1], b: [2] }]);
  assert.deepEqual(run([A], ['formatTime', { timeField: 'Time', outputFormat: 'YYYY' }])[0]?.['Time'], [
    '1970',
    '1970',
  ]);
  assert.deepEqual(
    run([series('a', [1], [1]), series('b', [1], [2])], ['concatenate', { frameNameMode: 'drop' }]).map(
      (f) => Object.keys(f).length,
    ),
    [4],
  );
  assert.deepEqual(run([series('a', [1, 2], [1, 5], { job: 'x' })], ['timeSeriesTable']), [
    { job: ['x'], 'Trend #A': [5] },
  ]);
  assert.equal(
    run([series('a', [1], [1]), series('b', [1], [2])], ['prepareTimeSeries', { format: 'wide' }]).length,
    1,
  );
});

test('every transformation bears no data and options of any kind', () => {
  const nonsense: Record<string, unknown> = {
    fields: 5,
    sort: 'x',
    reducers: {},
    filters: [null],
    byField: {},
    mode: 7,
    binary: [],
    conversions: [1],
  };
  for (const id of KNOWN) {
    for (const options of [{}, nonsense])
      for (const frames of [[], [EMPTY], [A, B, series('a', [1], [null])]])
        assert.doesNotThrow(() => transform(frames, [{ id, options, disabled: false }], scope), id);
  }
});

test('a table that grows without bound is refused', () => {
  const same = table('A', { k: new Array<string>(3000).fill('a'), v: new Array<number>(3000).fill(1) });
  assert.throws(() => run([same, same], ['joinByField', { byField: 'k', mode: 'inner' }]), /joinByField: .*too large/);
});
