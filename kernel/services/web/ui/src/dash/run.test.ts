import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scope } from './interpolate';
import type { Chosen, Panel, Variable } from './model';
import { readDashboard } from './read';
import { expand } from './repeat';
import { Runner, scrapeInterval, type Ask } from './run';

const scope: Scope = {
  chosen: [],
  range: { fromMs: 1_700_000_007_000, toMs: 1_700_003_607_000 },
  scoped: {},
  intervalMs: 1,
  rateIntervalMs: 1,
  dashboard: '',
};

interface Sent {
  path: string;
  params: Record<string, string>;
  signal: AbortSignal | undefined;
  answer: (data: unknown, warnings?: string[]) => void;
  fail: (e: Error) => void;
}

/** Holds every request until it is answered. */
function held(): { ask: Ask; sent: Sent[] } {
  const sent: Sent[] = [];
  const ask: Ask = {
    api: <T>(path: string, params: Record<string, string>, signal?: AbortSignal) =>
      new Promise((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error));
        const answer = (data: unknown, warnings: string[] = []) =>
          resolve({ data: data as T, warnings, infos: [], tookMs: 0, at: 0 });
        sent.push({ path, params, signal, answer, fail: reject });
      }),
  };
  return { ask, sent };
}

const settled = () => new Promise((r) => setTimeout(r, 0));
const VECTOR = { resultType: 'vector', result: [{ metric: { a: 'b' }, value: [1, '2'] }] };
const MATRIX = { resultType: 'matrix', result: [{ metric: { a: 'b' }, values: [[1_700_000_000, '2']] }] };

function panel(targets: object[], more: object = {}): Panel {
  return readDashboard({ panels: [{ type: 'timeseries', targets, ...more }] }).rows[0]?.panels[0] as Panel;
}

test('queries are asked as ranges and instants, aligned and with their own step', async () => {
  const { ask, sent } = held();
  const p = panel(
    [
      { expr: 'rate(x[$__rate_interval])', legendFormat: '{{a}}!' },
      { expr: 'y[$__range]', instant: true, range: true, interval: '1m' },
      { expr: 'hidden', hide: true },
      { expr: 'z', datasource: { type: 'loki' } },
    ],
    { maxDataPoints: 100 },
  );
  const done = new Runner(ask, 15_000).run(p, scope, 800, new AbortController().signal);
  await settled();
  assert.deepEqual(
    sent.map((s) => [s.path, s.params]),
    [
      ['query_range', { query: 'rate(x[1m])', start: '1699999980', end: '1700003580', step: '30' }],
      ['query_range', { query: 'y[3600s]', start: '1699999980', end: '1700003580', step: '60' }],
      ['query', { query: 'y[3600s]', time: '1700003607' }],
    ],
  );
  sent[0]?.answer(MATRIX, ['careful']);
  sent[1]?.fail(new Error('too much'));
  sent[2]?.answer(VECTOR);
  const data = await done;
  assert.equal(data.state, 'done');
  assert.deepEqual(data.problems, ['query B: too much']);
  assert.deepEqual(data.warnings, ['careful']);
  assert.deepEqual(
    data.asked.map((a) => [a.refId, a.series, a.error]),
    [
      ['A', 1, ''],
      ['B', null, 'too much'],
      ['B', 1, ''],
    ],
  );
  assert.equal(data.frames[0]?.fields[1]?.display, 'b!');
});

test('equal requests are sent once, six at a time', async () => {
  const { ask, sent } = held();
  const runner = new Runner(ask, 15_000);
  const stop = new AbortController();
  const all = Array.from({ length: 10 }, (_, i) => panel([{ expr: `x${i % 8}` }]));
  const done = all.map((p) => runner.run(p, scope, 800, stop.signal));
  await settled();
  assert.equal(sent.length, 6);
  sent[0]?.answer(MATRIX);
  await settled();
  assert.equal(sent.length, 7);
  for (let i = 1; i < 8; i++) {
    sent[i]?.answer(MATRIX);
    await settled();
  }
  assert.equal((await Promise.all(done)).length, 10);
  assert.equal(sent.length, 8);
  const again = runner.run(all[0] as Panel, scope, 800, stop.signal);
  assert.equal((await again).state, 'done');
  assert.equal(sent.length, 8);
  runner.refresh();
  void runner.run(all[0] as Panel, scope, 800, stop.signal).catch(() => undefined);
  await settled();
  assert.equal(sent.length, 9);
  stop.abort();
});

test('a request ends when nobody wants it any more', async () => {
  const { ask, sent } = held();
  const runner = new Runner(ask, 15_000);
  const [a, b] = [new AbortController(), new AbortController()];
  const first = runner.run(panel([{ expr: 'x' }]), scope, 800, a.signal);
  const second = runner.run(panel([{ expr: 'x' }]), scope, 800, b.signal);
  await settled();
  a.abort();
  await assert.rejects(first);
  assert.equal(sent[0]?.signal?.aborted, false);
  b.abort();
  await assert.rejects(second);
  assert.equal(sent[0]?.signal?.aborted, true);
});

test('requests that wait and are not wanted are never sent', async () => {
  const { ask, sent } = held();
  const runner = new Runner(ask, 15_000);
  const keep = new AbortController();
  const stop = new AbortController();
  const first = Array.from({ length: 6 }, (_, i) => runner.run(panel([{ expr: `k${i}` }]), scope, 800, keep.signal));
  const waiting = runner.run(panel([{ expr: 'unwanted' }]), scope, 800, stop.signal);
  await settled();
  stop.abort();
  await assert.rejects(waiting);
  const last = runner.run(panel([{ expr: 'wanted' }]), scope, 800, keep.signal);
  for (let i = 0; i < 7; i++) {
    await settled();
    sent[i]?.answer(MATRIX);
  }
  await Promise.all([...first, last]);
  assert.deepEqual(sent.map((s) => s.params['query']).at(-1), 'wanted');
  assert.equal(sent.length, 7);
});

