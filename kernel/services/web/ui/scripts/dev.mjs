// Serves the built UI as the server does (base href, CSP, caching) and passes the APIs on:
//   node scripts/dev.mjs [port] [address of the API] [route prefix]
// ALERTMANAGER and PUSHGATEWAY may name other servers for their APIs.
import { createServer, request } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = resolve(dirname(fileURLToPath(import.meta.url)), '../../src/main/resources/web');
const port = Number(process.argv[2] ?? 5173);
const main = new URL(process.argv[3] ?? 'http://127.0.0.1:9090');
const alerting = new URL(process.env.ALERTMANAGER ?? main);
const push = new URL(process.env.PUSHGATEWAY ?? main);
const prefix = process.argv[4] ?? '/';
const csp =
  "default-src 'self'; base-uri 'self'; object-src 'none'; frame-ancestors 'none'; form-action 'self'; " +
  "require-trusted-types-for 'script'; trusted-types 'none'";
const types = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript',
  css: 'text/css',
  svg: 'image/svg+xml',
  txt: 'text/plain',
};

// A small stand-in for /narthex/api/v1/plugins, so that the page can be worked on alone.
const now = Date.now();
const plugins = [
  {
    id: 'io.narthex.storage.tsdb',
    name: 'TSDB',
    kind: 'storage',
    version: '0.1.0',
    state: 'running',
    kinds: ['storage:tsdb'],
    source: 'shipped',
    file: 'storage-tsdb-0.1.0.jar',
    sha256: 'ab'.repeat(32),
    osgiState: 'ACTIVE',
    instances: ['data'],
    since: new Date(now - 9e6).toISOString(),
  },
  {
    id: 'io.narthex.discovery.file',
    name: 'File discovery',
    kind: 'discovery',
    version: '0.1.0',
    state: 'running',
    source: 'shipped',
    instances: ['node', 'app'],
    since: new Date(now - 9e6).toISOString(),
  },
  {
    id: 'com.acme.discovery',
    name: 'Acme CMDB',
    kind: 'discovery',
    version: '2.3.1',
    state: 'degraded',
    reason: 'GET http://cmdb.acme.example/hosts: connection refused; last targets kept (14), next try in 30 s',
    undoVersion: '2.3.0',
    staleClassLoaders: 1,
    source: 'user',
    instances: ['hosts'],
    since: new Date(now - 6e5).toISOString(),
  },
  {
    id: 'com.acme.notifier.pager',
    name: 'Acme pager',
    kind: 'notifier',
    version: '1.0.0',
    state: 'failed',
    reason: 'pager.yml:4: key: is missing, got nothing; set key or key_file',
    source: 'user',
    instances: [],
    since: new Date(now - 3e4).toISOString(),
  },
  {
    id: 'io.narthex.notifier.slack',
    name: 'Slack',
    kind: 'notifier',
    version: '0.1.0',
    state: 'stopped',
    source: 'shipped',
    instances: [],
    since: new Date(now - 3e7).toISOString(),
  },
  {
    id: 'io.narthex.http',
    name: 'HTTP',
    kind: 'kernel',
    version: '0.1.0',
    state: 'running',
    source: 'kernel',
    instances: [],
    since: now - 9e6,
  },
  {
    id: 'io.narthex.web',
    name: 'Web UI',
    kind: 'kernel',
    version: '0.1.0',
    state: 'running',
    source: 'kernel',
    instances: [],
    since: now - 9e6,
  },
];

// Small stand-ins for the calls of Explore.
const kept = [
  { query: 'sum by (job) (up)', lastMs: now - 6e4, count: 4, starred: true },
  { query: 'rate(prometheus_http_requests_total[5m])', lastMs: now - 3e5, count: 2, starred: false },
];
const running = [
  {
    duration: '12.204s',
    id: 'A1',
    remote_addr: '127.0.0.1:41210',
    query: 'sum by (path) (rate(http_requests_total[1d]))',
    start: now - 864e5,
    end: now,
    step: 60_000,
    source: 'api',
  },
  { duration: '0.103s', id: 'A2', remote_addr: '', query: 'up == 0', start: now, end: now, step: 0, source: 'rule' },
];
const top = { query: 'sum by (path) (rate(http_requests_total[1d]))', timeRangeSeconds: 86_400, count: 12 };
const standIns = {
  search: (p) => ({
    metrics: [{ name: 'up', type: 'gauge', unit: '', help: `Whether ${p.get('q')} answers`, series: 4 }],
    labels: [{ name: 'job', values: 4 }],
    values: [{ label: 'job', value: 'narthex', series: 812 }],
    truncated: true,
  }),
  ui: () => ({
    links: {
      logs: { title: 'Logs', url: 'https://logs.example/explore?q={labels}&from={start}&to={end}' },
      trace: { title: 'Trace', url: 'https://traces.example/trace/{labels.trace_id}' },
    },
    scrapeIntervalSeconds: 60,
    user: null,
  }),
  active_queries: () => ({ status: 'ok', data: running }),
  top_queries: () => ({
    status: 'ok',
    topBySumDuration: [
      { ...top, sumDurationSeconds: 91.2 },
      { query: 'up', timeRangeSeconds: 0, count: 4000, sumDurationSeconds: 3.1 },
    ],
    topByAvgDuration: [{ ...top, avgDurationSeconds: 7.6 }],
    topByCount: [{ query: 'up', timeRangeSeconds: 0, count: 4000 }],
    topByAvgMemoryUsage: [{ ...top, avgMemoryBytes: 2 ** 28 }],
  }),
  history: (p, req) => {
    const at = kept.findIndex((k) => k.query === p.get('query'));
    if (req.method === 'DELETE' && at >= 0) kept.splice(at, 1);
    return { queries: kept };
  },
  why_empty: (p) => ({
    selectors: [
      {
        selector: p.get('query'),
        series: 0,
        seriesInRange: 0,
        lastSeenMs: now - 3 * 86_400_000,
        problem: 'no_series',
        matchers: [
          { matcher: '__name__="upp"', series: 0, nearest: ['up'] },
          { matcher: 'job="ndoe"', series: 0, nearest: ['node', 'prometheus'] },
        ],
        nearest: ['up', 'scrape_duration_seconds'],
        text: 'no series has had this name for 3 days',
      },
    ],
    notes: [{ kind: 'comparison', text: 'the comparison > 5 drops every series' }],
  }),
};

