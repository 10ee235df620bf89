/** Transformations: tables made of tables, in the order the panel lists them. */
import { compared, matcherOf } from './fields';
import { column } from './frames';
import { interpolate, type Scope } from './interpolate';
import type { Field, Frame, Transformation } from './model';
import { isObject, list, num, obj, objects, str, type Json } from './read';
import { findsAll, regexOf } from './regex';
import { reduce, reducerOf, REDUCERS } from './reduce';
import { dateText, parseWhen } from './time';

type Cell = number | string | null;
type Step = (frames: readonly Frame[], options: Json, scope: Scope) => readonly Frame[];

/** Cells of one table at most. */
const MOST_CELLS = 5_000_000;
/** Pairs of rows that are compared to merge tables at most. */
const MOST_COMPARES = 1_000_000;
/** Columns and frames made from values at most. */
const MOST_COLUMNS = 5000;

function check(rows: number, columns: number): void {
  if (rows * columns > MOST_CELLS || columns > MOST_COLUMNS)
    throw new Error(`transformation: table is too large, got ${rows} rows of ${columns} columns; narrow the queries`);
}

/** Numbers columns of one name, as `Time 1` and `Time 2`, so that each can be named. */
function frameOf(
  fields: readonly Field[],
  of: { refId?: string; name?: string; stepMs?: number | undefined } = {},
): Frame {
  const count = new Map<string, number>();
  for (const f of fields) count.set(f.name, (count.get(f.name) ?? 0) + 1);
  const seen = new Map<string, number>();
  const named = fields.map((f) => {
    const nth = (seen.get(f.name) ?? 0) + 1;
    seen.set(f.name, nth);
    const own =
      f.display !== f.name && !(f.display.startsWith(`${f.name} `) && /^ \d+$/.test(f.display.slice(f.name.length)));
    if (own) return f;
    const display = (count.get(f.name) ?? 0) > 1 ? `${f.name} ${nth}` : f.name;
    return display === f.display ? f : { ...f, display };
  });
  const length = named.reduce((m, f) => Math.max(m, f.values.length), 0);
  check(length, named.length);
  return {
    refId: of.refId ?? '',
    name: of.name ?? '',
    fields: named,
    length,
    ...(of.stepMs === undefined ? {} : { stepMs: of.stepMs }),
  };
}

function pick(field: Field, rows: readonly number[]): Field {
  return { ...field, values: rows.map((r) => field.values[r] ?? null) };
}

function picked(frame: Frame, rows: readonly number[]): Frame {
  return { ...frame, fields: frame.fields.map((f) => pick(f, rows)), length: rows.length };
}

function find(frame: Frame, name: string): Field | undefined {
  return frame.fields.find((f) => f.display === name) ?? frame.fields.find((f) => f.name === name);
}

function isTime(f: Field): boolean {
  return f.type === 'time';
}

function orderOf(a: Cell, b: Cell): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a === 'number' && typeof b === 'number') return Number.isNaN(a) ? -1 : Number.isNaN(b) ? 1 : a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: false });
}

function joinByField(frames: readonly Frame[], o: Json): readonly Frame[] {
  const by = str(o['byField']);
  const mode = str(o['mode']) || 'outer';
  const keyed = frames.flatMap((frame) => {
    const key = by === '' ? frame.fields.find(isTime) : find(frame, by);
    return key === undefined ? [] : [{ frame, key }];
  });
  if (keyed.length === 0) return frames;
  return [joined(keyed, mode)];
}

function joined(keyed: readonly { readonly frame: Frame; readonly key: Field }[], mode: string): Frame {
  const maps = keyed.map(({ key }) => {
    const rows = new Map<Cell, number[]>();
    key.values.forEach((v, i) => {
      const at = rows.get(v);
      if (at === undefined) rows.set(v, [i]);
      else at.push(i);
    });
    return rows;
  });
  let keys = [...new Set(maps.flatMap((m) => [...m.keys()]))];
  if (keyed[0]?.key.type === 'time' || keyed[0]?.key.type === 'number') keys.sort(orderOf);
  if (mode === 'inner') keys = keys.filter((k) => maps.every((m) => m.has(k)));
  const repeats = mode === 'inner' || mode === 'outerTabular';
  const columns = keyed.reduce((n, { frame }) => n + frame.fields.length, 0);
  // Rows of the result: for each frame the row it takes, or -1.
  const rows: number[][] = [];
  for (const k of keys) {
    let combined: number[][] = [[]];
    for (const m of maps) {
      const at = m.get(k) ?? [-1];
      const choices = repeats ? at : [at[at.length - 1] as number];
      if (combined.length * choices.length > MOST_CELLS) check(combined.length * choices.length, columns);
      if (choices.length === 1) for (const c of combined) c.push(choices[0] as number);
      else combined = combined.flatMap((c) => choices.map((r) => [...c, r]));
    }
    for (const c of combined) rows.push(c);
    check(rows.length, columns);
  }
  const first = keyed[0] as { frame: Frame; key: Field };
  const key: Field = {
    ...first.key,
    values: rows.map((r) => {
      const i = r.findIndex((at) => at >= 0);
      return keyed[i]?.key.values[r[i] as number] ?? null;
    }),
  };
  const others = keyed.flatMap(({ frame, key: own }, i) =>
    frame.fields
      .filter((f) => f !== own)
      .map((f) => ({
        ...f,
        values: rows.map((r) => ((r[i] as number) < 0 ? null : (f.values[r[i] as number] ?? null))),
      })),
  );
  return frameOf([key, ...others], { refId: first.frame.refId, stepMs: first.frame.stepMs });
}