test('a panel may have a range of its own, and lie in the past', async () => {
  const { ask } = held();
  const runner = new Runner(ask, 15_000);
  assert.deepEqual(runner.rangeOf(panel([], { timeFrom: '10m' }), scope), {
    fromMs: 1_700_003_007_000,
    toMs: 1_700_003_607_000,
  });
  assert.deepEqual(runner.rangeOf(panel([], { timeShift: '1h' }), scope), {
    fromMs: 1_699_996_407_000,
    toMs: 1_700_000_007_000,
  });
});

test('a variable that is not known is named', async () => {
  const { ask, sent } = held();
  const p = panel([{ expr: 'x{a="$nope"} unless label_replace(y, "b", "$1", "c", "z$")' }]);
  const done = new Runner(ask, 15_000).run(p, scope, 800, new AbortController().signal);
  await settled();
  sent[0]?.answer(MATRIX);
  assert.deepEqual((await done).problems, ['query A: variable nope is not known; add it to the dashboard']);
});

test('all queries failing is an error', async () => {
  const { ask, sent } = held();
  const done = new Runner(ask, 15_000).run(panel([{ expr: 'x' }]), scope, 800, new AbortController().signal);
  await settled();
  sent[0]?.fail(new Error('parse error'));
  assert.deepEqual([(await done).state, (await done).problems], ['error', ['query A: parse error']]);
});

test('the scrape interval is the one of the configuration', async () => {
  const of = (yaml: string) =>
    scrapeInterval({ api: async <T>() => ({ data: { yaml } as T, warnings: [], infos: [], tookMs: 0, at: 0 }) });
  assert.equal(
    await of('global:\n  evaluation_interval: 1m\n  scrape_interval: 30s\nscrape_configs:\n  - scrape_interval: 1s\n'),
    30_000,
  );
  assert.equal(await of('scrape_configs:\n  - scrape_interval: 1s\n'), 15_000);
});

test('a time of its own counts only while the dashboard shows a time relative to now', () => {
  const runner = new Runner(held().ask, 15_000);
  const p = panel([{ expr: 'x' }], { timeFrom: '2h' });
  const at = (from: string, to: string) => runner.rangeOf(p, { ...scope, from, to });
  assert.equal(at('now-1h', 'now').fromMs, scope.range.toMs - 7_200_000);
  assert.deepEqual(at('1700000007000', '1700003607000'), scope.range);
  assert.ok(Math.abs(at('now-7d', 'now-1d').toMs - Date.now()) < 60_000);
});

test('panels and rows are repeated for the values of a variable', () => {
  const list = [
    { name: 'h', type: 'custom', query: 'a,b,c', multi: true, includeAll: true },
    { name: 'r', type: 'custom', query: 'x,y' },
  ];
  const board = readDashboard({
    templating: { list },
    panels: [
      { id: 1, type: 'stat', repeat: 'h', maxPerRow: 2, gridPos: { x: 0, y: 0, w: 6, h: 4 } },
      { id: 2, type: 'stat', gridPos: { x: 0, y: 4, w: 24, h: 4 } },
      { type: 'row', title: 'Row $r', repeat: 'r', gridPos: { x: 0, y: 8, w: 24, h: 1 } },
      { id: 3, type: 'stat', repeat: 'h', repeatDirection: 'v', gridPos: { x: 0, y: 9, w: 6, h: 2 } },
    ],
  });
  const [h, r] = board.variables as [Variable, Variable];
  const options = (...v: string[]) => v.map((x) => ({ text: x, value: x }));
  const chosen: Chosen[] = [
    { variable: h, options: options('$__all', 'a', 'b', 'c'), values: ['$__all'], error: '' },
    { variable: r, options: options('x', 'y'), values: ['x', 'y'], error: '' },
  ];
  const rows = expand(board, chosen);
  assert.deepEqual(
    rows.map((x) => x.title),
    ['', 'Row x', 'Row y'],
  );
  assert.deepEqual(
    rows[0]?.panels.map((p) => [p.scoped['h'] ?? '', p.grid.x, p.grid.y, p.grid.w]),
    [
      ['a', 0, 0, 12],
      ['b', 12, 0, 12],
      ['c', 0, 4, 12],
      ['', 0, 8, 24],
    ],
  );
  assert.deepEqual(
    rows[2]?.panels.map((p) => [p.scoped['r'], p.scoped['h'], p.grid.y]),
    [
      ['y', 'a', 0],
      ['y', 'b', 2],
      ['y', 'c', 4],
    ],
  );
  const many = options(...Array.from({ length: 600 }, (_, i) => `v${i}`));
  const left: string[] = [];
  const full = expand(
    board,
    [{ variable: h, options: many, values: ['$__all'], error: '' }, chosen[1] as Chosen],
    left,
  );
  assert.equal(full[0]?.panels.length, 502);
  assert.equal(full.length, 2);
  assert.match(left.join(), /^over 500 repeated panels, the rest is left out/);
  const ids = rows.flatMap((x) => x.panels.map((p) => p.id));
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(new Set(rows.map((x) => x.id)).size, 3);
  assert.equal(expand(board, [{ ...(chosen[0] as Chosen), values: [] }])[0]?.panels.length, 2);
});
