/** An open dashboard: variables, range, and its panels on a grid. All that the reader chooses is in the address. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { api, ApiError, errorOf, narthex, type Answer } from '../lib/api';
import { currentPath } from '../lib/base';
import { navigate, place } from '../lib/router';
import { isZone, type Zone } from '../lib/format';
import { refreshEvery, refreshTick, Store, theme, useStore, zone as zoneStore } from '../lib/store';
import { Empty, ErrorBox, Icon, Skeleton } from '../ui';
import { useAnnotations } from './annotations';
import { extended, hrefOf, previewed, type Board, type Mark } from './board';
import { interpolate, type Scope } from './interpolate';
import { Keep } from './Keep';
import type { Chosen, Dashboard, Link, Panel, Range, Row } from './model';
import { needOf, PanelBox } from './Panel';
import { Popover } from './Popover';
import { readDashboard } from './read';
import { expand } from './repeat';
import { slugOf } from './slug';
import { Runner, scrapeInterval, type Ask } from './run';
import { durationMs, rangeOf } from './time';
import { TimePicker } from './TimePicker';
import { resolveVariables } from './resolve';
import { Variables } from './Controls';

interface Stored {
  readonly uid: string;
  readonly title: string;
  readonly folder: string;
  readonly source: string;
  readonly file: string;
  readonly dashboard: unknown;
}

interface Opened {
  readonly uid: string;
  readonly dashboard: Dashboard;
  readonly stored: Stored | null;
}

/** Scrape interval of the server, asked once. */
let scrape: Promise<number> | null = null;

export function BoardPage() {
  const at = useStore(place);
  const [, uid = '', slug = ''] = at.path.split('/').map((s) => {
    try {
      return decodeURIComponent(s);
    } catch {
      return s;
    }
  });
  const key = uid === 'preview' ? `preview/${slug}` : uid;
  const [opened, setOpened] = useState<(Opened & { scrapeMs: number }) | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [again, setAgain] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    setError(null);
    scrape ??= scrapeInterval({ api });
    Promise.all([open(uid, slug, abort.signal), scrape]).then(
      ([o, scrapeMs]) => !abort.signal.aborted && setOpened({ ...o, scrapeMs }),
      (e: unknown) => {
        if (abort.signal.aborted) return;
        setError(e instanceof ApiError ? e : errorOf('unknown', e instanceof Error ? e.message : String(e), 0));
      },
    );
    return () => abort.abort();
  }, [key, again]);
  useEffect(() => {
    if (opened) document.title = `${opened.dashboard.title} · Narthex`;
  }, [opened, at]);
  if (uid === '')
    return (
      <Empty title="No dashboard is named">
        Choose one from the <a href="dashboards">list</a>.
      </Empty>
    );
  if (error !== null)
    return (
      <>
        <ErrorBox error={error} retry={() => setAgain((n) => n + 1)} />
        <p>
          <a href="dashboards">All dashboards</a>
        </p>
      </>
    );
  if (opened === null || opened.uid !== key) return <Skeleton />;
  return <BoardView key={key} dashboard={opened.dashboard} scrapeMs={opened.scrapeMs} stored={opened.stored} />;
}

async function open(uid: string, slug: string, signal: AbortSignal): Promise<Opened> {
  if (uid === 'preview') {
    const json = previewed(slug);
    if (json === undefined)
      throw errorOf('not_found', 'This dashboard was only opened, not kept, and the tab has forgotten it', 404);
    return { uid: `preview/${slug}`, dashboard: readDashboard(json), stored: null };
  }
  const stored = await narthex<Stored>(`dashboards/${encodeURIComponent(uid)}`, { signal });
  return { uid, dashboard: readDashboard(stored.dashboard), stored };
}

/** Changes the address, as a new entry of the history, and keeps the place on the page. */
function go(change: (p: URLSearchParams) => void): void {
  const p = new URLSearchParams(location.search);
  change(p);
  const s = p.toString();
  history.pushState(null, '', new URL(`${currentPath()}${s === '' ? '' : `?${s}`}`, document.baseURI));
  place.set({ path: currentPath(), search: location.search });
}

/** Answers to the queries of variables, kept until the next refresh. */
class KeptAsk implements Ask {
  private readonly kept = new Map<string, Promise<Answer<unknown>>>();

