/** What this server sees now. Every part is read by itself and fails alone. */
import type { ComponentChildren } from 'preact';
import { v2Answer } from '../lib/alertmanager';
import { api, useApi, useLoad, type Alert, type Loaded, type Plugin, type RuleGroup, type Targets } from '../lib/api';
import { unwrapped } from '../lib/own';
import { humanNumber, humanSeconds, plural, type Unit } from '../lib/format';
import { useInner } from '../lib/inner';
import { pluginTone } from '../lib/plugins';
import { session } from '../lib/session';
import { useStore } from '../lib/store';
import { queryLink } from '../lib/urlstate';
import { Ago, Await, Copy, State } from '../ui';
import { Spark } from './Spark';
import { stepsLeft } from './steps';

/** Rows of a list on this page; its own page has them all. */
const ROWS = 6;

const FS = 'fstype!~"tmpfs|ramfs|overlay|squashfs|devtmpfs|iso9660"';
const MACHINE: readonly { title: string; query: string; unit: Unit; top?: number }[] = [
  {
    title: 'Processors',
    query: '1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m]))',
    unit: 'ratio',
    top: 1,
  },
  {
    title: 'Memory',
    query: '1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes',
    unit: 'ratio',
    top: 1,
  },
  {
    title: 'Fullest file system',
    query: `max by (instance) (1 - node_filesystem_avail_bytes{${FS}} / node_filesystem_size_bytes{${FS}})`,
    unit: 'ratio',
    top: 1,
  },
  {
    title: 'Network, both ways',
    query:
      'sum by (instance) (rate(node_network_receive_bytes_total{device!="lo"}[5m]) + ' +
      'rate(node_network_transmit_bytes_total{device!="lo"}[5m]))',
    unit: 'bytes/s',
  },
];

const EXPORTERS = [
  'scrape_configs:',
  '  - job_name: node',
  '    metrics_path: /exporters/node/metrics',
  '    static_configs:',
  '      - targets: [self]',
  '  - job_name: jvm',
  '    metrics_path: /exporters/jvm/metrics',
  '    static_configs:',
  '      - targets: [self]',
].join('\n');

export function HomePage() {
  const alerts = useApi<{ alerts: Alert[] }>('alerts');
  const targets = useApi<Targets>('targets', { state: 'active' });
  const plugins = useInner<{ plugins: Plugin[] }>('plugins');
  return (
    <div class="home" data-testid="home">
      <Numbers alerts={alerts} targets={targets} />
      <div class="columns">
        <Firing load={alerts} />
        <Down load={targets} />
      </div>
      <Machine />
      <div class="columns">
        <SlowRules />
        <SlowQueries />
        <Attention load={plugins} />
        <NextSteps targets={targets} plugins={plugins} />
      </div>
    </div>
  );
}

function Card({ title, link, children }: { title: string; link?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="card" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <span class="grow" />
        {link}
      </header>
      {children}
    </section>
  );
}

function useNumber(query: string): Loaded<number | null> {
  return useLoad(
    async (signal) => {
      const a = await api<{ result: { value: [number, string] }[] }>('query', { query }, signal);
      const v = Number(a.data.result[0]?.value[1]);
      return { ...a, data: Number.isFinite(v) ? v : null };
    },
    [query],
  );
}

function Figure({ word, to, n, tone }: { word: string; to: string; n: string | null; tone?: 'bad' | 'good' }) {
  return (
    <a class="figure" href={to}>
      <b class={tone === 'bad' ? 'bad' : ''}>{n ?? '–'}</b>
      <span>{word}</span>
    </a>
  );
}

const RATE = 'sum(rate(prometheus_tsdb_head_samples_appended_total[5m]))';

function Numbers({ alerts, targets }: { alerts: Loaded<{ alerts: Alert[] }>; targets: Loaded<Targets> }) {
  const tsdb = useApi<{ headStats: { numSeries: number } }>('status/tsdb', { limit: '1' });
  const rate = useNumber(RATE);
  const boards = useInner<{ dashboards?: unknown[] }>('dashboards');
  const firing = alerts.answer?.data.alerts.filter((a) => a.state === 'firing').length;
  const all = targets.answer?.data.activeTargets;
  const up = all?.filter((t) => t.health === 'up').length;
  const count = boards.answer?.data.dashboards?.length;
  return (
    <nav class="figures" aria-label="Figures">
      <Figure
        word={firing === 1 ? 'alert fires' : 'alerts fire'}
        to="alerts?state=firing"
        n={firing === undefined ? null : String(firing)}
        {...(firing ? { tone: 'bad' as const } : {})}
      />
      <Figure
        word={`of ${all?.length ?? '–'} targets up`}
        to="targets"
        n={up === undefined ? null : String(up)}
        {...(all && up !== undefined && up < all.length ? { tone: 'bad' as const } : {})}
      />
      <Figure
        word="series"
        to="tsdb-status"
        n={tsdb.answer ? tsdb.answer.data.headStats.numSeries.toLocaleString('en') : null}
      />
      <Figure
        word="samples a second"
        to={queryLink(RATE, 'graph')}
        n={rate.answer && rate.answer.data !== null ? humanNumber(rate.answer.data) : null}
      />
      <Figure word="dashboards" to="dashboards" n={count === undefined ? '→' : String(count)} />
    </nav>
  );
}

