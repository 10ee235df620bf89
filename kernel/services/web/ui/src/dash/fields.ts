/** How values of fields are shown: overrides, names, mappings, thresholds and colours. */
import { seriesColor } from '../lib/colors';
import { stamp, type Zone } from '../lib/format';
import { colorOf, NEUTRAL, schemeColor } from './colors';
import { interpolate, type Scope } from './interpolate';
import type { Field, FieldConfig, Frame, Mapping, Override, Panel, Shown } from './model';
import { fieldConfig, isObject, list, num, obj, str, type Json } from './read';
import { regexOf } from './regex';
import { reduce, reducerOf, REDUCERS } from './reduce';
import { formatUnit } from './units';

export { colorOf } from './colors';

export interface Theme {
  readonly dark: boolean;
  readonly zone?: Zone;
}

export type Matches = (field: Field, frame: Frame) => boolean;

/** The fields a matcher means. */
export function matcherOf(id: string, options: unknown): Matches {
  const named = (name: string): Matches => {
    return (f) => f.name === name || f.display === name;
  };
  switch (id) {
    case 'byName':
      return named(str(options, 10_000));
    case 'byNames': {
      const names = new Set(list(isObject(options) ? options['names'] : options).map((n) => str(n, 10_000)));
      const prefix = str(obj(options)['prefix']);
      const among = (f: Field) =>
        names.has(f.display) || names.has(f.name) || (prefix !== '' && f.display.startsWith(prefix));
      return obj(options)['mode'] === 'exclude' ? (f) => !among(f) : among;
    }
    case 'byRegexp':
    case 'byRegexpOrNames':
    case 'byNamesMatcher': {
      const o = obj(options);
      const regex = regexOf(isObject(options) ? str(o['pattern'], 5001) : str(options, 5001));
      const names = new Set(list(o['names']).map((n) => str(n, 10_000)));
      return (f) => names.has(f.display) || (regex !== null && regex.test(f.display.slice(0, 10_000)));
    }
    case 'byType':
      return (f) => f.type === options;
    case 'byTypes': {
      const types = new Set(list(options));
      return (f) => types.has(f.type);
    }
    case 'numeric':
      return (f) => f.type === 'number';
    case 'time':
    case 'firstTimeField':
      return id === 'time' ? (f) => f.type === 'time' : (f, frame) => frame.fields.find((x) => x.type === 'time') === f;
    case 'first':
      return (f, frame) => frame.fields[0] === f;
    case 'byFrameRefID':
      return (_, frame) => frame.refId === options;
    case 'byValue': {
      const o = obj(options);
      const wanted = num(o['value']) ?? 0;
      return (f) => f.type === 'number' && compared(reduce(f.values, str(o['reducer'])), str(o['op']), wanted);
    }
    case 'anyMatch':
    case 'allMatch': {
      const all = list(options).map((m) => matcherOf(str(obj(m)['id']), obj(m)['options']));
      return id === 'anyMatch' ? (f, fr) => all.some((m) => m(f, fr)) : (f, fr) => all.every((m) => m(f, fr));
    }
    case 'invertMatch': {
      const inner = matcherOf(str(obj(options)['id']), obj(options)['options']);
      return (f, fr) => !inner(f, fr);
    }
    case 'alwaysMatch':
      return () => true;
    default:
      return () => false;
  }
}

export function compared(value: number | string | null, op: string, wanted: number): boolean {
  if (typeof value !== 'number') return false;
  switch (op) {
    case '==':
    case '=':
    case 'eq':
      return value === wanted;
    case '!=':
    case 'neq':
      return value !== wanted;
    case '>':
    case 'gt':
      return value > wanted;
    case '>=':
    case 'gte':
      return value >= wanted;
    case '<':
    case 'lt':
      return value < wanted;
    case '<=':
    case 'lte':
      return value <= wanted;
    default:
      return false;
  }
}