  api<T>(path: string, params: Record<string, string>): Promise<Answer<T>> {
    const key = `${path} ${JSON.stringify(params)}`;
    const known = this.kept.get(key);
    if (known !== undefined) return known as Promise<Answer<T>>;
    const made = api<T>(path, params);
    this.kept.set(key, made);
    made.catch(() => this.kept.delete(key));
    return made;
  }

  clear(): void {
    this.kept.clear();
  }
}

/** The zone that a dashboard is in: the one it names, or the reader's. */
function zoneOf(named: string, own: Zone): Zone {
  const zone = named.toLowerCase() === 'utc' ? 'utc' : named === 'browser' ? 'local' : named;
  return zone !== '' && isZone(zone) ? zone : own;
}

interface Ready {
  readonly chosen: readonly Chosen[];
  readonly range: Range;
  readonly tick: number;
  readonly from: string;
  readonly to: string;
}

/** Least time between refreshes. */
const LEAST_REFRESH_MS = 5000;
let boards = 0;

function BoardView({ dashboard, scrapeMs, stored }: { dashboard: Dashboard; scrapeMs: number; stored: Stored | null }) {
  const at = useStore(place);
  const own = useStore(zoneStore);
  const tick = useStore(refreshTick);
  const params = useMemo(() => new URLSearchParams(at.search), [at.search]);
  const from = params.get('from')?.slice(0, 60) || dashboard.from;
  const to = params.get('to')?.slice(0, 60) || dashboard.to;
  const zone = zoneOf(params.get('timezone') || dashboard.timezone, own);
  const refresh = params.get('refresh') ?? dashboard.refresh;
  const kiosk = params.has('kiosk') && params.get('kiosk') !== 'false';
  const single = /(\d+)$/.exec(params.get('viewPanel') ?? '')?.[1];
  const alone = single === undefined ? null : Number(single);

  const [keeping, setKeeping] = useState(false);
  const ask = useMemo(() => new KeptAsk(), []);
  const root = useRef<HTMLDivElement>(null);
  const board = useMemo((): Board => {
    const range = rangeOf(from, to, Date.now(), zone);
    return {
      dashboard,
      runner: new Runner({ api }, scrapeMs),
      scope: { ...base(dashboard, range), chosen: [], from, to, zone },
      busy: new Store(1),
      marks: new Store<readonly Mark[]>([]),
      everything: new Store(false),
      syncKey: `board${boards++}`,
      zoom: (a, b) =>
        go((p) => {
          p.set('from', String(a));
          p.set('to', String(Math.max(b, a + 1000)));
        }),
      view: (id) =>
        go((p) => {
          if (id === null) p.delete('viewPanel');
          else p.set('viewPanel', String(id));
        }),
    };
  }, [dashboard, scrapeMs]);

  // Tests and the reader of the page see how much is under way without the board being drawn again.
  useEffect(() => {
    const set = (n: number) => root.current?.setAttribute('data-busy', String(n));
    set(board.busy.get());
    return board.busy.watch(set);
  }, [board]);

  const [ready, setReady] = useState<Ready | null>(null);
  const lastTick = useRef(tick);
  const held = useRef(1);
  const vars = useMemo(
    () =>
      [...params]
        .filter(([k]) => k.startsWith('var-'))
        .map((kv) => kv.join('='))
        .join('&'),
    [params],
  );
  // Until another value is chosen those of the address stay, also when nothing has them any more.
  const firstVars = useRef(vars);
  useEffect(() => {
    const abort = new AbortController();
    const again = lastTick.current !== tick;
    lastTick.current = tick;
    if (again) {
      board.runner.refresh();
      ask.clear();
    }
    const same = ready !== null && !again && ready.from === from && ready.to === to;
    const range = same ? ready.range : rangeOf(from, to, Date.now(), zone);
    if (held.current === 0) {
      held.current = 1;
      board.busy.set(board.busy.get() + 1);
    }
    resolveVariables(dashboard, params, range, ask, abort.signal, vars === firstVars.current).then(
      (chosen) => {
        if (abort.signal.aborted) return;
        board.scope = { ...base(dashboard, range), chosen, from, to, zone };
        setReady({ chosen, range, tick, from, to });
      },
      () => undefined,
    );
    return () => abort.abort();
  }, [dashboard, vars, from, to, tick, zone]);

  // The board is busy until the panels in view have been told so, and have begun to ask.
  useLayoutEffect(() => {
    const el = root.current;
    if (ready === null || el === null) return undefined;
    const watch = new IntersectionObserver(() => {
      watch.disconnect();
      setTimeout(() => {
        if (held.current === 0) return;
        held.current = 0;
        board.busy.set(board.busy.get() - 1);
      }, 0);
    });
    watch.observe(el);
    return () => watch.disconnect();
  }, [ready, board]);

  // The timer of the top line drives this page too, by what the address says.
  const every = refreshMs(refresh);
  useEffect(() => {
    const was = refreshEvery.get();
    refreshEvery.set(every / 1000);
    return () => refreshEvery.set(was);
  }, [every]);
  useEffect(() => {
    document.documentElement.classList.toggle('kiosk', kiosk);
    const leave = (e: KeyboardEvent) => {
      if (e.key === 'Escape' && !e.defaultPrevented && !document.querySelector('dialog[open]')) {
        if (kiosk) go((p) => p.delete('kiosk'));
        else if (new URLSearchParams(location.search).has('viewPanel')) board.view(null);
      }
    };
    document.addEventListener('keydown', leave);
    return () => {
      document.removeEventListener('keydown', leave);
      document.documentElement.classList.remove('kiosk');
    };
  }, [kiosk, board]);

  const hiddenMarks = useAnnotations(board, ready === null ? null : ready.range, ready?.tick ?? 0, vars);
  const known = useRef(new Map<number, Panel>());
  const [rows, problem] = useMemo((): [readonly Row[], string] => {
    if (ready === null) return [[], ''];
    try {
      const next = new Map<number, Panel>();
      const left: string[] = [];
      const all = expand(dashboard, ready.chosen, left).map((r) => ({
        ...r,
        panels: r.panels.map((p) => {
          const was = known.current.get(p.id);
          const kept = was !== undefined && equal(was, p) ? was : p;
          next.set(p.id, kept);
          return kept;
        }),
      }));
      known.current = next;
      return [all, left.join('; ')];
    } catch (e) {
      return [[], e instanceof Error ? e.message : String(e)];
    }
  }, [dashboard, ready?.chosen]);

  const setVariable = (name: string, values: readonly string[]) =>
    go((p) => {
      p.delete(`var-${name}`);
      for (const v of values) p.append(`var-${name}`, v);
    });
  const folded = foldedIn(params);
  const flip = (id: string) =>
    go((p) => {
      const next = foldedIn(p);
      if (!next.delete(id)) next.add(id);
      if (next.size === 0) p.delete('rows');
      else p.set('rows', [...next].join(','));
    });
  const only = alone === null ? null : rows.flatMap((r) => r.panels).find((p) => p.id === alone);
  const problems = [...dashboard.problems, ...(problem === '' ? [] : [problem])];
  return (
    <div class={`board ${kiosk ? 'kiosk' : ''}`} data-testid="board" data-busy="1" ref={root}>
      {!kiosk && (
        <div class="dbar1">
          <nav class="dcrumbs" aria-label="Place">
            <a href="dashboards">Dashboards</a>
            {stored !== null && stored.folder !== '' && (
              <>
                <span aria-hidden="true">/</span>
                <a href={`dashboards?folder=${encodeURIComponent(stored.folder)}`}>{stored.folder}</a>
              </>
            )}
            <span aria-hidden="true">/</span>
            <h2>{dashboard.title}</h2>
            {stored === null && (
              <>
                <span class="kind">not kept</span>
                <button type="button" class="small" onClick={() => setKeeping(true)} data-testid="keep-this">
                  Keep on this server
                </button>
              </>
            )}
            {problems.length > 0 && (
              <Popover label={`${problems.length} problems`} text={<span>◆ {problems.length}</span>} class="dwarn">
                {() => (
                  <ul class="dproblems">
                    {problems.map((p) => (
                      <li key={p}>{p}</li>
                    ))}
                  </ul>
                )}
              </Popover>
            )}
          </nav>
          <span class="grow" />
          <Links dashboard={dashboard} scope={board.scope} ready={ready} />
          {ready !== null && (
            <TimePicker
              from={from}
              to={to}
              range={ready.range}
              zone={zone}
              onChange={(f, t) =>
                go((p) => {
                  p.set('from', f);
                  p.set('to', t);
                })
              }
            />
          )}
          <Refresh value={refresh} onChange={(v) => go((p) => p.set('refresh', v))} />
          <Popover label="More" text={<span aria-hidden="true">⋯</span>} right>
            {(close) => (
              <ul>
                <li>
                  <button type="button" onClick={() => (close(), go((p) => p.set('kiosk', '1')))}>
                    Full screen without frame
                  </button>
                </li>
                <li>
                  <button type="button" onClick={() => (close(), printed(board))}>
                    Print
                  </button>
                </li>
              </ul>
            )}
          </Popover>
        </div>
      )}
      {ready !== null && (
        <div class="dbar2">
          <Variables chosen={ready.chosen} onChange={setVariable} />
          {hiddenMarks}
        </div>
      )}
      {keeping && (
        <Keep
          json={previewed(currentPath().split('/')[2] ?? '')}
          title={dashboard.title}
          opened
          onClose={() => setKeeping(false)}
          onKept={(uid) => {
            const to = uid === '' ? dashboard.uid : uid;
            navigate(
              to === '' ? 'dashboards' : `d/${encodeURIComponent(to)}/${slugOf(dashboard.title)}${location.search}`,
            );
          }}
        />
      )}
      {problem !== '' && (
        <p class="note bad" role="alert">
          {problem}
        </p>
      )}
      {ready === null && <Skeleton />}
      {ready !== null && alone !== null && (only === null || only === undefined) && (
        <Empty title={`There is no panel ${alone}`}>
          <a href={at.path}>Show all panels</a>
        </Empty>
      )}
      {ready !== null && only !== null && only !== undefined && (
        <PanelBox
          key={only.id}
          panel={only}
          board={board}
          need={needOf(only, board, ready.tick)}
          tick={ready.tick}
          alone
          place={{}}
        />
      )}
      {ready !== null &&
        alone === null &&
        rows.map((r, i) => {
          const closed = r.collapsed !== folded.has(r.id);
          const title = interpolate(
            r.title,
            { ...board.scope, scoped: { ...board.scope.scoped, ...(r.panels[0]?.scoped ?? {}) } },
            'text',
          );
          return (
            <section class="drow" key={`${r.id}-${i}`}>
              {r.title !== '' && (
                <h3>
                  <button
                    type="button"
                    class="quiet"
                    aria-expanded={!closed}
                    data-testid="board-row"
                    data-row={r.id}
                    onClick={() => flip(r.id)}
                  >
                    <Icon name={closed ? 'right' : 'down'} />
                    {title}
                    {closed && <span class="dim">{r.panels.length} panels</span>}
                  </button>
                </h3>
              )}
              {!closed && (
                <div class="dgrid">
                  {r.panels.map((p) => (
                    <PanelBox
                      key={p.id}
                      panel={p}
                      board={board}
                      need={needOf(p, board, ready.tick)}
                      tick={ready.tick}
                      alone={false}
                      place={placeOf(p)}
                    />
                  ))}
                </div>
              )}
            </section>
          );
        })}
      {ready !== null && rows.every((r) => r.panels.length === 0) && problem === '' && (
        <Empty title="The dashboard has no panels" />
      )}
    </div>
  );
}

