/** The keyboard: `/` search or query, `g` then a letter for pages, `?` help, arrows in tables. */
import { navigate } from './router';
import { Store } from './store';

export const overlay = new Store<'none' | 'help' | 'palette'>('none');

let pages: ReadonlyMap<string, string> = new Map();
let pending = 0;

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

function onKey(e: KeyboardEvent): void {
  if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'k') {
    e.preventDefault();
    overlay.set('palette');
    return;
  }
  if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || typing(e.target)) return;
  if (document.querySelector('dialog[open]')) return;
  if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
    moveRow(e);
    return;
  }
  const afterG = performance.now() - pending < 1200;
  pending = 0;
  const page = pages.get(e.key);
  if (afterG && page !== undefined) {
    e.preventDefault();
    navigate(page);
  } else if (e.key === 'g') {
    pending = performance.now();
  } else if (e.key === '?') {
    e.preventDefault();
    overlay.set('help');
  } else if (e.key === '/') {
    e.preventDefault();
    const field = document.querySelector<HTMLElement>('[data-slash]');
    if (field) field.focus();
    else navigate('query');
  }
}

function moveRow(e: KeyboardEvent): void {
  const row = e.target instanceof Element ? e.target.closest('tr[tabindex]') : null;
  if (!row) return;
  const rows = [...document.querySelectorAll<HTMLElement>('main tr[tabindex]')];
  const next = rows[rows.indexOf(row as HTMLElement) + (e.key === 'ArrowDown' ? 1 : -1)];
  if (next) {
    e.preventDefault();
    next.focus();
  }
}

/** Starts with the addresses of pages by their keys. */
export function startKeys(pageKeys: ReadonlyMap<string, string>): void {
  pages = pageKeys;
  document.addEventListener('keydown', onKey);
}
