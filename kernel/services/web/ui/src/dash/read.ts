/** Reads a dashboard of Grafana, of any version of its document, into the form of the model. */
import { oldPanel } from './old';
import { regexOf } from './regex';
import { KNOWN } from './transform';
import { classicOf, isV2 } from './v2';
import type {
  Annotation,
  Dashboard,
  FieldConfig,
  Grid,
  Link,
  Mapping,
  Option,
  Override,
  Panel,
  PanelKind,
  Row,
  Target,
  Threshold,
  Transformation,
  Variable,
  VariableKind,
} from './model';

const MOST_PANELS = 2000;
const MOST_VARIABLES = 200;
const MOST_TARGETS = 100;
const MOST_TEXT = 100_000;
const MOST_NAME = 1000;

export type Json = Readonly<Record<string, unknown>>;

export function isObject(v: unknown): v is Json {
  return typeof v === 'object' && v !== null && !Array.isArray(v);
}

export function obj(v: unknown): Json {
  return isObject(v) ? v : {};
}

export function list(v: unknown, most = 5000): readonly unknown[] {
  return Array.isArray(v) ? v.slice(0, most) : [];
}

export function objects(v: unknown, most = 5000): readonly Json[] {
  return list(v, most).filter(isObject);
}

export function str(v: unknown, most = MOST_NAME): string {
  return typeof v === 'string' ? v.slice(0, most) : typeof v === 'number' || typeof v === 'boolean' ? String(v) : '';
}

/** A finite number, also from text; undefined otherwise. */
export function num(v: unknown): number | undefined {
  const n = typeof v === 'number' ? v : typeof v === 'string' && v.trim() !== '' ? Number(v) : NaN;
  return Number.isFinite(n) ? n : undefined;
}

const KINDS: Readonly<Record<string, PanelKind>> = {
  timeseries: 'timeseries',
  stat: 'stat',
  gauge: 'gauge',
  bargauge: 'bargauge',
  table: 'table',
  heatmap: 'heatmap',
  'state-timeline': 'state-timeline',
  'status-history': 'status-history',
  barchart: 'barchart',
  piechart: 'piechart',
  'grafana-piechart-panel': 'piechart',
  histogram: 'histogram',
  text: 'text',
  alertlist: 'alertlist',
};

/** What the file says about data sources, to tell those that are this server. */
interface Sources {
  /** Names of variables and inputs that stand for another kind. */
  readonly foreign: ReadonlyMap<string, string>;
  /** Values of inputs that are constants. */
  readonly constants: ReadonlyMap<string, string>;
  /** Library panels that the file has with it, by uid. */
  readonly library: Json;
  /** Panels as written, by id, for those that show the data of another. */
  readonly panels: ReadonlyMap<number, Json>;
}

