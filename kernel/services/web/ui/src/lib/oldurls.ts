/** Addresses of Prometheus, Alertmanager and Pushgateway, and the views that answer to them. Pure functions. */
import { formatMatcher, parseMatchers } from './matchers';

export interface Old {
  readonly path: string;
  readonly search: string;
  readonly hash: string;
  readonly port: string;
}

/** Start pages of the optional listeners, which answer as the originals do there. */
const STARTS: ReadonlyMap<string, string> = new Map([
  ['9093', 'groups'],
  ['9091', 'pushes'],
]);

/** Pages whose names have changed. */
const MOVED: ReadonlyMap<string, string> = new Map([
  ['graph', 'query'],
  ['agent', 'status'],
  ['starting', 'status'],
  ['consoles', 'dashboards'],
  ['tsdb', 'tsdb-status'],
  ['runtime', 'status'],
]);

/** Roots under which Prometheus has shown an older or newer UI. */
const ROOTS = /^(?:classic|new)(?:\/|$)/;

/** The address of today; null when it is one already. */
export function newAddress(at: Old): string | null {
  const fragment = ofFragment(at);
  if (fragment !== null) return fragment;
  let path = at.path;
  if (ROOTS.test(path)) path = path.replace(ROOTS, '');
  const start = path === '';
  const params = new URLSearchParams(at.search);
  // The original showed its query page at /, and links to it have panels there.
  if (start && params.has('g0.expr')) return `query${at.search}`;
  if (start) {
    const other = STARTS.get(at.port);
    if (other !== undefined) return `${other}${at.search}`;
    return path === at.path ? null : 'home';
  }
  const first = path.split('/')[0] ?? '';
  const to = MOVED.get(path) ?? MOVED.get(first) ?? path;
  const search =
    to === 'targets' || to === 'service-discovery' || to === 'alerts' ? ofSearch(to, at.search) : at.search;
  const next = `${to}${to === 'dashboards' && first === 'consoles' ? '' : search}`;
  return next === `${at.path}${at.search}` ? null : next;
}

/** Parameters of the lists whose names or values have changed; as they are when none has. */
function ofSearch(page: string, search: string): string {
  const p = new URLSearchParams(search);
  let changed = false;
  const pool = p.get('scrapePool');
  if (pool !== null) {
    p.delete('scrapePool');
    if (!p.has('pool') && pool !== '') p.set('pool', pool);
    changed = true;
  }
  if (page === 'targets') {
    const health = p.get('health');
    if (health !== null && /unhealthy|healthy/i.test(health)) {
      p.set('health', health.replace(/unhealthy/gi, 'down').replace(/healthy/gi, 'up'));
      changed = true;
    }
  }
  if (page === 'alerts') {
    for (const state of ['inactive', 'pending', 'firing']) {
      const on = p.get(`show${state[0]?.toUpperCase()}${state.slice(1)}`);
      if (on === null) continue;
      p.delete(`show${state[0]?.toUpperCase()}${state.slice(1)}`);
      if (on === 'true') p.set('state', [p.get('state'), state].filter((s) => s).join(','));
      changed = true;
    }
  }
  if (!changed) return search;
  const text = p.toString();
  return text === '' ? '' : `?${text}`;
}

/** Views of the Alertmanager and the Pushgateway are named after the hash; browsers keep it when the server sends them on. */
function ofFragment(at: Old): string | null {
  if (!/^(?:|home|query|alerts|groups|silences|status|pushes)$/.test(at.path)) return null;
  // The oldest links have no slash after the hash.
  const m = /^#!?\/?((?:alerts|silences|status|settings)(?:[/?].*)?)$/.exec(at.hash);
  if (!m) return null;
  const [path = '', query = ''] = (m[1] as string).split(/\?(.*)/s);
  const p = new URLSearchParams(query);
  const parts = path.split('/').filter((s) => s !== '');
  if (parts[0] === 'status') return 'status';
  if (parts[0] === 'settings') return 'home';
  if (parts[0] === 'alerts') return `groups${pick(p, ['receiver', 'filter', 'silenced', 'inhibited', 'active'])}`;
  return ofSilence(parts.slice(1), p);
}

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function ofSilence(parts: readonly string[], p: URLSearchParams): string {
  const id = parts.at(-1) ?? '';
  if (ID.test(id)) {
    // A silence to be edited or copied is one click away from where it is shown.
    return `silences?state=active,pending,expired&search=${encodeURIComponent(id)}`;
  }
  if (parts[0] === 'new') {
    const more = pick(p, ['filter', 'comment']);
    return `silences?new=1${more === '' ? '' : `&${more.slice(1)}`}`;
  }
  const words = asWords(p.get('filter') ?? '');
  return `silences${words === '' ? '' : `?search=${encodeURIComponent(words)}`}`;
}

/** The parameters that say something, in this order. */
function pick(p: URLSearchParams, names: readonly string[]): string {
  const out = new URLSearchParams();
  for (const n of names) {
    const v = p.get(n);
    if (v !== null && v !== '' && v !== '{}') out.set(n, v);
  }
  const text = out.toString();
  return text === '' ? '' : `?${text}`;
}

/** Matchers as words of a search: each as it is written in the list. */
export function asWords(filter: string): string {
  const all = parseMatchers(filter);
  return 'error' in all ? filter.replace(/^\{|\}$/g, '') : all.map(formatMatcher).join(' ');
}
