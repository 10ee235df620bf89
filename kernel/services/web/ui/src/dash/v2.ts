/**
 * Dashboards of Grafana's newer schema (`elements` and `layout`, v2 in any of its versions), written as the classic
 * document: tabs and nested rows become rows, of which all tabs but the first are closed.
 */
import { list, num, obj, objects, str, type Json } from './read';

const MOST_DEPTH = 8;
/** Pixels of a unit of the grid's height, with the gap. */
const UNIT = 38;
const HEIGHTS: Readonly<Record<string, number>> = { short: 168, standard: 320, tall: 512 };
const SORTS = [
  'disabled',
  'alphabeticalAsc',
  'alphabeticalDesc',
  'numericalAsc',
  'numericalDesc',
  'alphabeticalCaseInsensitiveAsc',
  'alphabeticalCaseInsensitiveDesc',
  'naturalAsc',
  'naturalDesc',
];
const REFRESHES = ['never', 'onDashboardLoad', 'onTimeRangeChanged'];
const VARIABLES: Readonly<Record<string, string>> = {
  QueryVariable: 'query',
  CustomVariable: 'custom',
  DatasourceVariable: 'datasource',
  IntervalVariable: 'interval',
  TextVariable: 'textbox',
  ConstantVariable: 'constant',
  AdhocVariable: 'adhoc',
  GroupByVariable: 'groupby',
};

type Made = Record<string, unknown>;

export function isV2(doc: Json): boolean {
  return typeof doc['elements'] === 'object' && typeof doc['layout'] === 'object';
}

/** The classic document of one of the newer schema, and what of it is not known. */
export function classicOf(doc: Json): { readonly doc: Json; readonly problems: readonly string[] } {
  const time = obj(doc['timeSettings']);
  const layout = new Layout(obj(doc['elements']));
  layout.add(obj(doc['layout']), { title: '', collapsed: false, repeat: '' }, 0);
  return {
    doc: {
      uid: doc['uid'],
      title: doc['title'],
      description: doc['description'],
      tags: doc['tags'],
      links: doc['links'],
      graphTooltip: str(doc['cursorSync']) === 'Off' ? 0 : 1,
      timezone: time['timezone'],
      time: { from: time['from'], to: time['to'] },
      refresh: time['autoRefresh'],
      templating: { list: objects(doc['variables']).map(variable) },
      annotations: { list: objects(doc['annotations'], 100).map(annotation) },
      panels: layout.panels,
    },
    problems: layout.problems.slice(0, 100),
  };
}

/** What a query asks and whom, also of the first versions, which name the source beside the query. */
function asked(query: unknown, beside: unknown): { readonly spec: Json; readonly datasource: unknown } {
  const q = obj(query);
  const kind = str(q['group']) || (q['kind'] === 'DataQuery' ? '' : str(q['kind']));
  const name = str(obj(q['datasource'])['name']);
  const named: Made = { ...(kind === '' ? {} : { type: kind }), ...(name === '' ? {} : { uid: name }) };
  const of = obj(beside);
  return { spec: obj(q['spec']), datasource: Object.keys(of).length > 0 ? of : named };
}

function variable(given: Json): Made {
  const v = obj(given['spec']);
  const kind = str(given['kind']);
  const common = { ...v, sort: position(SORTS, v['sort']), refresh: position(REFRESHES, v['refresh']) };
  if (kind === 'SwitchVariable') {
    const on = str(v['enabledValue']) || 'true';
    const off = str(v['disabledValue']) || 'false';
    const current = str(v['current']) || off;
    return { ...common, type: 'custom', query: `${on},${off}`, current: { text: current, value: current } };
  }
  const type = VARIABLES[kind] ?? kind;
  if (type === 'datasource') return { ...common, type, query: v['pluginId'] };
  if (type !== 'query') return { ...common, type };
  const { spec, datasource } = asked(v['query'], v['datasource']);
  return { ...common, type, datasource, query: spec['__legacyStringValue'] ?? spec };
}

function position(words: readonly string[], word: unknown): number {
  return Math.max(0, words.indexOf(str(word)));
}

function annotation(given: Json): Made {
  const a = obj(given['spec']);
  const { spec, datasource } = asked(a['query'], a['datasource']);
  return { ...spec, ...obj(a['legacyOptions']), ...a, target: spec, datasource };
}

interface Section {
  readonly title: string;
  readonly collapsed: boolean;
  readonly repeat: string;
}

/** Gathers the panels of a layout, which may be rows and tabs within each other. */
class Layout {
  readonly panels: Made[] = [];
  readonly problems: string[] = [];

  constructor(private readonly elements: Json) {}

