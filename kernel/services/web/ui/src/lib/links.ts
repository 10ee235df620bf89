/** Addresses of other tools, made from the templates of the configuration. Pure functions. */
import { labelPairs, seriesName, type Labels } from './format';

export interface LinkAt {
  readonly labels: Labels;
  readonly startMs: number;
  readonly endMs: number;
}

const LONGEST = 8000;

/**
 * The address of a template: `{labels.NAME}` is the value of a label, `{labels}` the selector without the name, `{start}`
 * and `{end}` milliseconds, each percent-encoded. Null when the result is not an http, https or relative address.
 */
export function expandLink(template: string, at: LinkAt): string | null {
  const out = template.replace(
    /\{(labels\.([a-zA-Z_]\w*)|labels|start|end)\}/g,
    (_all, what: string, name?: string) => {
      if (name !== undefined) return encodeURIComponent(at.labels[name] ?? '');
      if (what === 'start') return String(Math.round(at.startMs));
      if (what === 'end') return String(Math.round(at.endMs));
      return encodeURIComponent(seriesName(Object.fromEntries(labelPairs(at.labels))));
    },
  );
  return out.length <= LONGEST && isSafe(out) ? out : null;
}

/** Whether an address leads by http or https, or is relative. Control characters, which browsers skip, are refused. */
export function isSafe(address: string): boolean {
  if (address === '' || [...address].some((c) => c <= ' ' || c === '\\')) return false;
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(address);
  if (scheme) return /^https?:\/\/[^/]/i.test(address);
  return !/^[^/?#]*:/.test(address);
}