/** Reads a parsed document; throws with what is wrong when it is not a dashboard. */
export function readDashboard(json: unknown): Dashboard {
  let doc = obj(json);
  if (isObject(doc['dashboard']) && !('panels' in doc) && !('rows' in doc)) doc = obj(doc['dashboard']);
  let uid = str(doc['uid'], 200);
  if (isObject(doc['spec']) && 'apiVersion' in doc) {
    uid = str(obj(doc['metadata'])['name'], 200);
    doc = obj(doc['spec']);
  }
  const problems: string[] = [];
  if (isV2(doc)) {
    const classic = classicOf(doc);
    doc = classic.doc;
    problems.push(...classic.problems);
  }
  if (!Array.isArray(doc['panels']) && !Array.isArray(doc['rows']))
    throw new Error(
      `dashboard: no panels, got ${isObject(json) ? `an object with ${Object.keys(json).slice(0, 10).join(', ') || 'nothing'}` : Array.isArray(json) ? 'a list' : String(json).slice(0, 50)}; give the JSON that Grafana exports`,
    );
  const templating = objects(obj(doc['templating'])['list'], MOST_VARIABLES + 1);
  if (templating.length > MOST_VARIABLES)
    throw new Error(`dashboard: too many variables, got over ${MOST_VARIABLES}; remove some`);
  const sources = sourcesOf(doc, templating);
  const variables = templating.filter((v) => str(v['name']) !== '').map((v) => variable(v, sources));
  for (const v of variables) if (v.problem !== '') problems.push(`variable ${v.name}: ${v.problem}`);
  const rows = rowsOf(doc, sources);
  const annotations = objects(obj(doc['annotations'])['list'], 100)
    .filter((a) => a['builtIn'] !== 1 && a['builtIn'] !== true)
    .map((a) => annotation(a, sources));
  for (const a of annotations) if (a.problem !== '' && a.enabled) problems.push(`annotation ${a.name}: ${a.problem}`);
  const time = obj(doc['time']);
  const zone = str(doc['timezone'], 100);
  return {
    uid,
    title: str(doc['title']) || 'Dashboard',
    description: str(doc['description'], MOST_TEXT),
    tags: list(doc['tags'], 100)
      .map((t) => str(t, 200))
      .filter((t) => t !== ''),
    timezone: zone.toLowerCase() === 'utc' ? 'utc' : zone === 'default' ? '' : zone,
    from: str(time['from'], 100) || 'now-6h',
    to: str(time['to'], 100) || 'now',
    refresh: typeof doc['refresh'] === 'string' ? str(doc['refresh'], 50) : '',
    variables,
    rows,
    links: objects(doc['links'], 200).map(link),
    annotations,
    crosshair: doc['graphTooltip'] !== 0 || !('graphTooltip' in doc),
    problems,
  };
}

function sourcesOf(doc: Json, variables: readonly Json[]): Sources {
  const foreign = new Map<string, string>();
  const constants = new Map<string, string>();
  for (const input of objects(doc['__inputs'], 500)) {
    const kind = str(input['pluginId']);
    if (input['type'] === 'datasource' && kind !== '' && !ours(kind)) foreign.set(str(input['name']), kind);
    if (input['type'] === 'constant') constants.set(str(input['name']), str(input['value'], 10_000));
  }
  for (const v of variables) {
    const kind = str(v['query']);
    if (v['type'] === 'datasource' && kind !== '' && !ours(kind)) foreign.set(str(v['name']), kind);
  }
  return { foreign, constants, library: obj(doc['__elements']), panels: byId(doc) };
}

function byId(doc: Json): Map<number, Json> {
  const out = new Map<number, Json>();
  const add = (p: Json, nested: boolean): void => {
    const id = num(p['id']);
    if (id !== undefined && out.size < MOST_PANELS) out.set(id, p);
    if (nested) for (const inner of objects(p['panels'], MOST_PANELS)) add(inner, false);
  };
  for (const p of [...objects(doc['panels'], MOST_PANELS), ...objects(doc['rows'], MOST_PANELS)]) add(p, true);
  return out;
}

const OTHER_PANEL = '-- Dashboard --';

function takesFrom(p: Json): boolean {
  const source = p['datasource'];
  return source === OTHER_PANEL || (isObject(source) && source['uid'] === OTHER_PANEL);
}

/** A panel of a library with its place here; a panel that shows another's data with the queries of that one. */
function completed(given: Json, sources: Sources): Json {
  const uid = str(obj(given['libraryPanel'])['uid'], 200);
  const element = obj(Object.hasOwn(sources.library, uid) ? sources.library[uid] : undefined);
  const model = uid === '' ? {} : obj(element['model']);
  const p: Json = 'type' in model ? { ...model, ...given, type: model['type'] } : given;
  if (!takesFrom(p)) return p;
  const [target = {}] = objects(p['targets'], 1);
  const from = sources.panels.get(num(target['panelId']) ?? -1);
  if (from === undefined || takesFrom(from)) return p;
  const own = objects(p['transformations'], 100);
  const theirs = target['withTransforms'] === true ? objects(from['transformations'], 100) : [];
  return { ...p, datasource: from['datasource'], targets: from['targets'], transformations: [...theirs, ...own] };
}

