import assert from 'node:assert/strict';
import { test } from 'node:test';
import { column } from './frames';
import { ALL, interpolate, safeUrl, unknownNames, type Scope } from './interpolate';
import type { Chosen, Variable } from './model';

function variable(name: string, more: Partial<Variable> = {}): Variable {
  return {
    name,
    label: '',
    kind: 'query',
    hide: 0,
    query: '',
    regex: '',
    sort: 0,
    multi: false,
    includeAll: false,
    allValue: '',
    refresh: 1,
    current: [],
    options: [],
    auto: { on: false, count: 30, min: '10s' },
    problem: '',
    ...more,
  };
}

function chosen(name: string, values: string[], more: Partial<Variable> = {}, all: string[] = values): Chosen {
  return { variable: variable(name, more), options: all.map((v) => ({ text: v, value: v })), values, error: '' };
}

const multi = { multi: true, includeAll: true };
const scope: Scope = {
  chosen: [
    chosen('one', ['a.b\\"c']),
    chosen('many', ['x.y', 'z'], multi),
    chosen('single', ['x.y'], multi),
    chosen('all', [ALL], multi, ['p', 'q(1)']),
    chosen('raw', [ALL], { ...multi, allValue: '.+' }, ['p']),
    chosen('none', [], multi),
    chosen('step', ['$__auto_interval_step'], { kind: 'interval' }),
    { ...chosen('ds', ['narthex'], { kind: 'datasource' }), options: [{ text: 'Narthex', value: 'narthex' }] },
  ],
  range: { fromMs: 1_700_000_000_000, toMs: 1_700_003_600_000 },
  scoped: { again: 'v 1' },
  intervalMs: 90_000,
  rateIntervalMs: 240_000,
  dashboard: 'Board & more',
  uid: 'u1',
  from: 'now-1h',
  to: 'now',
  zone: 'utc',
};

test('values stand in expressions as PromQL reads them', () => {
  for (const [text, to] of [
    ['up{a="$one"}', 'up{a="a.b\\\\\\"c"}'],
    ["up{a='${one}'}", "up{a='a.b\\\\\"c'}"],
    ['up{a=~"$many"}', 'up{a=~"(x\\\\.y|z)"}'],
    ['up{a=~`$many`}', 'up{a=~`(x\\.y|z)`}'],
    ['up{a=~"[[single]]"}', 'up{a=~"x\\\\.y"}'],
    ['up{a=~"$all"}', 'up{a=~"(p|q\\\\(1\\\\))"}'],
    ['up{a=~"$raw"}', 'up{a=~".+"}'],
    ['up{a=~"$none"}', 'up{a=~"()"}'],
    ['$single', 'x.y'],
    ['# it"s\nup{a="$one"}', '# it"s\nup{a="a.b\\\\\\"c"}'],
    ['rate(x[$__rate_interval])', 'rate(x[4m])'],
    ['x[$__interval] $__interval_ms', 'x[1m30s] 90000'],
    ['x[$__range] $__range_s $__range_ms', 'x[3600s] 3600 3600000'],
    ['x[$step]', 'x[2m]'],
    ['x{a="$missing"} $1', 'x{a="$missing"} $1'],
    ['${many:regex} ${many:pipe} ${many:csv} ${many:glob}', '(x\\.y|z) x.y|z x.y,z {x.y,z}'],
    ['${many:json} ${many:singlequote} ${many:doublequote}', `["x.y","z"] 'x.y','z' "x.y","z"`],
    ['${many:raw} ${single:json} ${many:lucene}', 'x.y,z ["x.y"] ("x.y" OR "z")'],
    ['${many:queryparam}', 'var-many=x.y&var-many=z'],
    ['${all:queryparam}', 'var-all=%24__all'],
    ['${again} ${again:percentencode}', 'v 1 v%201'],
    [
      '$__from ${__to:date:YYYY-MM-DD} ${__from:date} ${__from:date:seconds}',
      '1700000000000 2023-11-14 2023-11-14T22:13:20.000Z 1700000000',
    ],
  ] as const)
    assert.equal(interpolate(text, scope, 'query'), to, text);
});

test('values stand in titles and legends as people read them', () => {
  assert.equal(
    interpolate('$many / $all / ${ds} / ${ds:text} / ${ds.text}', scope, 'text'),
    'x.y + z / All / Narthex / Narthex / Narthex',
  );
  assert.equal(interpolate('$many $single {{le}}', scope, 'legend'), '{x.y,z} x.y {{le}}');
  assert.deepEqual(unknownNames('$one $timeFilter ${nope:csv} $__interval $1', scope), ['timeFilter', 'nope']);
});

test('values of data stand in links', () => {
  const time = column('Time', 'time', [1, 2]);
  const ns = { ...column('namespace', 'string', ['a b', 'c&d']), display: 'Namespace' };
  const value = { ...column('Value', 'number', [1.5, null]), labels: { job: 'api', 'a.b': 'x' }, display: 'The value' };
  const frame = { refId: 'A', name: 'series', fields: [time, ns, value], length: 2 };
  const at = (text: string, index = 1, how: 'url' | 'text' = 'url') =>
    interpolate(text, { ...scope, data: { frame, field: value, index } }, how);
  assert.equal(at('/d/x?var-ns=${__data.fields.Namespace}'), '/d/x?var-ns=c%26d');
  assert.equal(at('${__data.fields["namespace"]} ${__data.fields[1]}', 0), 'a%20b a%20b');
  assert.equal(
    at('${__field.labels.job} ${__field.labels["a.b"]} ${__field.name} ${__series.name}', 0, 'text'),
    'api x The value series',
  );
  assert.equal(at('${__value.raw} ${__value.numeric} ${__value.time}', 0, 'text'), '1.5 1.5 1');
  assert.equal(at('?${__url_time_range}&${ds:queryparam}'), '?from=now-1h&to=now&var-ds=narthex');
  assert.equal(at('$__cell_1', 0, 'text'), 'a b');
});

test('addresses are followed only when they are safe', () => {
  for (const bad of [
    'javascript:alert(1)',
    ' java\nscript:alert(1)',
    '/javascript:alert(1)',
    './javascript:alert(1)',
    'x/../javascript:alert(1)',
    'JAVASCRIPT:alert(1)',
    '\u0001javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'blob:x',
    'file:///etc/passwd',
    '//other.example/x',
    '/\\other.example',
    'https://user:pass@other.example/',
    'http://',
    '',
  ])
    assert.equal(safeUrl(bad), null, bad);
  for (const [url, to] of [
    ['https://other.example/a?b=c', 'https://other.example/a?b=c'],
    ['/d/uid/slug?var-a=b&from=now-1h', 'd/uid/slug?var-a=b&from=now-1h'],
    ['d/uid', 'd/uid'],
    ['/d-solo/uid/slug?panelId=2', 'd/uid/slug?panelId=2'],
    ['///d/uid', null],
    ['../../x', 'x'],
    ['/', 'home'],
    ['?var-a=b', '?var-a=b'],
    ['/d/a:b/c', 'd/a:b/c'],
    ['/alerting/list', 'alerts'],
    ['/explore?left=%7B%22queries%22:%5B%7B%22expr%22:%22up%22%7D%5D%7D', 'query?g0.expr=up&g0.tab=graph'],
  ] as const)
    assert.equal(safeUrl(url), to, url);
});
