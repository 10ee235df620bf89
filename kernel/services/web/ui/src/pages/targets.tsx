import { useMemo, useState } from 'preact/hooks';
import { useApi, type Loaded, type Target, type Targets } from '../lib/api';
import { isSafe } from '../lib/links';
import { humanSeconds, labelPairs, plural, seriesName, type Labels } from '../lib/format';
import {
  Ago,
  Await,
  Chips,
  Copy,
  Dialog,
  Empty,
  ErrorBox,
  Filter,
  has,
  healthTone,
  kept,
  matches,
  Skeleton,
  State,
  Toggles,
  useMore,
  useParam,
  wordsOf,
} from '../ui';
import { Rows } from '../rows';

const textOf = kept<Target>((t) => `${t.scrapeUrl} ${seriesName(t.labels)} ${t.lastError}`);

/** Targets with their health and errors. */
export function TargetsPage() {
  const [pool, setPool] = useParam('pool');
  const load = useApi<Targets>('targets', { state: 'active', ...(pool ? { scrapePool: pool } : {}) });
  const [search, setSearch] = useParam('search');
  const [health, setHealth] = useParam('health');
  const pools = useMemo(() => byPool(load.answer?.data.activeTargets ?? []), [load.answer]);
  return (
    <Await load={load}>
      {({ activeTargets: all }) => {
        if (all.length === 0 && pool === '') {
          return (
            <Empty title="No targets">
              Nothing is scraped yet: add <code>scrape_configs</code> to the configuration, or look at what{' '}
              <a href="service-discovery">discovery found</a>.
            </Empty>
          );
        }
        const wanted = health === '' ? null : new Set(health.split(','));
        const words = wordsOf(search);
        const shown =
          wanted === null && words.length === 0
            ? all
            : all.filter((t) => (wanted === null || wanted.has(t.health)) && has(words, textOf(t)));
        const shownPools = shown === all ? pools : byPool(shown);
        return (
          <>
            <div class="toolbar">
              <Toggles
                label="Health"
                value={health}
                onChange={setHealth}
                choices={['up', 'down', 'unknown'].map((id) => ({
                  id,
                  label: <State tone={healthTone(id)}>{id}</State>,
                  count: all.filter((t) => t.health === id).length,
                }))}
              />
              {pool !== '' && (
                <button type="button" class="small" onClick={() => setPool('')}>
                  Pool {pool} ✕
                </button>
              )}
              <Filter value={search} onChange={setSearch} label="Filter by address, label or error" />
            </div>
            {shown.length === 0 && <Empty title="No target matches">Clear the filter to see all {all.length}.</Empty>}
            {[...shownPools].map(([name, targets]) => (
              <Pool
                few={shownPools.size <= FEW_POOLS}
                key={name}
                name={name}
                targets={targets}
                total={pools.get(name) ?? targets}
                onPick={(m) => setSearch(`${search} ${m}`.trim())}
              />
            ))}
          </>
        );
      }}
    </Await>
  );
}

/** The targets of each pool, those that are down first. */
function byPool(targets: readonly Target[]): Map<string, readonly Target[]> {
  const pools = new Map<string, Target[]>();
  for (const t of targets) {
    const p = pools.get(t.scrapePool);
    if (p) p.push(t);
    else pools.set(t.scrapePool, [t]);
  }
  for (const [name, of] of pools) {
    const down = of.filter((t) => t.health === 'down');
    if (down.length > 0 && down.length < of.length)
      pools.set(name, [...down, ...of.filter((t) => t.health !== 'down')]);
  }
  return pools;
}

/** Up to so many pools are expanded at first; with more, only those with a target down. */
const FEW_POOLS = 20;

function Pool({
  few,
  name,
  targets,
  total,
  onPick,
}: {
  few: boolean;
  name: string;
  targets: readonly Target[];
  total: readonly Target[];
  onPick: (m: string) => void;
}) {
  const [up, down] = useMemo(
    () => ['up', 'down'].map((h) => total.filter((t) => t.health === h).length) as [number, number],
    [total],
  );
  const [open, setOpen] = useState(few || down > 0);
  const [config, setConfig] = useState(false);
  const [n, more] = useMore(targets.length, 100);
  return (
    <details
      class="card pool"
      open={open}
      onToggle={(e) => setOpen(e.currentTarget.open)}
      data-testid="target-pool"
      data-pool={name}
    >
      <summary>
        <h2>{name}</h2>
        <State tone={down > 0 ? 'bad' : up === total.length ? 'good' : 'mute'}>
          {up} of {total.length} up
        </State>
        <meter min={0} max={total.length} value={up} aria-label={`${up} of ${total.length} up`} />
      </summary>
      {open && (
        <>
          <table class="cards fixed" aria-rowcount={targets.length + 1}>
            <thead>
              <tr>
                <th class="s">Health</th>
                <th class="w">Endpoint</th>
                <th>Labels</th>
                <th class="num s">Last scrape</th>
                <th class="num s">Took</th>
                <th class="num s">Every</th>
              </tr>
            </thead>
            <Rows
              items={targets.slice(0, n)}
              columns={6}
              row={(t, i) => <Row key={`${t.scrapeUrl} ${seriesName(t.labels)}`} target={t} at={i} onPick={onPick} />}
            />
          </table>
          {more}
          <p class="more">
            <button type="button" class="small quiet" data-testid="pool-config" onClick={() => setConfig(true)}>
              Configuration of {name}
            </button>
          </p>
          {config && <PoolConfig pool={name} onClose={() => setConfig(false)} />}
        </>
      )}
    </details>
  );
}