function ours(kind: string): boolean {
  return /prometheus|victoriametrics|^mimir$|^thanos$|^cortex$/i.test(kind) && !/logs/i.test(kind);
}

/** Why a data source is not this server; empty when it is, null when each target says its own. */
function sourceProblem(source: unknown, sources: Sources): string | null {
  if (source === null || source === undefined || source === '') return '';
  const kind = isObject(source) ? str(source['type']) : '';
  const id = isObject(source) ? str(source['uid']) : str(source);
  if (id === '-- Mixed --') return null;
  if (id === OTHER_PANEL) return 'takes data from a panel that is not in the dashboard';
  if (id === '-- Grafana --' || id === 'grafana') return "asks Grafana's own data, which is not here";
  if (id === '__expr__' || kind === '__expr__')
    return 'computes an expression of Grafana, which is not done here; use PromQL';
  if (kind === 'datasource') return '';
  if (kind !== '' && !ours(kind) && !/^\$/.test(kind))
    return `data source of kind ${kind.slice(0, 100)} is not here; only Prometheus is`;
  const name = /^\$\{?(\w+)(?::\w+)?\}?$/.exec(id)?.[1];
  const foreign = name === undefined ? undefined : sources.foreign.get(name);
  return foreign === undefined ? '' : `data source of kind ${foreign.slice(0, 100)} is not here; only Prometheus is`;
}

function rowsOf(doc: Json, sources: Sources): Row[] {
  let count = 0;
  let next = 1;
  const used = new Set<number>();
  const read = (p: Json): Panel => {
    if (++count > MOST_PANELS) throw new Error(`dashboard: too many panels, got over ${MOST_PANELS}; split it`);
    let id = num(p['id']) ?? 0;
    if (!Number.isInteger(id) || id <= 0 || used.has(id)) {
      while (used.has(next) || next <= 0) next++;
      id = next;
    }
    used.add(id);
    return panel(p, id, sources);
  };
  for (const p of objects(doc['panels'])) {
    const id = num(p['id']);
    if (id !== undefined) next = Math.max(next, id + 1);
  }
  next = Math.min(next, 1_000_000);
  const rows: { id: string; title: string; collapsed: boolean; repeat: string; panels: Panel[] }[] = [];
  const row = (title: string, collapsed: boolean, repeat: string) => {
    const r = { id: `r${rows.length}`, title, collapsed, repeat, panels: [] as Panel[] };
    rows.push(r);
    return r;
  };
  const panels = objects(doc['panels'], MOST_PANELS + 1).filter((p) => !isClone(p));
  const ordered = panels
    .map((p, i) => ({ p, i, at: obj(p['gridPos']) }))
    .sort(
      (a, b) =>
        (num(a.at['y']) ?? 0) - (num(b.at['y']) ?? 0) || (num(a.at['x']) ?? 0) - (num(b.at['x']) ?? 0) || a.i - b.i,
    );
  let open = panels.length > 0 && ordered[0]?.p['type'] !== 'row' ? row('', false, '') : null;
  for (const { p } of ordered) {
    if (p['type'] !== 'row') {
      (open ??= row('', false, '')).panels.push(read(p));
      continue;
    }
    open = row(str(p['title']), p['collapsed'] === true, str(p['repeat']));
    for (const inner of objects(p['panels'], MOST_PANELS + 1)) if (!isClone(inner)) open.panels.push(read(inner));
  }
  for (const r of objects(doc['rows'], MOST_PANELS)) {
    if (num(r['repeatRowId']) !== undefined && str(r['repeat']) === '') continue;
    const shown = r['showTitle'] === true || r['collapse'] === true || str(r['repeat']) !== '';
    const to: { panels: Panel[] } =
      shown || rows.length === 0 || rows.at(-1)?.title !== ''
        ? row(shown ? str(r['title']) || 'Row' : '', r['collapse'] === true, str(r['repeat']))
        : (rows.at(-1) as { panels: Panel[] });
    const below = to.panels.reduce((m, p) => Math.max(m, p.grid.y + p.grid.h), 0);
    placed(r, below).forEach((p) => to.panels.push(read(p)));
  }
  return rows.map((r) => ({ ...r, panels: compacted(r.panels) }));
}

