/** Panels of older documents, turned into those of today. */
import { isObject, list, num, obj, objects, str, type Json } from './read';
import { reducerOf } from './reduce';

type Made = Record<string, unknown>;

/** The panel as a kind of today has it; what cannot be turned is added to the problems. */
export function oldPanel(p: Json, problems: string[]): Json {
  switch (p['type']) {
    case 'graph':
      return fromGraph(p, problems);
    case 'singlestat':
    case 'grafana-singlestat-panel':
      return fromSingleStat(p);
    case 'table-old':
      return fromTable(p);
    case 'table':
      return Array.isArray(p['styles']) && !('fieldConfig' in p) ? fromTable(p) : p;
    case 'heatmap':
    case 'heatmap-new':
      return ('heatmap' in p || 'dataFormat' in p) && !('calculate' in obj(p['options']))
        ? fromHeatmap(p)
        : { ...p, type: 'heatmap' };
    case 'grafana-piechart-panel':
      return fromPie(p);
    case 'text':
      return 'content' in p && !('content' in obj(p['options']))
        ? {
            ...p,
            options: { ...obj(p['options']), mode: str(p['mode']) || 'markdown', content: str(p['content'], 100_000) },
          }
        : p;
    case 'timeseries':
    case 'stat':
    case 'gauge':
    case 'bargauge':
      return fromFieldOptions(p);
    default:
      return p;
  }
}

function without(p: Json, keys: readonly string[]): Made {
  const out: Made = { ...p };
  for (const k of keys) delete out[k];
  return out;
}

/** The options of stat, gauge and bar gauge before fields had a configuration of their own. */
function fromFieldOptions(p: Json): Json {
  const options = obj(p['options']);
  if (!isObject(options['fieldOptions'])) return p;
  const old = options['fieldOptions'];
  const defaults: Made = { ...obj(old['defaults']) };
  const thresholds = old['thresholds'] ?? defaults['thresholds'];
  if (Array.isArray(thresholds)) defaults['thresholds'] = { mode: 'absolute', steps: steps(thresholds) };
  if (Array.isArray(old['mappings'])) defaults['mappings'] = old['mappings'];
  if (typeof defaults['title'] === 'string') defaults['displayName'] = defaults['title'];
  return {
    ...p,
    options: {
      ...without(options, ['fieldOptions']),
      reduceOptions: { calcs: old['calcs'] ?? ['lastNotNull'], values: old['values'] === true, fields: '' },
    },
    fieldConfig: { defaults, overrides: objects(old['overrides'], 2000).filter((o) => isObject(o['matcher'])) },
  };
}

function steps(given: unknown): Made[] {
  return objects(given, 200).map((s) => ({ value: num(s['value']) ?? null, color: str(s['color']) }));
}

/** Thresholds in text, `80,90`, with the colours between them. */
function stepsOf(text: string, colors: readonly string[]): Made[] {
  const values = text.split(',').flatMap((v) => num(v) ?? []);
  const color = (i: number) => colors[i] ?? ['green', 'orange', 'red'][Math.min(i, 2)];
  return [{ value: null, color: color(0) }, ...values.map((value, i) => ({ value, color: color(i + 1) }))];
}