/** Several series as one table by time; frames that are tables already stay. */
function wide(frames: readonly Frame[]): readonly Frame[] {
  if (frames.length < 2) return frames;
  const keyed = frames.map((frame) => ({ frame, key: frame.fields.find(isTime) }));
  const name = keyed[0]?.key?.display;
  if (!keyed.every((k) => k.key !== undefined && k.key.display === name)) return frames;
  return [joined(keyed as { frame: Frame; key: Field }[], 'outer')];
}

function merge(frames: readonly Frame[]): readonly Frame[] {
  const given = frames.filter((f) => f.length > 0 && f.fields.length > 0);
  if (given.length < 2) return given.length === 0 ? frames.slice(0, 1) : given;
  const columns = new Map<string, Field>();
  const presence = new Map<string, number>();
  for (const frame of given)
    for (const f of frame.fields) {
      if (!columns.has(f.display)) columns.set(f.display, f);
      presence.set(f.display, (presence.get(f.display) ?? 0) + 1);
    }
  const keys = [...presence].filter(([, n]) => n === given.length).map(([k]) => k);
  if (keys.length === 0) return frames;
  const order: Map<string, Cell>[] = [];
  const byKey = new Map<string, Map<string, Cell>[]>();
  let compares = 0;
  for (const frame of given) {
    const keyFields = keys.map((k) => find(frame, k) as Field);
    for (let r = 0; r < frame.length; r++) {
      const row = new Map<string, Cell>(frame.fields.map((f) => [f.display, f.values[r] ?? null]));
      const key = JSON.stringify(keyFields.map((f) => f.values[r] ?? null));
      const same = byKey.get(key) ?? [];
      compares += same.length;
      if (compares > MOST_COMPARES)
        throw new Error(
          `too many rows have the same ${keys.join(', ').slice(0, 200)}; give the queries the same labels or narrow them`,
        );
      const fits = same.filter((old) =>
        [...row].every(([k, v]) => (old.get(k) ?? null) === null || Object.is(old.get(k), v)),
      );
      for (const old of fits) for (const [k, v] of row) old.set(k, v);
      if (fits.length > 0) continue;
      same.push(row);
      byKey.set(key, same);
      order.push(row);
      check(order.length, columns.size);
    }
  }
  const fields = [...columns].map(([display, f]) => ({
    ...f,
    name: f.name === 'Value' && display !== 'Value' ? f.name : display,
    display,
    values: order.map((row) => row.get(display) ?? null),
  }));
  return [frameOf(fields, { refId: given[0]?.refId ?? '' })];
}

function organize(frames: readonly Frame[], o: Json): readonly Frame[] {
  const exclude = obj(o['excludeByName']);
  const include = obj(o['includeByName']);
  const index = obj(o['indexByName']);
  const rename = obj(o['renameByName']);
  const at = (f: Field) => num(index[f.display]) ?? Number.MAX_SAFE_INTEGER;
  const only = Object.values(include).some((v) => v === true);
  return frames.map((frame) => {
    const kept = frame.fields
      .filter((f) => exclude[f.display] !== true && (!only || include[f.display] === true))
      .map((f, i) => ({ f, i }))
      .sort((a, b) => at(a.f) - at(b.f) || a.i - b.i)
      .map(({ f }) => {
        const name = str(rename[f.display], 10_000);
        return name === '' ? f : { ...f, display: name };
      });
    return { ...frame, fields: kept };
  });
}

function groupBy(frames: readonly Frame[], o: Json): readonly Frame[] {
  const rules = obj(o['fields']);
  return frames.flatMap((frame) => {
    const of = (f: Field) => obj(rules[f.display] ?? rules[f.name]);
    const by = frame.fields.filter((f) => of(f)['operation'] === 'groupby');
    if (by.length === 0) return [];
    const groups = new Map<string, number[]>();
    for (let r = 0; r < frame.length; r++) {
      const key = JSON.stringify(by.map((f) => f.values[r] ?? null));
      const rows = groups.get(key);
      if (rows === undefined) groups.set(key, [r]);
      else rows.push(r);
    }
    const all = [...groups.values()];
    const fields = by.map((f) =>
      pick(
        f,
        all.map((rows) => rows[0] as number),
      ),
    );
    for (const f of frame.fields) {
      const rule = of(f);
      if (rule['operation'] !== 'aggregate') continue;
      for (const calc of list(rule['aggregations'], 50).map((c) => str(c))) {
        const values = all.map((rows) =>
          reduce(
            rows.map((r) => f.values[r] ?? null),
            calc,
          ),
        );
        const counted = /count/i.test(calc);
        fields.push({ ...column(`${f.display} (${calc})`, counted ? 'number' : f.type, values), config: f.config });
      }
    }
    return [frameOf(fields, frame)];
  });
}