/** Whether a panel is one that Grafana repeated and saved with the one it repeats. */
function isClone(p: Json): boolean {
  return (num(p['repeatPanelId']) !== undefined && str(p['repeat']) === '') || p['repeatedByRow'] === true;
}

/** Panels of a row of the old layout, whose widths are spans of twelve, on the grid. */
function placed(row: Json, top: number): Json[] {
  const height = (v: unknown) => Math.max(3, Math.ceil((parseFloat(str(v) || '250') || 250) / 38));
  let x = 0;
  let y = top;
  let tallest = 0;
  const panels = objects(row['panels'], MOST_PANELS + 1).filter((p) => !isClone(p));
  return panels.map((p) => {
    const w = Math.min(24, Math.max(1, Math.floor((num(p['span']) ?? 4) * 2)));
    const h = height(p['height'] ?? row['height']);
    if (x + w > 24) {
      x = 0;
      y += tallest;
      tallest = 0;
    }
    const at = { x, y, w, h };
    x += w;
    tallest = Math.max(tallest, h);
    return { ...p, gridPos: at };
  });
}

/** Moves panels up until they touch the ones above, from 0 on. */
export function compacted(panels: readonly Panel[]): Panel[] {
  const done: Panel[] = [];
  const bottoms = new Array<number>(24).fill(0);
  for (const p of [...panels].sort((a, b) => a.grid.y - b.grid.y || a.grid.x - b.grid.x)) {
    const columns = bottoms.slice(p.grid.x, p.grid.x + p.grid.w);
    const y = Math.max(0, ...columns);
    bottoms.fill(y + p.grid.h, p.grid.x, p.grid.x + p.grid.w);
    done.push(y === p.grid.y ? p : { ...p, grid: { ...p.grid, y } });
  }
  return done;
}

function gridOf(p: Json): Grid {
  const at = obj(p['gridPos']);
  const whole = (v: unknown, or: number, least: number, most: number) =>
    Math.min(most, Math.max(least, Math.floor(num(v) ?? or)));
  const w = whole(at['w'] ?? p['w'], 12, 1, 24);
  return {
    x: whole(at['x'], 0, 0, 24 - w),
    y: whole(at['y'], 0, 0, 100_000),
    w,
    h: whole(at['h'] ?? p['h'], 8, 1, 200),
  };
}

