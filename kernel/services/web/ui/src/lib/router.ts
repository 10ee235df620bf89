/** Addresses below the base; links are ordinary anchors. */
import { BASE, currentPath } from './base';
import { formatMatcher, parseMatchers } from './matchers';
import { Store } from './store';

export interface Place {
  readonly path: string;
  readonly search: string;
}

function here(): Place {
  return { path: currentPath(), search: location.search };
}

export const place = new Store<Place>(here());

export function navigate(to: string, replace = false): void {
  const url = new URL(to, document.baseURI);
  if (replace) history.replaceState(null, '', url);
  else history.pushState(null, '', url);
  place.set(here());
  if (!replace) scrollTo(0, 0);
}

/** Changes parameters of the current address without a new entry in the history. */
export function setParams(changes: Record<string, string | null>): void {
  const p = new URLSearchParams(location.search);
  for (const [k, v] of Object.entries(changes)) {
    if (v === null || v === '') p.delete(k);
    else p.set(k, v);
  }
  const s = p.toString();
  navigate(`${currentPath()}${s ? `?${s}` : ''}`, true);
}

const FOREIGN = /^(api|-|narthex|metrics|assets|federate|exporters|push)(\/|$)/;

export function startRouter(): void {
  addEventListener('popstate', () => place.set(here()));
  document.addEventListener('click', (e) => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    const a = e.target instanceof Element ? e.target.closest('a[href]') : null;
    if (!(a instanceof HTMLAnchorElement) || a.target !== '' || a.hasAttribute('download')) return;
    const url = new URL(a.href);
    if (
      url.origin !== location.origin ||
      !url.pathname.startsWith(BASE) ||
      FOREIGN.test(url.pathname.slice(BASE.length))
    )
      return;
    e.preventDefault();
    navigate(url.href);
  });
}

/** Start pages of the optional listeners, which answer as the originals do there. */
const STARTS: Record<string, string> = { '9093': 'groups' };

/** Where a fragment of Alertmanager's pages leads. */
export function fromHash(hash: string): string | null {
  const { pathname, searchParams } = new URL(hash, 'x:/');
  const filter = searchParams.get('filter') ?? '';
  const parsed = parseMatchers(filter);
  const matchers = Array.isArray(parsed) ? parsed.map(formatMatcher) : [filter];
  const params = (all: Record<string, string>) => {
    const p = new URLSearchParams(Object.entries(all).filter(([, v]) => v !== ''));
    return p.size === 0 ? '' : `?${p}`;
  };
  const id = /^\/silences\/(?:edit\/|new\/)?([0-9a-f-]{36})$/.exec(pathname)?.[1];
  if (id !== undefined) return `silences${params({ state: 'active,pending,expired', search: id })}`;
  switch (pathname) {
    case '/silences/new':
      return `silences${params({ new: '1', filter, comment: searchParams.get('comment') ?? '' })}`;
    case '/silences':
      return `silences${params({ search: matchers.join(' ') })}`;
    case '/alerts':
      return `groups${params({ search: matchers.join(', '), receiver: searchParams.get('receiver') ?? '' })}`;
    case '/status':
    case '/settings':
      return 'status';
    default:
      return null;
  }
}

/** The target of an old or short address; null when it is a page itself. */
export function redirect(at: Place): string | null {
  if (at.path === 'graph') return `query${at.search}`;
  // Pages of the originals that show what Status does.
  if (at.path === 'agent' || at.path === 'starting') return 'status';
  // Browsers keep the fragment when the server sends them on.
  const start = at.path === '';
  const hashed = start || ['home', 'query', 'alerts', 'groups'].includes(at.path);
  const to = hashed && location.hash.startsWith('#/') ? fromHash(location.hash.slice(1)) : null;
  if (to !== null) return to;
  const other = STARTS[location.port];
  if (start && other !== undefined) return `${other}${at.search}`;
  // The original showed its query page at /, and links to it have panels there.
  return start && new URLSearchParams(at.search).has('g0.expr') ? `query${at.search}` : null;
}