/** How the server reads the configuration of a pool, defaults filled in. */
function PoolConfig({ pool, onClose }: { pool: string; onClose: () => void }) {
  const load = useApi<{ yaml: string }>('scrape_pools/config', { scrapePool: pool });
  return (
    <Dialog title={`Scrape pool ${pool}`} onClose={onClose} wide>
      <Await load={load}>
        {({ yaml }) => (
          <>
            <pre class="code" tabIndex={0}>
              {yaml}
            </pre>
            <div class="actions">
              <Copy text={yaml} label="Copy YAML" />
            </div>
          </>
        )}
      </Await>
    </Dialog>
  );
}

function Row({ target: t, at, onPick }: { target: Target; at: number; onPick: (m: string) => void }) {
  const address = t.globalUrl || t.scrapeUrl; // of any scheme: a job may have a wrong one
  return (
    <tr
      tabIndex={0}
      aria-rowindex={at + 2}
      data-testid="target-row"
      data-pool={t.scrapePool}
      data-health={t.health}
      data-url={t.scrapeUrl}
    >
      <td data-l="Health">
        <State tone={healthTone(t.health)}>{t.health}</State>
      </td>
      <td data-l="Endpoint" class="mono wrap">
        {isSafe(address) ? (
          <a href={address} target="_blank" rel="noreferrer noopener">
            {t.scrapeUrl}
          </a>
        ) : (
          t.scrapeUrl
        )}
        {t.lastError && <div class="bad plain">{t.lastError}</div>}
      </td>
      <td data-l="Labels">
        <Chips labels={t.labels} onPick={onPick} />
      </td>
      <td class="num" data-l="Last scrape">
        <Ago at={t.lastScrape} />
      </td>
      <td class="num" data-l="Took">
        {humanSeconds(t.lastScrapeDuration)}
      </td>
      <td class="num" data-l="Every" title={`timeout ${t.scrapeTimeout ?? 'unknown'}`}>
        {t.scrapeInterval}
      </td>
    </tr>
  );
}

interface Found {
  readonly pool: string;
  readonly discovered: Labels;
  readonly target: Labels | null;
}

/** What discovery found and what relabelling made of it. */
export function DiscoveryPage() {
  const load = useApi<Targets>('targets');
  const [search, setSearch] = useParam('search');
  const [state, setState] = useParam('state');
  const [steps, setSteps] = useState<Found | null>(null);
  return (
    <Await load={load}>
      {(data) => {
        const all: Found[] = [
          ...data.activeTargets.map((t) => ({ pool: t.scrapePool, discovered: t.discoveredLabels, target: t.labels })),
          ...data.droppedTargets.map((t) => ({
            pool: t.scrapePool ?? t.discoveredLabels['job'] ?? '',
            discovered: t.discoveredLabels,
            target: null,
          })),
        ];
        const wanted = state === '' ? null : new Set(state.split(','));
        const shown = all.filter(
          (f) =>
            (wanted === null || wanted.has(f.target ? 'active' : 'dropped')) &&
            (search === '' || matches(search, `${f.pool} ${seriesName(f.discovered)} ${seriesName(f.target ?? {})}`)),
        );
        const pools = [...new Set([...all.map((f) => f.pool), ...Object.keys(data.droppedTargetCounts ?? {})])].sort();
        if (pools.length === 0) {
          return (
            <Empty title="Discovery has found nothing">
              The configuration names no <code>scrape_configs</code>, or no discovery has answered yet.
            </Empty>
          );
        }
        return (
          <>
            <div class="toolbar">
              <Toggles
                label="State"
                value={state}
                onChange={setState}
                choices={[
                  { id: 'active', label: 'active', count: data.activeTargets.length },
                  {
                    id: 'dropped',
                    label: 'dropped',
                    count:
                      Object.values(data.droppedTargetCounts ?? {}).reduce((a, b) => a + b, 0) ||
                      data.droppedTargets.length,
                  },
                ]}
              />
              <Filter value={search} onChange={setSearch} label="Filter by label" />
            </div>
            {pools.map((p) => (
              <DiscoveryPool
                few={pools.length <= FEW_POOLS}
                key={p}
                name={p}
                found={shown.filter((f) => f.pool === p)}
                active={data.activeTargets.filter((t) => t.scrapePool === p).length}
                dropped={data.droppedTargetCounts?.[p] ?? all.filter((f) => f.pool === p && !f.target).length}
                onSteps={setSteps}
              />
            ))}
            {steps && <Steps found={steps} onClose={() => setSteps(null)} />}
          </>
        );
      }}
    </Await>
  );
}