/** Rows that are not as the file has them: open ones closed, closed ones open. */
function foldedIn(params: URLSearchParams): Set<string> {
  return new Set((params.get('rows') ?? '').split(',').filter((x) => x !== ''));
}

function base(dashboard: Dashboard, range: Range): Omit<Scope, 'chosen'> {
  return {
    range,
    scoped: {},
    intervalMs: 15_000,
    rateIntervalMs: 60_000,
    dashboard: dashboard.title,
    uid: dashboard.uid,
  };
}

function equal(a: Panel, b: Panel): boolean {
  return (
    a.targets === b.targets &&
    a.options === b.options &&
    a.title === b.title &&
    JSON.stringify([a.grid, a.scoped]) === JSON.stringify([b.grid, b.scoped])
  );
}

function placeOf(p: Panel): Record<string, string> {
  const { x, y, w, h } = p.grid;
  return {
    gridColumn: `${x + 1} / span ${w}`,
    gridRow: `${y + 1} / span ${h}`,
    '--h': `${h * 38 - 8}px`,
  };
}

/** Milliseconds between refreshes; 0 for none, and never fewer than the least. */
function refreshMs(text: string): number {
  if (text === '' || text === 'off' || text === 'false') return 0;
  const ms = text === 'auto' ? 30_000 : durationMs(text);
  return ms === null || ms <= 0 ? 0 : Math.min(86_400_000, Math.max(LEAST_REFRESH_MS, ms));
}