function fromGraph(p: Json, problems: string[]): Json {
  const xaxis = obj(p['xaxis']);
  if (xaxis['mode'] === 'series' || xaxis['mode'] === 'histogram') return fromBars(p, xaxis);
  const [left = {}, right = {}] = objects(p['yaxes'], 2);
  const stacked = p['stack'] === true;
  const percent = p['percentage'] === true;
  const nulls = str(p['nullPointMode']);
  const custom: Made = {
    drawStyle: p['bars'] === true ? 'bars' : p['lines'] === false && p['points'] === true ? 'points' : 'line',
    lineInterpolation: p['steppedLine'] === true ? 'stepAfter' : 'linear',
    lineWidth: num(p['linewidth']) ?? 1,
    fillOpacity: p['lines'] === false && p['bars'] !== true ? 0 : p['bars'] === true ? 100 : (num(p['fill']) ?? 1) * 10,
    gradientMode: (num(p['fillGradient']) ?? 0) > 0 ? 'opacity' : 'none',
    pointSize: Math.max(1, (num(p['pointradius']) ?? 2) * 2),
    showPoints: p['points'] === true ? 'always' : 'never',
    spanNulls: nulls === 'connected',
    stacking: { mode: stacked ? (percent ? 'percent' : 'normal') : 'none', group: 'A' },
    ...axis(left),
  };
  if (p['dashes'] === true)
    custom['lineStyle'] = { fill: 'dash', dash: [num(p['dashLength']) ?? 10, num(p['spaceLength']) ?? 10] };
  const lines = objects(p['thresholds'], 50).filter((t) => num(t['value']) !== undefined);
  const defaults: Made = { unit: str(left['format']) || str(list(p['y_formats'])[0]) || 'short', custom };
  for (const k of ['min', 'max'] as const) if (num(left[k]) !== undefined) defaults[k] = num(left[k]);
  if (num(p['decimals']) !== undefined) defaults['decimals'] = num(p['decimals']);
  else if (num(left['decimals']) !== undefined) defaults['decimals'] = num(left['decimals']);
  if (lines.length > 0) {
    defaults['thresholds'] = { mode: 'absolute', steps: thresholds(lines) };
    const filled = lines.some((t) => t['fill'] === true);
    const lined = lines.some((t) => t['line'] === true);
    custom['thresholdsStyle'] = { mode: filled ? (lined ? 'line+area' : 'area') : 'line' };
  }
  if (nulls === 'null as zero') defaults['noValue'] = '0';
  const links = list(obj(p['options'])['dataLinks']);
  if (links.length > 0) defaults['links'] = links;
  const overrides: Made[] = [];
  for (const [name, color] of Object.entries(obj(p['aliasColors'])).slice(0, 500))
    overrides.push({
      matcher: { id: 'byName', options: name },
      properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: str(color) } }],
    });
  for (const s of objects(p['seriesOverrides'], 500)) overrides.push(seriesOverride(s, right, problems));
  const legend = obj(p['legend']);
  const calcs = ['min', 'max', 'avg', 'current', 'total'].filter((c) => legend[c] === true).map(reducerOf);
  const tooltip = obj(p['tooltip']);
  return {
    ...p,
    type: 'timeseries',
    fieldConfig: { defaults, overrides },
    options: {
      legend: {
        showLegend: legend['show'] !== false,
        displayMode: legend['alignAsTable'] === true ? 'table' : 'list',
        placement: legend['rightSide'] === true ? 'right' : 'bottom',
        calcs,
      },
      tooltip: {
        mode: tooltip['shared'] === false ? 'single' : 'multi',
        sort: tooltip['sort'] === 2 ? 'desc' : tooltip['sort'] === 1 ? 'asc' : 'none',
      },
    },
  };
}

function axis(y: Json): Made {
  const log = num(y['logBase']) ?? 1;
  return {
    axisLabel: str(y['label']),
    axisPlacement: y['show'] === false ? 'hidden' : 'auto',
    scaleDistribution: log > 1 ? { type: 'log', log } : { type: 'linear' },
  };
}

/** Lines of a graph as steps; what is above a line has its colour, what is below one marked `lt` too. */
function thresholds(lines: readonly Json[]): Made[] {
  const color = (t: Json) =>
    t['colorMode'] === 'warning'
      ? 'orange'
      : t['colorMode'] === 'ok'
        ? 'green'
        : t['colorMode'] === 'custom'
          ? str(t['lineColor']) || str(t['fillColor'])
          : 'red';
  const sorted = [...lines].sort((a, b) => (num(a['value']) as number) - (num(b['value']) as number));
  const below = sorted.find((t) => t['op'] === 'lt');
  return [
    { value: null, color: below === undefined ? 'transparent' : color(below) },
    ...sorted.map((t) => ({ value: num(t['value']), color: t['op'] === 'lt' ? 'transparent' : color(t) })),
  ];
}