function numberIn(v: Cell | undefined): number | null {
  return typeof v === 'number'
    ? v
    : typeof v === 'string' && v.trim() !== '' && Number.isFinite(Number(v))
      ? Number(v)
      : null;
}

const UNARY: Readonly<Record<string, (v: number) => number>> = {
  abs: Math.abs,
  exp: Math.exp,
  ln: Math.log,
  floor: Math.floor,
  ceil: Math.ceil,
  round: Math.round,
  percent: (v) => v * 100,
};

function binary(op: string, a: number, b: number): number | null {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '**':
    case '^':
      return a ** b;
    default:
      return op !== '' && /^[=!<>]/.test(op) ? (compared(a, op, b) ? 1 : 0) : null;
  }
}

function calculateField(frames: readonly Frame[], o: Json, scope: Scope): readonly Frame[] {
  const mode = str(o['mode']) || 'reduceRow';
  const source = o['timeSeries'] === false ? frames : wide(frames);
  return source.flatMap((frame) => {
    const made = calculated(frame, mode, o, scope);
    if (made.length === 0) return [frame];
    const alias = interpolate(str(o['alias']), scope, 'text');
    const fields = made.map((f) => (alias === '' || made.length > 1 ? f : { ...f, name: alias, display: alias }));
    if (o['replaceFields'] !== true) return [frameOf([...frame.fields, ...fields], frame)];
    const time = frame.fields.find(isTime);
    return [frameOf(time === undefined ? fields : [time, ...fields], frame)];
  });
}

function calculated(frame: Frame, mode: string, o: Json, scope: Scope): Field[] {
  const rows = Array.from({ length: frame.length }, (_, i) => i);
  const numbers = frame.fields.filter((f) => f.type === 'number');
  switch (mode) {
    case 'reduceRow': {
      const r = obj(o['reduce']);
      const include = list(r['include']).map((n) => str(n, 10_000));
      const of =
        include.length === 0 ? numbers : numbers.filter((f) => include.includes(f.display) || include.includes(f.name));
      if (of.length === 0) return [];
      const calc = reducerOf(str(r['reducer']));
      const values = rows.map((i) => {
        const row = of.map((f) => f.values[i] ?? null);
        return row.every((v) => v === null) ? null : reduce(row, calc);
      });
      return [column(REDUCERS[calc] ?? calc, 'number', values)];
    }
    case 'binary': {
      const b = obj(o['binary']);
      const op = str(b['operator']) || '+';
      const side = (
        given: unknown,
      ): { name: string; at: (i: number) => number | null; fields?: readonly Field[] } | null => {
        if (isObject(given) && isObject(given['matcher'])) {
          const { id, options } = given['matcher'];
          const match = matcherOf(str(id), options);
          const fields = frame.fields.filter((f) => match(f, frame));
          const f = fields[0];
          if (f === undefined) return null;
          return { name: f.display, at: (i) => numberIn(f.values[i]), ...(str(id) === 'byType' ? { fields } : {}) };
        }
        const text = interpolate(isObject(given) ? str(given['fixed']) : str(given), scope, 'raw');
        const f = find(frame, text);
        if (f !== undefined) return { name: f.display, at: (i) => numberIn(f.values[i]) };
        const n = num(text);
        return n === undefined ? null : { name: text, at: () => n };
      };
      const left = side(b['left']);
      const right = side(b['right']);
      if (left === null || right === null) return [];
      const of = left.fields ?? [null];
      return of.map((f) => {
        const name = f?.display ?? left.name;
        const at = f === null ? left.at : (i: number) => numberIn(f.values[i]);
        const values = rows.map((i) => {
          const x = at(i);
          const y = right.at(i);
          return x === null || y === null ? null : binary(op, x, y);
        });
        return column(`${name} ${op} ${right.name}`, 'number', values);
      });
    }
    case 'unary': {
      const u = obj(o['unary']);
      const op = str(u['operator']);
      const f = find(frame, str(u['fieldName'], 10_000));
      const apply = Object.hasOwn(UNARY, op) ? UNARY[op] : undefined;
      if (f === undefined || apply === undefined) return [];
      const values = f.values.map((v) => (numberIn(v) === null ? null : apply(numberIn(v) as number)));
      return [column(`${op} ${f.display}`, 'number', values)];
    }
    case 'index': {
      const share = obj(o['index'])['asPercentile'] === true;
      return [
        column(
          'Row',
          'number',
          rows.map((i) => (share ? (frame.length > 1 ? i / (frame.length - 1) : 0) : i)),
        ),
      ];
    }
    case 'cumulativeFunctions': {
      const c = obj(o['cumulative']);
      const f = find(frame, str(c['field'], 10_000));
      if (f === undefined) return [];
      const mean = c['reducer'] === 'mean';
      let sum = 0;
      let n = 0;
      const values = f.values.map((v) => {
        sum += numberIn(v) ?? 0;
        n++;
        return mean ? sum / n : sum;
      });
      return [column(`cumulative ${str(c['reducer']) || 'sum'}(${f.display})`, 'number', values)];
    }
    case 'windowFunctions': {
      const w = obj(o['window']);
      const f = find(frame, str(w['field'], 10_000));
      if (f === undefined) return [];
      const given = num(w['windowSize']) ?? 0.1;
      const size = Math.min(
        10_000,
        Math.max(1, w['windowSizeMode'] === 'fixed' ? Math.floor(given) : Math.ceil(given * f.values.length)),
      );
      const calc = reducerOf(str(w['reducer']) || 'mean');
      const centered = w['windowAlignment'] === 'centered';
      check(f.values.length, size);
      const values = f.values.map((_, i) => {
        const from = centered ? i - Math.floor(size / 2) : i - size + 1;
        return reduce(f.values.slice(Math.max(0, from), Math.max(0, from + size)), calc);
      });
      return [column(`${centered ? 'centered' : 'trailing'} moving ${calc}(${f.display})`, 'number', values)];
    }
    default:
      return [];
  }
}

