/** Range of a dashboard: quick ones, or from and to. */
import { useState } from 'preact/hooks';
import { humanSeconds, stamp, zoneWord, type Zone } from '../lib/format';
import { Icon } from '../ui';
import type { Range } from './model';
import { Popover } from './Popover';
import { parseWhen } from './time';

const QUICK: readonly (readonly [from: string, to: string, word: string])[] = [
  ['now-5m', 'now', 'Last 5 min'],
  ['now-15m', 'now', 'Last 15 min'],
  ['now-30m', 'now', 'Last 30 min'],
  ['now-1h', 'now', 'Last hour'],
  ['now-3h', 'now', 'Last 3 h'],
  ['now-6h', 'now', 'Last 6 h'],
  ['now-12h', 'now', 'Last 12 h'],
  ['now-24h', 'now', 'Last 24 h'],
  ['now-2d', 'now', 'Last 2 days'],
  ['now-7d', 'now', 'Last 7 days'],
  ['now-30d', 'now', 'Last 30 days'],
  ['now-90d', 'now', 'Last 90 days'],
  ['now/d', 'now/d', 'Today'],
  ['now-1d/d', 'now-1d/d', 'Yesterday'],
  ['now/w', 'now/w', 'This week'],
  ['now/M', 'now/M', 'This month'],
];

interface Props {
  readonly from: string;
  readonly to: string;
  readonly range: Range;
  readonly zone: Zone;
  readonly onChange: (from: string, to: string) => void;
}

/** The range as words or times. */
export function rangeWord(from: string, to: string, range: Range, zone: Zone): string {
  const quick = QUICK.find(([f, t]) => f === from && t === to);
  if (quick) return quick[2];
  const m = /^now-(\d+)([smhdw])$/.exec(from);
  if (m && to === 'now')
    return `Last ${m[1]} ${{ s: 's', m: 'min', h: 'h', d: 'days', w: 'weeks' }[m[2] as string] ?? m[2]}`;
  const a = stamp(range.fromMs, zone).slice(0, 16);
  const b = stamp(range.toMs, zone).slice(0, 16);
  return `${a} – ${a.slice(0, 10) === b.slice(0, 10) ? b.slice(11) : b}`;
}

export function TimePicker({ from, to, range, zone, onChange }: Props) {
  const length = range.toMs - range.fromMs;
  const set = (fromMs: number, toMs: number) => onChange(String(Math.round(fromMs)), String(Math.round(toMs)));
  return (
    <span class="stepper dtime">
      <button
        type="button"
        aria-label={`Back by ${humanSeconds(length / 2000)}`}
        title={`Back by ${humanSeconds(length / 2000)}`}
        onClick={() => set(range.fromMs - length / 2, range.toMs - length / 2)}
      >
        <Icon name="left" />
      </button>
      <Popover
        label={`Time range: ${rangeWord(from, to, range, zone)}`}
        text={rangeWord(from, to, range, zone)}
        testid="time-range"
        right
      >
        {(close) => (
          <Ranges
            from={from}
            to={to}
            range={range}
            zone={zone}
            onChange={(f, t) => {
              close();
              onChange(f, t);
            }}
          />
        )}
      </Popover>
      <button
        type="button"
        aria-label={`Forward by ${humanSeconds(length / 2000)}`}
        title={`Forward by ${humanSeconds(length / 2000)}`}
        onClick={() => set(range.fromMs + length / 2, range.toMs + length / 2)}
      >
        <Icon name="right" />
      </button>
      <button
        type="button"
        aria-label="Zoom out to twice the time"
        title="Zoom out to twice the time"
        onClick={() => set(range.fromMs - length / 2, range.toMs + length / 2)}
      >
        <Icon name="minus" />
      </button>
    </span>
  );
}

function Ranges({ from, to, range, zone, onChange }: Props) {
  const written = (text: string, ms: number) => (/^\d+$/.test(text) ? stamp(ms, zone) : text);
  const [a, setA] = useState(written(from, range.fromMs));
  const [b, setB] = useState(written(to, range.toMs));
  const now = Date.now();
  const fromMs = parseWhen(a, now, false, zone);
  const toMs = parseWhen(b, now, true, zone);
  const problem =
    fromMs === null
      ? `From: not a time, got ${a || 'nothing'}; write now-6h or 2026-01-31 08:00`
      : toMs === null
        ? `To: not a time, got ${b || 'nothing'}; write now or 2026-01-31 09:00`
        : fromMs >= toMs
          ? 'From is not before to'
          : '';
  const apply = (e: Event) => {
    e.preventDefault();
    if (problem !== '' || fromMs === null || toMs === null) return;
    onChange(/^now/.test(a.trim()) ? a.trim() : String(fromMs), /^now/.test(b.trim()) ? b.trim() : String(toMs));
  };
  return (
    <div class="dranges">
      <form class="form" onSubmit={apply}>
        <label>
          From
          <input
            data-first
            value={a}
            data-testid="time-from"
            aria-invalid={fromMs === null}
            onInput={(e) => setA(e.currentTarget.value)}
          />
        </label>
        <label>
          To
          <input
            value={b}
            data-testid="time-to"
            aria-invalid={toMs === null}
            onInput={(e) => setB(e.currentTarget.value)}
          />
        </label>
        <p class="dim">
          {problem === ''
            ? zone === 'local'
              ? 'Times are in local time.'
              : `Times are in ${zoneWord(zone)}.`
            : problem}
        </p>
        <button type="submit" class="primary small" disabled={problem !== ''} data-testid="time-apply">
          Apply
        </button>
      </form>
      <ul>
        {QUICK.map(([f, t, w]) => (
          <li key={w}>
            <button type="button" aria-pressed={f === from && t === to} onClick={() => onChange(f, t)}>
              {w}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
