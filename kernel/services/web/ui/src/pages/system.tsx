import { useState } from 'preact/hooks';
import { v2Answer } from '../lib/alertmanager';
import { api, ApiError, send, useApi, useLoad } from '../lib/api';
import { humanBytes, humanSeconds, plural } from '../lib/format';
import { parseTime, queryLink } from '../lib/urlstate';
import { Await, Copy, Dialog, Empty, ErrorBox, Facts, Filter, matches, Moment, Segments, State, useParam } from '../ui';

interface Runtime {
  startTime: string;
  CWD: string;
  hostname: string;
  serverTime: string;
  reloadConfigSuccess: boolean;
  lastConfigTime: string;
  corruptionCount: number;
  goroutineCount: number;
  GOMAXPROCS: number;
  GOMEMLIMIT: number;
  GOGC: string;
  GODEBUG: string;
  storageRetention: string;
}

/** How long the server runs, with what configuration, and which build it is. */
export function StatusPage() {
  const runtime = useApi<Runtime>('status/runtimeinfo');
  const build = useApi<Record<string, string>>('status/buildinfo');
  return (
    <div class="columns">
      <section class="card" data-testid="runtime">
        <header>
          <h2>Runtime</h2>
        </header>
        <Await load={runtime}>
          {(r) => (
            <Facts
              rows={[
                [
                  'Configuration',
                  r.reloadConfigSuccess ? (
                    <State tone="good">applied</State>
                  ) : (
                    <State tone="bad">last reload failed</State>
                  ),
                ],
                ['Configured', <Moment at={r.lastConfigTime} />],
                ['Started', <Moment at={r.startTime} />],
                ['Server time', <Moment at={r.serverTime} />],
                ['Host', r.hostname],
                ['Working folder', <span class="mono wrap">{r.CWD}</span>],
                ['Retention', r.storageRetention],
                ['Log corruptions', r.corruptionCount > 0 ? <State tone="warn">{r.corruptionCount}</State> : '0'],
                ['Processors', r.GOMAXPROCS],
                [
                  'Memory limit',
                  r.GOMEMLIMIT < 2 ** 62 ? (
                    <span title={`${r.GOMEMLIMIT} bytes`}>{humanBytes(r.GOMEMLIMIT)}</span>
                  ) : (
                    'none'
                  ),
                ],
                ['Threads', r.goroutineCount?.toLocaleString('en')],
              ]}
            />
          )}
        </Await>
      </section>
      <section class="card" data-testid="build">
        <header>
          <h2>Build</h2>
        </header>
        <Await load={build}>
          {(b) => (
            <Facts rows={Object.entries(b).map(([k, v]) => [k, <span class="mono wrap">{v || '–'}</span>] as const)} />
          )}
        </Await>
      </section>
    </div>
  );
}

interface Stat {
  name: string;
  value: number;
}

interface Tsdb {
  headStats: { numSeries: number; numLabelPairs: number; chunkCount: number; minTime: number; maxTime: number };
  seriesCountByMetricName: Stat[];
  labelValueCountByLabelName: Stat[];
  memoryInBytesByLabelName: Stat[];
  seriesCountByLabelValuePair: Stat[];
}

interface Block {
  ulid: string;
  minTime: number;
  maxTime: number;
  stats: { numSamples?: number; numSeries?: number; numChunks?: number; numFloatSamples?: number };
  compaction?: { level?: number };
}

/** Statistics of the head, and the metrics and labels with the most series. */
export function TsdbPage() {
  const [limit, setLimit] = useParam('limit');
  const load = useApi<Tsdb>('status/tsdb', { limit: limit || '10' });
  const blocks = useApi<{ blocks: Block[] }>('status/tsdb/blocks');
  return (
    <>
      <Await load={load}>
        {(d) => (
          <>
            <div class="stats" data-testid="head-stats">
              <Big word="Series" n={d.headStats.numSeries} />
              <Big word="Chunks" n={d.headStats.chunkCount} />
              <Big word="Label pairs" n={d.headStats.numLabelPairs} />
              <div>
                <b>
                  {d.headStats.maxTime > d.headStats.minTime
                    ? humanSeconds((d.headStats.maxTime - d.headStats.minTime) / 1000)
                    : '–'}
                </b>
                <span class="dim">in the head</span>
              </div>
              <label class="inline">
                Top
                <select value={limit || '10'} onChange={(e) => setLimit(e.currentTarget.value)}>
                  {['10', '20', '50', '100', '500'].map((n) => (
                    <option key={n}>{n}</option>
                  ))}
                </select>
              </label>
            </div>
            <div class="columns">
              <Top
                title="Series by metric"
                rows={d.seriesCountByMetricName}
                total={d.headStats.numSeries}
                link={(n) => queryLink(`count by (job) ({__name__=${JSON.stringify(n)}})`)}
              />
              <Top title="Series by label pair" rows={d.seriesCountByLabelValuePair} total={d.headStats.numSeries} />
              <Top title="Values by label" rows={d.labelValueCountByLabelName} />
              <Top title="Memory by label" rows={d.memoryInBytesByLabelName} bytes />
            </div>
          </>
        )}
      </Await>
      {blocks.answer && <Blocks blocks={blocks.answer.data.blocks} />}
      <Admin />
    </>
  );
}