function DiscoveryPool({
  few,
  name,
  found,
  active,
  dropped,
  onSteps,
}: {
  few: boolean;
  name: string;
  found: readonly Found[];
  active: number;
  dropped: number;
  onSteps: (f: Found) => void;
}) {
  const [n, more] = useMore(found.length, 50);
  const [open, setOpen] = useState(few);
  if (found.length === 0) return null;
  return (
    <details
      class="card pool"
      open={open}
      onToggle={(e) => setOpen(e.currentTarget.open)}
      data-testid="discovery-pool"
      data-pool={name}
    >
      <summary>
        <h2>{name}</h2>
        <span class="dim">
          {plural(active, 'target')}
          {dropped > 0 && `, ${dropped.toLocaleString('en')} dropped`}
        </span>
      </summary>
      {open && (
        <>
          <table class="cards two" aria-rowcount={found.length + 1}>
            <thead>
              <tr>
                <th>Discovered labels</th>
                <th>Target labels</th>
              </tr>
            </thead>
            <Rows
              items={found.slice(0, n)}
              columns={2}
              row={(f, i) => (
                <tr
                  key={seriesName(f.discovered)}
                  tabIndex={0}
                  aria-rowindex={i + 2}
                  data-testid="discovery-row"
                  data-dropped={f.target === null}
                >
                  <td data-l="Discovered">
                    <LabelList labels={f.discovered} />
                  </td>
                  <td data-l="Target">
                    {f.target ? <LabelList labels={f.target} /> : <State tone="mute">dropped by relabelling</State>}
                    <button type="button" class="small quiet" onClick={() => onSteps(f)}>
                      Show steps
                    </button>
                  </td>
                </tr>
              )}
            />
          </table>
          {more}
        </>
      )}
    </details>
  );
}

function LabelList({ labels }: { labels: Labels }) {
  return (
    <ul class="labels mono">
      {labelPairs(labels).map(([k, v]) => (
        <li key={k}>
          <span class="dim">{k}</span> {v}
        </li>
      ))}
    </ul>
  );
}

interface RelabelSteps {
  steps: { rule: Record<string, unknown>; output: Labels; keep: boolean }[];
}

/** What every relabelling rule did to one target. */
function Steps({ found, onClose }: { found: Found; onClose: () => void }) {
  const load: Loaded<RelabelSteps> = useApi<RelabelSteps>('targets/relabel_steps', {
    scrapePool: found.pool,
    labels: JSON.stringify(found.discovered),
  });
  let before = found.discovered;
  return (
    <Dialog title={`Relabelling in ${found.pool}`} onClose={onClose} wide>
      {load.error && <ErrorBox error={load.error} />}
      {!load.answer && load.loading && <Skeleton />}
      {load.answer?.data.steps.length === 0 && <p class="dim">This pool has no relabelling rules.</p>}
      <ol class="steps">
        {load.answer?.data.steps.map((s, i) => {
          const changes = diff(before, s.output);
          before = s.output;
          return (
            <li key={i}>
              <code class="wrap">
                {Object.entries(s.rule)
                  .map(([k, v]) => `${k}: ${typeof v === 'string' ? v : JSON.stringify(v)}`)
                  .join('  ')}
              </code>
              {!s.keep ? (
                <State tone="mute">dropped here</State>
              ) : changes.length === 0 ? (
                <span class="dim">no change</span>
              ) : (
                changes.map((c) => (
                  <div class="mono wrap" key={c}>
                    {c}
                  </div>
                ))
              )}
            </li>
          );
        })}
      </ol>
    </Dialog>
  );
}

function diff(a: Labels, b: Labels): string[] {
  const out: string[] = [];
  for (const k of Object.keys(a)) if (!(k in b)) out.push(`− ${k}=${a[k]}`);
  for (const [k, v] of Object.entries(b)) if (a[k] !== v) out.push(k in a ? `${k}: ${a[k]} → ${v}` : `+ ${k}=${v}`);
  return out;
}
