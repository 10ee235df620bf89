/** What a dashboard is once read: Grafana's document in one form, whatever version wrote it. */
import type { Labels } from '../lib/format';

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** `browser`, `utc` or a zone's name; empty: as the reader has chosen. */
  readonly timezone: string;
  /** Range when the address has none, such as `now-1h`. */
  readonly from: string;
  readonly to: string;
  /** Such as `30s`; empty: none. */
  readonly refresh: string;
  readonly variables: readonly Variable[];
  /** Rows in order; panels before the first row are in one without title. */
  readonly rows: readonly Row[];
  readonly links: readonly Link[];
  readonly annotations: readonly Annotation[];
  /** Whether panels share the crosshair (they do unless the file says no). */
  readonly crosshair: boolean;
  /** What the file asks for and is not known, apart from panels. */
  readonly problems: readonly string[];
}

export interface Row {
  readonly id: string;
  readonly title: string;
  readonly collapsed: boolean;
  /** Name of the variable the row is repeated for; empty: none. */
  readonly repeat: string;
  readonly panels: readonly Panel[];
}

/** Place in a grid of 24 columns; a unit of height is 30 px, with gaps of 8 px. */
export interface Grid {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export type PanelKind =
  | 'timeseries'
  | 'stat'
  | 'gauge'
  | 'bargauge'
  | 'table'
  | 'heatmap'
  | 'state-timeline'
  | 'status-history'
  | 'barchart'
  | 'piechart'
  | 'histogram'
  | 'text'
  | 'alertlist'
  | 'unknown';

export interface Panel {
  readonly id: number;
  readonly kind: PanelKind;
  /** The type as the file names it. */
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly transparent: boolean;
  readonly grid: Grid;
  readonly targets: readonly Target[];
  readonly transformations: readonly Transformation[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly defaults: FieldConfig;
  readonly overrides: readonly Override[];
  readonly links: readonly Link[];
  /** Variable the panel is repeated for; empty: none. */
  readonly repeat: string;
  readonly repeatDown: boolean;
  readonly maxPerRow: number;
  /** Least interval, such as `1m`; empty: none. */
  readonly interval: string;
  readonly maxDataPoints: number | null;
  /** Own time: `6h` before now, and shift into the past. */
  readonly timeFrom: string;
  readonly timeShift: string;
  /** Values of variables of a repeated panel, by name. */
  readonly scoped: Readonly<Record<string, string>>;
  /** What it asks for and is not known: said in the panel. */
  readonly problems: readonly string[];
}

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legend: string;
  readonly format: 'time_series' | 'table' | 'heatmap';
  readonly instant: boolean;
  readonly range: boolean;
  readonly hidden: boolean;
  readonly exemplar: boolean;
  /** Least step, such as `15s`; empty: none. */
  readonly interval: string;
  readonly intervalFactor: number;
  /** Why it cannot be asked here, such as another kind of data source; empty: it can. */
  readonly problem: string;
}

export interface Transformation {
  /** The query whose tables it takes, or a `/regular expression/` of such; empty: all. */
  readonly refIds?: string;
  readonly id: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly disabled: boolean;
}

export interface Threshold {
  /** null: from the least value on. */
  readonly value: number | null;
  readonly color: string;
}

export interface Mapping {
  readonly type: 'value' | 'range' | 'regex' | 'special';
  readonly options: Readonly<Record<string, unknown>>;
}

/** How values of a field are shown; absent: not said. */
export interface FieldConfig {
  readonly unit?: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  readonly noValue?: string;
  readonly displayName?: string;
  readonly color?: { readonly mode: string; readonly fixedColor: string; readonly seriesBy: string };
  readonly thresholds?: { readonly percentage: boolean; readonly steps: readonly Threshold[] };
  readonly mappings?: readonly Mapping[];
  readonly links?: readonly Link[];
  readonly filterable?: boolean;
  /** What belongs to the kind of panel, such as `fillOpacity` or `align`. */
  readonly custom: Readonly<Record<string, unknown>>;
}

export interface Override {
  readonly matcher: { readonly id: string; readonly options: unknown };
  readonly properties: readonly { readonly id: string; readonly value: unknown }[];
}

export interface Link {
  readonly title: string;
  /** Text with variables; checked when it is followed: only http, https and relative addresses. */
  readonly url: string;
  readonly newTab: boolean;
  readonly keepTime: boolean;
  readonly includeVars: boolean;
  /** Of `dashboards` links: those with all these tags. */
  readonly tags: readonly string[];
  readonly kind: 'link' | 'dashboards';
  readonly dropdown: boolean;
}

export interface Annotation {
  readonly name: string;
  readonly enabled: boolean;
  readonly hidden: boolean;
  readonly expr: string;
  readonly color: string;
  readonly titleFormat: string;
  readonly textFormat: string;
  readonly step: string;
  readonly problem: string;
}

export type VariableKind =
  'query' | 'custom' | 'interval' | 'datasource' | 'textbox' | 'constant' | 'adhoc' | 'unknown';

export interface Variable {
  readonly name: string;
  readonly label: string;
  readonly kind: VariableKind;
  /** 0: label and values shown, 1: without label, 2: not shown. */
  readonly hide: 0 | 1 | 2;
  readonly query: string;
  readonly regex: string;
  readonly sort: number;
  readonly multi: boolean;
  readonly includeAll: boolean;
  /** What All stands for; empty: every value. */
  readonly allValue: string;
  /** 1: when the dashboard opens, 2: when the range changes too. */
  readonly refresh: number;
  /** What the file had chosen. */
  readonly current: readonly string[];
  readonly options: readonly Option[];
  readonly auto: { readonly on: boolean; readonly count: number; readonly min: string };
  readonly problem: string;
}

export interface Option {
  readonly text: string;
  readonly value: string;
}

/** A variable with its values. */
export interface Chosen {
  readonly variable: Variable;
  readonly options: readonly Option[];
  /** Chosen values; `$__all` alone is All. */
  readonly values: readonly string[];
  readonly error: string;
}

/** Range in milliseconds. */
export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A column of values. Times are milliseconds, numbers are null where there is none. */
export interface Field {
  readonly name: string;
  readonly type: 'time' | 'number' | 'string' | 'other';
  readonly labels: Labels;
  readonly values: readonly (number | string | null)[];
  /** Defaults of the panel with the overrides that match. */
  readonly config: FieldConfig;
  /** Name as shown: legend, displayName or series. */
  readonly display: string;
  /** Least and greatest value that colours and gauges go by. */
  readonly scale?: { readonly min: number; readonly max: number };
  /** Place among the columns of numbers of the panel, which gives it its colour. */
  readonly index?: number;
}

/** A table of columns of equal length: a series (time and value) or a table. */
export interface Frame {
  readonly refId: string;
  readonly name: string;
  readonly fields: readonly Field[];
  readonly length: number;
  /** Step of a range query in milliseconds. */
  readonly stepMs?: number;
}

/** A request as it was sent, for Inspect and Explore. */
export interface Asked {
  readonly refId: string;
  readonly expr: string;
  readonly instant: boolean;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  /** Series of the answer; null before there is one. */
  readonly series: number | null;
  readonly error: string;
}

/** Data of a panel. */
export interface PanelData {
  readonly state: 'waiting' | 'loading' | 'done' | 'error';
  readonly frames: readonly Frame[];
  readonly asked: readonly Asked[];
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly range: Range;
}

/** A value as text and colour. */
export interface Shown {
  readonly text: string;
  /** Number and unit apart, for large figures. */
  readonly prefix: string;
  readonly number: string;
  readonly suffix: string;
  readonly color: string;
  readonly value: number | string | null;
}
