/** Times as dashboards write them: `now-6h`, `now/d`, epoch milliseconds, ISO dates; and durations. */
import { fromWall, offsetMs, zoneWord, type Zone } from '../lib/format';
import type { Range } from './model';

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_629_800_000,
  Q: 7_889_400_000,
  y: 31_536_000_000,
};

const PART = /(\d+(?:\.\d+)?)(ms|[smhdwMQy])/y;

/** `1m30s`, `500ms`, `>10s`; null for anything else. */
export function durationMs(text: string): number | null {
  const t = text.trim().replace(/^[>~]+/, '');
  if (t === '' || t.length > 50) return null;
  let at = 0;
  let sum = 0;
  while (at < t.length) {
    PART.lastIndex = at;
    const part = PART.exec(t);
    if (part === null) return null;
    sum += Number(part[1]) * (UNITS[part[2] as string] as number);
    at = PART.lastIndex;
  }
  return sum;
}

/** Reads a time; with `end`, rounding such as `/d` goes to the end of the day. Null for what is not a time. */
export function parseWhen(text: string, nowMs: number, end: boolean, zone: Zone = 'local'): number | null {
  const t = text.trim();
  if (t === '' || t.length > 100) return null;
  if (/^-?\d{1,15}$/.test(t)) return Number(t);
  if (t.startsWith('now')) return relative(t.slice(3), nowMs, end, zone);
  const [, date = '', clock = '', zoned = ''] =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/.exec(t) ?? [];
  if (date === '') return null;
  const at = Date.parse(`${date}T${clock === '' ? '00:00' : clock}${zoned !== '' ? zoned : 'Z'}`);
  return Number.isNaN(at) ? null : zoned !== '' ? at : fromWall(at, zone);
}

function relative(text: string, nowMs: number, end: boolean, zone: Zone): number | null {
  let at = nowMs;
  let rest = text.replace(/\s+/g, '');
  for (let n = 0; rest !== ''; n++) {
    const step = /^(?:([+-])(\d{0,9})(ms|[smhdwMQy])|\/(f?[smhdwMQy]))/.exec(rest);
    if (step === null || n >= 20) return null;
    const [all, sign, count, unit, round] = step;
    at =
      round !== undefined
        ? rounded(at, round, end, zone)
        : moved(at, (sign === '-' ? -1 : 1) * Number(count === '' ? 1 : count), unit as string, zone);
    if (!Number.isFinite(at)) return null;
    rest = rest.slice(all.length);
  }
  return at;
}

/** Units of the calendar move by the calendar: `-1M` is the same day of the month before. */
function moved(at: number, n: number, unit: string, zone: Zone): number {
  const months = { M: 1, Q: 3, y: 12 }[unit];
  if (months !== undefined) {
    const c = calendar(at, zone);
    const day = Math.min(c.day, new Date(Date.UTC(c.year, c.month + n * months + 1, 0)).getUTCDate());
    return instant(c.year, c.month + n * months, day, zone) + c.inDay;
  }
  if (unit === 'd' || unit === 'w') {
    const c = calendar(at, zone);
    return instant(c.year, c.month, c.day + n * (unit === 'w' ? 7 : 1), zone) + c.inDay;
  }
  return at + n * (UNITS[unit] as number);
}

function rounded(at: number, unit: string, end: boolean, zone: Zone): number {
  const c = calendar(at, zone);
  const u = unit.replace('f', '');
  const start = (k: number): number => {
    switch (u) {
      case 'y':
        return instant(c.year + k, 0, 1, zone);
      case 'Q':
        return instant(c.year, c.month - (c.month % 3) + 3 * k, 1, zone);
      case 'M':
        return instant(c.year, c.month + k, 1, zone);
      case 'w':
        return instant(c.year, c.month, c.day - ((c.weekday + 6) % 7) + 7 * k, zone);
      case 'd':
        return instant(c.year, c.month, c.day + k, zone);
      default: {
        const ms = UNITS[u] as number;
        const shift = -offsetMs(at, zone);
        return Math.floor((at - shift) / ms) * ms + shift + k * ms;
      }
    }
  };
  return end ? start(1) - 1 : start(0);
}

