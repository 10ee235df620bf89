/** The query page in its address: the same parameters, names and values as Prometheus writes and reads. */
import { parseDuration, promDuration } from './format';

export type Tab = 'table' | 'graph' | 'explain';
export type DisplayMode = 'lines' | 'stacked' | 'heatmap';
export type Density = 'low' | 'medium' | 'high';
export type Resolution =
  { type: 'auto'; density: Density } | { type: 'fixed'; stepMs: number } | { type: 'custom'; stepMs: number };

export interface PanelState {
  readonly expr: string;
  readonly showTree: boolean;
  readonly tab: Tab;
  /** End of the graph and moment of the table; null is now. */
  readonly endMs: number | null;
  readonly rangeMs: number;
  readonly resolution: Resolution;
  readonly display: DisplayMode;
  readonly yAxisMin: number | null;
  readonly showExemplars: boolean;
  /** How much earlier the dashed lines of a graph are; empty: there are none. */
  readonly compare: Compare;
}

export type Compare = '' | '1h' | '1d' | '1w';
export const COMPARES: readonly Compare[] = ['', '1h', '1d', '1w'];

export const NEW_PANEL: PanelState = {
  expr: '',
  showTree: false,
  tab: 'table',
  endMs: null,
  rangeMs: 3_600_000,
  resolution: { type: 'auto', density: 'medium' },
  display: 'lines',
  yAxisMin: null,
  showExemplars: false,
  compare: '',
};

export const RANGES = [
  '1s',
  '10s',
  '1m',
  '5m',
  '15m',
  '30m',
  '1h',
  '2h',
  '6h',
  '12h',
  '1d',
  '2d',
  '1w',
  '2w',
  '4w',
  '8w',
  '16w',
  '26w',
  '1y',
  '2y',
];

/** The next shorter or longer usual range. */
export function stepRange(rangeMs: number, up: boolean): number {
  const all = RANGES.map((r) => parseDuration(r) as number);
  const next = up ? all.find((r) => r > rangeMs) : all.findLast((r) => r < rangeMs);
  return next ?? rangeMs;
}

/** Milliseconds between points. */
export function stepOf(resolution: Resolution, rangeMs: number): number {
  if (resolution.type !== 'auto') return resolution.stepMs;
  const points = { high: 750, medium: 250, low: 100 }[resolution.density];
  return Math.max(rangeMs / points, 1);
}

/** `2026-02-03 04:05:06`, always UTC. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

/** Reads what {@link formatTime} writes, RFC 3339, or Unix seconds. */
export function parseTime(text: string): number | null {
  const t = text.trim();
  if (/^\d{9,11}(\.\d+)?$/.test(t)) return Number(t) * 1000;
  const m = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(t);
  if (!m) return null;
  const ms = Date.parse(`${m[1]}T${m[2] ?? '00:00'}${m[3] ?? ':00'}${m[4] ?? 'Z'}`);
  return Number.isNaN(ms) ? null : ms;
}

export function readPanels(search: string): PanelState[] {
  const p = new URLSearchParams(search);
  const panels: PanelState[] = [];
  for (let i = 0; p.has(`g${i}.expr`); i++) {
    panels.push(readPanel((name) => p.get(`g${i}.${name}`)));
  }
  return panels;
}

function readPanel(get: (name: string) => string | null): PanelState {
  const range = parseDuration(get('range_input') ?? '');
  const time = parseTime(get('end_input') ?? '') ?? parseTime(get('moment_input') ?? '');
  const mode = get('display_mode');
  const yMin = Number.parseFloat(get('y_axis_min') ?? '');
  return {
    expr: get('expr') ?? '',
    showTree: get('show_tree') === '1',
    tab: readTab(get('tab')),
    endMs: time,
    rangeMs: range !== null && range > 0 ? range : NEW_PANEL.rangeMs,
    resolution: readResolution(get),
    display:
      mode === 'lines' || mode === 'stacked' || mode === 'heatmap'
        ? mode
        : get('stacked') === '1'
          ? 'stacked'
          : 'lines',
    yAxisMin: Number.isNaN(yMin) ? null : yMin,
    showExemplars: get('show_exemplars') === '1',
    compare: COMPARES.find((c) => c === get('compare')) ?? '',
  };
}

function readTab(tab: string | null): Tab {
  switch (tab) {
    case '0':
    case 'graph':
      return 'graph';
    case 'explain':
      return 'explain';
    default:
      return 'table';
  }
}

function readResolution(get: (name: string) => string | null): Resolution {
  const type = get('res_type');
  const step = Number.parseFloat(get('res_step') ?? '');
  if (type === 'fixed' || type === 'custom') return { type, stepMs: step > 0 ? step * 1000 : 10_000 };
  const old = Number.parseFloat(get('step_input') ?? '');
  if (type === null && old > 0) return { type: 'custom', stepMs: old * 1000 };
  const density = get('res_density');
  return { type: 'auto', density: density === 'low' || density === 'high' ? density : 'medium' };
}

/** The whole query string, with the question mark. */
export function writePanels(panels: readonly PanelState[]): string {
  const p = new URLSearchParams();
  panels.forEach((panel, i) => {
    const set = (name: string, value: string) => p.set(`g${i}.${name}`, value);
    set('expr', panel.expr);
    set('show_tree', panel.showTree ? '1' : '0');
    set('tab', panel.tab);
    if (panel.endMs !== null) {
      set('end_input', formatTime(panel.endMs));
      set('moment_input', formatTime(panel.endMs));
    }
    set('range_input', promDuration(panel.rangeMs));
    set('res_type', panel.resolution.type);
    if (panel.resolution.type === 'auto') set('res_density', panel.resolution.density);
    else set('res_step', String(panel.resolution.stepMs / 1000));
    set('display_mode', panel.display);
    if (panel.yAxisMin !== null) set('y_axis_min', String(panel.yAxisMin));
    set('show_exemplars', panel.showExemplars ? '1' : '0');
    if (panel.compare !== '') set('compare', panel.compare);
  });
  return `?${p.toString()}`;
}

/** Address of a query page with one expression, relative to the base. */
export function queryLink(expr: string, tab: Tab = 'table'): string {
  return `query${writePanels([{ ...NEW_PANEL, expr, tab }])}`;
}
