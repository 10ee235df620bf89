import { useEffect, useState } from 'preact/hooks';
import { narthex, useLoad, type ApiError } from '../lib/api';
import { humanBytes, humanSeconds, parseDuration, plural, stamp } from '../lib/format';
import { asError, list, unwrapped } from '../lib/own';
import { useStore, zone } from '../lib/store';
import { NEW_PANEL, queryLink, writePanels } from '../lib/urlstate';
import { Await, Dialog, Empty, ErrorBox, Segments, useMore, useParam } from '../ui';

interface Active {
  /** In the notation of durations: `0.103s`. */
  readonly duration: string;
  readonly id: string;
  readonly remote_addr: string;
  readonly query: string;
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly source?: string;
}

interface TopQuery {
  readonly query: string;
  readonly timeRangeSeconds: number;
  readonly count?: number;
  readonly avgDurationSeconds?: number;
  readonly sumDurationSeconds?: number;
  readonly avgMemoryBytes?: number;
  readonly source?: string;
}

interface Tops {
  readonly topBySumDuration?: readonly TopQuery[];
  readonly topByAvgDuration?: readonly TopQuery[];
  readonly topByCount?: readonly TopQuery[];
  readonly topByAvgMemoryUsage?: readonly TopQuery[];
}

/** The queries that run now, and those that took longest. */
export function QueriesPage() {
  return (
    <>
      <Running />
      <Slow />
    </>
  );
}

const REFRESH_MS = 2000;

function Running() {
  const [tick, setTick] = useState(0);
  const [asked, setAsked] = useState<Active | null>(null);
  const [failure, setFailure] = useState<ApiError | null>(null);
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && setTick((n) => n + 1), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  const load = useLoad((signal) => unwrapped<{ data?: unknown }>('status/active_queries', {}, signal), ['active']);
  useEffect(() => {
    if (tick > 0) load.reload();
  }, [tick]);
  const stop = async (id: string) => {
    setAsked(null);
    setFailure(null);
    try {
      await narthex(`queries/${encodeURIComponent(id)}`, { method: 'DELETE' });
    } catch (e) {
      setFailure(asError(e));
    }
    load.reload();
  };
  return (
    <section class="card" data-testid="running-queries">
      <header>
        <h2>Running now</h2>
        {load.answer && <span class="dim">{plural(list(load.answer.data.data).length, 'query', 'queries')}</span>}
      </header>
      {failure && <ErrorBox error={failure} />}
      <Await load={load}>
        {(d) => {
          const rows = [...list<Active>(d.data)].sort((a, b) => ms(b.duration) - ms(a.duration));
          if (rows.length === 0)
            return <Empty title="No query runs">This list reads itself again every two seconds.</Empty>;
          return <ActiveTable rows={rows} onStop={setAsked} />;
        }}
      </Await>
      {asked && (
        <Dialog title="Stop this query?" onClose={() => setAsked(null)}>
          <p class="mono wrap">{asked.query}</p>
          <p>
            Whoever asked for it gets an error. It has run for {humanSeconds(ms(asked.duration) / 1000)}
            {asked.remote_addr !== '' && (
              <>
                , for <span class="mono">{asked.remote_addr}</span>
              </>
            )}
            .
          </p>
          <div class="actions">
            <button type="button" onClick={() => setAsked(null)}>
              Cancel
            </button>
            <button type="button" class="primary" autofocus data-testid="confirm" onClick={() => void stop(asked.id)}>
              Stop query
            </button>
          </div>
        </Dialog>
      )}
    </section>
  );
}

const ms = (duration: string): number => parseDuration(duration) ?? 0;

