import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { interpolate } from './interpolate';
import type { Panel } from './model';
import { readDashboard } from './read';
import { expand } from './repeat';
import { Runner, type Ask } from './run';
import { resolveVariables } from './resolve';

function folder(): string | null {
  const own = process.env['NARTHEX_SHARED'];
  if (own !== undefined && own !== '') return join(own, 'conformance/dashboards');
  for (let at = process.cwd(); at !== dirname(at); at = dirname(at)) {
    const beside = join(dirname(at), 'shared/conformance/dashboards');
    if (existsSync(beside)) return beside;
  }
  return null;
}

const range = { fromMs: 1_700_000_000_000, toMs: 1_700_003_600_000 };

/** Answers every query with two series, or with values of a label. */
const ask: Ask = {
  api: async <T>(path: string, params: Record<string, string>) => {
    const labels = [
      { namespace: 'a', container: 'x' },
      { namespace: 'b', container: 'y' },
    ];
    const data =
      path === 'query_range'
        ? {
            resultType: 'matrix',
            result: labels.map((metric, i) => ({ metric, values: [[Number(params['start']), String(i)]] })),
          }
        : path === 'query'
          ? {
              resultType: 'vector',
              result: labels.map((metric, i) => ({ metric, value: [Number(params['time']), String(i)] })),
            }
          : ['one:9100', 'two'];
    return { data: data as T, warnings: [], infos: [], tookMs: 1, at: 0 };
  },
};

const at = folder();
const files = at === null ? [] : readdirSync(at).filter((f) => f.endsWith('.json'));

/** What the published dashboards have that is not done here. */
const EXPECTED: Record<string, readonly string[]> = {};

test('published dashboards are read without a problem and every query is text', { skip: at === null }, async () => {
  assert.ok(files.length >= 14);
  for (const file of files) {
    const board = readDashboard(JSON.parse(readFileSync(join(at as string, file), 'utf8')));
    assert.ok(board.uid !== '' && board.title !== '', file);
    const panels: Panel[] = board.rows.flatMap((r) => r.panels);
    assert.ok(panels.length > 0, file);
    for (const p of panels) assert.notEqual(p.kind, 'unknown', `${file}: ${p.title}`);
    const problems = [...board.problems, ...panels.flatMap((p) => p.problems)];
    assert.deepEqual(problems, EXPECTED[file] ?? [], file);
    const chosen = await resolveVariables(board, new URLSearchParams(), range, ask, new AbortController().signal);
    assert.equal(chosen.length, board.variables.length);
    for (const c of chosen) assert.equal(c.error, '', `${file}: ${c.variable.name}`);
    const scope = {
      chosen,
      range,
      scoped: {},
      intervalMs: 15_000,
      rateIntervalMs: 60_000,
      dashboard: board.title,
    };
    const runner = new Runner(ask, 15_000);
    for (const p of expand(board, chosen).flatMap((r) => r.panels)) {
      const data = await runner.run(p, scope, 800, new AbortController().signal);
      assert.equal(data.state, 'done', `${file}: ${p.title}: ${data.problems.join()}`);
      assert.deepEqual(data.problems, [], `${file}: ${p.title}`);
      for (const a of data.asked) {
        const left = a.expr.replace(/\$\d|\$(?=["'/)|])/g, '');
        assert.ok(!left.includes('$'), `${file}: ${p.title}: ${a.expr}`);
      }
      for (const text of [p.title, p.description])
        assert.ok(!/\$\{?\w*(job|instance|cluster)/.test(interpolate(text, scope, 'text')), `${file}: ${text}`);
    }
  }
});

test('a table of a published dashboard has the columns it names', { skip: at === null }, async () => {
  const board = readDashboard(
    JSON.parse(readFileSync(join(at as string, 'kubernetes_k8s-resources-pod.json'), 'utf8')),
  );
  const table = board.rows.flatMap((r) => r.panels).find((p) => p.title === 'CPU Quota') as Panel;
  const chosen = await resolveVariables(board, new URLSearchParams(), range, ask, new AbortController().signal);
  const scope = { chosen, range, scoped: {}, intervalMs: 1, rateIntervalMs: 1, dashboard: '' };
  const data = await new Runner(ask, 15_000).run(table, scope, 800, new AbortController().signal);
  assert.equal(data.frames.length, 1);
  const names = data.frames[0]?.fields.map((f) => f.display) ?? [];
  for (const n of ['Container', 'CPU Usage', 'CPU Requests', 'CPU Requests %', 'CPU Limits', 'CPU Limits %'])
    assert.ok(names.includes(n), `${n} in ${names.join()}`);
  assert.ok(!names.some((n) => n.startsWith('Time')), names.join());
  const share = data.frames[0]?.fields.find((f) => f.display === 'CPU Limits %');
  assert.equal(share?.config.unit, 'percentunit');
});
