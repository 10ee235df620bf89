/** Addresses below the base; links are ordinary anchors. */
import { BASE, currentPath } from './base';
import { newAddress } from './oldurls';
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

/** The target of an old or short address; null when it is a page itself. */
export function redirect(at: Place): string | null {
  return newAddress({ ...at, hash: location.hash, port: location.port });
}
