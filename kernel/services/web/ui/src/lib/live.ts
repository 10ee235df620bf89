/** News of the server: one connection of a browser, which its tabs share. */
import { useEffect, useState } from 'preact/hooks';
import { BASE } from './base';
import { Store } from './store';
import { backoff, Gate, readChange, TOPICS, type Change, type Topic } from './topics';

/** Whether changes arrive by themselves; otherwise pages read every 30 s. */
export const liveState = new Store<'on' | 'polling'>('on');
/** Number of firing alerts as the server last said; null when it has not. */
export const firing = new Store<number | null>(null);

const POLL_MS = 30_000;
/** Shorter interruptions are not mentioned. */
const PATIENCE_MS = 10_000;
const NAME = `narthex.live ${BASE}`;

const counts = new Map<Topic, Store<number>>(TOPICS.map((t) => [t, new Store(0)]));
const gate = new Gate(
  (t) => {
    const count = counts.get(t);
    count?.set(count.get() + 1);
  },
  () => performance.now(),
  (ms, what) => void setTimeout(what, ms),
);
/** Changes that arrived while nobody was looking. */
const missed = new Set<Topic>();

type Message = { readonly change: Change } | { readonly state: 'on' | 'polling' } | { readonly ask: true };

let channel: BroadcastChannel | null = null;
let leads = false;

function take(m: Message): void {
  if ('state' in m) liveState.set(m.state);
  else if ('change' in m) {
    if (m.change.firing !== null) firing.set(m.change.firing);
    if (document.hidden) for (const t of m.change.topics) missed.add(t);
    else gate.push(m.change.topics);
  } else if (leads) {
    channel?.postMessage({ state: liveState.get() } satisfies Message);
    channel?.postMessage({ change: { topics: [], firing: firing.get() } } satisfies Message);
  }
}

function tell(m: Message): void {
  take(m);
  channel?.postMessage(m);
}

const everything = (): void => tell({ change: { topics: TOPICS, firing: null } });

/** Keeps a connection open; reads every 30 s while there is none. */
function connect(): void {
  let failures = 0;
  let opened = false;
  let poll: ReturnType<typeof setInterval> | undefined;
  let patience: ReturnType<typeof setTimeout> | undefined;
  const broken = (): void => {
    poll ??= setInterval(everything, POLL_MS);
    patience ??= setTimeout(() => tell({ state: 'polling' }), PATIENCE_MS);
  };
  const open = (): void => {
    const source = new EventSource('narthex/api/v1/events');
    source.addEventListener('open', () => {
      failures = 0;
      clearInterval(poll);
      clearTimeout(patience);
      poll = undefined;
      patience = undefined;
      tell({ state: 'on' });
      // What happened while there was no connection is not told again.
      if (opened) everything();
      opened = true;
    });
    source.addEventListener('change', (e: MessageEvent<string>) => {
      const change = readChange(e.data);
      if (change) tell({ change });
    });
    source.addEventListener('error', () => {
      broken();
      opened = true;
      // The browser connects again by itself unless the server refused.
      if (source.readyState !== EventSource.CLOSED) return;
      source.close();
      failures++;
      setTimeout(open, backoff(failures));
    });
  };
  open();
}

/** Starts once, for the life of the page. */
export function startLive(): void {
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    const topics = [...missed];
    missed.clear();
    gate.push(topics);
  });
  if (!('locks' in navigator) || typeof BroadcastChannel === 'undefined') {
    connect();
    return;
  }
  channel = new BroadcastChannel(NAME);
  channel.addEventListener('message', (e: MessageEvent<Message>) => take(e.data));
  channel.postMessage({ ask: true } satisfies Message);
  navigator.locks
    .request(NAME, () => {
      leads = true;
      connect();
      // Held until the tab is closed; then another tab takes over.
      return new Promise<never>(() => undefined);
    })
    .catch(connect);
}

/** Counts up when one of the topics has changed. */
export function useTopics(topics: readonly Topic[]): number {
  const [n, setN] = useState(0);
  const key = topics.join();
  useEffect(() => {
    const stop = topics.map((t) => counts.get(t)?.watch(() => setN((x) => x + 1)));
    return () => stop.forEach((s) => s?.());
  }, [key]);
  return n;
}
