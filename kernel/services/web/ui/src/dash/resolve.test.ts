import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDashboard } from './read';
import type { Ask } from './run';
import { customOptions, filtered, resolveVariables, sorted } from './resolve';

const range = { fromMs: 1_700_000_000_000, toMs: 1_700_003_600_000 };
const texts = (list: readonly { text: string }[]) => list.map((o) => o.text);
const plain = (values: string[]) => values.map((v) => ({ text: v, value: v }));

function resolve(
  list: object[],
  params = '',
  answers: Record<string, unknown> = {},
  asked: string[] = [],
  keep = true,
) {
  const ask: Ask = {
    api: async <T>(path: string, p: Record<string, string>) => {
      const key = `${path} ${p['match[]'] ?? p['query'] ?? ''}`.trim();
      asked.push(key);
      if (!(key in answers)) throw new Error(`no answer to ${key}`);
      return { data: answers[key] as T, warnings: [], infos: [], tookMs: 0, at: 0 };
    },
  };
  const board = readDashboard({ panels: [], templating: { list } });
  return resolveVariables(board, new URLSearchParams(params), range, ask, new AbortController().signal, keep);
}

const query = (name: string, q: string, more: object = {}) => ({ name, type: 'query', query: q, ...more });

test('variables that need others wait for them, and the address decides', async () => {
  const asked: string[] = [];
  const list = [
    query('instance', 'label_values(up{job=~"$job"}, instance)', { includeAll: true, multi: true }),
    query('job', 'label_values(up, job)', { multi: true, sort: 1 }),
  ];
  const answers = {
    'label/job/values up': ['b.x', 'a', 'a'],
    'label/instance/values up{job=~"(b\\\\.x|a)"}': ['i1', 'i2'],
  };
  const [instance, job] = await resolve(list, 'var-job=b.x&var-job=a&var-instance=i2', answers, asked);
  assert.deepEqual(job?.values, ['b.x', 'a']);
  assert.deepEqual(texts(job?.options ?? []), ['a', 'b.x']);
  assert.deepEqual(instance?.values, ['i2']);
  assert.deepEqual(texts(instance?.options ?? []), ['All', 'i1', 'i2']);
  assert.equal(asked.length, 2);
});

test('what is not there gives way to All or the first', async () => {
  const answers = { 'label/a/values': ['x', 'y'] };
  const values = async (more: object, params = '') =>
    (await resolve([query('v', 'label_values(a)', more)], params, answers))[0]?.values;
  assert.deepEqual(await values({}), ['x']);
  assert.deepEqual(await values({ current: { value: 'y' } }), ['y']);
  assert.deepEqual(await values({ current: { value: 'gone' } }), ['x']);
  assert.deepEqual(await values({ includeAll: true, current: { value: 'gone' } }), ['$__all']);
  assert.deepEqual(await values({ includeAll: true, current: { value: 'y' } }, 'var-v=All'), ['$__all']);
  assert.deepEqual(await values({ includeAll: true }, 'var-v=%24__all'), ['$__all']);
  assert.deepEqual(await values({ multi: true }, 'var-v=y&var-v=x'), ['y', 'x']);
  assert.deepEqual(await values({}, 'var-v=y&var-v=x'), ['y']);
});

test('a value of a link stays though it is not there, until another is chosen', async () => {
  const answers = { 'label/a/values': ['x', 'y'] };
  const list = [query('v', 'label_values(a)', { multi: true, includeAll: true })];
  assert.deepEqual((await resolve(list, 'var-v=gone&var-v=y', answers))[0]?.values, ['gone', 'y']);
  assert.deepEqual((await resolve(list, 'var-v=gone&var-v=y', answers, [], false))[0]?.values, ['y']);
  assert.deepEqual((await resolve(list, 'var-v=gone', answers, [], false))[0]?.values, ['$__all']);
  assert.deepEqual((await resolve(list, 'var-v=gone', answers))[0]?.options.length, 3);
});

test('a query that fails stops no other and keeps what was chosen', async () => {
  const list = [query('bad', 'label_values(nope)', { current: { value: 'kept' } }), query('good', 'label_values(a)')];
  const [bad, good] = await resolve(list, '', { 'label/a/values': ['x'] });
  assert.match(bad?.error ?? '', /variable bad: no answer/);
  assert.deepEqual(bad?.values, ['kept']);
  assert.deepEqual([good?.error, good?.values], ['', ['x']]);
});

test('variables that need each other are told so', async () => {
  const list = [query('a', 'label_values(x{b="$b"}, l)'), query('b', 'label_values(x{a="$a"}, l)')];
  const [a, b] = await resolve(list, '', { 'label/l/values x{b=""}': ['v'] });
  assert.match(b?.error ?? '', /variable b: needs a, which needs it/);
  assert.deepEqual(a?.values, ['v']);
});