function sortBy(frames: readonly Frame[], o: Json): readonly Frame[] {
  const sort = objects(o['sort'], 10).filter((s) => str(s['field'], 10_000) !== '');
  if (sort.length === 0) return frames;
  return frames.map((frame) => {
    const by = sort.flatMap((s) => {
      const f = find(frame, str(s['field'], 10_000));
      return f === undefined ? [] : [{ f, down: s['desc'] === true }];
    });
    if (by.length === 0) return frame;
    const rows = Array.from({ length: frame.length }, (_, i) => i).sort((x, y) => {
      for (const { f, down } of by) {
        const c = orderOf(f.values[x] ?? null, f.values[y] ?? null);
        if (c !== 0) return down ? -c : c;
      }
      return x - y;
    });
    return picked(frame, rows);
  });
}

function filterByName(frames: readonly Frame[], o: Json, scope: Scope): readonly Frame[] {
  const rule = (given: unknown): ((f: Field) => boolean) | null => {
    if (isObject(given) && typeof given['id'] === 'string') {
      const m = matcherOf(given['id'], given['options']);
      return (f) => frames.some((fr) => fr.fields.includes(f) && m(f, fr));
    }
    const g = obj(given);
    const names = list(g['names']).map((n) => str(n, 10_000));
    const variable = str(g['variable']);
    if (variable !== '' && o['byVariable'] === true) names.push(...interpolate(variable, scope, 'raw').split(','));
    const pattern = interpolate(str(g['pattern'], 5001), scope, 'raw');
    const regex = pattern === '' ? null : regexOf(pattern);
    if (names.length === 0 && regex === null) return null;
    return (f) => names.includes(f.display) || (regex?.test(f.display) ?? false);
  };
  const include = rule(o['include']);
  const exclude = rule(o['exclude']);
  return frames
    .map((frame) => ({
      ...frame,
      fields: frame.fields.filter((f) => (include === null || include(f)) && (exclude === null || !exclude(f))),
    }))
    .filter((frame) => frame.fields.length > 0);
}

function filterByRefId(frames: readonly Frame[], o: Json): readonly Frame[] {
  const rule = (given: unknown): ((f: Frame) => boolean) | null => {
    const text = isObject(given) ? str(given['options'], 5001) : str(given, 5001);
    if (text === '') return null;
    const regex = regexOf(text.startsWith('/') ? text : `(?:${text})`);
    return (f) => f.refId === text || (regex?.test(f.refId) ?? false);
  };
  const include = rule(o['include']);
  const exclude = rule(o['exclude']);
  return frames.filter((f) => (include === null || include(f)) && (exclude === null || !exclude(f)));
}

function filterByValue(frames: readonly Frame[], o: Json, scope: Scope): readonly Frame[] {
  const filters = objects(o['filters'], 100);
  const all = o['match'] === 'all';
  const keep = o['type'] !== 'exclude';
  if (filters.length === 0) return frames;
  return frames.map((frame) => {
    const tests = filters.flatMap((filter) => {
      const f = find(frame, str(filter['fieldName'], 10_000));
      const test = valueTest(obj(filter['config']), scope);
      return f === undefined || test === null ? [] : [(row: number) => test(f.values[row] ?? null)];
    });
    if (tests.length === 0) return frame;
    const rows: number[] = [];
    for (let r = 0; r < frame.length; r++) {
      const hit = all ? tests.every((t) => t(r)) : tests.some((t) => t(r));
      if (hit === keep) rows.push(r);
    }
    return picked(frame, rows);
  });
}