function calendar(at: number, zone: Zone) {
  const d = new Date(at + offsetMs(at, zone));
  const [year, month, day] = [d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate()];
  return { year, month, day, weekday: d.getUTCDay(), inDay: at - instant(year, month, day, zone) };
}

function instant(year: number, month: number, day: number, zone: Zone): number {
  return fromWall(Date.UTC(year, month, day), zone);
}

/** The range of two times; the last hour for what cannot be read, and never an empty one. */
export function rangeOf(from: string, to: string, nowMs: number, zone: Zone = 'local'): Range {
  const toMs = parseWhen(to, nowMs, true, zone) ?? nowMs;
  const fromMs = parseWhen(from, nowMs, false, zone) ?? toMs - 3_600_000;
  return fromMs < toMs ? { fromMs, toMs } : { fromMs: toMs - 3_600_000, toMs };
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** A time by a pattern such as `YYYY-MM-DD HH:mm:ss`; text in brackets stays as it is. */
export function dateText(ms: number, pattern: string, zone: Zone): string {
  const d = new Date(ms);
  if (Number.isNaN(d.getTime())) return '';
  const offset = Math.round(offsetMs(ms, zone) / 60_000);
  const at = new Date(ms + offset * 60_000);
  const two = (n: number) => String(n).padStart(2, '0');
  const [year, month, day, hour] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), at.getUTCHours()];
  const nth =
    day % 10 === 1 && day !== 11
      ? 'st'
      : day % 10 === 2 && day !== 12
        ? 'nd'
        : day % 10 === 3 && day !== 13
          ? 'rd'
          : 'th';
  const sign = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  const parts: Readonly<Record<string, string>> = {
    YYYY: String(year),
    YY: two(year % 100),
    Y: String(year),
    Q: String(Math.floor(month / 3) + 1),
    MMMM: MONTHS[month] as string,
    MMM: (MONTHS[month] as string).slice(0, 3),
    MM: two(month + 1),
    M: String(month + 1),
    DD: two(day),
    Do: `${day}${nth}`,
    D: String(day),
    dddd: DAYS[at.getUTCDay()] as string,
    ddd: (DAYS[at.getUTCDay()] as string).slice(0, 3),
    d: String(at.getUTCDay()),
    E: String(at.getUTCDay() || 7),
    HH: two(hour),
    H: String(hour),
    hh: two(hour % 12 || 12),
    h: String(hour % 12 || 12),
    mm: two(at.getUTCMinutes()),
    m: String(at.getUTCMinutes()),
    ss: two(at.getUTCSeconds()),
    s: String(at.getUTCSeconds()),
    SSS: String(at.getUTCMilliseconds()).padStart(3, '0'),
    A: hour < 12 ? 'AM' : 'PM',
    a: hour < 12 ? 'am' : 'pm',
    X: String(Math.floor(ms / 1000)),
    x: String(ms),
    Z: sign,
    ZZ: sign.replace(':', ''),
    z: zoneWord(zone),
  };
  const long: Readonly<Record<string, string>> = {
    LTS: 'h:mm:ss A',
    LT: 'h:mm A',
    LLLL: 'dddd, MMMM D, YYYY h:mm A',
    LLL: 'MMMM D, YYYY h:mm A',
    LL: 'MMMM D, YYYY',
    L: 'MM/DD/YYYY',
  };
  return pattern
    .slice(0, 200)
    .replace(/\[[^\]]*\]|LTS|LT|L{1,4}/g, (t) => long[t] ?? t)
    .replace(
      /\[([^\]]*)\]|YYYY|YY|Y|Q|M{1,4}|Do|D{1,2}|d{3,4}|d|E|H{1,2}|h{1,2}|m{1,2}|SSS|s{1,2}|A|a|X|x|ZZ?|z/g,
      (t, kept?: string) => (kept !== undefined ? kept : (parts[t] ?? t)),
    )
    .trim();
}
