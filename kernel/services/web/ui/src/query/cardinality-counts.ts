/** Counts of values and series by label. Pure functions. */
import type { Labels } from '../lib/format';

export interface LabelCount {
  readonly label: string;
  /** Values with the number of series that have them, most first. */
  readonly values: readonly (readonly [string, number])[];
}

/** Labels of series, those with the most values first; the name is left out. */
export function byLabel(series: readonly Labels[]): LabelCount[] {
  const counts = new Map<string, Map<string, number>>();
  for (const labels of series) {
    for (const [k, v] of Object.entries(labels)) {
      if (k === '__name__') continue;
      const values = counts.get(k) ?? new Map<string, number>();
      counts.set(k, values);
      values.set(v, (values.get(v) ?? 0) + 1);
    }
  }
  return [...counts]
    .map(([label, values]) => ({ label, values: [...values].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)) }))
    .sort((a, b) => b.values.length - a.values.length || (a.label < b.label ? -1 : 1));
}
