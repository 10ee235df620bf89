/** An alert rule drafted from a query, as YAML. Pure functions. */
import { parseDuration } from '../lib/format';

export interface Draft {
  readonly name: string;
  readonly expr: string;
  /** How long it must hold; empty is at once. */
  readonly hold: string;
  readonly severity: string;
  readonly summary: string;
  readonly description: string;
}

/** What is wrong with a draft, or empty. */
export function wrongWith(d: Draft): string {
  if (d.expr.trim() === '') return 'expr: a query is needed, got nothing; write one first';
  if (d.name.trim() === '') return 'alert: a name is needed, got nothing; write one';
  if (d.hold.trim() !== '' && !isDuration(d.hold.trim()))
    return `for: a duration is needed, got ${d.hold}; write 5m or 1h`;
  return '';
}

function isDuration(text: string): boolean {
  return /^(\d+(ms|[ywdhms]))+$|^0$/.test(text) && parseDuration(text) !== null;
}

/** A name from the query: `HttpRequestsTotal` for `rate(http_requests_total[5m]) > 5`. */
export function nameFor(expr: string): string {
  const bare = expr
    .replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`/g, '')
    .replace(/\{[^}]*\}|\[[^\]]*\]/g, '')
    .replace(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '');
  const metric = [...bare.matchAll(/[a-zA-Z_:][\w:]*(?!\w*\s*\()/g)]
    .map((m) => m[0])
    .find((n) => !/^(?:by|without|on|ignoring|offset|and|or|unless|bool|inf|nan)$/i.test(n));
  const words = (metric ?? '').split(/[_:]+/).filter((w) => w !== '');
  return words.map((w) => (w[0] ?? '').toUpperCase() + w.slice(1)).join('') || 'NewAlert';
}

/** The label that tells the results of a query apart: the first it groups by, otherwise the instance. */
export function labelFor(expr: string): string {
  return /\bby\s*\(\s*([a-zA-Z_]\w*)/.exec(expr)?.[1] ?? 'instance';
}

/** Whether a query compares, so that it has no result while all is well. */
export function compares(expr: string): boolean {
  return /(?:[<>]=?|[=!]=)|\babsent(?:_over_time)?\s*\(|\bunless\b/.test(
    expr.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`/g, '').replace(/\{[^}]*\}/g, ''),
  );
}

export function ruleYaml(d: Draft): string {
  const lines = ['groups:', '  - name: drafts', '    rules:', `      - alert: ${scalar(d.name.trim())}`];
  const expr = d.expr.trim();
  if (/\n/.test(expr)) lines.push('        expr: |-', ...expr.split('\n').map((l) => `          ${l}`.trimEnd()));
  else lines.push(`        expr: ${scalar(expr)}`);
  if (d.hold.trim() !== '') lines.push(`        for: ${d.hold.trim()}`);
  if (d.severity.trim() !== '') lines.push('        labels:', `          severity: ${scalar(d.severity.trim())}`);
  const annotations = [
    ['summary', d.summary.trim()],
    ['description', d.description.trim()],
  ].filter(([, v]) => v !== '');
  if (annotations.length > 0) lines.push('        annotations:');
  for (const [k, v] of annotations) lines.push(`          ${k}: ${scalar(v as string)}`);
  return `${lines.join('\n')}\n`;
}

/** A YAML scalar: as it is when it is a plain word, otherwise in double quotes. */
function scalar(text: string): string {
  const word = /^[A-Za-z][\w-]*$/.test(text) && !/^(?:true|false|yes|no|on|off|y|n|null)$/i.test(text);
  return word ? text : JSON.stringify(text);
}