function valueTest(config: Json, scope: Scope): ((v: Cell) => boolean) | null {
  const o = obj(config['options']);
  const text = interpolate(str(o['value'], 10_000), scope, 'raw');
  const n = num(text) ?? NaN;
  const of = (test: (v: number) => boolean) => (v: Cell) => numberIn(v) !== null && test(numberIn(v) as number);
  switch (config['id']) {
    case 'greater':
      return of((v) => v > n);
    case 'greaterOrEqual':
      return of((v) => v >= n);
    case 'lower':
      return of((v) => v < n);
    case 'lowerOrEqual':
      return of((v) => v <= n);
    case 'equal':
      return (v) => String(v) === text || (typeof v === 'number' && v === n);
    case 'notEqual':
      return (v) => !(String(v) === text || (typeof v === 'number' && v === n));
    case 'isNull':
      return (v) => v === null;
    case 'isNotNull':
      return (v) => v !== null;
    case 'range':
    case 'between': {
      const from = num(interpolate(str(o['from']), scope, 'raw')) ?? -Infinity;
      const to = num(interpolate(str(o['to']), scope, 'raw')) ?? Infinity;
      return of((v) => v >= from && v <= to);
    }
    case 'regex': {
      const regex = regexOf(text.startsWith('/') ? text : `/${text}/`);
      return regex === null ? null : (v) => v !== null && regex.test(String(v).slice(0, 10_000));
    }
    case 'substring':
      return (v) => v !== null && String(v).toLowerCase().includes(text.toLowerCase());
    case 'notSubstring':
      return (v) => v === null || !String(v).toLowerCase().includes(text.toLowerCase());
    default:
      return null;
  }
}

function reduced(frames: readonly Frame[], o: Json): readonly Frame[] {
  const calcs = list(o['reducers'], 50).map((c) => reducerOf(str(c)));
  if (calcs.length === 0) return frames;
  const matcher = isObject(o['fields']) ? matcherOf(str(o['fields']['id']), o['fields']['options']) : null;
  const wanted = (f: Field, frame: Frame) => (matcher !== null ? matcher(f, frame) : !isTime(f));
  if (o['mode'] === 'reduceFields')
    return frames.map((frame) => {
      const fields = frame.fields.flatMap((f) => {
        if (isTime(f) && o['includeTimeField'] !== true) return [];
        if (!isTime(f) && !wanted(f, frame)) return [];
        return calcs.map((calc) => {
          const one = { ...f, values: [reduce(f.values, calc)] };
          if (calcs.length === 1) return one;
          const name = `${f.display} (${REDUCERS[calc] ?? calc})`;
          return { ...one, name, display: name };
        });
      });
      return frameOf(fields, { refId: frame.refId, name: frame.name });
    });
  const series = frames.flatMap((frame) => frame.fields.filter((f) => !isTime(f) && wanted(f, frame)));
  if (series.length === 0) return [];
  const labels = o['labelsToFields'] === true ? [...new Set(series.flatMap((f) => Object.keys(f.labels)))] : [];
  const only =
    o['labelsToFields'] === true && series.every((f) => Object.keys(f.labels).length > 0)
      ? series[0]?.labels['__name__']
      : undefined;
  return [
    frameOf([
      column(
        'Field',
        'string',
        series.map((f) => (o['labelsToFields'] === true ? (f.labels['__name__'] ?? only ?? f.display) : f.display)),
      ),
      ...labels
        .filter((l) => l !== '__name__')
        .map((l) =>
          column(
            l,
            'string',
            series.map((f) => f.labels[l] ?? null),
          ),
        ),
      ...calcs.map((calc) => {
        const values = series.map((f) => reduce(f.values, calc));
        return column(REDUCERS[calc] ?? calc, values.some((v) => typeof v === 'string') ? 'string' : 'number', values);
      }),
    ]),
  ];
}

function seriesToRows(frames: readonly Frame[]): readonly Frame[] {
  const rows: [Cell, string, Cell][] = [];
  for (const frame of frames) {
    const time = frame.fields.find(isTime);
    if (time === undefined) continue;
    for (const f of frame.fields) {
      if (f === time || f.type !== 'number') continue;
      f.values.forEach((v, i) => rows.push([time.values[i] ?? null, f.display, v]));
      check(rows.length, 3);
    }
  }
  rows.sort((a, b) => orderOf(b[0], a[0]));
  return [
    frameOf([
      column(
        'Time',
        'time',
        rows.map((r) => r[0]),
      ),
      column(
        'Metric',
        'string',
        rows.map((r) => r[1]),
      ),
      column(
        'Value',
        'number',
        rows.map((r) => r[2]),
      ),
    ]),
  ];
}

function labelsToFields(frames: readonly Frame[], o: Json): readonly Frame[] {
  const keep = Array.isArray(o['keepLabels']) ? list(o['keepLabels']).map((k) => str(k)) : null;
  const wanted = (k: string) => keep === null || keep.includes(k);
  if (o['mode'] === 'rows')
    return frames.flatMap((frame) =>
      frame.fields
        .filter((f) => Object.keys(f.labels).length > 0)
        .map((f) => {
          const pairs = Object.entries(f.labels).filter(([k]) => wanted(k));
          return frameOf(
            [
              column(
                'label',
                'string',
                pairs.map(([k]) => k),
              ),
              column(
                'value',
                'string',
                pairs.map(([, v]) => v),
              ),
            ],
            { refId: frame.refId, name: f.display },
          );
        }),
    );
  const valueLabel = str(o['valueLabel']);
  return merge(
    frames.flatMap((frame) => {
      const time = frame.fields.find(isTime);
      const plain = frame.fields.filter((f) => Object.keys(f.labels).length === 0);
      const labelled = frame.fields.filter((f) => Object.keys(f.labels).length > 0);
      if (labelled.length === 0) return [frame];
      return labelled.map((f) => {
        const labels = Object.entries(f.labels).filter(([k]) => k !== valueLabel && k !== '__name__' && wanted(k));
        const name = f.labels[valueLabel] ?? (f.name === 'Value' ? (f.labels['__name__'] ?? 'Value') : f.name);
        const before = time === undefined ? plain : plain.filter((p) => p === time || !isTime(p));
        return frameOf(
          [
            ...before,
            ...labels.map(([k, v]) =>
              column(
                k,
                'string',
                f.values.map(() => v),
              ),
            ),
            { ...f, labels: {}, name, display: name },
          ],
          { refId: frame.refId },
        );
      });
    }),
  );
}