test('all kinds of queries are asked', async () => {
  const answers = {
    labels: ['job', 'le'],
    'label/__name__/values': ['node_cpu', 'up'],
    'query topk(1, up)': {
      resultType: 'vector',
      result: [{ metric: { __name__: 'up', job: 'a' }, value: [1.5, '7'] }],
    },
    'series up': [{ __name__: 'up', job: 'a', x: 'b' }],
    'label/job/values {__name__=~"a,b", c!=")"}': ['q'],
  };
  const options = async (q: string, more: object = {}) =>
    texts((await resolve([query('v', q, more)], '', answers))[0]?.options ?? []);
  assert.deepEqual(await options('label_names()'), ['job', 'le']);
  assert.deepEqual(await options('metrics(node_.*)'), ['node_cpu']);
  assert.deepEqual(await options('query_result(topk(1, up))'), ['up{job="a"} 7 1500']);
  assert.deepEqual(await options('query_result(topk(1, up))', { regex: '/job="([^"]+)"/' }), ['a']);
  assert.deepEqual(await options('up'), ['up{job="a",x="b"}']);
  assert.deepEqual(await options('label_values({__name__=~"a,b", c!=")"}, job)'), ['q']);
});

test('a selector too long for an address asks for series instead', async () => {
  const long = `up{a=~"${'x'.repeat(3000)}"}`;
  const [v] = await resolve([query('v', `label_values(${long}, job)`)], '', {
    [`series ${long}`]: [{ job: 'b' }, { job: 'a' }, {}, { job: 'b' }],
  });
  assert.deepEqual(texts(v?.options ?? []), ['b', 'a']);
});

test('kinds without a query have their values from the file', async () => {
  const list = [
    { name: 'c', type: 'custom', query: 'one : 1, two : 2,a\\,b', current: { value: '2' } },
    { name: 'i', type: 'interval', query: '1m,5m,"1 h"', auto: true, current: { value: '5m' } },
    { name: 'k', type: 'constant', query: 'job="x"' },
    { name: 't', type: 'textbox', query: 'default' },
    { name: 'd', type: 'datasource', query: 'prometheus', current: { value: 'anything' } },
  ];
  const [c, i, k, t, d] = await resolve(list, 'var-t=written&var-d=other');
  assert.deepEqual([texts(c?.options ?? []), c?.values], [['one', 'two', 'a,b'], ['2']]);
  assert.deepEqual([texts(i?.options ?? []), i?.values], [['auto', '1m', '5m', '1 h'], ['5m']]);
  assert.deepEqual([k?.values, t?.values, d?.values], [['job="x"'], ['written'], ['narthex']]);
});

test('regular expressions find values and texts', () => {
  const found = plain(['node-1:9100', 'node-2:9100', 'db:5432']);
  assert.deepEqual(texts(filtered(found, '/(.*):9100/')), ['node-1', 'node-2']);
  assert.deepEqual(texts(filtered(found, 'db:.*')), ['db:5432']);
  assert.deepEqual(texts(filtered(found, 'db')), []);
  assert.deepEqual(filtered(found, '/(?<text>[^:]+):(?<value>5.*)/'), [{ text: 'db', value: '5432' }]);
  assert.deepEqual(texts(filtered(plain(['a1b2']), '/([a-z])\\d/g')), ['a', 'b']);
  const both = plain(['x{instance="10.0.0.1:9100", nodename="web1"}']);
  assert.deepEqual(filtered(both, '/nodename="(?<text>[^"]+)|instance="(?<value>[^"]+)/g'), [
    { text: 'web1', value: '10.0.0.1:9100' },
  ]);
  assert.throws(() => filtered(found, '/(/'), /cannot be read/);
  assert.throws(() => filtered(found, '/(a+)+$/'), /repeats a repetition/);
});

test('values are sorted in the eight ways', () => {
  const list = plain(['b10', 'B2', 'a']);
  const by = (n: number) => texts(sorted(list, n)).join();
  assert.equal(by(0), 'b10,B2,a');
  assert.equal(by(1), 'B2,a,b10');
  assert.equal(by(2), 'b10,a,B2');
  assert.equal(by(3), 'a,B2,b10');
  assert.equal(by(4), 'b10,B2,a');
  assert.equal(by(5), 'a,b10,B2');
  assert.equal(by(6), 'B2,b10,a');
  assert.equal(by(7), 'a,B2,b10');
  assert.deepEqual(customOptions(''), []);
});