function ActiveTable({ rows, onStop }: { rows: readonly Active[]; onStop: (q: Active) => void }) {
  const z = useStore(zone);
  const [n, more] = useMore(rows.length, 100);
  return (
    <>
      <table class="cards">
        <thead>
          <tr>
            <th>Query</th>
            <th class="num">Running</th>
            <th>Time</th>
            <th>From</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, n).map((q) => (
            <tr key={q.id} data-testid="active-query">
              <td data-l="Query" class="mono wrap">
                <a href={openLink(q)}>{q.query}</a>
              </td>
              <td data-l="Running" class="num" title={q.duration}>
                {humanSeconds(ms(q.duration) / 1000)}
              </td>
              <td data-l="Time">
                {q.end > q.start
                  ? `${humanSeconds((q.end - q.start) / 1000)} to ${stamp(q.end, z)}, step ${humanSeconds(q.step / 1000)}`
                  : stamp(q.end, z)}
              </td>
              <td data-l="From" class="mono wrap">
                {q.remote_addr}
                {q.source && <div class="dim plain">{q.source}</div>}
              </td>
              <td>
                <button type="button" class="small" data-testid="stop-query" onClick={() => onStop(q)}>
                  Stop
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {more}
    </>
  );
}

/** The query page at the time the query is about. */
function openLink(q: Active): string {
  const range = q.end - q.start;
  return `query${writePanels([
    {
      ...NEW_PANEL,
      expr: q.query,
      tab: range > 0 ? 'graph' : 'table',
      endMs: q.end,
      rangeMs: range > 0 ? range : NEW_PANEL.rangeMs,
    },
  ])}`;
}

const ORDERS = [
  { id: 'sum', label: 'Total time' },
  { id: 'avg', label: 'Mean time' },
  { id: 'count', label: 'Runs' },
  { id: 'memory', label: 'Memory' },
] as const;

type Order = (typeof ORDERS)[number]['id'];

const LISTS: Record<Order, keyof Tops> = {
  sum: 'topBySumDuration',
  avg: 'topByAvgDuration',
  count: 'topByCount',
  memory: 'topByAvgMemoryUsage',
};

const SPANS = ['10m', '1h', '6h', '1d'];

function Slow() {
  const [chosen, setChosen] = useParam('by');
  const [span, setSpan] = useParam('span');
  const by: Order = ORDERS.find((o) => o.id === chosen)?.id ?? 'sum';
  const age = SPANS.includes(span) ? span : '1h';
  const load = useLoad(
    (signal) => unwrapped<Tops>('status/top_queries', { topN: '50', maxLifetime: age }, signal),
    ['top', age],
  );
  return (
    <section class="card" data-testid="top-queries">
      <header>
        <h2>Most costly</h2>
        <Segments label="Order" value={by} onChange={setChosen} choices={ORDERS} />
        <label class="inline">
          of the last
          <select value={age} onChange={(e) => setSpan(e.currentTarget.value)}>
            {SPANS.map((s) => (
              <option key={s}>{s}</option>
            ))}
          </select>
        </label>
      </header>
      <Await load={load}>
        {(tops) => {
          const rows = list<TopQuery>(tops[LISTS[by]]);
          if (rows.length === 0)
            return <Empty title="No query was noted">None has run in this time, or all were too short to note.</Empty>;
          return <TopTable rows={rows} by={by} />;
        }}
      </Await>
    </section>
  );
}

function TopTable({ rows, by }: { rows: readonly TopQuery[]; by: Order }) {
  const value = (q: TopQuery): number =>
    ({ sum: q.sumDurationSeconds, avg: q.avgDurationSeconds, count: q.count, memory: q.avgMemoryBytes })[by] ?? 0;
  const human = (n: number): string =>
    by === 'count' ? n.toLocaleString('en') : by === 'memory' ? humanBytes(n) : humanSeconds(n);
  const max = Math.max(Number.MIN_VALUE, ...rows.map(value));
  return (
    <table class="cards">
      <thead>
        <tr>
          <th>Query</th>
          <th>Range</th>
          {by !== 'count' && <th class="num">Runs</th>}
          <th class="num">{ORDERS.find((o) => o.id === by)?.label}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((q, i) => (
          <tr key={`${i} ${q.query}`} data-testid="top-query">
            <td data-l="Query" class="bar mono wrap">
              <meter min={0} max={max} value={value(q)} aria-hidden="true" />
              <a href={queryLink(q.query, q.timeRangeSeconds > 0 ? 'graph' : 'table')}>{q.query}</a>
              {q.source && <span class="dim plain"> {q.source}</span>}
            </td>
            <td data-l="Range">{q.timeRangeSeconds > 0 ? humanSeconds(q.timeRangeSeconds) : 'instant'}</td>
            {by !== 'count' && (
              <td data-l="Runs" class="num">
                {(q.count ?? 0).toLocaleString('en')}
              </td>
            )}
            <td data-l="Cost" class="num" title={String(value(q))}>
              {human(value(q))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
