/** Values of the variables of a dashboard. */
import { ALL, AUTO, interpolate, namesIn, type Scope } from './interpolate';
import type { Chosen, Dashboard, Option, Range, Variable } from './model';
import type { Ask } from './run';
import type { Labels } from '../lib/format';
import { seriesName } from '../lib/format';
import { findsAll, MOST_TRIED, patternOf, writtenPattern } from './regex';
import type { QueryData } from './frames';

/** Selectors above this are sent as a form, which only the addresses of labels and series take. */
const LONG = 2500;
/** Values and series asked for at most. */
const MOST_ASKED = '50000';
/** Options of a variable at most. */
const MOST_OPTIONS = 10_000;
const OURS: Option = { text: 'Narthex', value: 'narthex' };

/**
 * Values of all variables: as the address says, else as the file says, else the first there is.
 *
 * @param keep whether values of the address stay that are not among the options, as those of a link
 */
export async function resolveVariables(
  dashboard: Dashboard,
  params: URLSearchParams,
  range: Range,
  ask: Ask,
  signal: AbortSignal,
  keep = true,
): Promise<Chosen[]> {
  const all = dashboard.variables;
  const done = new Map<string, Promise<Chosen>>();
  const resolve = (v: Variable, path: readonly string[]): Promise<Chosen> => {
    const known = done.get(v.name);
    if (known !== undefined) return known;
    const made = (async () => {
      const needs = namesIn(`${v.query} ${v.regex} ${v.allValue}`).filter((n) => n !== v.name);
      const others = all.filter((o) => needs.includes(o.name));
      const circle = others.find((o) => path.includes(o.name));
      if (circle !== undefined)
        return picked(
          v,
          [],
          { params, keep },
          `variable ${v.name}: needs ${circle.name}, which needs it; remove one of them`,
        );
      const chosen = await Promise.all(others.map((o) => resolve(o, [...path, v.name])));
      return await one(v, dashboard, chosen, { params, keep }, range, ask, signal);
    })();
    done.set(v.name, made);
    return made;
  };
  const out: Chosen[] = [];
  for (const v of all) out.push(await resolve(v, [v.name]));
  return out;
}

async function one(
  v: Variable,
  dashboard: Dashboard,
  before: readonly Chosen[],
  from: Address,
  range: Range,
  ask: Ask,
  signal: AbortSignal,
): Promise<Chosen> {
  const { params } = from;
  const scope: Scope = {
    chosen: before,
    range,
    scoped: {},
    intervalMs: 15_000,
    rateIntervalMs: 60_000,
    dashboard: dashboard.title,
    uid: dashboard.uid,
  };
  const fromUrl = params.getAll(`var-${v.name}`).map((x) => x.slice(0, 10_000));
  switch (v.kind) {
    case 'datasource':
      return { variable: v, options: [OURS], values: [OURS.value], error: '' };
    case 'constant':
      return { variable: v, options: [{ text: v.query, value: v.query }], values: [v.query], error: '' };
    case 'textbox': {
      const value = fromUrl[0] ?? v.current[0] ?? interpolate(v.query, scope, 'raw');
      return { variable: v, options: [{ text: value, value }], values: [value], error: '' };
    }
    case 'adhoc':
      return { variable: v, options: [], values: params.getAll(`var-${v.name}`).slice(0, 100), error: '' };
    case 'custom':
      return picked(v, customOptions(interpolate(v.query, scope, 'raw')), from, '');
    case 'interval':
      return picked(v, intervalOptions(v), from, '');
    case 'unknown':
      return picked(
        v,
        v.options.filter((o) => o.value !== ALL),
        from,
        v.problem,
      );
    case 'query':
      break;
  }
  if (v.problem !== '') return picked(v, [], from, v.problem);
  try {
    const found = await queried(interpolate(v.query, scope, 'query'), range, ask, signal);
    const options = sorted(filtered(found, interpolate(v.regex, scope, 'regex')), v.sort);
    if (options.length > MOST_OPTIONS)
      return picked(
        v,
        options.slice(0, MOST_OPTIONS),
        from,
        `variable ${v.name}: over ${MOST_OPTIONS} values; narrow its query`,
      );
    return picked(v, options, from, '');
  } catch (e) {
    signal.throwIfAborted();
    return picked(v, [], from, `variable ${v.name}: ${e instanceof Error ? e.message : String(e)}`);
  }
}

