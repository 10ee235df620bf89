/** Numbers in the units dashboards name. */
import type { Zone } from '../lib/format';
import { ago } from '../lib/format';
import { dateText } from './time';

export interface Formatted {
  readonly prefix: string;
  readonly number: string;
  readonly suffix: string;
}

type Format = (value: number, decimals: number | undefined, zone: Zone) => Formatted;

const SI = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const SMALL = ['', 'm', 'µ', 'n', 'p', 'f'];
const IEC = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'];

/** Three digits that matter, or as many decimals as asked for. */
function digits(n: number, decimals?: number): string {
  if (decimals !== undefined) return n.toFixed(Math.min(20, Math.max(0, decimals)));
  const a = Math.abs(n);
  if (a === 0) return '0';
  if (a < 1e-9 || a >= 1e21) return n.toExponential(2);
  if (a >= 1) return String(Number(n.toFixed(a >= 100 ? 0 : a >= 10 ? 1 : 2)));
  return String(Number(n.toFixed(Math.min(20, 2 - Math.floor(Math.log10(a))))));
}

function of(number: string, suffix = '', prefix = ''): Formatted {
  return { prefix, number, suffix };
}

/** A unit after the number, as it is. */
function plain(word: string, factor = 1): Format {
  return (v, d) => of(digits(v * factor, d), word === '' ? '' : ` ${word}`);
}

/** Prefixes for every factor of 1000 (or 1024), beginning with the one the value is in; `small` also below one. */
function scaled(word: string, base: 1000 | 1024 = 1000, begin = 0, small = false): Format {
  const names = base === 1024 ? IEC : SI;
  return (value, d) => {
    let v = value;
    let i = begin;
    while (Math.abs(Number(digits(v))) >= base && i < names.length - 1) {
      v /= base;
      i++;
    }
    while (v !== 0 && Math.abs(Number(digits(v))) < 1 && (small ? i > -SMALL.length + 1 : i > 0)) {
      v *= base;
      i--;
    }
    const name = `${i >= 0 ? names[i] : SMALL[-i]}${word}`.trim();
    return of(digits(v, d), name === '' ? '' : ` ${name}`);
  };
}

const TIMES: readonly (readonly [number, string])[] = [
  [31_536_000, 'y'],
  [604_800, 'w'],
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
  [1e-3, 'ms'],
  [1e-6, 'µs'],
  [1e-9, 'ns'],
];

/** A span in the largest unit that is not above it. */
function span(seconds: number): Format {
  return (value, d) => {
    const s = value * seconds;
    if (s === 0) return of(digits(0, d), ` ${TIMES.find(([f]) => f <= seconds)?.[1] ?? 's'}`);
    const a = Math.abs(s) * (1 + 1e-12);
    const [factor, word] = TIMES.find(([f]) => a >= f) ?? [1e-9, 'ns'];
    return of(digits(s / factor, d), ` ${word}`);
  };
}

/** A span in up to two units, or as many as the decimals say. */
function words(seconds: number): Format {
  return (value, d) => {
    const total = Math.abs(value * seconds);
    if (total < 1) return span(seconds)(value, d, 'utc');
    const most = Math.min(7, (d ?? 1) + 1);
    const out: string[] = [];
    let rest = Math.round(total);
    for (const [factor, word] of TIMES) {
      if (factor < 1 || out.length >= most) break;
      const n = Math.floor(rest / factor);
      rest -= n * factor;
      if (n > 0) out.push(`${n} ${word}`);
      else if (out.length > 0 && rest === 0) break;
    }
    return of(`${value < 0 ? '-' : ''}${out.join(' ')}`);
  };
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}