/** How kinds of panels colour when the file does not say; the others go by thresholds. */
const COLOR_MODES: Readonly<Partial<Record<Panel['kind'], string>>> = {
  timeseries: 'palette-classic',
  barchart: 'palette-classic',
  piechart: 'palette-classic',
  histogram: 'palette-classic',
  'state-timeline': 'continuous-GrYlRd',
};

/** Gives each field the configuration of the panel with the overrides that match it, and the name to show. */
export function applyFields(frames: readonly Frame[], panel: Panel, scope: Scope): Frame[] {
  const rules = panel.overrides.map((o) => ({
    match: matcherOf(o.matcher.id, o.matcher.options),
    properties: o.properties,
  }));
  let index = 0;
  const made = frames.map((frame): Frame => {
    const fields = frame.fields.map((field): Field => {
      let config: FieldConfig = { ...panel.defaults };
      for (const rule of rules) if (rule.match(field, frame)) config = overridden(config, rule.properties);
      if (config.color === undefined)
        config = {
          ...config,
          color: { mode: COLOR_MODES[panel.kind] ?? 'thresholds', fixedColor: '', seriesBy: 'last' },
        };
      const place = field.type === 'number' ? index++ : undefined;
      return { ...field, config, ...(place === undefined ? {} : { index: place }) };
    });
    return { ...frame, fields };
  });
  const shared = bounds(made.flatMap((f) => f.fields).filter((f) => f.type === 'number'));
  return made.map((frame) => {
    const scaled = frame.fields.map((field): Field => {
      if (field.type !== 'number') return field;
      const own = field.config.custom['fieldMinMax'] === true ? bounds([field]) : shared;
      return { ...field, scale: { min: field.config.min ?? own.min, max: field.config.max ?? own.max } };
    });
    const whole: Frame = { ...frame, fields: scaled };
    return { ...whole, fields: scaled.map((field) => ({ ...field, display: nameOf(field, whole, scope) })) };
  });
}

function bounds(fields: readonly Field[]): { min: number; max: number } {
  let min = Infinity;
  let max = -Infinity;
  for (const f of fields)
    for (const v of f.values)
      if (typeof v === 'number' && Number.isFinite(v)) {
        if (v < min) min = v;
        if (v > max) max = v;
      }
  return min <= max ? { min, max } : { min: 0, max: 100 };
}

function nameOf(field: Field, frame: Frame, scope: Scope): string {
  const written = field.config.displayName;
  if (written === undefined || written === '') return field.display;
  return interpolate(written, { ...scope, data: { frame, field, index: 0 } }, 'text');
}

/** Properties with a dot, such as `custom.align`, go below. */
function overridden(config: FieldConfig, properties: Override['properties']): FieldConfig {
  let out = config;
  for (const { id, value } of properties) {
    if (id.startsWith('custom.')) out = { ...out, custom: { ...out.custom, [id.slice(7)]: value } };
    else if (value === null || value === undefined) {
      const rest: Record<string, unknown> = { ...out };
      if (id !== 'custom') delete rest[id];
      out = rest as unknown as FieldConfig;
    } else {
      const { custom: _, ...read } = fieldConfig({ [id]: value } satisfies Json);
      out = { ...out, ...read };
      if (id === 'displayName' && value === '') {
        const { displayName: __, ...rest } = out;
        out = rest;
      }
    }
  }
  return out;
}

interface Result {
  readonly text?: string;
  readonly color?: string;
}