function renameByRegex(frames: readonly Frame[], o: Json, scope: Scope): readonly Frame[] {
  const regex = regexOf(interpolate(str(o['regex'], 5001), scope, 'raw'));
  if (regex === null) return frames;
  const to = interpolate(str(o['renamePattern'], 10_000), scope, 'raw');
  const all = new RegExp(regex.source, findsAll(str(o['regex'], 5001)) ? `${regex.flags}g` : regex.flags);
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((f) => {
      if (isTime(f)) return f;
      const display = f.display.slice(0, 10_000).replace(all, to);
      return display === f.display ? f : { ...f, display };
    }),
  }));
}

function concatenate(frames: readonly Frame[], o: Json): readonly Frame[] {
  if (frames.length < 2) return frames;
  const mode = str(o['frameNameMode']) || 'field';
  const length = frames.reduce((m, f) => Math.max(m, f.length), 0);
  const fields = frames.flatMap((frame) =>
    frame.fields.map((f) => {
      const values =
        f.values.length === length ? f.values : [...f.values, ...new Array<null>(length - f.values.length).fill(null)];
      if (mode === 'label' && frame.name !== '')
        return { ...f, values, labels: { ...f.labels, [str(o['frameNameLabel']) || 'frame']: frame.name } };
      if (mode === 'field' && frame.name !== '' && f.display === f.name) {
        const name = `${frame.name} · ${f.name}`;
        return { ...f, values, name, display: name };
      }
      return { ...f, values };
    }),
  );
  return [frameOf(fields, { refId: frames[0]?.refId ?? '' })];
}

function limit(frames: readonly Frame[], o: Json, scope: Scope): readonly Frame[] {
  const n = num(interpolate(str(o['limitField'] ?? 10), scope, 'raw')) ?? 10;
  return frames.map((frame) => {
    const count = Math.min(frame.length, Math.abs(Math.floor(n)));
    const from = n < 0 ? frame.length - count : 0;
    return {
      ...frame,
      length: count,
      fields: frame.fields.map((f) => ({ ...f, values: f.values.slice(from, from + count) })),
    };
  });
}

function convertFieldType(frames: readonly Frame[], o: Json, scope: Scope): readonly Frame[] {
  const rules = objects(o['conversions'], 200);
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((f) => {
      const rule = rules.find((r) => str(r['targetField'], 10_000) === f.display);
      switch (rule?.['destinationType']) {
        case 'number':
          return { ...f, type: 'number' as const, values: f.values.map((v) => numberIn(v)) };
        case 'string':
        case 'enum':
          return { ...f, type: 'string' as const, values: f.values.map((v) => (v === null ? null : String(v))) };
        case 'time':
          return {
            ...f,
            type: 'time' as const,
            values: f.values.map((v) =>
              typeof v === 'string' ? (numberIn(v) ?? parseWhen(v, scope.range.toMs, false, scope.zone)) : v,
            ),
          };
        case 'boolean':
          return {
            ...f,
            type: 'other' as const,
            values: f.values.map((v) => (v === null ? null : v === 0 || v === '' || v === 'false' ? 'false' : 'true')),
          };
        default:
          return f;
      }
    }),
  }));
}

function prepareTimeSeries(frames: readonly Frame[], o: Json): readonly Frame[] {
  if (o['format'] === 'wide') return wide(frames);
  return frames.flatMap((frame) => {
    const time = frame.fields.find(isTime);
    const numbers = frame.fields.filter((f) => f.type === 'number');
    if (time === undefined) return [];
    const texts = frame.fields.filter((f) => f.type === 'string');
    if (texts.length === 0)
      return numbers.map((f) => frameOf([time, f], { refId: frame.refId, name: f.display, stepMs: frame.stepMs }));
    const groups = new Map<string, number[]>();
    for (let r = 0; r < frame.length; r++) {
      const key = JSON.stringify(texts.map((t) => t.values[r] ?? null));
      const rows = groups.get(key);
      if (rows === undefined) groups.set(key, [r]);
      else rows.push(r);
    }
    check(groups.size, numbers.length + 1);
    return [...groups.values()].flatMap((rows) => {
      const labels = Object.fromEntries(texts.map((t) => [t.name, String(t.values[rows[0] as number] ?? '')]));
      const name = Object.values(labels).join(' ');
      const sorted = [...rows].sort((a, b) => orderOf(time.values[a] ?? null, time.values[b] ?? null));
      return numbers.map((f) =>
        frameOf(
          [
            pick(time, sorted),
            { ...pick(f, sorted), labels, display: numbers.length > 1 ? `${name} ${f.name}` : name },
          ],
          {
            refId: frame.refId,
            name,
          },
        ),
      );
    });
  });
}