/** `26:03:07`. */
function hms(seconds: number, days: boolean): Format {
  return (value) => {
    const s = Math.floor(Math.abs(value * seconds));
    const d = days ? Math.floor(s / 86_400) : 0;
    const clock = `${two(Math.floor((s - d * 86_400) / 3600))}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
    return of(`${value < 0 ? '-' : ''}${d > 0 ? `${d} d ` : ''}${clock}`);
  };
}

/** `1h:02m:03s`, with as many parts as the decimals say. */
function clock(seconds: number): Format {
  return (value, d) => {
    const ms = Math.round(Math.abs(value * seconds * 1000));
    const parts = [
      `${two(Math.floor(ms / 3_600_000))}h`,
      `${two(Math.floor((ms % 3_600_000) / 60_000))}m`,
      `${two(Math.floor((ms % 60_000) / 1000))}s`,
      `${String(ms % 1000).padStart(3, '0')}ms`,
    ];
    const from = ms < 1000 ? 3 : ms < 60_000 ? 2 : ms < 3_600_000 ? 1 : 0;
    return of(
      (value < 0 ? '-' : '') + parts.slice(from, d === undefined ? 4 : Math.max(from + 1, from + d + 1)).join(':'),
    );
  };
}

function date(pattern: string, short = ''): Format {
  return (ms, _, zone) => {
    const today = short !== '' && dateText(ms, 'YYYY-MM-DD', zone) === dateText(Date.now(), 'YYYY-MM-DD', zone);
    return of(dateText(ms, today ? short : pattern, zone) || '–');
  };
}

function choice(yes: string, no: string): Format {
  return (v) => of(v === 0 ? no : yes);
}

function money(sign: string, after = false): Format {
  return (v, d) => {
    const s = scaled('')(v, d, 'utc');
    return after ? of(s.number, `${s.suffix} ${sign}`) : of(s.number, s.suffix.trim(), sign);
  };
}

/** Counts in a time: `1.2 k req/s`. */
function rate(word: string): Format {
  return scaled(` ${word}`);
}

const ISO = 'YYYY-MM-DD HH:mm:ss';
const US = 'MM/DD/YYYY h:mm:ss a';

const PLAIN: Readonly<Record<string, string>> = {
  humidity: '% H',
  ppm: 'ppm',
  conppm: 'ppm',
  conppb: 'ppb',
  conngm3: 'ng/m³',
  conngNm3: 'ng/Nm³',
  conμgm3: 'µg/m³',
  conμgNm3: 'µg/Nm³',
  conmgm3: 'mg/m³',
  conmgNm3: 'mg/Nm³',
  congm3: 'g/m³',
  congNm3: 'g/Nm³',
  conmgdL: 'mg/dL',
  conmmolL: 'mmol/L',
  celsius: '°C',
  fahrenheit: '°F',
  kelvin: 'K',
  rotrpm: 'rpm',
  rotdegs: '°/s',
  rotrads: 'rad/s',
  degree: '°',
  radian: 'rad',
  grad: 'grad',
  arcmin: 'arcmin',
  arcsec: 'arcsec',
  velocityms: 'm/s',
  velocitykmh: 'km/h',
  velocitymph: 'mph',
  velocityknot: 'kn',
  accMS2: 'm/s²',
  accFS2: 'ft/s²',
  accG: 'g',
  pressurembar: 'mbar',
  pressurepsi: 'psi',
  pressurehg: 'inHg',
  dB: 'dB',
  dBm: 'dBm',
  candela: 'cd',
  watthour: 'Wh',
  lengthft: 'ft',
  lengthin: 'in',
  lengthmi: 'mi',
  areaM2: 'm²',
  areaF2: 'ft²',
  areaMI2: 'mi²',
  masst: 't',
  flowgpm: 'gpm',
  flowcms: 'cms',
  flowcfs: 'cfs',
  flowcfm: 'cfm',
  flowlpm: 'L/min',
  flowmlpm: 'mL/min',
  litreh: 'L/h',
  gallons: 'gal',
  cubicmeters: 'm³',
  dm3: 'dm³',
  radbq: 'Bq',
  pixel: 'px',
};

/** Units with prefixes on both sides of one. */
const MEASURES: Readonly<Record<string, readonly [string, number?]>> = {
  hertz: ['Hz'],
  rothz: ['Hz'],
  volt: ['V'],
  kvolt: ['V', 1],
  mvolt: ['V', -1],
  amp: ['A'],
  kamp: ['A', 1],
  mamp: ['A', -1],
  watt: ['W'],
  kwatt: ['W', 1],
  megwatt: ['W', 2],
  gwatt: ['W', 3],
  mwatt: ['W', -1],
  voltamp: ['VA'],
  kvoltamp: ['VA', 1],
  voltampreact: ['VAr'],
  kvoltampreact: ['VAr', 1],
  watth: ['Wh'],
  kwatth: ['Wh', 1],
  watts: ['Ws'],
  amphour: ['Ah'],
  kamphour: ['Ah', 1],
  mamphour: ['Ah', -1],
  joule: ['J'],
  ev: ['eV'],
  ohm: ['Ω'],
  kohm: ['Ω', 1],
  mohm: ['Ω', 2],
  farad: ['F'],
  henry: ['H'],
  lumens: ['Lm'],
  lux: ['lx'],
  pressurepa: ['Pa'],
  pressurehpa: ['Pa'],
  pressurekpa: ['Pa', 1],
  pressurebar: ['bar'],
  pressurekbar: ['bar', 1],
  forceNm: ['Nm'],
  forcekNm: ['Nm', 1],
  forceN: ['N'],
  forcekN: ['N', 1],
  lengthm: ['m'],
  lengthmm: ['m', -1],
  lengthkm: ['m', 1],
  massmg: ['g', -1],
  massg: ['g'],
  masskg: ['g', 1],
  litre: ['L'],
  mlitre: ['L', -1],
  radci: ['Ci'],
  radgy: ['Gy'],
  radrad: ['rad'],
  radsv: ['Sv'],
  radmsv: ['Sv', -1],
  radusv: ['Sv', -2],
  radr: ['R'],
  radsvh: ['Sv/h'],
  flops: ['FLOPS'],
  mflops: ['FLOPS', 2],
  gflops: ['FLOPS', 3],
  tflops: ['FLOPS', 4],
  pflops: ['FLOPS', 5],
  Hs: ['H/s'],
  KHs: ['H/s', 1],
  MHs: ['H/s', 2],
  GHs: ['H/s', 3],
};

const RATES: Readonly<Record<string, string>> = {
  cps: 'c/s',
  ops: 'ops/s',
  reqps: 'req/s',
  rps: 'rd/s',
  rds: 'rd/s',
  wps: 'wr/s',
  iops: 'io/s',
  eps: 'evt/s',
  mps: 'msg/s',
  recps: 'rec/s',
  rowsps: 'rows/s',
  cpm: 'c/min',
  opm: 'ops/min',
  reqpm: 'req/min',
  rpm: 'rd/min',
  wpm: 'wr/min',
  epm: 'evts/min',
  pps: 'p/s',
};

const BEFORE: Readonly<Record<string, string>> = {
  USD: '$',
  GBP: '£',
  EUR: '€',
  JPY: '¥',
  RUB: '₽',
  UAH: '₴',
  BRL: 'R$',
  ISK: 'kr',
  DKK: 'kr',
  CZK: 'czk',
  CHF: 'CHF',
  PLN: 'PLN',
  BTC: '฿',
  mBTC: 'mBTC',
  μBTC: 'μBTC',
  ZAR: 'R',
  INR: '₹',
  KRW: '₩',
  IDR: 'Rp',
  PHP: 'PHP',
  VND: 'đ',
  TRY: '₺',
  MYR: 'RM',
  XPF: 'XPF',
  BGN: 'BGN',
  PYG: '₲',
  UYU: 'UYU',
};

function sizes(): Record<string, Format> {
  const out: Record<string, Format> = {};
  for (const [i, p] of ['', 'k', 'm', 'g', 't', 'p'].entries()) {
    out[`${p}bytes`] = scaled('B', 1024, i);
    out[`dec${p}bytes`] = scaled('B', 1000, i);
    out[`${p}bits`] = scaled('b', 1024, i);
    out[`dec${p}bits`] = scaled('b', 1000, i);
    const P = p.toUpperCase();
    out[`${P}Bs`] = scaled('B/s', 1000, i);
    out[`bin${P}Bs`] = scaled('B/s', 1024, i);
    if (i > 0) out[`${P}iBs`] = scaled('B/s', 1024, i);
    out[`${P}bits`] = scaled('b/s', 1000, i);
    out[`bin${P}bits`] = scaled('b/s', 1024, i);
    if (i > 0) out[`${P}ibits`] = scaled('b/s', 1024, i);
  }
  return out;
}

const MADE = new Map<string, Format>(
  Object.entries({
    ...sizes(),
    '': plain(''),
    none: plain(''),
    short: scaled(''),
    string: plain(''),
    percent: plain('%'),
    percentunit: (v, d) => plain('%')(v * 100, d, 'utc'),
    sci: (v, d) => of(v.toExponential(d)),
    locale: (v, d) => of(v.toLocaleString('en', { maximumFractionDigits: d ?? 3, minimumFractionDigits: d ?? 0 })),
    hex: (v) => of(hex(v)),
    hex0x: (v) => of(`0x${hex(v)}`),
    bits: scaled('b', 1024),
    Bps: scaled('B/s'),
    binBps: scaled('B/s', 1024),
    bps: scaled('b/s'),
    binbps: scaled('b/s', 1024),
    ns: span(1e-9),
    µs: span(1e-6),
    μs: span(1e-6),
    us: span(1e-6),
    ms: span(1e-3),
    s: span(1),
    m: span(60),
    h: span(3600),
    d: span(86_400),
    w: span(604_800),
    dtdurationms: words(1e-3),
    dtdurations: words(1),
    dthms: hms(1, false),
    dtdhms: hms(1, true),
    timeticks: span(0.01),
    clockms: clock(1e-3),
    clocks: clock(1),
    dateTimeAsIso: date(ISO),
    dateTimeAsIsoNoDateIfToday: date(ISO, 'HH:mm:ss'),
    dateTimeAsUS: date(US),
    dateTimeAsUSNoDateIfToday: date(US, 'h:mm:ss a'),
    dateTimeAsLocal: date(ISO),
    dateTimeAsLocalNoDateIfToday: date(ISO, 'HH:mm:ss'),
    dateTimeAsSystem: date(ISO),
    dateTimeFromNow: (v) => of(ago(v, Date.now())),
    bool: choice('True', 'False'),
    bool_yes_no: choice('Yes', 'No'),
    bool_on_off: choice('On', 'Off'),
    currencySEK: money('kr', true),
    currencyNOK: money('kr', true),
  } satisfies Record<string, Format>),
);

for (const [k, word] of Object.entries(PLAIN)) MADE.set(k, plain(word));
for (const [k, [word, begin]] of Object.entries(MEASURES)) MADE.set(k, scaled(word, 1000, begin ?? 0, true));
for (const [k, word] of Object.entries(RATES)) MADE.set(k, rate(word));
for (const [k, sign] of Object.entries(BEFORE)) MADE.set(`currency${k}`, money(sign));
MADE.set('pressurehpa', plain('hPa'));

function hex(v: number): string {
  return Number.isInteger(v) ? v.toString(16).toUpperCase() : v.toString(16).slice(0, 20).toUpperCase();
}

/** Units that say themselves what is done, such as `suffix:req`. */
function custom(unit: string): Format | null {
  const at = unit.indexOf(':');
  if (at <= 0) return null;
  const rest = unit.slice(at + 1);
  switch (unit.slice(0, at)) {
    case 'suffix':
      return (v, d) => of(digits(v, d), rest);
    case 'prefix':
      return (v, d) => of(digits(v, d), '', rest);
    case 'time':
      return date(rest);
    case 'si': {
      const [, p = '', word = ''] = /^([fpnumkMGTPEZY]?)(.+)$/.exec(rest) ?? ['', '', rest];
      const begin = SI.indexOf(p) >= 0 ? SI.indexOf(p) : -SMALL.indexOf(p === 'u' ? 'µ' : p);
      return rest.length === 1 ? scaled(rest, 1000, 0, true) : scaled(word, 1000, begin, true);
    }
    case 'count':
      return rate(rest);
    case 'currency':
      return rest.endsWith(':suffix') ? money(rest.slice(0, -7), true) : money(rest);
    case 'bool': {
      const [yes = 'True', no = 'False'] = rest.split('/');
      return choice(yes, no);
    }
    default:
      return null;
  }
}

/** A value in a unit; without decimals, as many as it needs. A unit that is not known stands after the number. */
export function formatUnit(unit: string, value: number, decimals?: number, zone: Zone = 'local'): Formatted {
  if (Number.isNaN(value)) return of('NaN');
  if (!Number.isFinite(value)) return of(value > 0 ? '+Inf' : '-Inf');
  const format = MADE.get(unit) ?? custom(unit) ?? plain(unit.slice(0, 100));
  return format(value, decimals, zone);
}