const REFRESHES = ['', '5s', '10s', '30s', '1m', '5m', '15m', '30m', '1h', '2h', '1d'];

function Refresh({ value, onChange }: { value: string; onChange: (v: string) => void }) {
  const now = refreshMs(value);
  const known = REFRESHES.find((r) => refreshMs(r) === now);
  return (
    <select
      aria-label="Refresh every"
      title="Refresh every"
      data-testid="board-refresh"
      value={known ?? value}
      onChange={(e) => onChange(e.currentTarget.value === '' ? 'off' : e.currentTarget.value)}
    >
      {known === undefined && <option value={value}>{value}</option>}
      {REFRESHES.map((r) => (
        <option key={r} value={r}>
          {r === '' ? 'Refresh off' : r}
        </option>
      ))}
    </select>
  );
}

interface Listed {
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
}

/** Links of the dashboard: plain ones, and lists of dashboards with certain tags. */
function Links({ dashboard, scope, ready }: { dashboard: Dashboard; scope: Scope; ready: Ready | null }) {
  const [all, setAll] = useState<readonly Listed[]>([]);
  const lists = dashboard.links.some((l) => l.kind === 'dashboards');
  useEffect(() => {
    if (!lists) return;
    narthex<{ dashboards: Listed[] }>('dashboards').then(
      (a) => setAll(Array.isArray(a.dashboards) ? a.dashboards : []),
      () => undefined,
    );
  }, [lists]);
  if (ready === null || dashboard.links.length === 0) return null;
  const anchor = (href: string, text: string, l: Link, name: string) => (
    <a class={name} href={href} {...(l.newTab ? { target: '_blank', rel: 'noopener noreferrer' } : {})}>
      {text}
    </a>
  );
  return (
    <>
      {dashboard.links.map((l, i) => {
        if (l.kind === 'dashboards') {
          const found = all
            .filter((d) => l.tags.every((t) => (d.tags ?? []).includes(t)) && d.uid !== dashboard.uid)
            .slice(0, 100);
          const to = (d: Listed) => extended(`d/${encodeURIComponent(d.uid)}/${slugOf(d.title)}`, l, scope);
          if (found.length === 0) return null;
          if (!l.dropdown && found.length <= 4)
            return found.map((d) => <span key={d.uid}>{anchor(to(d), d.title, l, 'button small quiet')}</span>);
          return (
            <Popover
              key={i}
              label={l.title || l.tags.join(', ') || 'Dashboards'}
              text={l.title || l.tags.join(', ') || 'Dashboards'}
              right
            >
              {() => (
                <ul>
                  {found.map((d) => (
                    <li key={d.uid}>{anchor(to(d), d.title, l, 'item')}</li>
                  ))}
                </ul>
              )}
            </Popover>
          );
        }
        const href = hrefOf(l, scope);
        if (href === null) return null;
        return (
          <span key={i}>{anchor(href, interpolate(l.title, scope, 'text') || href, l, 'button small quiet')}</span>
        );
      })}
    </>
  );
}

/** Prints in light colours and as wide as the paper, after the panels out of view have been asked too. */
function printed(board: Board): void {
  const was = theme.get();
  const root = document.documentElement.classList;
  theme.set('light');
  root.add('printing');
  board.everything.set(true);
  const started = Date.now();
  const wait = () => {
    if (board.busy.get() > 0 && Date.now() - started < 60_000) {
      setTimeout(wait, 200);
      return;
    }
    setTimeout(() => {
      print();
      root.remove('printing');
      board.everything.set(false);
      theme.set(was);
    }, 300);
  };
  setTimeout(wait, 300);
}