interface Address {
  readonly params: URLSearchParams;
  readonly keep: boolean;
}

/** Values chosen among the options: of the address, the file, or the first. */
function picked(v: Variable, found: readonly Option[], { params, keep }: Address, error: string): Chosen {
  const options = v.includeAll ? [{ text: 'All', value: ALL }, ...found.filter((o) => o.value !== ALL)] : found;
  const url = params.getAll(`var-${v.name}`).map((x) => x.slice(0, 10_000));
  const choose = (wanted: readonly string[], keep: boolean): string[] => {
    const out: string[] = [];
    for (const w of wanted) {
      if (v.includeAll && (w === ALL || w === 'All')) return [ALL];
      const option = options.find((o) => o.value === w) ?? options.find((o) => o.text === w);
      const value = option?.value ?? (keep ? w : undefined);
      if (value !== undefined && !out.includes(value)) out.push(value);
    }
    return v.multi ? out : out.slice(0, 1);
  };
  const own = url.filter((x) => x !== '');
  const chosen = own.length > 0 ? choose(own, keep) : choose(v.current, false);
  if (chosen.length > 0) return { variable: v, options, values: chosen, error };
  if (error !== '' && found.length === 0 && (own.length > 0 || v.current.length > 0)) {
    const kept = own.length > 0 ? own : v.current;
    return { variable: v, options, values: v.multi ? kept : kept.slice(0, 1), error };
  }
  const first = options[0];
  return { variable: v, options, values: first === undefined ? (v.multi ? [] : ['']) : [first.value], error };
}

/** `a, b : c, d\,e`: values, with a text before the colon. */
export function customOptions(query: string): Option[] {
  const parts = query.slice(0, 100_000).match(/(?:\\,|[^,])+/g) ?? [];
  return parts.slice(0, MOST_OPTIONS).map((part) => {
    const text = part.replace(/\\,/g, ',').trim();
    const pair = /^\s*(.+?)\s+:\s+(.+)$/s.exec(text);
    return pair === null ? { text, value: text } : { text: pair[1] as string, value: (pair[2] as string).trim() };
  });
}

function intervalOptions(v: Variable): Option[] {
  const words = [...v.query.matchAll(/"([^"]*)"|'([^']*)'|([^,\s]+)/g)]
    .map((m) => (m[1] ?? m[2] ?? m[3] ?? '').trim())
    .filter((w) => w !== '' && w !== 'auto');
  const options = words.slice(0, 200).map((w) => ({ text: w, value: w }));
  return v.auto.on ? [{ text: 'auto', value: `${AUTO}_interval_${v.name}` }, ...options] : options;
}