function panel(written: Json, id: number, sources: Sources): Panel {
  const problems: string[] = [];
  const given = completed(written, sources);
  const type = str(given['type'], 100);
  const p = oldPanel(given, problems);
  const kind = KINDS[str(p['type'], 100)] ?? 'unknown';
  if (isObject(given['libraryPanel']) && (kind === 'unknown' || !('targets' in p)))
    problems.push(
      `library panel ${str(obj(given['libraryPanel'])['name'])} is kept in Grafana, not in this file; unlink it there and export again`,
    );
  else if (kind === 'unknown')
    problems.push(`kind of panel ${type === '' ? '(none)' : type} is not known; its data can be seen as a table`);
  const config = obj(p['fieldConfig']);
  const transformations = objects(p['transformations'], 100).map((t): Transformation => ({
    id: str(t['id'], 100),
    options: obj(t['options']),
    disabled: t['disabled'] === true,
    refIds: obj(t['filter'])['id'] === 'byRefId' ? str(obj(t['filter'])['options']) : '',
  }));
  for (const t of objects(p['transformations'], 100)) {
    const filter = str(obj(t['filter'])['id'], 100);
    if (t['disabled'] !== true && filter !== '' && filter !== 'byRefId')
      problems.push(`transformation ${str(t['id'], 100)}: filter ${filter} is not known; all tables are taken`);
  }
  for (const t of transformations)
    if (!t.disabled && !KNOWN.has(t.id)) problems.push(`transformation ${t.id} is not known and is left out`);
  const targets = targetsOf(p, sources, problems);
  for (const t of targets) if (t.problem !== '' && !t.hidden) problems.push(`query ${t.refId}: ${t.problem}`);
  const overrides = objects(config['overrides'], 2000).map(override);
  if (kind === 'heatmap' && obj(p['options'])['calculate'] === true)
    problems.push('heatmap: buckets of plain values are not calculated; each series is a row');
  for (const { matcher } of overrides)
    if (matcher.id === 'byRegexp' && regexOf(str(matcher.options, 5001)) === null)
      problems.push(`override: regular expression cannot be read, got ${str(matcher.options, 100)}; correct it`);
  return {
    id,
    kind,
    type,
    title: str(p['title']),
    description: str(p['description'], MOST_TEXT),
    transparent: p['transparent'] === true,
    grid: gridOf(p),
    targets,
    transformations,
    options: obj(p['options']),
    defaults: fieldConfig(obj(config['defaults'])),
    overrides,
    links: objects(p['links'], 100).map(link),
    repeat: str(p['repeat']),
    repeatDown: p['repeatDirection'] === 'v',
    maxPerRow: Math.min(24, Math.max(1, Math.floor(num(p['maxPerRow']) ?? 4))),
    interval: str(p['interval'], 100),
    maxDataPoints: (num(p['maxDataPoints']) ?? 0) > 0 ? (num(p['maxDataPoints']) as number) : null,
    timeFrom: str(p['timeFrom'], 100),
    timeShift: str(p['timeShift'], 100),
    scoped: {},
    problems,
  };
}

function letters(n: number): string {
  return n < 26 ? String.fromCharCode(65 + n) : letters(Math.floor(n / 26) - 1) + letters(n % 26);
}

function targetsOf(p: Json, sources: Sources, problems: string[]): Target[] {
  const all = objects(p['targets'], MOST_TARGETS + 1);
  if (all.length > MOST_TARGETS)
    problems.push(`only the first ${MOST_TARGETS} queries are asked, got more; split the panel`);
  const given = all.slice(0, MOST_TARGETS);
  const used = new Set(given.map((t) => str(t['refId'], 100)));
  let n = 0;
  const free = () => {
    while (used.has(letters(n))) n++;
    used.add(letters(n));
    return letters(n);
  };
  const ofPanel = sourceProblem(p['datasource'], sources);
  return given.map((t): Target => {
    const expr = str(t['expr'], MOST_TEXT + 1);
    const source = t['datasource'];
    const has = source !== undefined && source !== null;
    const where = ofPanel === null || (ofPanel === '' && has) ? (sourceProblem(source, sources) ?? '') : ofPanel;
    const problem =
      where !== ''
        ? where
        : expr.length > MOST_TEXT
          ? `expression is over ${MOST_TEXT} characters; shorten it`
          : expr.trim() === '' && typeof t['expr'] !== 'string' && t['hide'] !== true
            ? 'has no expression in PromQL'
            : '';
    const instant = t['instant'] === true;
    return {
      refId: str(t['refId'], 100) || free(),
      expr,
      legend: str(t['legendFormat'], 10_000),
      format: t['format'] === 'table' ? 'table' : t['format'] === 'heatmap' ? 'heatmap' : 'time_series',
      instant,
      range: instant ? t['range'] === true : true,
      hidden: t['hide'] === true,
      exemplar: t['exemplar'] === true,
      interval: str(t['interval'], 100),
      intervalFactor: num(t['intervalFactor']) ?? 1,
      problem,
    };
  });
}

