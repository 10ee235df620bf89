/** Groups of the Pushgateway. Pure functions. */
import type { Labels } from './format';

export interface PushGroup {
  labels: Labels;
  last_push_successful: boolean;
  families: { name: string; type: string; help: string; at: string; metrics: { labels: Labels; [k: string]: unknown }[] }[];
  pushedAt: number;
}

type RawFamily = { time_stamp: string; type: string; help?: string; metrics: { labels: Labels; value?: string }[] };

/** Groups of the Pushgateway: families lie beside the fixed keys. */
export function pushGroups(raw: readonly Record<string, unknown>[]): PushGroup[] {
  return raw.map((g) => {
    const families = Object.entries(g)
      .filter(([k, v]) => k !== 'labels' && k !== 'last_push_successful' && typeof v === 'object' && v !== null)
      .map(([name, v]) => {
        const f = v as RawFamily;
        return { name, type: f.type, help: f.help ?? '', at: f.time_stamp, metrics: f.metrics };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const time = families.find((f) => f.name === 'push_time_seconds')?.metrics[0]?.['value'];
    return {
      labels: g['labels'] as Labels,
      last_push_successful: g['last_push_successful'] === true,
      families: families.filter((f) => f.name !== 'push_time_seconds' && f.name !== 'push_failure_time_seconds'),
      pushedAt: Number(time) * 1000,
    };
  });
}

/** Path of a group; values with a slash, and empty ones, travel in base64. */
export function pushPath(labels: Labels): string {
  const part = (name: string, value: string) => {
    if (value !== '' && !value.includes('/')) return `${name}/${encodeURIComponent(value)}`;
    const bytes = new TextEncoder().encode(value);
    const base64 = btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
    return `${name}@base64/${base64 === '' ? '=' : base64}`;
  };
  const rest = Object.entries(labels).filter(([k]) => k !== 'job');
  return ['metrics', part('job', labels['job'] ?? ''), ...rest.map(([k, v]) => part(k, v))].join('/');
}