function Big({ word, n }: { word: string; n: number }) {
  return (
    <div>
      <b>{n.toLocaleString('en')}</b>
      <span class="dim">{word}</span>
    </div>
  );
}

function Top({
  title,
  rows,
  total,
  bytes,
  link,
}: {
  title: string;
  rows: readonly Stat[];
  total?: number;
  bytes?: boolean;
  link?: (name: string) => string;
}) {
  const max = Math.max(1, ...rows.map((r) => r.value));
  return (
    <section class="card" data-testid="cardinality">
      <header>
        <h2>{title}</h2>
      </header>
      <table>
        <tbody>
          {rows.map((r) => (
            <tr key={r.name}>
              <td class="bar mono wrap">
                <meter min={0} max={max} value={r.value} aria-hidden="true" />
                {link ? <a href={link(r.name)}>{r.name}</a> : r.name}
              </td>
              <td class="num" title={String(r.value)}>
                {bytes ? humanBytes(r.value) : r.value.toLocaleString('en')}
              </td>
              {total !== undefined && (
                <td class="num dim">{total > 0 ? `${((100 * r.value) / total).toFixed(1)} %` : ''}</td>
              )}
            </tr>
          ))}
          {rows.length === 0 && (
            <tr>
              <td class="dim">Nothing yet.</td>
            </tr>
          )}
        </tbody>
      </table>
    </section>
  );
}