const COLORS = /^(fixed|shades|thresholds|palette-classic(-by-name)?|continuous-[\w-]{1,40})$/;

/** How values are shown, from `defaults` or the properties of an override put together. */
export function fieldConfig(d: Json): FieldConfig {
  const out: { -readonly [K in keyof FieldConfig]: FieldConfig[K] } = {
    custom: d['fieldMinMax'] === true ? { ...obj(d['custom']), fieldMinMax: true } : obj(d['custom']),
  };
  if (typeof d['unit'] === 'string') out.unit = str(d['unit'], 200);
  const decimals = num(d['decimals']);
  if (decimals !== undefined) out.decimals = Math.min(20, Math.max(0, Math.floor(decimals)));
  const min = num(d['min']);
  if (min !== undefined) out.min = min;
  const max = num(d['max']);
  if (max !== undefined) out.max = max;
  if ('noValue' in d && d['noValue'] !== null) out.noValue = str(d['noValue']);
  if (typeof d['displayName'] === 'string' && d['displayName'] !== '') out.displayName = str(d['displayName'], 10_000);
  if (isObject(d['color'])) {
    const mode = str(d['color']['mode'], 100);
    out.color = {
      mode: COLORS.test(mode) ? mode : 'palette-classic',
      fixedColor: str(d['color']['fixedColor'], 100),
      seriesBy: str(d['color']['seriesBy'], 20) || 'last',
    };
  }
  if (isObject(d['thresholds'])) {
    const steps = objects(d['thresholds']['steps'], 200).map((s): Threshold => ({
      value: num(s['value']) ?? null,
      color: str(s['color'], 100),
    }));
    out.thresholds = {
      percentage: d['thresholds']['mode'] === 'percentage',
      steps: [...steps].sort((a, b) => (a.value ?? -Infinity) - (b.value ?? -Infinity)),
    };
  }
  if (Array.isArray(d['mappings'])) out.mappings = mappings(d['mappings']);
  if (Array.isArray(d['links'])) out.links = objects(d['links'], 100).map(link);
  if (typeof d['filterable'] === 'boolean') out.filterable = d['filterable'];
  return out;
}

/** Mappings, also of the older form with a number as type. */
export function mappings(given: unknown): Mapping[] {
  return objects(given, 1000).flatMap((m): Mapping[] => {
    const type = m['type'];
    if (type === 'value' || type === 'range' || type === 'regex' || type === 'special')
      return [{ type, options: obj(m['options']) }];
    const text = str(m['text']);
    const range = type === 2 || ('from' in m && !('value' in m));
    if (range)
      return [{ type: 'range', options: { from: num(m['from']) ?? null, to: num(m['to']) ?? null, result: { text } } }];
    const value = str(m['value']);
    if (value === '' && text === '') return [];
    return value === 'null'
      ? [{ type: 'special', options: { match: 'null', result: { text } } }]
      : [{ type: 'value', options: { [value]: { text } } }];
  });
}

function override(o: Json): Override {
  const matcher = obj(o['matcher']);
  return {
    matcher: { id: str(matcher['id'], 100), options: matcher['options'] },
    properties: objects(o['properties'], 200).map((p) => ({ id: str(p['id'], 200), value: p['value'] })),
  };
}

