// Runs the data source of @grafana/prometheus (its AGPL code is not part of this project) with
// stand-ins for the rest of Grafana, and prints each request that it makes, one JSON object a line.
// How to run it: README.md.
'use strict';
const Module = require('node:module');
const path = require('node:path');

const FROM = Date.parse('2026-01-02T02:04:05.678Z');
const TO = Date.parse('2026-01-02T03:04:05.678Z');
Date.now = () => TO;

// what a widget or an unknown helper is: anything, called or extended
const anything = () =>
  new Proxy(class {}, {
    get: (target, name) => (name in target || name === 'then' ? target[name] : anything()),
    apply: () => anything(),
  });
const rooted = require('node:module').createRequire(path.join(process.cwd(), 'index.js'));
const { of } = rooted('rxjs');
const moment = rooted('moment');

let step = '';
const answers = {
  labels: ['__name__', 'instance', 'job'],
  values: ['jvm', 'narthex', 'node'],
  series: [{ __name__: 'up', job: 'node' }],
  metadata: {},
  rules: { groups: [] },
  query: { resultType: 'vector', result: [] },
  query_exemplars: [],
};

/** Prints a request as Grafana's server passes it on: path, query and body as they came. */
function record(options) {
  const at = options.url.indexOf('/resources/');
  const target = options.url.substring(at + '/resources/'.length);
  const body = options.data === undefined ? '' : form(options.data);
  const line = { step, method: options.method, target };
  if (body) {
    line.contentType = options.headers['Content-Type'];
    line.body = body;
  }
  const headers = { ...options.headers };
  delete headers['Content-Type'];
  if (Object.keys(headers).length > 0) {
    line.browserHeaders = headers;
  }
  console.log(JSON.stringify(line));
  const kind = target.split('?')[0].split('/').pop();
  return of({ data: { status: 'success', data: answers[kind] ?? [] } });
}

/** As Grafana's back-end service writes forms: one pair a value. */
function form(data) {
  return Object.entries(data)
    .filter(([, value]) => value !== undefined)
    .flatMap(([key, value]) => (Array.isArray(value) ? value : [value]).map((v) => [key, v]))
    .map(([key, value]) => encodeURIComponent(key) + '=' + encodeURIComponent(value))
    .join('&');
}

const runtime = {
  DataSourceWithBackend: class {
    constructor(settings) {
      this.uid = settings.uid;
    }
  },
  getBackendSrv: () => ({ fetch: record }),
  getTemplateSrv: () => ({ replace: (text) => text, getVariables: () => [] }),
  isFetchError: () => false,
  config: { featureToggles: {} },
};
const range = { from: moment(FROM), to: moment(TO), raw: { from: moment(FROM), to: moment(TO) } };
const data = {
  AbstractLabelOperator: { Equal: '=', NotEqual: '!=', EqualRegEx: '=~', NotEqualRegEx: '!~' },
  CustomVariableSupport: class {},
  dateTime: (value) => moment(value ?? TO),
  getDefaultTimeRange: () => range,
  incrRoundDn: (value, step) => Math.floor(value / step) * step,
  rangeUtil: { intervalToMs: (text) => 1000 * parseInt(text, 10) },
};
const open = (known) =>
  new Proxy(known, { get: (target, name) => (name in target ? target[name] : anything()) });
const stubs = { '@grafana/data': open(data), '@grafana/runtime': open(runtime) };

const load = Module._load;
Module._load = function (request, parent, ...rest) {
  if (stubs[request]) {
    return stubs[request];
  }
  if (request.includes('/components/') || /^(react|@emotion|@grafana\/|monaco)/.test(request)) {
    return open({ __esModule: true });
  }
  return load.call(this, request, parent, ...rest);
};

const root = path.join(process.cwd(), 'node_modules/@grafana/prometheus');
const { PrometheusDatasource } = require(path.join(root, 'dist/cjs/datasource.cjs'));

function source(jsonData) {
  return new PrometheusDatasource({
    uid: 'narthex',
    url: '/api/datasources/proxy/uid/narthex',
    access: 'proxy',
    jsonData,
  });
}

async function dashboard(name, jsonData) {
  const steps = [
    ['opening', (s) => s.init()],
    ['editor', (s) => s.languageProvider.start(range)],
    ['names', (s) => s.metricFindQuery('label_names()', { range })],
    ['names that match', (s) => s.metricFindQuery('label_names(cpu)', { range })],
    ['values', (s) => s.metricFindQuery('label_values(job)', { range })],
    ['values of a metric', (s) => s.metricFindQuery('label_values(up{job=~"n.+"}, job)', { range })],
    ['metrics', (s) => s.metricFindQuery('metrics(node_cpu.*)', { range })],
    ['query result', (s) => s.metricFindQuery('query_result(max by (job) (up))', { range })],
    ['series', (s) => s.metricFindQuery('up{job="node"}', { range })],
    ['all series', (s) => s.languageProvider.resourceClient.querySeries(range, '{}', 10)],
    ['UTF-8 name', (s) => s.languageProvider.queryLabelValues(range, 'http.status:code')],
    ['metric in quotes', (s) => s.languageProvider.queryLabelKeys(range, '{"http.größe",job="node"}')],
    [
      'ad hoc keys',
      (s) =>
        s.getTagKeys({
          timeRange: range,
          queries: [{ refId: 'A', expr: 'rate(node_cpu_seconds_total{mode="idle"}[5m])' }],
          filters: [{ key: 'job', operator: '=', value: 'node' }],
        }),
    ],
    [
      'ad hoc values',
      (s) =>
        s.getTagValues({
          key: 'instance',
          timeRange: range,
          queries: [
            { refId: 'A', expr: 'up' },
            { refId: 'B', expr: 'node_load1 / node_load15' },
          ],
          filters: [{ key: 'job', operator: '!=', value: 'a "quoted" \\ value' }],
        }),
    ],
  ];
  for (const [what, run] of steps) {
    step = name + ': ' + what;
    await run(source(jsonData)); // a source of its own, since it remembers answers
    await new Promise((done) => setImmediate(done));
  }
}

async function main() {
  console.error(require(path.join(root, 'package.json')).version);
  await dashboard('POST', { httpMethod: 'POST' });
  await dashboard('GET', { httpMethod: 'GET', cacheLevel: 'None', seriesLimit: 100 });
  await dashboard('series end point', { httpMethod: 'POST', cacheLevel: 'High', seriesEndpoint: true });
}

main().catch((e) => {
  console.error(e);
  process.exitCode = 1;
});