async function queried(query: string, range: Range, ask: Ask, signal: AbortSignal): Promise<Option[]> {
  const text = query.trim();
  const times = {
    start: String(Math.floor(range.fromMs / 1000)),
    end: String(Math.ceil(range.toMs / 1000)),
    limit: MOST_ASKED,
  };
  const plain = (values: readonly string[]): Option[] => values.map((v) => ({ text: v, value: v }));
  if (text === '') return [];
  if (/^label_names\(\s*\)$/.test(text)) return plain((await ask.api<string[]>('labels', times, signal)).data);
  const namesOf = /^label_names\(\s*(.+)\s*\)$/s.exec(text);
  if (namesOf !== null)
    return plain((await ask.api<string[]>('labels', { 'match[]': namesOf[1] as string, ...times }, signal)).data);
  const values = /^label_values\(\s*(?:(.*\S)\s*,\s*)?([a-zA-Z_$][\w.]*|"[^"]+")\s*\)\s*$/s.exec(text);
  if (values !== null) {
    const label = (values[2] as string).replace(/^"|"$/g, '');
    const match = values[1];
    if (match !== undefined && match.length > LONG) {
      const series = await ask.api<Labels[]>('series', { 'match[]': match, ...times }, signal);
      return plain(series.data.flatMap((l) => (Object.hasOwn(l, label) ? [l[label] as string] : [])));
    }
    const found = await ask.api<string[]>(
      `label/${encodeURIComponent(label)}/values`,
      match === undefined ? times : { 'match[]': match, ...times },
      signal,
    );
    return plain(found.data);
  }
  const metrics = /^metrics\((.*)\)\s*$/s.exec(text);
  if (metrics !== null) {
    const pattern = patternOf(metrics[1] as string);
    const names = (await ask.api<string[]>('label/__name__/values', times, signal)).data;
    return plain(names.filter((n) => pattern.test(n)));
  }
  const result = /^query_result\((.*)\)\s*$/s.exec(text);
  if (result !== null) {
    const at = String(range.toMs / 1000);
    const { data } = await ask.api<QueryData>('query', { query: result[1] as string, time: at }, signal);
    return plain(lines(data));
  }
  const found = await ask.api<Labels[]>('series', { 'match[]': text, ...times }, signal);
  return plain(found.data.map((l) => seriesName(l).replaceAll('", ', '",')));
}

function lines(data: QueryData): string[] {
  switch (data.resultType) {
    case 'scalar':
    case 'string':
      return [data.result[1]];
    case 'vector':
      return data.result.map(({ metric, value }) => {
        const pairs = Object.entries(metric)
          .filter(([k]) => k !== '__name__')
          .map(([k, v]) => `${k}="${v}"`)
          .join(',');
        return `${metric['__name__'] ?? ''}{${pairs}} ${value?.[1] ?? ''} ${Math.round((value?.[0] ?? 0) * 1000)}`;
      });
    default:
      return [];
  }
}

/** Values a regular expression finds: its groups `text` and `value`, its first group, or what it matches. */
export function filtered(found: readonly Option[], regex: string): Option[] {
  if (regex.trim() === '') return unique(found);
  const pattern = writtenPattern(regex.trim());
  const many = findsAll(regex.trim());
  const out: Option[] = [];
  for (const o of found) {
    const value = o.value.slice(0, MOST_TRIED);
    const hits = many ? [...value.matchAll(new RegExp(pattern.source, `${pattern.flags}g`))] : [pattern.exec(value)];
    const group = (name: string) => hits.find((m) => m?.groups?.[name] !== undefined)?.groups?.[name];
    const text = group('text');
    const named = group('value');
    if (text !== undefined || named !== undefined) {
      out.push({ text: text ?? named ?? '', value: named ?? text ?? '' });
      continue;
    }
    for (const m of hits) {
      if (m === null || m === undefined) continue;
      const one = m[1];
      if (m.length > 1) {
        if (one !== undefined && one !== '') out.push({ text: one, value: one });
      } else out.push(o);
    }
  }
  return unique(out);
}

function unique(options: readonly Option[]): Option[] {
  const seen = new Set<string>();
  return options.filter((o) => !seen.has(o.value) && seen.add(o.value) !== undefined);
}

/** 0 as they come, 1 and 2 by letters, 3 and 4 by the first number, 5 and 6 without case, 7 and 8 natural; even falls. */
export function sorted(options: readonly Option[], sort: number): Option[] {
  if (!Number.isInteger(sort) || sort < 1 || sort > 8) return [...options];
  const number = (o: Option) => {
    const m = /(\d+(?:\.\d+)?)/.exec(o.text);
    return m === null ? -1 : Number(m[1]);
  };
  const natural = new Intl.Collator('en', { numeric: true, sensitivity: 'variant' });
  const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  const by: ((a: Option, b: Option) => number)[] = [
    (a, b) => text(a.text, b.text),
    (a, b) => number(a) - number(b),
    (a, b) => text(a.text.toLowerCase(), b.text.toLowerCase()),
    (a, b) => natural.compare(a.text, b.text),
  ];
  const compare = by[Math.floor((sort - 1) / 2)] as (a: Option, b: Option) => number;
  const out = [...options].sort(compare);
  return sort % 2 === 0 ? out.reverse() : out;
}
