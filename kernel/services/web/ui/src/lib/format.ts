/** Human-readable words and numbers. Pure functions; show the exact value next to them or on hover. */

const MS = { y: 31_536_000_000, w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/** Milliseconds in the notation of PromQL: `1h30m`, `500ms`, `0s`. */
export function promDuration(ms: number): string {
  let rest = Math.round(ms);
  if (rest === 0) return '0s';
  let out = '';
  const take = (unit: keyof typeof MS, onlyExact: boolean) => {
    if (onlyExact && rest % MS[unit] !== 0) return;
    const n = Math.floor(rest / MS[unit]);
    if (n > 0) {
      out += `${n}${unit}`;
      rest -= n * MS[unit];
    }
  };
  take('y', true);
  take('w', true);
  take('d', false);
  take('h', false);
  take('m', false);
  take('s', false);
  take('ms', false);
  return out;
}

/** Reads `1h30m`; also `1.5h` and plain seconds; null otherwise. */
export function parseDuration(text: string): number | null {
  const t = text.trim();
  if (/^\d+(\.\d+)?$/.test(t)) return Number(t) * 1000;
  if (!/^(\d+(\.\d+)?(ms|[ywdhms]))+$/.test(t)) return null;
  let sum = 0;
  for (const [, n, unit] of t.matchAll(/(\d+(?:\.\d+)?)(ms|[ywdhms])/g)) {
    sum += Number(n) * MS[unit as keyof typeof MS];
  }
  return sum;
}

/** `3 min 12 s`, `1.2 ms`, `4 d 2 h`: at most two units. */
export function humanSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return String(seconds);
  if (seconds < 0) return `-${humanSeconds(-seconds)}`;
  if (seconds === 0) return '0 s';
  if (seconds < 1e-6) return `${digits(seconds * 1e9)} ns`;
  if (seconds < 1e-3) return `${digits(seconds * 1e6)} µs`;
  if (seconds < 1) return `${digits(seconds * 1e3)} ms`;
  if (seconds < 60) return `${digits(seconds)} s`;
  const s = Math.round(seconds);
  if (s < 3600) return two(Math.floor(s / 60), 'min', s % 60, 's');
  const m = Math.round(seconds / 60);
  if (m < 1440) return two(Math.floor(m / 60), 'h', m % 60, 'min');
  const h = Math.round(seconds / 3600);
  return two(Math.floor(h / 24), 'd', h % 24, 'h');
}

function two(a: number, aUnit: string, b: number, bUnit: string): string {
  return b === 0 ? `${a} ${aUnit}` : `${a} ${aUnit} ${b} ${bUnit}`;
}

/** Three significant digits without an exponent or needless zeros. */
function digits(n: number): string {
  const a = Math.abs(n);
  const places = a >= 100 ? 0 : a >= 10 ? 1 : 2;
  return String(Number(n.toFixed(places)));
}

