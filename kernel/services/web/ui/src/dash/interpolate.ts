/** Variables in texts: `$v`, `${v:format}`, `[[v]]`, and what is built in. And addresses that are safe to follow. */
import { promDuration, type Zone } from '../lib/format';
import type { Chosen, Field, Frame, Range, Shown } from './model';
import { calculateInterval } from './steps';
import { dateText, durationMs } from './time';

export const ALL = '$__all';
export const AUTO = '$__auto';

export interface Scope {
  readonly chosen: readonly Chosen[];
  readonly range: Range;
  /** Values of variables of a repeated panel or row, by name. */
  readonly scoped: Readonly<Record<string, string>>;
  readonly intervalMs: number;
  readonly rateIntervalMs: number;
  /** Title of the dashboard. */
  readonly dashboard: string;
  readonly uid?: string;
  /** The range as written, such as `now-6h`; without it the times themselves. */
  readonly from?: string;
  readonly to?: string;
  readonly zone?: Zone;
  /** Cell or point that a link of data starts from. */
  readonly data?: {
    readonly frame: Frame;
    readonly field: Field;
    readonly index: number;
    /** As the panel shows a value. */
    readonly show?: (field: Field, value: number | string | null) => Shown;
  };
}

/** Where the text goes, which decides how values are written in it when the text does not say. */
export type How = 'query' | 'legend' | 'text' | 'url' | 'regex' | 'raw';

const REFERENCE = /\$\{([^{}]{1,300})\}|\$(\w{1,100})|\[\[(\w{1,100})(?:\.\w{1,100})?(?::(\w{1,50}))?\]\]/g;

/** Longest text that comes out. */
const MOST = 1_000_000;

/** Puts values for variables. Names that are not known stay as they are. */
export function interpolate(text: string, scope: Scope, how: How): string {
  return replaced(text, scope, how, 0);
}

function replaced(text: string, scope: Scope, how: How, depth: number): string {
  if (!text.includes('$') && !text.includes('[[')) return text;
  const quoted = how === 'query' ? new Quotes(text) : null;
  let length = 0;
  return text.replace(
    REFERENCE,
    (all: string, braced?: string, plain?: string, square?: string, f?: string, ...more) => {
      const ref = braced !== undefined ? parts(braced) : { name: plain ?? square ?? '', path: '', format: f ?? '' };
      const at = more[0] as number;
      const value = ref === null ? null : valueOf(ref, scope, how, quoted?.at(at) ?? '', depth);
      const out = value ?? all;
      length += out.length;
      if (length > MOST)
        throw new Error(`variable ${ref?.name}: text with its values is over ${MOST} characters; choose fewer values`);
      return out;
    },
  );
}

interface Reference {
  readonly name: string;
  readonly path: string;
  readonly format: string;
}

