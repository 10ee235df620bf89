/** The queries a user has run: kept by the server, or in this browser if the server refuses. */
import { narthex } from '../lib/api';
import { recent, remember } from '../lib/store';
import { inOrder, ran, readKept, type Kept } from './kept';
import { own, refuses } from '../lib/own';

export interface History {
  readonly queries: readonly Kept[];
  /** Whether the server keeps them, for this user in every browser. */
  readonly shared: boolean;
}

const KEY = 'history';

const local = () => readKept(recent<unknown>(KEY, []));

export async function readHistory(signal?: AbortSignal): Promise<History> {
  try {
    const answer = await own<{ queries?: unknown }>('history', { limit: '200' }, signal);
    return { queries: inOrder(readKept(answer.queries)), shared: true };
  } catch (e) {
    if (!refuses(e)) throw e;
    return { queries: inOrder(local()), shared: false };
  }
}

/** Notes that a query was run. Nobody waits for it, so that a server that is down does not hold the query up. */
export async function noteRun(query: string): Promise<void> {
  remember(KEY, ran(local(), query, Date.now()));
  await post({ query }).catch(() => undefined);
}

export async function star(query: string, starred: boolean): Promise<void> {
  try {
    await post({ query, starred });
  } catch (e) {
    if (!refuses(e)) throw e;
    remember(
      KEY,
      local().map((k) => (k.query === query ? { ...k, starred } : k)),
    );
  }
}

/** Forgets one query, or all of them. */
export async function forget(query: string | null): Promise<void> {
  remember(KEY, query === null ? [] : local().filter((k) => k.query !== query));
  const path = query === null ? 'history' : `history?${new URLSearchParams({ query }).toString()}`;
  try {
    await narthex(path, { method: 'DELETE' });
  } catch (e) {
    if (!refuses(e)) throw e;
  }
}

function post(body: { query: string; starred?: boolean }): Promise<unknown> {
  return narthex('history', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}
