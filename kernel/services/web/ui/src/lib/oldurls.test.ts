import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAddress } from './oldurls';
import { readPanels } from './urlstate';

const ID = '0f1e2d3c-4b5a-4978-8899-aabbccddeeff';

/** An address after the host, with the port that matters to some, and where it leads; null: it stays. */
type Row = readonly [old: string, now: string | null, port?: string];

function check(rows: readonly Row[]): void {
  for (const [old, now, port] of rows) {
    const url = new URL(old, `http://narthex.test:${port ?? '9090'}`);
    const at = { path: url.pathname.replace(/^\/|\/$/g, ''), search: url.search, hash: url.hash, port: url.port };
    assert.equal(newAddress(at), now, old);
    // What an address leads to is not sent on again.
    if (now === null) continue;
    const next = new URL(now, 'http://narthex.test:9090/');
    const again = { path: next.pathname.slice(1), search: next.search, hash: next.hash, port: '9090' };
    assert.equal(newAddress(again), null, `${old} -> ${now}`);
  }
}

const PROMETHEUS_2: readonly Row[] = [
  ['/graph', 'query'],
  ['/graph/', 'query'],
  ['/graph?g0.expr=up&g0.tab=0', 'query?g0.expr=up&g0.tab=0'],
  ['/graph?g0.expr=up&g0.tab=1&g0.stacked=1', 'query?g0.expr=up&g0.tab=1&g0.stacked=1'],
  ['/graph?g0.expr=up&g0.range_input=6h', 'query?g0.expr=up&g0.range_input=6h'],
  ['/graph?g0.expr=up&g0.end_input=2024-01-02%2003%3A04', 'query?g0.expr=up&g0.end_input=2024-01-02%2003%3A04'],
  ['/graph?g0.expr=up&g0.step_input=30', 'query?g0.expr=up&g0.step_input=30'],
  ['/graph?g0.expr=a&g1.expr=b', 'query?g0.expr=a&g1.expr=b'],
  ['/classic/graph?g0.expr=up&g0.tab=0', 'query?g0.expr=up&g0.tab=0'],
  ['/classic/alerts', 'alerts'],
  ['/classic/rules', 'rules'],
  ['/classic/targets', 'targets'],
  ['/classic/status', 'status'],
  ['/classic/flags', 'flags'],
  ['/classic/config', 'config'],
  ['/classic/service-discovery', 'service-discovery'],
  ['/classic', 'home'],
  ['/new/graph?g0.expr=up', 'query?g0.expr=up'],
  ['/new/targets', 'targets'],
  ['/new', 'home'],
  ['/?g0.expr=up', 'query?g0.expr=up'],
  ['/alerts', null],
  ['/alerts?search=Disk', null],
  ['/alerts?showInactive=false&showPending=true&showFiring=true', 'alerts?state=pending%2Cfiring'],
  ['/rules', null],
  ['/rules#node', null],
  ['/targets?search=up', null],
  ['/targets?search=&scrapePool=node', 'targets?search=&pool=node'],
  ['/targets?health=unhealthy', 'targets?health=down'],
  ['/targets?health=healthy%2Cunknown', 'targets?health=up%2Cunknown'],
  ['/service-discovery?search=x', null],
  ['/tsdb-status', null],
  ['/status', null],
  ['/flags', null],
  ['/config', null],
  ['/agent', 'status'],
  ['/consoles', 'dashboards'],
  ['/consoles/prometheus.html', 'dashboards'],
];

const PROMETHEUS_3: readonly Row[] = [
  ['/query', null],
  ['/query?g0.expr=up&g0.show_tree=0&g0.tab=table', null],
  ['/query?g0.expr=up&g0.show_tree=1&g0.tab=graph&g0.res_type=auto', null],
  ['/query?g0.expr=up&g0.tab=explain', null],
  ['/alerts?state=firing', null],
  ['/alerts?state=firing%2Cpending&search=cpu', null],
  ['/targets?pool=node&health=down', null],
  ['/service-discovery?pool=node', null],
  ['/service-discovery?scrapePool=node', 'service-discovery?pool=node'],
  ['/alertmanager-discovery', null],
];

const ALERTMANAGER: readonly Row[] = [
  ['/', 'groups', '9093'],
  ['/#/alerts', 'groups', '9093'],
  ['/#/alerts?receiver=team', 'groups?receiver=team'],
  [
    '/#/alerts?silenced=false&inhibited=false&active=true&filter=%7Bjob%3D%22a%22%7D',
    'groups?filter=%7Bjob%3D%22a%22%7D&silenced=false&inhibited=false&active=true',
  ],
  ['/#/alerts?filter=%7B%7D&customGrouping=true&group=job', 'groups'],
  ['/alerts#/alerts?receiver=team', 'groups?receiver=team', '9093'],
  ['/#/silences', 'silences'],
  ['/#/silences?filter=%7Bjob%3D%22a%22%7D', 'silences?search=job%3D%22a%22'],
  ['/#/silences?filter=%7Ba%3D%22b%22%2Cc%3D~%22d%22%7D', 'silences?search=a%3D%22b%22%20c%3D~%22d%22'],
  ['/#/silences/new', 'silences?new=1'],
  ['/#/silences/new?filter=%7Bjob%3D%22a%22%7D', 'silences?new=1&filter=%7Bjob%3D%22a%22%7D'],
  ['/#/silences/new?filter=%7Ba%3D%22b%22%7D&comment=why', 'silences?new=1&filter=%7Ba%3D%22b%22%7D&comment=why'],
  [`/#/silences/new/${ID}`, `silences?state=active,pending,expired&search=${ID}`],
  [`/#/silences/${ID}`, `silences?state=active,pending,expired&search=${ID}`],
  [`/#/silences/edit/${ID}`, `silences?state=active,pending,expired&search=${ID}`],
  [`/#silences/${ID}`, `silences?state=active,pending,expired&search=${ID}`],
  ['/#/status', 'status'],
  ['/#/settings', 'home'],
];

const PUSHGATEWAY: readonly Row[] = [
  ['/', 'pushes', '9091'],
  ['/#', 'pushes', '9091'],
  ['/status', null, '9091'],
];

test('links of Prometheus 2 open the same view', () => check(PROMETHEUS_2));
test('links of Prometheus 3 open the same view', () => check(PROMETHEUS_3));
test('links of the Alertmanager open the same view', () => check(ALERTMANAGER));
test('links of the Pushgateway open the same view', () => check(PUSHGATEWAY));

test('the tables have 60 addresses at least, and the root of the server is none of them', () => {
  const all = [...PROMETHEUS_2, ...PROMETHEUS_3, ...ALERTMANAGER, ...PUSHGATEWAY];
  assert.ok(new Set(all.map(([old, , port]) => `${port} ${old}`)).size >= 60);
  check([['/', null]]);
});

test('the state of an old graph survives', () => {
  const to = newAddress({
    path: 'classic/graph',
    search: '?g0.expr=rate(a%5B5m%5D)&g0.tab=0&g0.stacked=1&g0.range_input=6h&g0.end_input=2024-01-02%2003%3A04',
    hash: '',
    port: '9090',
  });
  const [panel] = readPanels((to ?? '').replace(/^query/, ''));
  assert.equal(panel?.expr, 'rate(a[5m])');
  assert.equal(panel?.tab, 'graph');
  assert.equal(panel?.display, 'stacked');
  assert.equal(panel?.rangeMs, 21_600_000);
  assert.equal(panel?.endMs, Date.UTC(2024, 0, 2, 3, 4));
});