function severity(a: Alert): string {
  return a.labels['severity'] ?? 'no severity';
}

/** Severities that many rules use, the worst first; others follow by name. */
const ORDER = ['critical', 'page', 'error', 'warning', 'info'];

function bySeverity(alerts: readonly Alert[]): [string, Alert[]][] {
  const groups = new Map<string, Alert[]>();
  for (const a of alerts) {
    const key = severity(a);
    const group = groups.get(key);
    if (group) group.push(a);
    else groups.set(key, [a]);
  }
  const rank = (s: string) => (ORDER.includes(s) ? ORDER.indexOf(s) : ORDER.length);
  return [...groups].sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b, 'en'));
}

function Firing({ load }: { load: Loaded<{ alerts: Alert[] }> }) {
  return (
    <Card title="Firing alerts" link={<a href="alerts">All alerts</a>}>
      <Await load={load}>
        {({ alerts }) => {
          const firing = alerts.filter((a) => a.state === 'firing');
          if (firing.length === 0)
            return (
              <p class="inner">
                <State tone="good">Nothing fires</State>
              </p>
            );
          return (
            <div class="inner">
              {bySeverity(firing).map(([word, group]) => (
                <div key={word}>
                  <State tone={ORDER.indexOf(word) > 2 ? 'warn' : 'bad'}>
                    {group.length} × {word}
                  </State>
                  <ul class="lines">
                    {group.slice(0, ROWS).map((a, i) => (
                      <li key={i}>
                        <a href={`alerts?search=${encodeURIComponent(a.labels['alertname'] ?? '')}`}>
                          {a.labels['alertname'] ?? 'alert'}
                        </a>{' '}
                        <span class="wrap">{a.annotations['summary'] ?? a.labels['instance'] ?? ''}</span>{' '}
                        <span class="dim">
                          <Ago at={a.activeAt} />
                        </span>
                      </li>
                    ))}
                    {group.length > ROWS && <li class="dim">and {group.length - ROWS} more</li>}
                  </ul>
                </div>
              ))}
            </div>
          );
        }}
      </Await>
    </Card>
  );
}

function Down({ load }: { load: Loaded<Targets> }) {
  return (
    <Card title="Targets down" link={<a href="targets">All targets</a>}>
      <Await load={load}>
        {({ activeTargets }) => {
          const down = activeTargets.filter((t) => t.health === 'down');
          if (activeTargets.length === 0) return <p class="inner dim">No target is scraped.</p>;
          if (down.length === 0)
            return (
              <p class="inner">
                <State tone="good">All {plural(activeTargets.length, 'target')} answer</State>
              </p>
            );
          return (
            <ul class="inner lines">
              {down.slice(0, ROWS).map((t) => (
                <li key={t.scrapePool + t.scrapeUrl}>
                  <State tone="bad">{t.scrapePool}</State>{' '}
                  <a
                    class="wrap"
                    href={`targets?pool=${encodeURIComponent(t.scrapePool)}&search=${encodeURIComponent(t.labels['instance'] ?? '')}`}
                  >
                    {t.labels['instance'] ?? t.scrapeUrl}
                  </a>
                  <div class="mono wrap">{t.lastError || 'no error was given'}</div>
                  <div class="dim">
                    read <Ago at={t.lastScrape} />
                  </div>
                </li>
              ))}
              {down.length > ROWS && <li class="dim">and {down.length - ROWS} more</li>}
            </ul>
          );
        }}
      </Await>
    </Card>
  );
}

function Machine() {
  const node = useNumber('count(node_cpu_seconds_total)');
  const jvm = useNumber('count(jvm_memory_used_bytes)');
  const missing = [
    ...(node.answer && node.answer.data === null ? ['node'] : []),
    ...(jvm.answer && jvm.answer.data === null ? ['jvm'] : []),
  ];
  return (
    <Card title="Machine, last hour">
      <div class="sparks">
        {!missing.includes('node') && MACHINE.map((m) => <Spark key={m.title} {...m} job="node" />)}
        {!missing.includes('jvm') && (
          <Spark
            title="Heap of the JVM"
            query='sum by (instance) (jvm_memory_used_bytes{area="heap"})'
            unit="bytes"
            job="jvm"
          />
        )}
        <Spark title="Samples a second" query={RATE} unit="none" job="narthex" />
      </div>
      {missing.length > 0 && (
        <div class="inner">
          <p class="dim">
            The built-in exporter {missing.join(' and ')} is not scraped. Add to <code>prometheus.yml</code> and reload:
          </p>
          <pre class="snippet" tabIndex={0}>
            {EXPORTERS}
          </pre>
          <p>
            <Copy text={EXPORTERS} />
          </p>
        </div>
      )}
    </Card>
  );
}