function seriesOverride(s: Json, right: Json, problems: string[]): Made {
  const alias = str(s['alias'], 5000);
  const properties: Made[] = [];
  const set = (id: string, value: unknown) => properties.push({ id, value });
  for (const [key, v] of Object.entries(s)) {
    switch (key) {
      case 'color':
        set('color', { mode: 'fixed', fixedColor: str(v) });
        break;
      case 'yaxis':
        if (v === 2) {
          set('custom.axisPlacement', 'right');
          if (str(right['format']) !== '') set('unit', right['format']);
          if (num(right['min']) !== undefined) set('min', num(right['min']));
          if (num(right['max']) !== undefined) set('max', num(right['max']));
          if (str(right['label']) !== '') set('custom.axisLabel', right['label']);
        }
        break;
      case 'fill':
        set('custom.fillOpacity', (num(v) ?? 0) * 10);
        break;
      case 'linewidth':
        set('custom.lineWidth', num(v) ?? 1);
        break;
      case 'lines':
        if (v === false) set('custom.lineWidth', 0);
        else set('custom.drawStyle', 'line');
        break;
      case 'bars':
        set('custom.drawStyle', v === true ? 'bars' : 'line');
        break;
      case 'points':
        set('custom.showPoints', v === true ? 'always' : 'never');
        break;
      case 'steppedLine':
        if (v === true) set('custom.lineInterpolation', 'stepAfter');
        break;
      case 'dashes':
        if (v === true)
          set('custom.lineStyle', { fill: 'dash', dash: [num(s['dashLength']) ?? 10, num(s['spaceLength']) ?? 10] });
        break;
      case 'stack':
        set(
          'custom.stacking',
          typeof v === 'string' ? { mode: 'normal', group: v } : { mode: v === true ? 'normal' : 'none', group: 'A' },
        );
        break;
      case 'transform':
        if (v === 'negative-Y' || v === 'constant') set('custom.transform', v);
        break;
      case 'nullPointMode':
        set('custom.spanNulls', v === 'connected');
        break;
      case 'hideTooltip':
      case 'legend':
        set('custom.hideFrom', { legend: s['legend'] === false, tooltip: s['hideTooltip'] === true, viz: false });
        break;
      case 'fillBelowTo':
        set('custom.fillBelowTo', v);
        break;
      case 'alias':
      case '$$hashKey':
      case 'zindex':
      case 'pointradius':
      case 'dashLength':
      case 'spaceLength':
      case 'fillGradient':
      case 'hiddenSeries':
      case 'lineWidth':
        break;
      default:
        problems.push(`series ${alias}: property ${key.slice(0, 50)} is not known and is left out`);
    }
  }
  return {
    matcher: /^\/.*\/[a-z]*$/.test(alias) ? { id: 'byRegexp', options: alias } : { id: 'byName', options: alias },
    properties,
  };
}

/** A graph whose bars are one per series, or a histogram of values. */
function fromBars(p: Json, xaxis: Json): Json {
  const [left = {}] = objects(p['yaxes'], 1);
  const unit = str(left['format']) || 'short';
  const values = list(xaxis['values']).map((v) => str(v));
  const made =
    xaxis['mode'] === 'histogram'
      ? { type: 'histogram', options: { legend: { showLegend: false }, bucketCount: num(xaxis['buckets']) ?? 30 } }
      : {
          type: 'bargauge',
          options: {
            displayMode: 'basic',
            orientation: 'vertical',
            reduceOptions: { calcs: [reducerOf(values[0] ?? 'total')], fields: '', values: false },
          },
        };
  return {
    ...p,
    ...made,
    fieldConfig: { defaults: { unit, color: { mode: 'palette-classic' }, custom: {} }, overrides: [] },
  };
}

const FIGURES: Readonly<Record<string, string>> = {
  avg: 'mean',
  current: 'lastNotNull',
  total: 'sum',
  name: 'lastNotNull',
};