/** A row per series with its labels; the trend is shown by the figure that the options name. */
function timeSeriesTable(frames: readonly Frame[], o: Json): readonly Frame[] {
  const byRef = new Map<string, Frame[]>();
  for (const f of frames) {
    const of = byRef.get(f.refId);
    if (of === undefined) byRef.set(f.refId, [f]);
    else of.push(f);
  }
  return [...byRef].map(([refId, all]) => {
    const series = all.flatMap((frame) => frame.fields.filter((f) => f.type === 'number'));
    const labels = [...new Set(series.flatMap((f) => Object.keys(f.labels)))];
    const rule = obj(o[refId]);
    const calc = reducerOf(str(rule['stat']) || str(obj(o['refIdToStat'])[refId]) || 'lastNotNull');
    return frameOf(
      [
        ...labels.map((l) =>
          column(
            l,
            'string',
            series.map((f) => f.labels[l] ?? null),
          ),
        ),
        column(
          `Trend #${refId}`,
          'number',
          series.map((f) => reduce(f.values, calc)),
        ),
      ],
      { refId },
    );
  });
}

function partitionByValues(frames: readonly Frame[], o: Json): readonly Frame[] {
  const names = list(o['fields'], 50).map((n) => str(n, 10_000));
  const naming = obj(o['naming']);
  return frames.flatMap((frame) => {
    const by = names.flatMap((n) => find(frame, n) ?? []);
    if (by.length === 0) return [frame];
    const groups = new Map<string, number[]>();
    for (let r = 0; r < frame.length; r++) {
      const key = JSON.stringify(by.map((f) => f.values[r] ?? null));
      const rows = groups.get(key);
      if (rows === undefined) groups.set(key, [r]);
      else rows.push(r);
    }
    check(groups.size, frame.fields.length);
    return [...groups.values()].map((rows) => {
      const values = by.map((f) => String(f.values[rows[0] as number] ?? ''));
      const name =
        naming['asLabels'] === true
          ? ''
          : values
              .map((v, i) => (naming['withNames'] === true ? `${by[i]?.display} ${v}` : v))
              .join(str(naming['separator2']) || ' ');
      const labels = Object.fromEntries(by.map((f, i) => [f.display, values[i] as string]));
      const fields = frame.fields
        .filter((f) => o['keepFields'] === true || !by.includes(f))
        .map((f) => {
          const part = pick(f, rows);
          return f.type === 'number'
            ? {
                ...part,
                labels: { ...f.labels, ...labels },
                display: [name || values.join(' '), f.display === 'Value' ? '' : f.display]
                  .filter((x) => x !== '')
                  .join(' '),
              }
            : part;
        });
      return { ...frame, name, fields, length: rows.length };
    });
  });
}

function transpose(frames: readonly Frame[], o: Json): readonly Frame[] {
  return frames.flatMap((frame) => {
    const [first, ...rest] = frame.fields;
    if (first === undefined) return [];
    const names = first.values.map((v) => String(v ?? ''));
    check(rest.length, names.length + 1);
    const number = rest.every((f) => f.type === 'number');
    const head = str(o['firstFieldName']) || 'Field';
    return [
      frameOf(
        [
          column(
            head,
            'string',
            rest.map((f) => f.display),
          ),
          ...names.map((n, r) =>
            column(
              n,
              number ? 'number' : 'string',
              rest.map((f) => {
                const v = f.values[r] ?? null;
                return number || v === null ? v : String(v);
              }),
            ),
          ),
        ],
        { refId: frame.refId },
      ),
    ];
  });
}

function formatTime(frames: readonly Frame[], o: Json, scope: Scope): readonly Frame[] {
  const name = str(o['timeField'], 10_000);
  const pattern = str(o['outputFormat'], 200) || 'YYYY-MM-DD HH:mm:ss';
  const zone = str(o['timezone']).toLowerCase() === 'utc' ? 'utc' : (scope.zone ?? 'local');
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((f) =>
      f.display === name
        ? {
            ...f,
            type: 'string' as const,
            values: f.values.map((v) => (numberIn(v) === null ? null : dateText(numberIn(v) as number, pattern, zone))),
          }
        : f,
    ),
  }));
}

function groupingToMatrix(frames: readonly Frame[], o: Json): readonly Frame[] {
  const frame = frames[0];
  if (frames.length !== 1 || frame === undefined) return frames;
  const columnField = find(frame, str(o['columnField']) || 'Time');
  const rowField = find(frame, str(o['rowField']) || 'Time');
  const valueField = find(frame, str(o['valueField']) || 'Value');
  if (columnField === undefined || rowField === undefined || valueField === undefined) return frames;
  const columns = [...new Set(columnField.values)];
  const rows = [...new Set(rowField.values)];
  check(rows.length, columns.length + 1);
  const at = new Map<string, Cell>();
  for (let r = 0; r < frame.length; r++)
    at.set(JSON.stringify([rowField.values[r], columnField.values[r]]), valueField.values[r] ?? null);
  const empty = { null: null, zero: 0, empty: '', true: 'true', false: 'false' }[str(o['emptyValue'])] ?? '';
  return [
    frameOf(
      [
        { ...column(`${rowField.display}\\${columnField.display}`, rowField.type, rows) },
        ...columns.map((c) =>
          column(
            String(c),
            valueField.type,
            rows.map(
              (r) => at.get(JSON.stringify([r, c])) ?? (empty === '' && valueField.type === 'number' ? null : empty),
            ),
          ),
        ),
      ],
      frame,
    ),
  ];
}