function mock(req, res, path) {
  const json = (status, body) => {
    res.writeHead(status, { 'content-type': 'application/json' });
    res.end(JSON.stringify(body));
  };
  const url = new URL(path, 'http://x');
  const standIn = standIns[url.pathname.replace(/^\/(narthex\/)?api\/v1\/(status\/)?/, '')];
  if (standIn) return json(200, standIn(url.searchParams, req));
  const at = running.findIndex((q) => url.pathname.endsWith(`/queries/${q.id}`));
  if (req.method === 'DELETE' && at >= 0) return json(200, running.splice(at, 1)[0]);
  if (path.startsWith('narthex/api/v1/audit'))
    return json(200, {
      entries: [
        {
          timeMs: now - 6e5,
          actor: 'admin@127.0.0.1',
          action: 'update',
          id: 'com.acme.discovery',
          version: '2.3.1',
          sha256: '',
          result: 'ok',
        },
      ],
    });
  if (req.method === 'GET') return json(200, { plugins });
  if (req.headers.authorization !== 'Bearer dev')
    return json(401, {
      error: 'token: missing or unknown; send Authorization: Bearer with the content of admin.token',
    });
  const m = /plugins\/([^/?]+)(?:\/(\w+))?/.exec(path);
  const p = plugins.find((x) => x.id === decodeURIComponent(m?.[1] ?? ''));
  if (m?.[1] === 'upload')
    return json(422, {
      error: 'x.jar: neither an OSGi bundle nor META-INF/services of a known kind; build it from the archetype',
    });
  if (!p) return json(404, { error: `plugin ${m?.[1]}: not installed` });
  if (m?.[2] === 'enable') p.state = 'running';
  if (m?.[2] === 'disable') p.state = 'stopped';
  if (req.method === 'DELETE') plugins.splice(plugins.indexOf(p), 1);
  return json(200, p);
}

createServer((req, res) => {
  const url = new URL(req.url, 'http://x');
  if (!url.pathname.startsWith(prefix)) {
    res.writeHead(302, { location: prefix });
    return res.end();
  }
  const path = url.pathname.slice(prefix.length);
  const stood = path.startsWith('narthex/') || /^api\/v1\/status\/(active|top)_queries$/.test(path);
  if (stood && !path.endsWith('/explain') && process.env.MOCK_PLUGINS !== '0') return mock(req, res, path + url.search);
  if (/^(api|-|narthex|metrics)(\/|$)/.test(path)) {
    const api = path.startsWith('api/v2/') ? alerting : /^(api\/v1\/metrics$|metrics\/job)/.test(path) ? push : main;
    const up = request(
      new URL(`/${path}${url.search}`, api),
      { method: req.method, headers: { ...req.headers, host: api.host } },
      (r) => {
        res.writeHead(r.statusCode, r.headers);
        r.pipe(res);
      },
    );
    up.on('error', (e) => {
      res.writeHead(502);
      res.end(String(e));
    });
    return req.pipe(up);
  }
  const file = join(web, normalize(path));
  const asset = path.startsWith('assets/') && existsSync(file);
  if (path.startsWith('assets/') && !asset) {
    res.writeHead(404);
    return res.end();
  }
  const body = asset
    ? readFileSync(file)
    : readFileSync(join(web, 'index.html'), 'utf8').replace('NARTHEX_BASE_HREF', prefix);
  res.writeHead(200, {
    'content-type': types[asset ? path.split('.').pop() : 'html'],
    'cache-control': asset ? 'public, max-age=31536000, immutable' : 'no-cache',
    'content-security-policy': csp,
    'x-content-type-options': 'nosniff',
  });
  return res.end(body);
}).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}${prefix} -> ${main.href}`));