function fromSingleStat(p: Json): Json {
  const gauge = obj(p['gauge']);
  const valueName = str(p['valueName']) || 'avg';
  const colors = list(p['colors'], 50).map((c) => str(c));
  const colored = p['colorBackground'] === true || p['colorValue'] === true;
  const [before, after] = [str(p['prefix']), str(p['postfix'])];
  const unit = str(p['format']) || 'none';
  const bare = unit === 'none' || unit === 'short';
  const defaults: Made = {
    unit: bare && after !== '' ? `suffix:${after}` : bare && before !== '' ? `prefix:${before}` : unit,
    custom: {},
  };
  if (num(p['decimals']) !== undefined) defaults['decimals'] = num(p['decimals']);
  if (str(p['nullText']) !== '') defaults['noValue'] = str(p['nullText']);
  const text = str(p['thresholds']);
  defaults['thresholds'] = {
    mode: 'absolute',
    steps: text === '' ? [{ value: null, color: colored ? (colors[0] ?? 'green') : 'text' }] : stepsOf(text, colors),
  };
  defaults['color'] = { mode: 'thresholds' };
  const maps = [
    ...(p['mappingType'] === 2
      ? []
      : objects(p['valueMaps'], 500).map((m) => ({ type: 1, value: m['value'], text: m['text'] }))),
    ...(p['mappingType'] === 1
      ? []
      : objects(p['rangeMaps'], 500).map((m) => ({ type: 2, from: m['from'], to: m['to'], text: m['text'] }))),
  ];
  if (maps.length > 0) defaults['mappings'] = maps;
  const reduceOptions = {
    calcs: [reducerOf(FIGURES[valueName] ?? valueName)],
    fields: str(p['tableColumn']) === '' ? '' : `/^${str(p['tableColumn']).replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&')}$/`,
    values: false,
  };
  if (gauge['show'] === true) {
    defaults['min'] = num(gauge['minValue']) ?? 0;
    defaults['max'] = num(gauge['maxValue']) ?? 100;
    return {
      ...p,
      type: 'gauge',
      fieldConfig: { defaults, overrides: [] },
      options: {
        reduceOptions,
        showThresholdMarkers: gauge['thresholdMarkers'] !== false,
        showThresholdLabels: gauge['thresholdLabels'] === true,
      },
    };
  }
  return {
    ...p,
    type: 'stat',
    fieldConfig: { defaults, overrides: [] },
    options: {
      reduceOptions,
      colorMode: p['colorBackground'] === true ? 'background' : p['colorValue'] === true ? 'value' : 'none',
      graphMode: obj(p['sparkline'])['show'] === true ? 'area' : 'none',
      textMode: valueName === 'name' ? 'name' : 'value',
      justifyMode: 'auto',
      orientation: 'horizontal',
    },
  };
}