function link(l: Json): Link {
  const dashboards = l['type'] === 'dashboards';
  const old = l['type'] === 'dashboard' && str(l['dashUri']) !== '' ? `dashboard/${str(l['dashUri'], 10_000)}` : '';
  const params = str(l['params'], 10_000);
  const url = str(l['url'], 20_000) || old;
  return {
    title: str(l['title']),
    url: params === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${params}`,
    newTab: l['targetBlank'] === true,
    keepTime: l['keepTime'] === true,
    includeVars: l['includeVars'] === true,
    tags: list(l['tags'], 100).map((t) => str(t, 200)),
    kind: dashboards ? 'dashboards' : 'link',
    dropdown: l['asDropdown'] === true,
  };
}

function annotation(a: Json, sources: Sources): Annotation {
  const target = obj(a['target']);
  const expr = str(a['expr'], MOST_TEXT) || str(target['expr'], MOST_TEXT);
  const where = sourceProblem(a['datasource'], sources) ?? '';
  return {
    name: str(a['name']) || 'annotation',
    enabled: a['enable'] !== false,
    hidden: a['hide'] === true,
    expr,
    color: str(a['iconColor'], 100),
    titleFormat: str(a['titleFormat'], 10_000),
    textFormat: str(a['textFormat'], 10_000),
    step: str(a['step'], 100),
    problem: where !== '' ? where : expr === '' ? 'has no expression in PromQL' : '',
  };
}

const VARIABLES: readonly string[] = ['query', 'custom', 'interval', 'datasource', 'textbox', 'constant', 'adhoc'];

function variable(v: Json, sources: Sources): Variable {
  const type = str(v['type'], 100);
  const kind = (VARIABLES.includes(type) ? type : 'unknown') as VariableKind;
  const name = str(v['name'], 100);
  const where = kind === 'query' ? (sourceProblem(v['datasource'], sources) ?? '') : '';
  const current = obj(v['current']);
  const hide = v['hide'];
  return {
    name,
    label: str(v['label']),
    kind,
    hide: hide === 2 || hide === 'hideVariable' ? 2 : hide === 1 || hide === 'hideLabel' ? 1 : 0,
    query: constant(queryOf(v), sources),
    regex: str(v['regex'], 10_000),
    sort: num(v['sort']) ?? 0,
    multi: v['multi'] === true,
    includeAll: v['includeAll'] === true,
    allValue: str(v['allValue'], MOST_TEXT),
    refresh: num(v['refresh']) ?? (v['refresh'] === true ? 1 : 0),
    current: chosenOf(current['value'], current['text']).map((c) => constant(c, sources)),
    options: objects(v['options'], 5000).map((o): Option => ({ text: str(o['text']), value: str(o['value']) })),
    auto: { on: v['auto'] === true, count: num(v['auto_count']) ?? 30, min: str(v['auto_min'], 50) || '10s' },
    problem:
      kind === 'unknown'
        ? `kind ${type} is not known`
        : kind === 'datasource' && sources.foreign.has(name)
          ? `data source of kind ${str(v['query'], 100)} is not here; only Prometheus is`
          : kind === 'adhoc'
            ? 'filters chosen at will are not applied to queries'
            : where,
  };
}

/** A text that is an input of the file is its value. */
function constant(text: string, sources: Sources): string {
  const name = /^\$\{(\w+)\}$/.exec(text)?.[1];
  return (name === undefined ? undefined : sources.constants.get(name)) ?? text;
}

function chosenOf(value: unknown, text: unknown): string[] {
  const values = (Array.isArray(value) ? list(value, 5000) : value === undefined || value === null ? [] : [value]).map(
    (x) => str(x, 10_000),
  );
  if (values.length > 0) return values;
  return (Array.isArray(text) ? list(text, 5000) : typeof text === 'string' && text !== '' ? [text] : []).map((x) =>
    str(x, 10_000),
  );
}

function queryOf(v: Json): string {
  const q = v['query'];
  if (typeof q === 'string') return str(q, MOST_TEXT);
  if (!isObject(q)) return str(v['definition'], MOST_TEXT);
  const text = str(q['query'], MOST_TEXT) || str(q['expr'], MOST_TEXT);
  if (text !== '') return text;
  const label = str(q['label']);
  if (label !== '') return q['metric'] ? `label_values(${str(q['metric'])}, ${label})` : `label_values(${label})`;
  return str(v['definition'], MOST_TEXT);
}
