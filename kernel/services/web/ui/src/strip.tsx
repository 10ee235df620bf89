import { useEffect, useState } from 'preact/hooks';
import { api, ApiError } from './lib/api';
import { humanSeconds } from './lib/format';
import { refreshTick, useStore } from './lib/store';
import { State, type Tone } from './ui';

interface Trouble {
  readonly tone: Tone;
  readonly word: string;
  readonly text: string;
  readonly link?: { to: string; word: string };
}

interface RuntimeInfo {
  reloadConfigSuccess: boolean;
  lastConfigTime: string;
  corruptionCount: number;
  serverTime?: string;
}

/** A thin bar, shown only while something is wrong. */
export function StatusStrip() {
  const [troubles, setTroubles] = useState<readonly Trouble[]>([]);
  const tick = useStore(refreshTick);
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const read = async () => {
      const found = document.hidden ? null : await look(abort.signal);
      if (abort.signal.aborted) return;
      if (found) setTroubles(found);
      timer = setTimeout(
        read,
        found?.some((t) => t.word === 'Not ready' || t.word === 'Not reachable') ? 3000 : 20_000,
      );
    };
    void read();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [tick]);
  if (troubles.length === 0) return null;
  return (
    <div class="strip" role="status" data-testid="status-strip">
      {troubles.map((t) => (
        <p key={t.word + t.text} class={t.tone}>
          <State tone={t.tone}>{t.word}</State> {t.text} {t.link && <a href={t.link.to}>{t.link.word}</a>}
        </p>
      ))}
    </div>
  );
}

async function look(signal: AbortSignal): Promise<Trouble[] | null> {
  try {
    const sent = Date.now();
    const { data, at } = await api<RuntimeInfo>('status/runtimeinfo', {}, signal);
    const out: Trouble[] = [];
    if (!data.reloadConfigSuccess) {
      out.push({
        tone: 'bad',
        word: 'Configuration not applied',
        text: 'The last reload failed; the previous configuration stays in effect. The log of the server names the line.',
        link: { to: 'config', word: 'See what is in force' },
      });
    }
    if (data.corruptionCount > 0) {
      out.push({
        tone: 'warn',
        word: 'Log repaired',
        text: `The write-ahead log was damaged ${data.corruptionCount}×; samples may be missing.`,
        link: { to: 'tsdb-status', word: 'Storage' },
      });
    }
    const skew = data.serverTime ? Date.parse(data.serverTime) - (sent + at) / 2 : 0;
    if (Math.abs(skew) > 30_000) {
      out.push({
        tone: 'warn',
        word: 'Clocks differ',
        text:
          `The server is ${humanSeconds(Math.abs(skew) / 1000)} ${skew > 0 ? 'ahead of' : 'behind'} this browser; ` +
          "“now” means the browser's.",
      });
    }
    return out.concat(await notifications(signal));
  } catch (e) {
    if (!(e instanceof ApiError)) return null;
    if (e.kind === 'not_ready') return [await starting(signal)];
    if (e.kind === 'network')
      return [
        {
          tone: 'bad',
          word: 'Not reachable',
          text: 'No answer from the server; what you see may be old. Trying again every 3 s.',
        },
      ];
    return [];
  }
}

/** False once the server has said that it has no notifications. */
let notifies = true;

async function notifications(signal: AbortSignal): Promise<Trouble[]> {
  if (!notifies) return [];
  try {
    const { data } = await api<{ text: string; active: boolean }[] | null>('notifications', {}, signal);
    return (data ?? [])
      .filter((n) => n.active && !/reload/i.test(n.text))
      .map((n) => ({ tone: 'info' as const, word: 'Notice', text: n.text }));
  } catch (e) {
    notifies = !(e instanceof ApiError && e.status === 404);
    return [];
  }
}

async function starting(signal: AbortSignal): Promise<Trouble> {
  let text = 'The server is starting.';
  try {
    const { data } = await api<{ min: number; max: number; current: number }>('status/walreplay', {}, signal);
    const all = data.max - data.min + 1;
    if (data.max > 0 && all > 0)
      text = `The server replays its write-ahead log: segment ${data.current - data.min + 1} of ${all}.`;
  } catch {
    text = 'The server is starting or stopping.';
  }
  return { tone: 'warn', word: 'Not ready', text };
}