/** `name`, `name.path`, `name:format`, `__data.fields["a b"].text`. */
function parts(inner: string): Reference | null {
  const m = /^\s*(\w+)((?:\.[^:.[\]]+|\["[^"]*"\]|\['[^']*'\]|\[\d+\])*)\s*(?::(.*))?$/.exec(inner);
  return m === null ? null : { name: m[1] as string, path: m[2] ?? '', format: m[3]?.trim() ?? '' };
}

/** Names in a text that are neither variables nor built in. */
export function unknownNames(text: string, scope: Scope): string[] {
  const out = new Set<string>();
  for (const m of text.matchAll(REFERENCE)) {
    const ref = m[1] !== undefined ? parts(m[1]) : { name: m[2] ?? m[3] ?? '', path: '', format: '' };
    if (ref === null || /^\d/.test(ref.name)) continue;
    if (valueOf(ref, scope, 'raw', '', 0) === null) out.add(ref.name);
  }
  return [...out];
}

/** Names of variables a text uses. */
export function namesIn(text: string): string[] {
  const out = new Set<string>();
  for (const m of text.matchAll(REFERENCE)) {
    const name = m[1] !== undefined ? parts(m[1])?.name : (m[2] ?? m[3]);
    if (name !== undefined) out.add(name);
  }
  return [...out];
}

/** Which quotes a place of an expression is in; asked from left to right. */
class Quotes {
  private pos = 0;
  private open = '';

  constructor(private readonly text: string) {}

  at(index: number): string {
    for (; this.pos < index; this.pos++) {
      const c = this.text[this.pos] as string;
      if (this.open === '') {
        if (c === '"' || c === "'" || c === '`') this.open = c;
        else if (c === '#') {
          const end = this.text.indexOf('\n', this.pos);
          this.pos = Math.min(index, end < 0 ? index : end);
          if (this.pos >= index) return '';
        }
      } else if (c === '\\' && this.open !== '`') this.pos++;
      else if (c === this.open) this.open = '';
    }
    return this.open;
  }
}

function valueOf(ref: Reference, scope: Scope, how: How, quotes: string, depth: number): string | null {
  const own = Object.hasOwn(scope.scoped, ref.name) ? scope.scoped[ref.name] : undefined;
  const chosen = scope.chosen.find((c) => c.variable.name === ref.name);
  if (own === undefined && chosen === undefined) return builtIn(ref, scope, how);
  const format = ref.format === '' && how === 'text' ? 'text' : ref.format;
  const text = (v: string) => chosen?.options.find((o) => o.value === v)?.text ?? v;
  if (own !== undefined) {
    const several = chosen === undefined || chosen.variable.multi || chosen.variable.includeAll;
    if (ref.path === '.text') return text(own);
    return written(ref.name, [own], [text(own)], several, format, how, quotes, scope);
  }
  const { variable, values, options } = chosen as Chosen;
  if (variable.kind === 'adhoc') return '';
  if (values.length === 1 && values[0] === ALL) {
    if (ref.path === '.text' || format === 'text') return 'All';
    if (format === 'queryparam' || format === 'customqueryparam')
      return written(ref.name, [ALL], ['All'], false, format, how, quotes, scope);
    if (variable.allValue !== '') {
      const all = depth < 5 ? replaced(variable.allValue, scope, how, depth + 1) : variable.allValue;
      return format === 'percentencode' || (format === '' && how === 'url') ? percent(all) : all;
    }
    const every = options.filter((o) => o.value !== ALL);
    return written(
      ref.name,
      every.map((o) => o.value),
      every.map((o) => o.text),
      true,
      format,
      how,
      quotes,
      scope,
    );
  }
  const real = values.map((v) =>
    variable.kind === 'interval' && v.startsWith(AUTO) ? autoInterval(variable.auto, scope.range) : v,
  );
  if (ref.path === '.text') return values.map(text).join(' + ');
  const several = variable.multi || variable.includeAll;
  return written(ref.name, real, values.map(text), several, format, how, quotes, scope);
}

/** What `auto` of an interval stands for in a range. */
export function autoInterval(auto: { readonly count: number; readonly min: string }, range: Range): string {
  return promDuration(calculateInterval(range, auto.count > 0 ? auto.count : 30, durationMs(auto.min) || 10_000));
}

function written(
  name: string,
  values: readonly string[],
  texts: readonly string[],
  several: boolean,
  format: string,
  how: How,
  quotes: string,
  scope: Scope,
): string {
  const [kind = '', ...args] = (format === '' && how === 'regex' ? 'regex' : format).split(':');
  const list = (one: (v: string) => string, between: string) => values.map(one).join(between);
  const single = values.length === 1;
  switch (kind) {
    case 'text':
      return texts.join(' + ');
    case 'raw':
    case 'csv':
      return values.join(',');
    case 'pipe':
      return values.join('|');
    case 'glob':
      return single ? (values[0] as string) : `{${values.join(',')}}`;
    case 'regex': {
      const escaped = values.map((v) => v.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&'));
      return single ? (escaped[0] as string) : `(${escaped.join('|')})`;
    }
    case 'json':
      return JSON.stringify(single && !several ? values[0] : values);
    case 'singlequote':
      return list((v) => `'${v.replace(/'/g, "\\'")}'`, ',');
    case 'doublequote':
      return list((v) => `"${v.replace(/"/g, '\\"')}"`, ',');
    case 'sqlstring':
      return list((v) => `'${v.replace(/'/g, "''")}'`, ',');
    case 'lucene': {
      const escaped = values.map((v) => v.replace(/([!*+\-=<>\s&|()[\]{}^~?:\\/"])/g, '\\$1'));
      return single ? (escaped[0] as string) : `(${escaped.map((v) => `"${v}"`).join(' OR ')})`;
    }
    case 'percentencode':
      return percent(single ? (values[0] as string) : `{${values.join(',')}}`);
    case 'uriencode':
      return encodeURI(single ? (values[0] as string) : `{${values.join(',')}}`);
    case 'queryparam':
      return list((v) => `var-${encodeURIComponent(name)}=${percent(v)}`, '&');
    case 'customqueryparam': {
      const key = args[0] === undefined || args[0] === '' ? name : args[0];
      return list((v) => `${encodeURIComponent(key)}=${percent((args[1] ?? '') + v)}`, '&');
    }
    case 'distributed':
      return values.map((v, i) => (i === 0 ? v : `${name}=${v}`)).join(',');
    case 'join':
      return values.join(args[0] ?? ',');
    case 'html':
      return values.join(', ').replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
    case 'date':
      return values.map((v) => (/^-?\d+$/.test(v) ? dated(Number(v), args.join(':'), scope) : v)).join(',');
    default:
      break;
  }
  switch (how) {
    case 'query':
      return several ? matched(values, quotes) : escaped(values.join(','), quotes);
    case 'url':
      return percent(single ? (values[0] as string) : `{${values.join(',')}}`);
    case 'text':
      return texts.join(' + ');
    case 'legend':
      return single ? (values[0] as string) : `{${values.join(',')}}`;
    default:
      return values.join(',');
  }
}

/** Values of a regular expression within a string of PromQL; a single one outside of quotes stays as it is. */
function matched(values: readonly string[], quotes: string): string {
  const slash = quotes === '`' ? '\\' : '\\\\';
  const all = values.map((v) =>
    quotes === '' && values.length === 1
      ? v
      : v
          .replace(/[\\^$*+?.()|[\]{}"']/g, (c) =>
            c === '\\' ? slash + slash : c === '"' || c === "'" ? (c === quotes ? `\\${c}` : c) : slash + c,
          )
          .replace(/\n/g, quotes === '`' ? '\n' : '\\n'),
  );
  return all.length === 1 ? (all[0] as string) : `(${all.join('|')})`;
}

/** A value as it is, within a string of PromQL. */
function escaped(value: string, quotes: string): string {
  if (quotes === '' || quotes === '`') return value;
  return value.replace(/[\\"']/g, (c) => (c === '\\' || c === quotes ? `\\${c}` : c)).replace(/\n/g, '\\n');
}

function percent(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function dated(ms: number, format: string, scope: Scope): string {
  if (format === 'seconds') return String(Math.round(ms / 1000));
  const d = new Date(ms);
  if (Number.isNaN(d.getTime())) return String(ms);
  return format === '' || format === 'iso' ? d.toISOString() : dateText(ms, format, scope.zone ?? 'local');
}

function builtIn(ref: Reference, scope: Scope, how: How): string | null {
  const { range } = scope;
  const seconds = Math.round((range.toMs - range.fromMs) / 1000);
  const time = (ms: number) =>
    ref.format.startsWith('date') ? dated(ms, ref.format.slice(5), scope) : String(Math.round(ms));
  switch (ref.name) {
    case '__interval':
      return promDuration(scope.intervalMs);
    case '__interval_ms':
      return String(scope.intervalMs);
    case '__rate_interval':
      return promDuration(scope.rateIntervalMs);
    case '__rate_interval_ms':
      return String(scope.rateIntervalMs);
    case '__range':
      return `${seconds}s`;
    case '__range_s':
      return String(seconds);
    case '__range_ms':
      return String(range.toMs - range.fromMs);
    case '__from':
      return time(range.fromMs);
    case '__to':
      return time(range.toMs);
    case '__dashboard':
      return ref.path === '.uid' ? (scope.uid ?? '') : how === 'url' ? percent(scope.dashboard) : scope.dashboard;
    case '__org':
      return ref.path === '.name' ? 'Main' : '1';
    case '__user':
      return '';
    case '__timezone':
      return scope.zone === undefined || scope.zone === 'local' ? 'browser' : scope.zone;
    case '__url_time_range':
      return `from=${percent(scope.from ?? String(range.fromMs))}&to=${percent(scope.to ?? String(range.toMs))}`;
    case '__url':
      return ref.path === '.path' ? `d/${percent(scope.uid ?? '')}` : null;
    case '__all_variables':
      return allVariables(scope);
    default:
      return ofData(ref, scope, how);
  }
}

/** The variables as parameters of an address. */
export function allVariables(scope: Scope): string {
  return scope.chosen
    .filter((c) => c.variable.kind !== 'constant')
    .flatMap((c) => {
      const own = scope.scoped[c.variable.name];
      return (own === undefined ? c.values : [own]).map(
        (v) => `var-${encodeURIComponent(c.variable.name)}=${percent(v)}`,
      );
    })
    .join('&');
}

/** Keys of a path: `.fields["a b"].text` is `fields`, `a b`, `text`. */
function keys(path: string): string[] {
  return [...path.matchAll(/\.([^.[\]]+)|\["([^"]*)"\]|\['([^']*)'\]|\[(\d+)\]/g)].map(
    (m) => m[1] ?? m[2] ?? m[3] ?? m[4] ?? '',
  );
}

function ofData(ref: Reference, scope: Scope, how: How): string | null {
  const { data } = scope;
  if (data === undefined) return null;
  const out = (text: string) => (how === 'url' && ref.format === '' ? percent(text) : formatted(text, ref.format));
  const path = keys(ref.path);
  switch (ref.name) {
    case '__field':
      if (path[0] === 'labels') return out(path.length > 1 ? labelOf(data.field, path.slice(1).join('.')) : '');
      return out(path[0] === 'name' || path[0] === undefined ? data.field.display : '');
    case '__series':
    case '__series_name':
      return out(data.frame.fields.length > 2 && data.frame.name !== '' ? data.frame.name : data.field.display);
    case '__value':
      return out(valueText(data.field, data.index, path[0] ?? '', scope));
    case '__value_time':
      return out(valueText(data.field, data.index, 'time', scope));
    case '__data': {
      if (path[0] !== 'fields' || path[1] === undefined) return '';
      const field = fieldNamed(data.frame, path[1]);
      return out(field === undefined ? '' : valueText(field, data.index, path[2] ?? '', scope));
    }
    case '__cell':
      return out(valueText(data.field, data.index, 'raw', scope));
    default: {
      const cell = /^__cell_(\d{1,4})$/.exec(ref.name);
      if (cell === null) return null;
      const field = data.frame.fields[Number(cell[1])];
      return out(field === undefined ? '' : valueText(field, data.index, 'raw', scope));
    }
  }
}

function labelOf(field: Field, name: string): string {
  return Object.hasOwn(field.labels, name) ? (field.labels[name] ?? '') : '';
}

function formatted(text: string, format: string): string {
  if (format === '' || format === 'raw' || format === 'text') return text;
  return written('', [text], [text], false, format, 'raw', '', {
    chosen: [],
    range: { fromMs: 0, toMs: 0 },
    scoped: {},
    intervalMs: 0,
    rateIntervalMs: 0,
    dashboard: '',
  });
}

function fieldNamed(frame: Frame, key: string): Field | undefined {
  return (
    frame.fields.find((f) => f.display === key) ??
    frame.fields.find((f) => f.name === key) ??
    (/^\d+$/.test(key) ? frame.fields[Number(key)] : undefined)
  );
}

function valueText(field: Field, index: number, what: string, scope: Scope): string {
  const raw = field.values[index] ?? null;
  if (what === 'time') {
    const time = scope.data?.frame.fields.find((f) => f.type === 'time');
    return String(time?.values[index] ?? '');
  }
  if (raw === null) return '';
  if (what === 'raw' || what === 'numeric') return String(raw);
  return scope.data?.show === undefined ? String(raw) : scope.data.show(field, raw).text;
}

/**
 * An address to follow: http and https, or one of this server relative to its base, with addresses of Grafana's pages
 * led to those here. Null for anything else.
 */
export function safeUrl(url: string): string | null {
  const text = url.replace(/[\r\n\t]+/g, '').trim();
  if (text === '' || text.length > 20_000) return null;
  if (/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\\]/.test(text)) return null;
  if (/^https?:\/\//i.test(text)) {
    let at: URL;
    try {
      at = new URL(text);
    } catch {
      return null;
    }
    return (at.protocol === 'http:' || at.protocol === 'https:') && at.username === '' && at.password === ''
      ? at.href
      : null;
  }
  if (text.startsWith('//')) return null;
  const path = text.replace(/^\/+/, '').replace(/^\.\/+/, '');
  if (/^[^/?#]*:/.test(path)) return null;
  const at = new URL(path, 'x:/');
  if (at.protocol !== 'x:' || at.host !== '') return null;
  let below = at.pathname.replace(/^\/+/, '');
  if (/^[^/]*:/.test(below)) return null;
  const params = at.searchParams;
  if (below === 'explore' || below.startsWith('explore/')) return explored(params);
  if (below === '' && at.search === '' && at.hash === '') return path.startsWith('#') ? null : 'home';
  const solo = /^(?:d-solo|dashboard-solo)\/(.*)$/.exec(below);
  if (solo !== null) below = `d/${solo[1]}`;
  if (below === 'alerting' || below.startsWith('alerting/')) below = 'alerts';
  if (below === 'dashboards' || below.startsWith('dashboards/')) below = 'dashboards';
  return below + at.search + at.hash;
}

/** An address of Grafana's Explore as the query page here. */
function explored(params: URLSearchParams): string {
  const exprs: string[] = [];
  const find = (o: unknown, depth: number): void => {
    if (depth > 6 || typeof o !== 'object' || o === null) return;
    for (const [k, v] of Object.entries(o)) {
      if (k === 'expr' && typeof v === 'string') exprs.push(v);
      else find(v, depth + 1);
    }
  };
  for (const key of ['left', 'panes']) {
    try {
      find(JSON.parse(params.get(key) ?? 'null'), 0);
    } catch {
      continue;
    }
  }
  return `query${exprs.length === 0 ? '' : '?'}${exprs
    .slice(0, 10)
    .map((e, i) => `g${i}.expr=${percent(e)}&g${i}.tab=graph`)
    .join('&')}`;
}