function joinByLabels(frames: readonly Frame[], o: Json): readonly Frame[] {
  const value = str(o['value']);
  const series = frames.flatMap((frame) => frame.fields.filter((f) => f.labels[value] !== undefined));
  if (series.length === 0) return frames;
  const given = list(o['join'], 100).map((j) => str(j));
  const join =
    given.length > 0
      ? given
      : [...new Set(series.flatMap((f) => Object.keys(f.labels)))].filter((l) => l !== value && l !== '__name__');
  const columns = [...new Set(series.map((f) => f.labels[value] as string))];
  const rows = new Map<string, { keys: string[]; cells: Map<string, Cell[]> }>();
  for (const f of series) {
    const keys = join.map((j) => f.labels[j] ?? '');
    const key = JSON.stringify(keys);
    const row = rows.get(key) ?? { keys, cells: new Map<string, Cell[]>() };
    rows.set(key, row);
    row.cells.set(f.labels[value] as string, [...f.values]);
  }
  const out: { keys: string[]; cells: Map<string, Cell> }[] = [];
  for (const { keys, cells } of rows.values()) {
    const n = Math.max(...[...cells.values()].map((v) => v.length));
    check(out.length + n, columns.length + join.length);
    for (let i = 0; i < n; i++) out.push({ keys, cells: new Map([...cells].map(([k, v]) => [k, v[i] ?? null])) });
  }
  return [
    frameOf([
      ...join.map((j, k) =>
        column(
          j,
          'string',
          out.map((r) => r.keys[k] ?? ''),
        ),
      ),
      ...columns.map((c) =>
        column(
          c,
          'number',
          out.map((r) => r.cells.get(c) ?? null),
        ),
      ),
    ]),
  ];
}

/** Rows of names and values as one row of columns. */
function rowsToFields(frames: readonly Frame[], o: Json): readonly Frame[] {
  const rules = objects(o['mappings'], 100);
  const said = (key: string) => str(rules.find((r) => r['handlerKey'] === key)?.['fieldName'], 10_000);
  return frames.map((frame) => {
    const names = find(frame, said('field.name')) ?? frame.fields.find((f) => f.type === 'string');
    const values = find(frame, said('field.value')) ?? frame.fields.find((f) => f.type === 'number' && f !== names);
    if (names === undefined || values === undefined) return frame;
    check(1, names.values.length);
    return frameOf(
      names.values.map((n, i) => column(String(n ?? ''), values.type, [values.values[i] ?? null])),
      { refId: frame.refId },
    );
  });
}

const STEPS: Readonly<Record<string, Step>> = {
  joinByField,
  seriesToColumns: joinByField,
  joinByLabels,
  merge,
  organize,
  groupBy,
  calculateField,
  sortBy,
  filterByName,
  filterFieldsByName: filterByName,
  filterByRefId,
  filterFrames: filterByRefId,
  filterByValue,
  reduce: reduced,
  seriesToRows,
  labelsToFields,
  renameByRegex,
  concatenate,
  limit,
  convertFieldType,
  prepareTimeSeries,
  timeSeriesTable,
  partitionByValues,
  transpose,
  formatTime,
  groupingToMatrix,
  rowsToFields,
};

/** Ids that are done. */
export const KNOWN: ReadonlySet<string> = new Set(Object.keys(STEPS));

/** What a file leaves out. */
const DEFAULTS: Readonly<Record<string, Json>> = {
  reduce: { reducers: ['max'] },
  calculateField: { mode: 'reduceRow', reduce: { reducer: 'sum' } },
};

/** Frames of the queries of a name, or of those that a `/regular expression/` finds. */
function frameMatcher(refIds: string): (f: Frame) => boolean {
  const regex = refIds.startsWith('/') ? regexOf(refIds) : null;
  return regex === null ? (f) => f.refId === refIds : (f) => regex.test(f.refId);
}

/** Applies the transformations; those that are not known are passed over. */
export function transform(
  frames: readonly Frame[],
  transformations: readonly Transformation[],
  scope: Scope,
): readonly Frame[] {
  let now = frames;
  for (const t of transformations) {
    const step = Object.hasOwn(STEPS, t.id) ? STEPS[t.id] : undefined;
    if (t.disabled || step === undefined) continue;
    const options = { ...DEFAULTS[t.id], ...t.options };
    const of = t.refIds === undefined || t.refIds === '' ? null : frameMatcher(t.refIds);
    try {
      now =
        of === null
          ? step(now, options, scope)
          : [...step(now.filter(of), options, scope), ...now.filter((f) => !of(f))];
    } catch (e) {
      throw new Error(`transformation ${t.id}: ${e instanceof Error ? e.message : String(e)}`, { cause: e });
    }
  }
  return now;
}