export function humanBytes(n: number): string {
  return scaled(n, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']);
}

/** `1.24 M`, `12.3 k`, `0.05`: decimal prefixes above a thousand. */
export function humanNumber(n: number): string {
  if (!Number.isFinite(n)) return infinite(n);
  const a = Math.abs(n);
  if (a !== 0 && (a < 0.001 || a >= 1e18)) return n.toExponential(2);
  if (a < 1) return String(Number(n.toPrecision(3)));
  return scaled(n, 1000, ['', 'k', 'M', 'G', 'T', 'P']);
}

function infinite(n: number): string {
  return Number.isNaN(n) ? 'NaN' : n > 0 ? '+Inf' : '-Inf';
}

function scaled(n: number, base: number, units: string[]): string {
  if (!Number.isFinite(n)) return infinite(n);
  let v = n;
  let i = 0;
  while (Math.abs(v) >= base && i < units.length - 1) {
    v /= base;
    i++;
  }
  return `${digits(v)} ${units[i]}`.trimEnd();
}

export type Unit = 'none' | 'bytes' | 'seconds' | 'ratio' | 'bytes/s' | 'per s';

export function humanValue(n: number, unit: Unit): string {
  if (!Number.isFinite(n)) return infinite(n);
  switch (unit) {
    case 'bytes':
      return humanBytes(n);
    case 'bytes/s':
      return `${humanBytes(n)}/s`;
    case 'seconds':
      return humanSeconds(n);
    case 'ratio':
      return `${Number((n * 100).toFixed(2))} %`;
    case 'per s':
      return `${humanNumber(n)}/s`;
    case 'none':
      return humanNumber(n);
  }
}

const SCALES: Record<'bytes' | 'seconds' | 'none', readonly (readonly [number, string])[]> = {
  bytes: [
    [2 ** 60, ' EiB'],
    [2 ** 50, ' PiB'],
    [2 ** 40, ' TiB'],
    [2 ** 30, ' GiB'],
    [2 ** 20, ' MiB'],
    [2 ** 10, ' KiB'],
    [1, ' B'],
  ],
  seconds: [
    [86_400, ' d'],
    [3600, ' h'],
    [60, ' min'],
    [1, ' s'],
    [1e-3, ' ms'],
    [1e-6, ' µs'],
    [1e-9, ' ns'],
  ],
  none: [
    [1e15, ' P'],
    [1e12, ' T'],
    [1e9, ' G'],
    [1e6, ' M'],
    [1e3, ' k'],
    [1, ''],
  ],
};

/** Labels of an axis: one unit for all ticks and as many decimals as needed to distinguish them. */
export function axisLabels(ticks: readonly number[], unit: Unit): string[] {
  if (ticks.length === 0) return [];
  if (unit === 'ratio') return fixed(ticks, 0.01, ' %');
  const tail = unit === 'bytes/s' || unit === 'per s' ? '/s' : '';
  const scales = SCALES[unit === 'bytes' || unit === 'bytes/s' ? 'bytes' : unit === 'seconds' ? 'seconds' : 'none'];
  const top = Math.max(...ticks.map(Math.abs));
  if (top === 0 || (unit !== 'seconds' && top < 1e-3))
    return ticks.map((t) => (t === 0 ? '0' : `${t.toExponential(1)}${tail}`));
  const [size, word] = scales.find(([s]) => top >= s) ?? (scales.at(-1) as readonly [number, string]);
  return fixed(ticks, size, `${word}${tail}`);
}

function fixed(ticks: readonly number[], size: number, word: string): string[] {
  const scaledTicks = ticks.map((t) => t / size);
  const step =
    scaledTicks.length > 1
      ? Math.abs((scaledTicks[1] as number) - (scaledTicks[0] as number))
      : Math.abs(scaledTicks[0] as number);
  let places = 0;
  while (places < 6 && Math.abs(Number(step.toFixed(places)) - step) > step * 1e-6) places++;
  return scaledTicks.map((t) => (t === 0 ? '0' : `${t.toFixed(places)}${word}`));
}

/** Calls whose result has no unit, or not that of what they are given. */
const UNITLESS = new RegExp(
  `\\b(?:${[
    'count|count_values|group|absent|changes|resets|timestamp|stdvar|present_over_time|count_over_time',
    'sgn|ln|log2|log10|exp|sqrt|histogram_count|histogram_fraction',
  ].join('|')})(?:_over_time)?\\s*\\(`,
);

/**
 * The unit a result most likely has, from the one metric the expression names; `none` in every case
 * of doubt (arithmetic, counting, several metrics).
 */
export function guessUnit(expr: string): Unit {
  const bare = expr
    .replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/g, '""')
    .replace(/\{[^}]*\}/g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '');
  if (/[*/^%<>=!]/.test(bare)) return 'none';
  if (UNITLESS.test(bare)) {
    return 'none';
  }
  const names = [...bare.matchAll(/\b([a-zA-Z_:][\w:]*)\b(?!\s*\()/g)]
    .map((m) => m[1] as string)
    .filter((n) => !/^(?:by|without|on|ignoring|offset|and|or|unless|bool|inf|nan|e)$/i.test(n) && /_/.test(n));
  const name = new Set(names).size === 1 ? names[0] : undefined;
  if (name === undefined) return 'none';
  const base = name.replace(/_(?:total|sum|bucket)$/, '');
  const perSecond = /\b(?:rate|irate|deriv)\s*\(/.test(bare);
  if (/_count$|_created$/.test(name)) return perSecond ? 'per s' : 'none';
  if (/_timestamp_seconds$|_time_seconds$/.test(base)) return 'none';
  if (/_bytes$/.test(base)) return perSecond ? 'bytes/s' : 'bytes';
  if (/_seconds$/.test(base)) return perSecond && !/histogram_quantile|histogram_avg/.test(bare) ? 'none' : 'seconds';
  if (/_ratio$/.test(base)) return perSecond ? 'none' : 'ratio';
  return perSecond ? 'per s' : 'none';
}

/** `local`, `utc`, or a zone by its name, such as `Europe/Berlin`. */
export type Zone = string;

const CLOCKS = new Map<string, Intl.DateTimeFormat>();

function clockOf(zone: string): Intl.DateTimeFormat {
  let clock = CLOCKS.get(zone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    CLOCKS.set(zone, clock);
  }
  return clock;
}

/** Whether a zone of this name can be shown. */
export function isZone(zone: string): boolean {
  if (zone === 'local' || zone === 'utc') return true;
  try {
    return zone.length < 100 && clockOf(zone) !== null;
  } catch {
    return false;
  }
}

/** What clocks in the zone are ahead of UTC at a time, in milliseconds. */
export function offsetMs(ms: number, zone: Zone): number {
  if (zone === 'utc' || !Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return 0;
  if (zone === 'local') return -new Date(ms).getTimezoneOffset() * 60_000;
  const parts: Record<string, number> = {};
  for (const { type, value } of clockOf(zone).formatToParts(ms)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
}

/** The time at which clocks in the zone show this, given as if it were UTC. */
export function fromWall(wallMs: number, zone: Zone): number {
  const near = wallMs - offsetMs(wallMs, zone);
  return wallMs - offsetMs(near, zone);
}

/** Name of the zone beside a time; nothing for local time. */
export function zoneWord(zone: Zone): string {
  return zone === 'local' ? '' : zone === 'utc' ? 'UTC' : zone;
}

/** `2026-02-03 04:05:06`, in the zone. */
export function stamp(ms: number, zone: Zone): string {
  const d = new Date(ms + offsetMs(ms, zone));
  return Number.isNaN(d.getTime()) ? '–' : d.toISOString().slice(0, 19).replace('T', ' ');
}

/** `2 min ago`, `in 5 s`, `now`; a dash for times that were never set. */
export function ago(ms: number, now: number): string {
  if (!Number.isFinite(ms) || ms <= 0) return 'never';
  const s = (now - ms) / 1000;
  if (Math.abs(s) < 1) return 'now';
  const rounded = Math.round(Math.abs(s));
  const text = humanSeconds(rounded < 60 ? rounded : rounded < 3600 ? Math.floor(rounded / 60) * 60 : rounded).replace(
    rounded >= 86_400 ? / \d+ h$/ : / \d+ min$/,
    rounded >= 86_400 || rounded < 3600 ? '' : '$&',
  );
  return s > 0 ? `${text} ago` : `in ${text}`;
}

export type Labels = Record<string, string>;

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

export function quote(value: string): string {
  return `"${value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;
}

/** A series as PromQL writes it. */
export function seriesName(labels: Labels): string {
  const name = labels['__name__'] ?? '';
  const pairs = labelPairs(labels).map(([k, v]) => `${LABEL.test(k) ? k : quote(k)}=${quote(v)}`);
  if (name !== '' && !NAME.test(name)) return `{${[quote(name), ...pairs].join(', ')}}`;
  return pairs.length === 0 && name !== '' ? name : `${name}{${pairs.join(', ')}}`;
}

/** Labels without the name, sorted. */
export function labelPairs(labels: Labels): [string, string][] {
  return Object.entries(labels)
    .filter(([k]) => k !== '__name__')
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
}

/** One line of CSV per row, RFC 4180. */
export function csv(rows: readonly (readonly string[])[]): string {
  return rows
    .map((r) => r.map((c) => (/[",\r\n]/.test(c) ? `"${c.replaceAll('"', '""')}"` : c)).join(','))
    .join('\r\n')
    .concat('\r\n');
}