/** A table with styles: each style is an override. */
function fromTable(p: Json): Json {
  const overrides = objects(p['styles'], 500).map((s) => {
    const pattern = str(s['pattern'], 5000);
    const properties: Made[] = [];
    const set = (id: string, value: unknown) => properties.push({ id, value });
    if (str(s['alias']) !== '') set('displayName', str(s['alias']));
    if (s['type'] === 'hidden') set('custom.hidden', true);
    if (s['type'] === 'number') {
      if (str(s['unit']) !== '') set('unit', s['unit']);
      if (num(s['decimals']) !== undefined) set('decimals', num(s['decimals']));
    }
    if (s['type'] === 'date') set('unit', `time:${str(s['dateFormat']) || 'YYYY-MM-DD HH:mm:ss'}`);
    if (str(s['align']) !== '' && s['align'] !== 'auto') set('custom.align', s['align']);
    if (s['link'] === true && str(s['linkUrl']) !== '')
      set('links', [
        { title: str(s['linkTooltip']), url: str(s['linkUrl'], 20_000), targetBlank: s['linkTargetBlank'] === true },
      ]);
    if (str(s['colorMode']) !== '' && s['colorMode'] !== 'disabled') {
      set('custom.cellOptions', { type: s['colorMode'] === 'value' ? 'color-text' : 'color-background' });
      const values = Array.isArray(s['thresholds']) ? list(s['thresholds']).join(',') : str(s['thresholds']);
      set('thresholds', {
        mode: 'absolute',
        steps: stepsOf(
          values,
          list(s['colors']).map((c) => str(c)),
        ),
      });
    }
    const maps = [
      ...objects(s['valueMaps'], 500).map((m) => ({ type: 1, value: m['value'], text: m['text'] })),
      ...objects(s['rangeMaps'], 500).map((m) => ({ type: 2, from: m['from'], to: m['to'], text: m['text'] })),
    ];
    if (maps.length > 0) set('mappings', maps);
    return {
      matcher: /^\/.*\/[a-z]*$/.test(pattern)
        ? { id: 'byRegexp', options: pattern }
        : { id: 'byName', options: pattern },
      properties,
    };
  });
  const targets = objects(p['targets'], 101);
  const tables = targets.filter((t) => t['format'] === 'table').length;
  const transformations: Made[] = [];
  switch (p['transform']) {
    case 'timeseries_to_columns':
      transformations.push({ id: 'joinByField', options: { mode: 'outer' } });
      break;
    case 'timeseries_to_rows':
      transformations.push({ id: 'seriesToRows', options: {} });
      break;
    case 'timeseries_aggregations':
      transformations.push({
        id: 'reduce',
        options: { reducers: objects(p['columns'], 20).map((c) => reducerOf(str(c['value']))) },
      });
      break;
    case 'table':
      if (tables > 1) transformations.push({ id: 'merge', options: {} });
      break;
    default:
      break;
  }
  return {
    ...p,
    type: 'table',
    fieldConfig: { defaults: { custom: {} }, overrides: [...overrides].reverse() },
    options: { showHeader: p['showHeader'] !== false },
    transformations: [...objects(p['transformations'], 100), ...transformations],
  };
}

function fromHeatmap(p: Json): Json {
  const y = obj(p['yAxis']);
  const color = obj(p['color']);
  const buckets = p['dataFormat'] === 'tsbuckets';
  return {
    ...p,
    type: 'heatmap',
    fieldConfig: { defaults: { unit: str(y['format']) || 'short', custom: {} }, overrides: [] },
    options: {
      calculate: !buckets,
      yAxis: {
        unit: str(y['format']) || 'short',
        ...(num(y['decimals']) === undefined ? {} : { decimals: num(y['decimals']) }),
      },
      color: {
        mode: color['mode'] === 'opacity' ? 'opacity' : 'scheme',
        scheme: str(color['colorScheme']).replace(/^interpolate/, '') || 'Oranges',
      },
      legend: { show: obj(p['legend'])['show'] === true },
      tooltip: { mode: 'single' },
    },
  };
}

function fromPie(p: Json): Json {
  const legend = obj(p['legend']);
  const overrides = Object.entries(obj(p['aliasColors']))
    .slice(0, 500)
    .map(([name, color]) => ({
      matcher: { id: 'byName', options: name },
      properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: str(color) } }],
    }));
  return {
    ...p,
    type: 'piechart',
    fieldConfig: { defaults: { unit: str(p['format']) || 'short', custom: {} }, overrides },
    options: {
      pieType: str(p['pieType']) === 'donut' ? 'donut' : 'pie',
      reduceOptions: {
        calcs: [reducerOf(FIGURES[str(p['valueName'])] ?? (str(p['valueName']) || 'lastNotNull'))],
        fields: '',
        values: false,
      },
      legend: {
        showLegend: legend['show'] !== false,
        displayMode: 'table',
        placement: /right/i.test(str(p['legendType'])) ? 'right' : 'bottom',
        values: [legend['values'] === true ? 'value' : '', legend['percentage'] === true ? 'percent' : ''].filter(
          (v) => v !== '',
        ),
      },
    },
  };
}