/** What the first mapping that fits says. */
export function mapped(mappings: readonly Mapping[] | undefined, value: number | string | null): Result | null {
  for (const m of mappings ?? []) {
    const o = m.options;
    const result = m.type === 'value' ? null : obj(o['result']);
    const said = (r: Json, text?: string): Result => ({
      ...(text !== undefined
        ? { text }
        : typeof r['text'] === 'string' || typeof r['text'] === 'number'
          ? { text: str(r['text']) }
          : {}),
      ...(typeof r['color'] === 'string' ? { color: r['color'] } : {}),
    });
    switch (m.type) {
      case 'value': {
        const key = String(value);
        if (value !== null && Object.hasOwn(o, key)) return said(obj(o[key]));
        break;
      }
      case 'range': {
        const n = typeof value === 'number' ? value : value === null || value.trim() === '' ? NaN : Number(value);
        if (!Number.isNaN(n) && n >= (num(o['from']) ?? -Infinity) && n <= (num(o['to']) ?? Infinity))
          return said(obj(result));
        break;
      }
      case 'regex': {
        if (value === null) break;
        const regex = regexOf(str(o['pattern'], 5001));
        const text = String(value).slice(0, 10_000);
        if (regex === null || !regex.test(text)) break;
        const to = obj(result)['text'];
        return said(obj(result), typeof to === 'string' ? text.replace(regex, to) : undefined);
      }
      case 'special': {
        const nan = typeof value === 'number' && Number.isNaN(value);
        const fits = {
          null: value === null,
          nan,
          'null+nan': value === null || nan,
          true: value === 'true',
          false: value === 'false',
          empty: value === '',
        }[str(o['match'])];
        if (fits === true) return said(obj(result));
        break;
      }
    }
  }
  return null;
}

/** A value as text and colour. */
export function show(field: Field, value: number | string | null, theme: Theme): Shown {
  const { config } = field;
  const map = mapped(config.mappings, value);
  const color = map?.color !== undefined ? colorOf(map.color, theme.dark) : valueColor(field, value, theme.dark);
  if (map?.text !== undefined && map.text !== '')
    return { text: map.text, prefix: '', number: map.text, suffix: '', color, value };
  const f = formatted(field, value, theme.zone ?? 'local');
  return { text: `${f.prefix}${f.number}${f.suffix}`, ...f, color, value };
}

function formatted(field: Field, value: number | string | null, zone: Zone) {
  const { config } = field;
  const as = (number: string) => ({ prefix: '', number, suffix: '' });
  if (value === null) return as(config.noValue ?? '–');
  if (typeof value === 'string') return as(value);
  if (Number.isNaN(value) && config.noValue !== undefined) return as(config.noValue);
  if (field.type === 'time' && !/^(dateTime|time:)/.test(config.unit ?? '')) return as(stamp(value, zone));
  return formatUnit(config.unit ?? '', value, config.decimals, zone);
}

/** Colour of a value by the mode of its field. */
export function valueColor(field: Field, value: number | string | null, dark: boolean): string {
  const { color } = field.config;
  const mode = color?.mode ?? 'thresholds';
  if (mode === 'thresholds') return thresholdColor(field, value, dark);
  if (mode.startsWith('continuous-')) {
    if (typeof value !== 'number') return NEUTRAL;
    return schemeColor(mode.slice(11), share(field, value), dark);
  }
  return seriesColorOf(field, dark);
}

/** Colour of the field as a whole, as its line has it. */
export function seriesColorOf(field: Field, dark: boolean): string {
  const { color } = field.config;
  const slot = (field.index ?? 0) % 400;
  switch (color?.mode) {
    case 'fixed':
      return colorOf(color.fixedColor === '' ? 'gray' : color.fixedColor, dark);
    case 'shades':
      return shade(colorOf(color.fixedColor, dark), slot);
    case 'palette-classic-by-name':
      return seriesColor(hash(field.display), dark);
    case 'thresholds':
      return thresholdColor(field, seriesValue(field), dark);
    case undefined:
    case 'palette-classic':
      return seriesColor(slot, dark);
    default: {
      const value = seriesValue(field);
      return typeof value === 'number' ? schemeColor(color?.mode.slice(11) ?? '', share(field, value), dark) : NEUTRAL;
    }
  }
}

/** The value that colours a whole series: its last, least or greatest. */
function seriesValue(field: Field): number | string | null {
  const by = field.config.color?.seriesBy;
  return reduce(field.values, by === 'min' ? 'min' : by === 'max' ? 'max' : 'lastNotNull');
}