function Blocks({ blocks }: { blocks: readonly Block[] }) {
  return (
    <section class="card" data-testid="blocks">
      <header>
        <h2>Blocks</h2>
        <span class="dim">
          {blocks.length === 0 && 'none yet: the first is written when the head is about three hours old'}
        </span>
      </header>
      {blocks.length > 0 && (
        <table class="cards">
          <thead>
            <tr>
              <th>Block</th>
              <th>From</th>
              <th class="num">Span</th>
              <th class="num">Level</th>
              <th class="num">Series</th>
              <th class="num">Chunks</th>
              <th class="num">Samples</th>
            </tr>
          </thead>
          <tbody>
            {[...blocks]
              .sort((a, b) => b.minTime - a.minTime)
              .map((b) => (
                <tr key={b.ulid} tabIndex={0}>
                  <td data-l="Block" class="mono wrap">
                    {b.ulid}
                  </td>
                  <td data-l="From">
                    <Moment at={b.minTime} />
                  </td>
                  <td data-l="Span" class="num">
                    {humanSeconds((b.maxTime - b.minTime) / 1000)}
                  </td>
                  <td data-l="Level" class="num">
                    {b.compaction?.level ?? ''}
                  </td>
                  <td data-l="Series" class="num">
                    {b.stats.numSeries?.toLocaleString('en')}
                  </td>
                  <td data-l="Chunks" class="num">
                    {b.stats.numChunks?.toLocaleString('en')}
                  </td>
                  <td data-l="Samples" class="num">
                    {b.stats.numSamples?.toLocaleString('en')}
                  </td>
                </tr>
              ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** The flags of the server. */
export function FlagsPage() {
  const load = useApi<Record<string, string>>('status/flags');
  const [search, setSearch] = useParam('search');
  return (
    <Await load={load}>
      {(flags) => {
        const shown = Object.entries(flags)
          .filter(([k, v]) => search === '' || matches(search, `--${k}=${v}`))
          .sort(([a], [b]) => (a < b ? -1 : 1));
        return (
          <>
            <div class="toolbar">
              <Filter value={search} onChange={setSearch} label="Filter flags" />
              <Copy text={shown.map(([k, v]) => `--${k}=${v}`).join('\n')} label="Copy all" />
            </div>
            {shown.length === 0 ? (
              <Empty title="No flag matches" />
            ) : (
              <div class="card">
                <table data-testid="flags">
                  <tbody>
                    {shown.map(([k, v]) => (
                      <tr key={k} tabIndex={0}>
                        <td class="mono wrap">--{k}</td>
                        <td class="mono wrap">{v === '' ? <span class="dim">empty</span> : v}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </>
        );
      }}
    </Await>
  );
}

type ConfigFile = 'prometheus.yml' | 'alertmanager.yml';

/** The configuration in effect, secrets hidden. */
export function ConfigPage() {
  const [chosen, setChosen] = useParam('file');
  const file: ConfigFile = chosen === 'alertmanager.yml' ? chosen : 'prometheus.yml';
  return <ConfigView key={file} file={file} onFile={setChosen} />;
}

function ConfigView({ file, onFile }: { file: ConfigFile; onFile: (f: string) => void }) {
  const load = useLoad(
    async (signal) => {
      if (file === 'prometheus.yml') return api<{ yaml: string }>('status/config', {}, signal);
      const answer = await v2Answer<{ config: { original: string } }>('status', signal);
      return { ...answer, data: { yaml: answer.data.config.original } };
    },
    [file],
  );
  const [search, setSearch] = useState('');
  return (
    <>
      <Segments
        label="File"
        value={file}
        onChange={onFile}
        choices={[
          { id: 'prometheus.yml', label: 'prometheus.yml' },
          { id: 'alertmanager.yml', label: 'alertmanager.yml' },
        ]}
      />
      <Await load={load}>
        {({ yaml }) => {
          const lines = yaml.replace(/\n$/, '').split('\n');
          const hits = search === '' ? 0 : lines.filter((l) => matches(search, l)).length;
          return (
            <>
              <div class="toolbar">
                <Filter value={search} onChange={setSearch} label="Mark lines" />
                {search !== '' && <span class="dim">{hits} lines</span>}
                <Copy text={yaml} label="Copy YAML" />
              </div>
              <pre class="card code" tabIndex={0} data-testid="config">
                {lines.map((l, i) => (
                  <div key={i} class={search !== '' && matches(search, l) ? 'hit' : ''}>
                    {yamlLine(l)}
                  </div>
                ))}
              </pre>
            </>
          );
        }}
      </Await>
    </>
  );
}

function yamlLine(line: string) {
  const m = /^(\s*(?:- )*)([\w.-]+:)(.*)$/.exec(line);
  if (/^\s*#/.test(line)) return <span class="dim">{line}</span>;
  return m ? (
    <>
      {m[1]}
      <span class="key">{m[2]}</span>
      {m[3]}
    </>
  ) : (
    line || '\n'
  );
}

type AdminAct = 'delete_series' | 'clean_tombstones' | 'snapshot';

/** The admin API; shown only with --web.enable-admin-api. */
function Admin() {
  const flags = useApi<Record<string, string>>('status/flags');
  const [selector, setSelector] = useState('');
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [asked, setAsked] = useState<AdminAct | null>(null);
  const [count, setCount] = useState<number | null>(null);
  const [done, setDone] = useState('');
  const [failure, setFailure] = useState<ApiError | null>(null);
  if (flags.answer?.data['web.enable-admin-api'] !== 'true') return null;

  const range = (): Record<string, string> => {
    const [start, end] = [parseTime(from), parseTime(to)];
    return {
      ...(start !== null ? { start: String(start / 1000) } : {}),
      ...(end !== null ? { end: String(end / 1000) } : {}),
    };
  };
  const wrong = (t: string) => t.trim() !== '' && parseTime(t) === null;
  const askDelete = async () => {
    setFailure(null);
    try {
      const found = await api<unknown[]>('series', { 'match[]': selector, ...range() });
      setCount(found.data.length);
      setAsked('delete_series');
    } catch (e) {
      if (e instanceof ApiError) setFailure(e);
    }
  };
  const act = async (what: AdminAct) => {
    setAsked(null);
    setFailure(null);
    setDone('');
    const p = new URLSearchParams(what === 'delete_series' ? { 'match[]': selector, ...range() } : {});
    try {
      const response = await send(`api/v1/admin/tsdb/${what}?${p.toString()}`, { method: 'POST' });
      const text = await response.text();
      if (!response.ok)
        throw new ApiError(
          'refused',
          (JSON.parse(text) as { error?: string }).error ?? text,
          '',
          response.status,
          text,
        );
      const name = what === 'snapshot' ? (JSON.parse(text) as { data: { name: string } }).data.name : '';
      setDone(
        {
          delete_series:
            'Marked as deleted. The space is freed by the next compaction, or now with “Free deleted space”.',
          clean_tombstones: 'Deleted space is freed.',
          snapshot: `Snapshot written: snapshots/${name} in the data folder.`,
        }[what],
      );
    } catch (e) {
      setFailure(e instanceof ApiError ? e : new ApiError('unknown', String(e), '', 0));
    }
  };
  return (
    <section class="card form" data-testid="admin">
      <header>
        <h2>Maintenance</h2>
        <span class="dim">shown because --web.enable-admin-api is on</span>
      </header>
      <div class="inner">
        <form
          class="row"
          onSubmit={(e) => {
            e.preventDefault();
            void askDelete();
          }}
        >
          <input
            class="mono sel"
            required
            aria-label="Series selector"
            placeholder='{job="old"}'
            spellcheck={false}
            value={selector}
            onInput={(e) => setSelector(e.currentTarget.value)}
          />
          <input
            class="time"
            aria-label="From, UTC"
            placeholder="From: the beginning"
            aria-invalid={wrong(from)}
            value={from}
            onInput={(e) => setFrom(e.currentTarget.value)}
          />
          <input
            class="time"
            aria-label="To, UTC"
            placeholder="To: now"
            aria-invalid={wrong(to)}
            value={to}
            onInput={(e) => setTo(e.currentTarget.value)}
          />
          <button type="submit" disabled={wrong(from) || wrong(to)}>
            Delete series
          </button>
        </form>
        <div class="row">
          <button type="button" onClick={() => setAsked('clean_tombstones')}>
            Free deleted space
          </button>
          <button type="button" onClick={() => setAsked('snapshot')}>
            Write snapshot
          </button>
        </div>
        {done !== '' && <p class="note good">{done}</p>}
        {failure && <ErrorBox error={failure} />}
      </div>
      {asked && (
        <Dialog
          title={
            { delete_series: 'Delete series', clean_tombstones: 'Free deleted space', snapshot: 'Write snapshot' }[
              asked
            ]
          }
          onClose={() => setAsked(null)}
        >
          {asked === 'delete_series' && (
            <p>
              Deletes samples of <b>{plural(count ?? 0, 'series', 'series')}</b> that match{' '}
              <code class="wrap">{selector}</code>
              {from !== '' && `, from ${from}`}
              {to !== '' && `, to ${to}`}. This cannot be undone.
            </p>
          )}
          {asked === 'clean_tombstones' && (
            <p>Rewrites blocks that hold deleted samples; this reads and writes much of the disk for a while.</p>
          )}
          {asked === 'snapshot' && (
            <p>
              Writes all blocks and the head as a new folder under snapshots; it needs little space while the blocks
              live.
            </p>
          )}
          <div class="actions">
            <button type="button" autofocus onClick={() => setAsked(null)}>
              Cancel
            </button>
            <button type="button" class="primary" data-testid="confirm" onClick={() => void act(asked)}>
              {{ delete_series: 'Delete', clean_tombstones: 'Free', snapshot: 'Write' }[asked]}
            </button>
          </div>
        </Dialog>
      )}
    </section>
  );
}

interface Alertmanagers {
  activeAlertmanagers: { url: string }[];
  droppedAlertmanagers: { url: string }[];
}

/** Where alerts are sent. */
export function AlertmanagersPage() {
  const load = useApi<Alertmanagers>('alertmanagers');
  return (
    <Await load={load}>
      {(d) =>
        d.activeAlertmanagers.length + d.droppedAlertmanagers.length === 0 ? (
          <Empty title="No other Alertmanager">
            Without an <code>alerting</code> section alerts stay in this server.
          </Empty>
        ) : (
          <div class="card">
            <table data-testid="alertmanagers">
              <tbody>
                {d.activeAlertmanagers.map((a) => (
                  <tr key={a.url}>
                    <td>
                      <State tone="good">active</State>
                    </td>
                    <td class="mono wrap">{a.url}</td>
                  </tr>
                ))}
                {d.droppedAlertmanagers.map((a) => (
                  <tr key={a.url}>
                    <td>
                      <State tone="mute">dropped</State>
                    </td>
                    <td class="mono wrap">{a.url}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )
      }
    </Await>
  );
}