function SlowRules() {
  const load = useApi<{ groups: RuleGroup[] }>('rules', { exclude_alerts: 'true' });
  return (
    <Card title="Slowest rules" link={<a href="rules">All rules</a>}>
      <Await load={load}>
        {({ groups }) => {
          const rules = groups
            .flatMap((g) => g.rules.map((r) => ({ r, g })))
            .sort((a, b) => b.r.evaluationTime - a.r.evaluationTime)
            .slice(0, ROWS);
          if (rules.length === 0) return <p class="inner dim">There are no rules yet.</p>;
          return (
            <table>
              <tbody>
                {rules.map(({ r, g }, i) => (
                  <tr key={i}>
                    <td class="wrap">
                      <a href={`rules?search=${encodeURIComponent(r.name)}`}>{r.name}</a>{' '}
                      <span class="dim">{g.name}</span>
                      {r.health === 'err' && (
                        <div>
                          <State tone="bad">failed</State> <span class="mono wrap">{r.lastError}</span>
                        </div>
                      )}
                    </td>
                    <td class="num">{humanSeconds(r.evaluationTime)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          );
        }}
      </Await>
    </Card>
  );
}

interface TopQuery {
  query: string;
  count: number;
  sumDurationSeconds?: number;
  avgDurationSeconds?: number;
}

function SlowQueries() {
  const load = useLoad(
    (signal) => unwrapped<{ topByAvgDuration?: TopQuery[] }>('status/top_queries', { topN: String(ROWS) }, signal),
    ['status/top_queries'],
  );
  return (
    <Card title="Slowest queries" link={<a href="queries">All queries</a>}>
      <Await load={load}>
        {({ topByAvgDuration }) =>
          (topByAvgDuration ?? []).length === 0 ? (
            <p class="inner dim">No query has been run yet.</p>
          ) : (
            <table>
              <tbody>
                {(topByAvgDuration ?? []).slice(0, ROWS).map((q, i) => (
                  <tr key={i}>
                    <td class="mono wrap">
                      <a href={queryLink(q.query, 'graph')}>{q.query}</a>
                    </td>
                    <td class="num">
                      {humanSeconds(q.avgDurationSeconds ?? 0)} <span class="dim">× {q.count}</span>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Await>
    </Card>
  );
}

function Attention({ load }: { load: Loaded<{ plugins: Plugin[] }> }) {
  return (
    <Card title="Plugins" link={<a href="plugins">All plugins</a>}>
      <Await load={load}>
        {({ plugins }) => {
          const bad = plugins.filter((p) => ['bad', 'warn'].includes(pluginTone(p.state)));
          if (bad.length === 0)
            return (
              <p class="inner">
                <State tone="good">None needs attention</State>{' '}
                <span class="dim">{plural(plugins.length, 'plugin')}</span>
              </p>
            );
          return (
            <ul class="inner lines">
              {bad.slice(0, ROWS).map((p) => (
                <li key={p.id}>
                  <State tone={pluginTone(p.state)}>{p.state}</State> <a href="plugins">{p.name ?? p.id}</a>
                  {p.reason && <div class="wrap dim">{p.reason}</div>}
                </li>
              ))}
              {bad.length > ROWS && <li class="dim">and {bad.length - ROWS} more</li>}
            </ul>
          );
        }}
      </Await>
    </Card>
  );
}

function NextSteps({ targets, plugins }: { targets: Loaded<Targets>; plugins: Loaded<{ plugins: Plugin[] }> }) {
  const who = useStore(session);
  const alerting = useLoad(
    (signal) => v2Answer<{ config?: { original?: string } }>('status', signal),
    ['alertmanager-status'],
  );
  const left = stepsLeft({
    pools: targets.answer?.data.activeTargets.map((t) => t.scrapePool) ?? null,
    alerting: alerting.answer?.data.config?.original ?? null,
    sources: plugins.answer?.data.plugins.map((p) => p.source ?? '') ?? null,
    user: who === null ? null : (who.name ?? (who.passwords ? who.mode : '')),
  });
  if (left.length === 0) return null;
  return (
    <Card title="Next steps">
      <div class="inner">
        {left.map((s) => (
          <details key={s.id} data-testid={`step-${s.id}`}>
            <summary>{s.title}</summary>
            <p class="dim">{s.text}</p>
            <pre class="snippet" tabIndex={0}>
              {s.snippet}
            </pre>
            <p class="row">
              <Copy text={s.snippet} /> <span class="dim">into {s.where}</span>
            </p>
          </details>
        ))}
      </div>
    </Card>
  );
}