/** Where a value is between the least and the greatest: 0 to 1. */
export function share(field: Field, value: number): number {
  const min = field.config.min ?? field.scale?.min ?? 0;
  const max = field.config.max ?? field.scale?.max ?? 100;
  return max > min ? Math.min(1, Math.max(0, (value - min) / (max - min))) : 0;
}

/** Steps of the thresholds as values with plain colours; percentages become values of the scale. */
export function thresholdSteps(field: Field, dark: boolean): { value: number; color: string }[] {
  const t = field.config.thresholds;
  if (t === undefined || t.steps.length === 0) {
    return [
      { value: -Infinity, color: colorOf('green', dark) },
      { value: 80, color: colorOf('red', dark) },
    ];
  }
  const min = field.config.min ?? field.scale?.min ?? 0;
  const max = field.config.max ?? field.scale?.max ?? 100;
  return t.steps.map((s) => ({
    value: s.value === null ? -Infinity : t.percentage ? min + ((max - min) * s.value) / 100 : s.value,
    color: colorOf(s.color, dark),
  }));
}

function thresholdColor(field: Field, value: number | string | null, dark: boolean): string {
  const steps = thresholdSteps(field, dark);
  const n = typeof value === 'number' && !Number.isNaN(value) ? value : -Infinity;
  return (steps.findLast((s) => n >= s.value) ?? steps[0])?.color ?? NEUTRAL;
}

function shade(color: string, slot: number): string {
  const m = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color);
  if (m === null || slot === 0) return color;
  const f = 1 - (slot % 6) * 0.11;
  return `#${[m[1], m[2], m[3]]
    .map((c) =>
      Math.round(parseInt(c as string, 16) * f)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}

function hash(text: string): number {
  let h = 0;
  for (let i = 0; i < text.length; i++) h = (h * 31 + text.charCodeAt(i)) >>> 0;
  return h % 40;
}

/** A figure of a stat, gauge or bar gauge: of a whole field, or of one row. */
export interface Figure {
  readonly frame: Frame;
  readonly field: Field;
  /** Row the value is from; null when it is reduced from all. */
  readonly row: number | null;
  readonly name: string;
  readonly value: number | string | null;
}

/** The figures that `reduceOptions` of a panel asks for. */
export function figures(panel: Panel, frames: readonly Frame[]): Figure[] {
  const o = obj(panel.options['reduceOptions']);
  const calcs = list(o['calcs'], 20).map((c) => reducerOf(str(c)));
  if (calcs.length === 0) calcs.push('lastNotNull');
  const rows = o['values'] === true;
  const most = Math.min(1000, Math.max(1, num(o['limit']) ?? (rows ? 25 : 1000)));
  const pattern = str(o['fields'], 5001);
  const regex = pattern === '' ? null : regexOf(pattern);
  const wanted = (f: Field) => (pattern === '' ? f.type === 'number' : (regex?.test(f.display) ?? false));
  const out: Figure[] = [];
  for (const frame of frames) {
    const texts = frame.fields.filter((f) => f.type === 'string');
    const fields = frame.fields.filter((f) => wanted(f) && f.config.custom['hideFrom'] !== true && !hidden(f));
    for (const field of fields) {
      if (rows) {
        for (let row = 0; row < frame.length && out.length < most; row++) {
          const text = texts
            .map((t) => String(t.values[row] ?? ''))
            .filter((t) => t !== '')
            .join(' ');
          const name =
            field.config.displayName !== undefined || text === ''
              ? field.display
              : fields.length > 1
                ? `${text} ${field.display}`
                : text;
          out.push({ frame, field, row, name, value: field.values[row] ?? null });
        }
      } else
        for (const calc of calcs) {
          if (out.length >= most) return out;
          const name = calcs.length > 1 ? `${field.display} ${(REDUCERS[calc] ?? calc).toLowerCase()}` : field.display;
          out.push({ frame, field, row: null, name, value: reduce(field.values, calc) });
        }
    }
  }
  return out;
}

/** Whether a field is hidden from the picture. */
export function hidden(field: Field): boolean {
  return obj(field.config.custom['hideFrom'])['viz'] === true;
}