  add(layout: Json, within: Section, depth: number): void {
    if (depth > MOST_DEPTH) throw new Error(`dashboard: layouts within each other, got over ${MOST_DEPTH}; flatten it`);
    const spec = obj(layout['spec']);
    switch (layout['kind']) {
      case 'GridLayout':
        this.grid(objects(spec['items'], 2001), within);
        break;
      case 'AutoGridLayout':
        this.row(within, this.flow(spec));
        break;
      case 'RowsLayout':
        this.parts(objects(spec['rows'], 2001), within, depth, () => false);
        break;
      case 'TabsLayout':
        this.parts(objects(spec['tabs'], 2001), within, depth, (i) => i > 0);
        break;
      default:
        this.problems.push(`layout ${str(layout['kind'], 50) || '(none)'} is not known`);
    }
  }

  private parts(parts: readonly Json[], within: Section, depth: number, closed: (i: number) => boolean): void {
    parts.forEach((part, i) => {
      const p = obj(part['spec']);
      if ('conditionalRendering' in p && objects(obj(obj(p['conditionalRendering'])['spec'])['items']).length > 0)
        this.problems.push(`row ${str(p['title'])}: is always shown, its conditions are not known`);
      const title = p['hideHeader'] === true ? '' : str(p['title']);
      this.add(
        obj(p['layout']),
        {
          title: [within.title, title].filter((t) => t !== '').join(' / '),
          collapsed: within.collapsed || p['collapse'] === true || closed(i),
          repeat: repeatOf(p) || within.repeat,
        },
        depth + 1,
      );
    });
  }

  private grid(items: readonly Json[], within: Section): void {
    const own = items.filter((i) => i['kind'] !== 'GridLayoutRow').map((i) => this.item(obj(i['spec'])));
    this.row(within, own);
    for (const i of items) {
      if (i['kind'] !== 'GridLayoutRow') continue;
      const r = obj(i['spec']);
      this.row(
        { title: str(r['title']), collapsed: within.collapsed || r['collapsed'] === true, repeat: repeatOf(r) },
        objects(r['elements'], 2001).map((e) => this.item(obj(e['spec']))),
      );
    }
  }

  private row(s: Section, panels: readonly Made[]): void {
    if (panels.length === 0) return;
    const y = this.panels.length;
    this.panels.push({ type: 'row', title: s.title, collapsed: s.collapsed, repeat: s.repeat, gridPos: { y }, panels });
  }

  private item(spec: Json): Made {
    return {
      ...this.element(spec),
      gridPos: { x: spec['x'], y: spec['y'], w: spec['width'], h: spec['height'] },
    };
  }

  private flow(spec: Json): Made[] {
    const most = Math.min(24, Math.max(1, Math.floor(num(spec['maxColumnCount']) ?? 3)));
    const columns = spec['columnWidthMode'] === 'wide' ? Math.min(most, 2) : most;
    const w = Math.floor(24 / columns);
    const pixels = num(spec['rowHeight']) ?? HEIGHTS[str(spec['rowHeightMode'])] ?? 320;
    const h = Math.max(2, Math.round(pixels / UNIT));
    return objects(spec['items'], 2001).map((i, n) => ({
      ...this.element(obj(i['spec'])),
      gridPos: { x: (n % columns) * w, y: Math.floor(n / columns) * h, w, h },
    }));
  }

  private element(item: Json): Made {
    const name = str(obj(item['element'])['name']);
    const repeat = obj(item['repeat']);
    const repeated =
      repeat['mode'] === 'variable'
        ? { repeat: repeat['value'], repeatDirection: repeat['direction'], maxPerRow: repeat['maxPerRow'] }
        : {};
    const element = obj(Object.hasOwn(this.elements, name) ? this.elements[name] : undefined);
    const spec = obj(element['spec']);
    if (element['kind'] === 'LibraryPanel')
      return { ...repeated, id: spec['id'], title: spec['title'], libraryPanel: spec['libraryPanel'] };
    if (element['kind'] !== 'Panel') this.problems.push(`element ${name || '(none)'} of the layout is not in the file`);
    const viz = obj(spec['vizConfig']);
    const data = obj(obj(spec['data'])['spec']);
    const options = obj(data['queryOptions']);
    return {
      ...obj(viz['spec']),
      ...repeated,
      id: spec['id'],
      type: str(viz['group']) || str(viz['kind']),
      title: spec['title'],
      description: spec['description'],
      transparent: spec['transparent'],
      links: spec['links'],
      targets: list(data['queries'], 200).map((q) => query(obj(obj(q)['spec']))),
      transformations: objects(data['transformations'], 100).map((t) => {
        const of = obj(t['spec']);
        return { ...of, id: str(of['id']) || str(t['group']) || str(t['kind']) };
      }),
      interval: options['interval'],
      maxDataPoints: options['maxDataPoints'],
      timeFrom: options['timeFrom'],
      timeShift: options['timeShift'],
    };
  }
}

function query(q: Json): Made {
  const { spec, datasource } = asked(q['query'], q['datasource']);
  return { ...spec, refId: q['refId'], hide: q['hidden'], datasource };
}

function repeatOf(spec: Json): string {
  const repeat = obj(spec['repeat']);
  return repeat['mode'] === 'variable' ? str(repeat['value']) : '';
}
